/** Streamed uploads: `aws-chunked` bodies and the trailers behind them. Kept as content, they would corrupt the object. */
import { AwsError } from "../../../service.ts";

export interface Decoded {
  bytes: Buffer;
  /** Lower-case names. */
  trailers: Record<string, string>;
}

/** The body itself where the request is not chunked. Chunk signatures are not verified. */
export function decodeBody(headers: Record<string, string>, body: Buffer): Decoded {
  const streams =
    headers["x-amz-content-sha256"]?.startsWith("STREAMING-") || headers["content-encoding"]?.includes("aws-chunked");
  if (!streams) return { bytes: body, trailers: {} };
  const chunks: Buffer[] = [];
  let position = 0;
  for (;;) {
    const end = body.indexOf("\r\n", position);
    const digits = /^([0-9a-fA-F]{1,8})(;|$)/.exec(body.toString("latin1", position, end))?.[1];
    if (end < 0 || digits === undefined) throw incomplete();
    const size = Number.parseInt(digits, 16);
    position = end + 2;
    if (size === 0) break;
    if (body.toString("latin1", position + size, position + size + 2) !== "\r\n") throw incomplete();
    chunks.push(body.subarray(position, position + size));
    position += size + 2;
  }
  const bytes = Buffer.concat(chunks);
  const expected = headers["x-amz-decoded-content-length"];
  if (expected !== undefined && Number(expected) !== bytes.length) {
    throw new AwsError(
      "IncompleteBody",
      "You did not provide the number of bytes specified by the Content-Length HTTP header",
      400,
    );
  }
  const trailers = readTrailers(body.toString("latin1", position));
  for (const name of (headers["x-amz-trailer"] ?? "").split(",")) {
    if (name.trim() === "" || trailers[name.trim().toLowerCase()] !== undefined) continue;
    throw new AwsError("MalformedTrailerError", "The request contained trailing data that was not well-formed", 400);
  }
  return { bytes, trailers };
}

function incomplete(): AwsError {
  return new AwsError("IncompleteBody", "The request body terminated unexpectedly", 400);
}

function readTrailers(text: string): Record<string, string> {
  const trailers: Record<string, string> = {};
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) trailers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return trailers;
}
