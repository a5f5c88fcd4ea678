/** Streamed uploads: `aws-chunked` bodies and the trailers behind them. Kept as content, they would corrupt the object. */
import { AwsError } from "../../../service.ts";

export interface Decoder {
  /** What was read so far goes on to where the decoder was told. */
  write(bytes: Buffer): void;
  /** @returns the trailers, under lower-case names. @throws AwsError IncompleteBody, MalformedTrailerError */
  end(): Record<string, string>;
}

/** Of a chunk's first line, signature included, and of all trailers. */
const MAX_LINE = 16 * 1024;

/** Takes a request's body apart as it comes, chunked or not. Chunk signatures are not verified. */
export function bodyDecoder(headers: Record<string, string>, take: (bytes: Buffer) => void): Decoder {
  const streams =
    headers["x-amz-content-sha256"]?.startsWith("STREAMING-") || headers["content-encoding"]?.includes("aws-chunked");
  return streams ? chunkDecoder(headers, take) : { write: take, end: () => ({}) };
}

function chunkDecoder(headers: Record<string, string>, take: (bytes: Buffer) => void): Decoder {
  let state: "size" | "data" | "break" | "trailers" = "size";
  let line = "";
  let left = 0;
  let decoded = 0;

  /** A line is complete. */
  function next(): void {
    if (state === "break") {
      if (line !== "\r\n") throw incomplete();
      state = "size";
    } else {
      const digits = /^([0-9a-fA-F]{1,8})(;[^\r\n]*)?\r\n$/.exec(line)?.[1];
      if (digits === undefined) throw incomplete();
      left = Number.parseInt(digits, 16);
      state = left === 0 ? "trailers" : "data";
    }
    line = "";
  }

  return {
    write(bytes) {
      for (let at = 0; at < bytes.length; ) {
        if (state === "data") {
          const piece = bytes.subarray(at, at + left);
          take(piece);
          decoded += piece.length;
          at += piece.length;
          left -= piece.length;
          if (left === 0) state = "break";
          continue;
        }
        const end = state === "trailers" ? -1 : bytes.indexOf(10, at);
        const stop = end < 0 ? bytes.length : end + 1;
        if (line.length + stop - at > MAX_LINE) throw incomplete();
        line += bytes.toString("latin1", at, stop);
        at = stop;
        if (end >= 0) next();
      }
    },
    end() {
      if (state !== "trailers") throw incomplete();
      const expected = headers["x-amz-decoded-content-length"];
      if (expected !== undefined && Number(expected) !== decoded) {
        const message = "You did not provide the number of bytes specified by the Content-Length HTTP header";
        throw new AwsError("IncompleteBody", message, 400);
      }
      const trailers = readTrailers(line);
      for (const name of (headers["x-amz-trailer"] ?? "").split(",")) {
        if (name.trim() === "" || trailers[name.trim().toLowerCase()] !== undefined) continue;
        const message = "The request contained trailing data that was not well-formed";
        throw new AwsError("MalformedTrailerError", message, 400);
      }
      return trailers;
    },
  };
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
