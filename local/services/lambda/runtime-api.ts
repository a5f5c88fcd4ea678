/**
 * Lambda's Runtime API (version 2018-06-01) for all environments of this machine, on one loopback port.
 *
 * Each environment has an unguessable path of its own, so no other process of the machine can take its invocations. It is
 * written on node:net: a request of a function passes here twice, and node:http would cost more than all the rest.
 * Not emulated: the Extensions, Telemetry and Logs APIs, chunked bodies.
 */
import { randomUUID } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";

/** What an environment's process asks and answers. */
export interface RuntimeClient {
  /** The process waits for an invocation, and takes it through `send`. */
  next(send: (head: string, body: string | Uint8Array) => void): void;
  response(requestId: string, body: Buffer): void;
  error(requestId: string, body: Buffer): void;
  initError(body: Buffer): void;
}

export interface RuntimeApi {
  /** `127.0.0.1:<port>/<token>`: the value of `AWS_LAMBDA_RUNTIME_API`. */
  address(token: string): string;
  /** The same API on a socket without a port, for the runtime that is ours: half the cost of loopback TCP. Linux only. */
  readonly socketName?: string;
  attach(token: string, client: RuntimeClient): void;
  detach(token: string): void;
  close(): Promise<void>;
}

const ACCEPTED = 'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"status":"OK"}';
const NOT_FOUND = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
const HEAD_LIMIT_BYTES = 16 * 1024;
/** A function may send 6 MB; some more, so that the answer can say that it was too large. */
const BODY_LIMIT_BYTES = 64 * 1024 * 1024;

export async function startRuntimeApi(): Promise<RuntimeApi> {
  const clients = new Map<string, RuntimeClient>();
  const sockets = new Set<Socket>();
  const serve = (): Server =>
    createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      converse(socket, clients);
    });
  const listening = (server: Server, ...where: [number, string] | [string]) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(...(where as [number, string]), resolve);
    });
  const server = serve();
  await listening(server, 0, "127.0.0.1");
  const { port } = server.address() as { port: number };
  // An abstract socket has no file that a killed process could leave behind.
  const socketName = process.platform === "linux" ? `terrace-${process.pid}-${randomUUID()}` : undefined;
  const local = socketName ? serve() : undefined;
  if (local) await listening(local, `\0${socketName}`);
  return {
    ...(socketName ? { socketName } : {}),
    address: (token) => `127.0.0.1:${port}/${token}`,
    attach: (token, client) => void clients.set(token, client),
    detach: (token) => void clients.delete(token),
    async close() {
      const closed = [server, local].map((each) => new Promise((resolve) => (each ? each.close(resolve) : resolve(0))));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function converse(socket: Socket, clients: Map<string, RuntimeClient>): void {
  let chunks: Buffer[] = [];
  let size = 0;
  let needed = 0;
  // An acknowledgement waits for what the next request of the same write is answered.
  let held = "";

  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size < needed) return;
    let buffer = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    while (buffer.length > 0) {
      const end = buffer.indexOf("\r\n\r\n");
      if (end < 0) {
        if (buffer.length > HEAD_LIMIT_BYTES) socket.destroy();
        break;
      }
      const head = buffer.toString("latin1", 0, end);
      needed = end + 4 + bodyLength(head);
      if (needed > BODY_LIMIT_BYTES) return void socket.destroy();
      if (buffer.length < needed) break;
      const body = buffer.subarray(end + 4, needed);
      const more = buffer.length > needed;
      buffer = buffer.subarray(needed);
      needed = 0;
      handle(head, body, more);
    }
    chunks = buffer.length > 0 ? [buffer] : [];
    size = buffer.length;
  });

  function handle(head: string, body: Buffer, more: boolean): void {
    const target = head.slice(head.indexOf(" ") + 1, head.indexOf(" ", head.indexOf(" ") + 1));
    // /<token>/2018-06-01/runtime/invocation/<id>/response
    const [, token = "", , , area, id = "", verb] = target.split("/");
    const client = clients.get(token);
    if (!client) return void socket.write(NOT_FOUND);
    if (area === "invocation" && id === "next") {
      client.next(send);
      return;
    }
    // Before it is handed on: the answer may lead to this socket's next invocation at once.
    if (more) held += ACCEPTED;
    else socket.write(ACCEPTED);
    if (area === "init" && id === "error") client.initError(body);
    else if (area === "invocation" && verb === "response") client.response(id, body);
    else if (area === "invocation" && verb === "error") client.error(id, body);
  }

  function send(head: string, body: string | Uint8Array): void {
    const start = held + head;
    held = "";
    if (typeof body === "string") socket.write(start + body);
    else {
      socket.cork();
      socket.write(start, "latin1");
      socket.write(body);
      socket.uncork();
    }
  }
}

function bodyLength(head: string): number {
  const match = /\r\ncontent-length: *(\d+)/i.exec(head);
  return match ? Number(match[1]) : 0;
}
