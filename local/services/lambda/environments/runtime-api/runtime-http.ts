/** Lambda's Runtime API over HTTP, for runtimes that are not ours. */
import type { Socket } from "node:net";
import { type ChunkedBody, chunkedBody } from "./chunked-body.ts";
import { BODY_LIMIT_BYTES, type Delivery, type RuntimeClients } from "./runtime-client.ts";

const ACCEPTED = 'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"status":"OK"}';
const NOT_FOUND = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
const HEAD_LIMIT_BYTES = 16 * 1024;
const RESPONSE_MODE = "lambda-runtime-function-response-mode";

export function serveHttp(socket: Socket, clients: RuntimeClients): void {
  let chunks: Buffer[] = [];
  let size = 0;
  let needed = 0;
  /** Of a request whose body comes in chunks. */
  let chunked: ChunkedBody | undefined;

  socket.on("data", (chunk: Buffer) => {
    if (chunked) {
      const behind = readChunked(chunk);
      if (!behind || behind.length === 0) return;
      chunk = behind;
    }
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
      if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
        chunked = bodyInChunks(head);
        const behind = readChunked(buffer.subarray(end + 4));
        if (!behind) {
          buffer = buffer.subarray(buffer.length);
          break;
        }
        buffer = behind;
        continue;
      }
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

  function readChunked(bytes: Buffer): Buffer | undefined {
    try {
      const behind = chunked!(bytes);
      if (behind) chunked = undefined;
      return behind;
    } catch {
      socket.destroy();
      return undefined;
    }
  }

  /** A streamed response is handed on as it comes, everything else as a whole. */
  function bodyInChunks(head: string): ChunkedBody {
    const { client, id, verb } = targetOf(head);
    if (!client || verb !== "response" || headerOf(head, RESPONSE_MODE) !== "streaming") {
      const parts: Buffer[] = [];
      let bytes = 0;
      return chunkedBody(
        (data) => {
          bytes += data.length;
          if (bytes > BODY_LIMIT_BYTES) throw new Error("the body is too large");
          parts.push(data);
        },
        () => handle(head, Buffer.concat(parts)),
      );
    }
    client.streamBegin(id, headerOf(head, "content-type") ?? "application/octet-stream");
    const resume = () => void socket.resume();
    return chunkedBody(
      (data) => {
        if (!client.streamChunk(id, data, resume)) socket.pause();
      },
      (trailers) => {
        client.streamEnd(id, errorOf(trailers));
        socket.write(ACCEPTED);
        client.streamDone(id);
      },
    );
  }

  function targetOf(head: string) {
    const target = head.slice(head.indexOf(" ") + 1, head.indexOf(" ", head.indexOf(" ") + 1));
    // /<token>/2018-06-01/runtime/invocation/<id>/response
    const [, token = "", , , area, id = "", verb] = target.split("/");
    return { client: clients.get(token), area, id, verb };
  }

  function handle(head: string, body: Buffer): void {
    const { client, area, id, verb } = targetOf(head);
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

function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, "i").exec(head)?.[1];
}

/** What went wrong after the response had begun, in Lambda's form. */
function errorOf(trailers: Record<string, string>): Buffer | undefined {
  const errorType = trailers["lambda-runtime-function-error-type"];
  if (errorType === undefined) return undefined;
  const text = Buffer.from(trailers["lambda-runtime-function-error-body"] ?? "", "base64").toString();
  try {
    return Buffer.from(JSON.stringify({ errorType, ...JSON.parse(text) }));
  } catch {
    return Buffer.from(JSON.stringify({ errorType, errorMessage: text }));
  }
}
