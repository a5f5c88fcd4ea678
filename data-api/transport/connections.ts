/**
 * Kept connections to one host, but only those that were used a moment ago. The server closes an idle one at some time; who
 * writes on it just then gets no answer and can not tell whether the write took effect. A timer would do, but a Lambda
 * function is frozen between invocations, its timers with it: so what counts is the clock, when a connection is asked for.
 *
 * Node's own `Agent` knows many hosts, limits and queues, which every call would pay for: as much as signing it.
 */
import type { Socket } from "node:net";

const LONGEST_IDLE_MS = 4_000;

export interface Connections {
  /** One that was used a moment ago, else a new one. */
  take(): Socket;
  /** To be called after an answer: whether another call may use the connection. */
  keep(socket: Socket): void;
}

export function connectionsTo({ protocol, hostname, port }: URL): Connections {
  const isPlain = protocol === "http:";
  // TCP takes no notice of what only TLS knows.
  const { connect } = process.getBuiltinModule(isPlain ? "node:net" : "node:tls") as typeof import("node:tls");
  const host = hostname.replace(/^\[|\]$/g, "");
  const address = { host, port: Number(port || (isPlain ? 80 : 443)), servername: host, ALPNProtocols: ["http/1.1"] };
  /** Makes the next handshake shorter. */
  let session: Buffer | undefined;
  /** The one that was used last at the end. */
  const idle: { socket: Socket; since: number }[] = [];

  function open(): Socket {
    const socket = connect({ ...address, session }).setNoDelay();
    socket.on("session", (latest) => {
      session = latest;
    });
    // A call in flight hears of it besides; an idle connection is simply no longer there.
    socket.on("error", () => {});
    socket.on("close", () => {
      const index = idle.findIndex((kept) => kept.socket === socket);
      if (index >= 0) idle.splice(index, 1);
    });
    return socket;
  }

  return {
    take() {
      const limit = Date.now() - LONGEST_IDLE_MS;
      for (let kept = idle.pop(); kept; kept = idle.pop()) {
        const { socket, since } = kept;
        if (since >= limit && socket.writable) return socket.ref();
        socket.destroy();
      }
      return open();
    },
    keep(socket) {
      if (socket.destroyed || !socket.writable) return;
      idle.push({ socket: socket.unref(), since: Date.now() });
    },
  };
}
