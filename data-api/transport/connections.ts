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
  const connect = protocol === "http:" ? plain(hostname, Number(port || 80)) : secure(hostname, Number(port || 443));
  /** The one that was used last at the end. */
  const idle: { socket: Socket; since: number }[] = [];

  function open(): Socket {
    const socket = connect();
    // A call in flight hears of it besides; an idle connection is simply no longer there.
    socket.on("error", () => {});
    socket.once("close", () => {
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

const hostOf = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, "$1");

function plain(hostname: string, port: number): () => Socket {
  const { connect } = process.getBuiltinModule("node:net");
  return () => connect({ host: hostOf(hostname), port, noDelay: true });
}

function secure(hostname: string, port: number): () => Socket {
  const { connect } = process.getBuiltinModule("node:tls");
  const host = hostOf(hostname);
  let session: Buffer | undefined;
  return () => {
    const socket = connect({ host, port, servername: host, ALPNProtocols: ["http/1.1"], session });
    // The next handshake is shorter.
    socket.on("session", (latest: Buffer) => {
      session = latest;
    });
    return socket.setNoDelay(true);
  };
}
