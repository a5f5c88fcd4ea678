/** Reads a request's body, up to API Gateway's limit. */
import type { IncomingMessage } from "node:http";

const LIMIT_BYTES = 10 * 1024 * 1024;

export function readBody(incoming: IncomingMessage): Promise<Buffer | "too large"> {
  if (Number(incoming.headers["content-length"] ?? 0) > LIMIT_BYTES) {
    // Read and forgotten: a client that still writes would not see the answer.
    incoming.resume();
    return Promise.resolve("too large");
  }
  return new Promise((done, failed) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= LIMIT_BYTES) chunks.push(chunk);
      else {
        chunks.length = 0;
        done("too large");
      }
    });
    incoming.once("end", () => done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    incoming.once("error", failed);
    incoming.once("close", () => failed(new Error("the client went away")));
  });
}
