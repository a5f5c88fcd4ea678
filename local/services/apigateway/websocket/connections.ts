/** The clients that are connected, and the time that they may be: both the gateway and `@connections` know them here. */
import type { WebSocket } from "ws";
import type { Cloud, Timer } from "../../../service.ts";

/** Without a message in either direction. */
const IDLE_MS = 10 * 60_000;
const LIFETIME_MS = 2 * 3600_000;

export interface Connection {
  id: string;
  apiId: string;
  stage: string;
  /** ms since the epoch */
  connectedAt: number;
  lastActiveAt: number;
  sourceIp: string;
  userAgent?: string;
  socket: WebSocket;
}

export interface Connections {
  /** Closes it when its time is over. */
  add(connection: Connection): void;
  remove(connection: Connection): void;
  get(id: string): Connection | undefined;
  /** A message has come or gone. */
  touch(connection: Connection): void;
  /** Sends a text; a client that is gone loses it. */
  send(connection: Connection, text: string): void;
  stop(): void;
}

const known = new WeakMap<Cloud, Connections>();

export function connectionsOf(cloud: Cloud): Connections {
  let connections = known.get(cloud);
  if (!connections) {
    connections = makeConnections(cloud);
    known.set(cloud, connections);
  }
  return connections;
}

function makeConnections({ clock }: Cloud): Connections {
  const byId = new Map<string, Connection>();
  const timers = new Map<Connection, Timer>();

  function watch(connection: Connection): void {
    const now = clock.now();
    const until = Math.min(connection.lastActiveAt + IDLE_MS, connection.connectedAt + LIFETIME_MS);
    if (until <= now) {
      connection.socket.close(1001, "Going away");
      return;
    }
    timers.set(
      connection,
      clock.after(until - now, () => watch(connection)),
    );
  }

  function touch(connection: Connection): void {
    connection.lastActiveAt = clock.now();
  }

  return {
    add(connection) {
      byId.set(connection.id, connection);
      watch(connection);
    },
    remove(connection) {
      byId.delete(connection.id);
      timers.get(connection)?.cancel();
      timers.delete(connection);
    },
    get: (id) => byId.get(id),
    touch,
    send(connection, text) {
      touch(connection);
      if (connection.socket.readyState === connection.socket.OPEN) connection.socket.send(text);
    },
    stop() {
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
      for (const { socket } of byId.values()) socket.terminate();
      byId.clear();
    },
  };
}
