/**
 * The Runtime API's substance without its HTTP, for the runtime that is ours (`bootstrap.mjs`): a request of a function
 * passes here twice, and parsing heads would cost more than all the rest.
 *
 * The process opens with `<token>\n`, then says `ready`, `response`, `error`, `declined`, or before it ends `fatal` or `init-error`, each as
 * `<verb> <request id> <bytes>\n` and a body. A streamed response is `stream-begin` (a content type), `stream-chunk`s,
 * `stream-end` (nothing, or an error) and `stream-done`. It gets `<bytes of head> <bytes of payload>\n`, a head in JSON and the payload;
 * the head `{"freeze":true}` tells it to do nothing until a byte comes on its descriptor 4.
 */
import type { Socket } from "node:net";
import { keepPolling } from "../../../../polling.ts";
import { BODY_LIMIT_BYTES, type Delivery, type RuntimeClient, type RuntimeClients } from "./runtime-client.ts";

const LINE_LIMIT_BYTES = 1024;
const FREEZE_HEAD = '{"freeze":true}';
const FREEZE = `${FREEZE_HEAD.length} 0\n${FREEZE_HEAD}`;
/** Windows has no pipes that a process could wait for so. */
const CAN_FREEZE = process.platform !== "win32";
/** Said by a process that takes no other invocation yet, or never again. */
const BUSY = new Set(["stream-begin", "stream-chunk", "stream-end", "fatal", "init-error"]);

export function serveFrames(socket: Socket, clients: RuntimeClients): void {
  let client: RuntimeClient | undefined;
  let chunks: Buffer[] = [];
  let size = 0;
  /** Bytes that are not enough yet. */
  let tooFew = 0;
  socket.on("close", () => client?.closed());

  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size <= tooFew) return;
    let buffer = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    tooFew = 0;
    while (buffer.length > 0) {
      const end = buffer.indexOf(10);
      if (end < 0) {
        if (buffer.length > LINE_LIMIT_BYTES) socket.destroy();
        break;
      }
      const line = buffer.toString("latin1", 0, end);
      if (!client) {
        client = clients.get(line);
        if (!client) return void socket.destroy();
        client.connected();
        buffer = buffer.subarray(end + 1);
        continue;
      }
      const idAt = line.indexOf(" ") + 1;
      const lengthAt = line.indexOf(" ", idAt) + 1;
      const length = Number(line.slice(lengthAt));
      if (!(length <= BODY_LIMIT_BYTES)) return void socket.destroy();
      const next = end + 1 + length;
      if (buffer.length < next) {
        tooFew = next - 1;
        break;
      }
      const body = buffer.subarray(end + 1, next);
      buffer = buffer.subarray(next);
      take(client, line.slice(0, idAt - 1), line.slice(idAt, lengthAt - 1), body);
    }
    chunks = buffer.length > 0 ? [buffer] : [];
    size = buffer.length;
  });

  function take(from: RuntimeClient, verb: string, requestId: string, body: Buffer): void {
    if (verb === "response") from.response(requestId, body);
    else if (verb === "stream-chunk") chunk(from, requestId, body);
    else if (verb === "stream-begin") from.streamBegin(requestId, body.toString());
    else if (verb === "stream-end") from.streamEnd(requestId, body.length > 0 ? body : undefined);
    else if (verb === "stream-done") from.streamDone(requestId);
    else if (verb === "error" || verb === "fatal") from.error(requestId, body);
    else if (verb === "init-error") from.initError(body);
    else if (verb === "declined") from.declined(requestId);
    // Whoever has answered takes the next one, unless it ends.
    if (!BUSY.has(verb)) from.ready(send, true, CAN_FREEZE ? freeze : undefined);
  }

  /** Who reads the response decides how fast the process may go on. */
  function chunk(from: RuntimeClient, requestId: string, body: Buffer): void {
    if (!from.streamChunk(requestId, body, () => socket.resume())) socket.pause();
  }

  function freeze(): void {
    socket.write(FREEZE);
  }

  function send({ payload, ...head }: Delivery): void {
    const text = JSON.stringify(head);
    const start = `${Buffer.byteLength(text)} ${typeof payload === "string" ? Buffer.byteLength(payload) : payload.length}\n${text}`;
    keepPolling();
    if (typeof payload === "string") socket.write(start + payload);
    else {
      socket.cork();
      socket.write(start);
      socket.write(payload);
      socket.uncork();
    }
  }
}
