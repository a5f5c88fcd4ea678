/** Streamed uploads: `aws-chunked` bodies and the trailers behind them. Kept as content, they would corrupt the object. */
import { AwsError } from "../../service.ts";

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
    const size = Number.parseInt(body.toString("latin1", position, end), 16);
    if (end < 0 || Number.isNaN(size))
      throw new AwsError("IncompleteBody", "The request body terminated unexpectedly", 400);
    position = end + 2;
    if (size === 0) break;
    if (position + size > body.length)
      throw new AwsError("IncompleteBody", "The request body terminated unexpectedly", 400);
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
  return { bytes, trailers: readTrailers(body.toString("latin1", position)) };
}

function readTrailers(text: string): Record<string, string> {
  const trailers: Record<string, string> = {};
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) trailers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return trailers;
}
