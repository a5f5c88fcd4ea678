/**
 * Where the processes of all environments ask for their invocations: Lambda's Runtime API (version 2018-06-01) on one
 * loopback port, and the same without HTTP on a socket of its own for the runtime that is ours (see runtime-frames.ts).
 *
 * Not emulated: the Extensions, Telemetry and Logs APIs, chunked bodies.
 */
import { randomUUID } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { BODY_LIMIT_BYTES, type Delivery, type RuntimeClient, type RuntimeClients } from "./runtime-client.ts";
import { serveFrames } from "./runtime-frames.ts";

export interface RuntimeApi {
  /** `127.0.0.1:<port>/<token>`: the value of `AWS_LAMBDA_RUNTIME_API`. */
  address(token: string): string;
  /** Where our runtime connects: the name of an abstract socket (Linux), half the cost of loopback TCP, else a port. */
  readonly frames: string;
  attach(token: string, client: RuntimeClient): void;
  detach(token: string): void;
  close(): Promise<void>;
}

const ACCEPTED = 'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"status":"OK"}';
const NOT_FOUND = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
const HEAD_LIMIT_BYTES = 16 * 1024;

export async function startRuntimeApi(): Promise<RuntimeApi> {
  const clients: RuntimeClients = new Map();
  const sockets = new Set<Socket>();
  const serve = (converse: (socket: Socket, clients: RuntimeClients) => void): Server =>
    createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      converse(socket, clients);
    });
  const listening = (server: Server, ...where: [number, string] | [string]) =>
    new Promise<string>((resolve, reject) => {
      server.once("error", reject).listen(...(where as [number, string]), () => {
        resolve(String((server.address() as { port: number }).port));
      });
    });
  const http = serve(serveHttp);
  const port = await listening(http, 0, "127.0.0.1");
  const own = serve(serveFrames);
  // An abstract socket has no file that a killed process could leave behind.
  const name = process.platform === "linux" ? `terrace-${process.pid}-${randomUUID()}` : undefined;
  const frames = name === undefined ? await listening(own, 0, "127.0.0.1") : name;
  if (name !== undefined) await listening(own, `\0${name}`);
  return {
    frames,
    address: (token) => `127.0.0.1:${port}/${token}`,
    attach: (token, client) => void clients.set(token, client),
    detach: (token) => void clients.delete(token),
    async close() {
      const closed = [http, own].map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function serveHttp(socket: Socket, clients: RuntimeClients): void {
  let chunks: Buffer[] = [];
  let size = 0;
  let needed = 0;

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
      buffer = buffer.subarray(needed);
      needed = 0;
      handle(head, body);
    }
    chunks = buffer.length > 0 ? [buffer] : [];
    size = buffer.length;
  });

  function handle(head: string, body: Buffer): void {
    const target = head.slice(head.indexOf(" ") + 1, head.indexOf(" ", head.indexOf(" ") + 1));
    // /<token>/2018-06-01/runtime/invocation/<id>/response
    const [, token = "", , , area, id = "", verb] = target.split("/");
    const client = clients.get(token);
    if (!client) return void socket.write(NOT_FOUND);
    if (area === "invocation" && id === "next") {
      client.ready(send, false);
      return;
    }
    // Before it is handed on: the answer may lead to this socket's next invocation at once.
    socket.write(ACCEPTED);
    if (area === "init" && id === "error") client.initError(body);
    else if (area === "invocation" && verb === "response") client.response(id, body);
    else if (area === "invocation" && verb === "error") client.error(id, body);
  }

  function send({ requestId, payload, invokedArn, deadlineMs, traceId, clientContext, tenantId }: Delivery): void {
    let head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: ${requestId}\r\nLambda-Runtime-Deadline-Ms: ${deadlineMs}\r\nLambda-Runtime-Invoked-Function-Arn: ${invokedArn}\r\nLambda-Runtime-Trace-Id: ${traceId}\r\n`;
    if (clientContext) head += `Lambda-Runtime-Client-Context: ${clientContext}\r\n`;
    if (tenantId) head += `Lambda-Runtime-Aws-Tenant-Id: ${tenantId}\r\n`;
    const body = typeof payload === "string" ? Buffer.from(payload) : payload;
    socket.cork();
    socket.write(`${head}Content-Length: ${body.length}\r\n\r\n`, "latin1");
    socket.write(body);
    socket.uncork();
  }
}

function bodyLength(head: string): number {
  const match = /\r\ncontent-length: *(\d+)/i.exec(head);
  return match ? Number(match[1]) : 0;
}
