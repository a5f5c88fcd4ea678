/**
 * Kept connections, but only those that were used a moment ago. The server closes an idle one at some time; who writes on it
 * just then gets no answer and can not tell whether the write took effect. A timer would do, but a Lambda function is frozen
 * between invocations, its timers with it: so what counts is the clock, when a connection is asked for.
 */

import http from "node:http";
import https from "node:https";

const LONGEST_IDLE_MS = 4_000;

export interface FreshAgent {
  agent: http.Agent;
  /** Closes what has been idle for too long; to be called before each request. */
  dropStale(): void;
}

export function freshAgent(protocol: string): FreshAgent {
  const agent = new (protocol === "http:" ? http : https).Agent({ keepAlive: true });
  const idleSince = new WeakMap<object, number>();
  agent.on("free", (socket: object) => idleSince.set(socket, Date.now()));
  return {
    agent,
    dropStale() {
      const limit = Date.now() - LONGEST_IDLE_MS;
      for (const sockets of Object.values(agent.freeSockets)) {
        for (const socket of sockets ?? []) if ((idleSince.get(socket) ?? 0) < limit) socket.destroy();
      }
    },
  };
}
