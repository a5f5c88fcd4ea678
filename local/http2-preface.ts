/**
 * HTTP/2 beside HTTP/1.1 on one clear-text port: a client that knows HTTP/2 without asking (Kinesis's does) begins with a
 * preface that is no HTTP/1.1 request. A connection is told apart by its first bytes, its requests cost nothing more.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";

/** `PRI * HTTP/2.0`: no method of HTTP/1.1 begins so. */
const PREFACE = Buffer.from("PRI");

type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/** Makes the server speak HTTP/2 as well; `closeAllConnections` ends those connections too. */
export function alsoHttp2(server: Server, listener: Listener): void {
  const sessions = new Set<ServerHttp2Session>();
  let started: Http2Server | undefined;
  /** Loaded when the first such client comes. */
  function http2(): Http2Server {
    if (started) return started;
    // Both have what a request handler asks of HTTP/1.1's.
    started = process.getBuiltinModule("node:http2").createServer((incoming, outgoing) => {
      listener(incoming as unknown as IncomingMessage, outgoing as unknown as ServerResponse);
    });
    started.on("session", (session) => {
      sessions.add(session);
      session.on("close", () => sessions.delete(session));
      // A client that hangs up: what it had asked for fails by itself.
      session.on("error", () => session.destroy());
    });
    return started;
  }

  /** Connections that have not said anything yet. */
  const silent = new Set<Socket>();
  const [asHttp1, ...others] = server.listeners("connection") as ((socket: Socket) => void)[];
  if (!asHttp1 || others.length > 0) throw new Error("The server's own connection listener is not where it was");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    silent.add(socket);
    const forget = () => void silent.delete(socket);
    const fail = () => socket.destroy();
    socket.once("close", forget).once("error", fail);
    socket.once("data", (first: Buffer) => {
      socket.pause();
      forget();
      socket.off("close", forget).off("error", fail);
      socket.unshift(first);
      const isHttp2 = first.length >= PREFACE.length && first.subarray(0, PREFACE.length).equals(PREFACE);
      // HTTP/2 takes what was read from the paused socket by itself.
      if (isHttp2) return void http2().emit("connection", socket);
      asHttp1.call(server, socket);
      socket.resume();
    });
  });

  const closeAll = server.closeAllConnections.bind(server);
  server.closeAllConnections = () => {
    closeAll();
    for (const session of sessions) session.destroy();
    for (const socket of silent) socket.destroy();
  };
}
