/** A body in HTTP/1.1's chunked transfer encoding, read as it comes. */

const LINE_LIMIT_BYTES = 8 * 1024;

/** Takes bytes; answers with those behind the body once it is over, and undefined before. Throws where it is malformed. */
export type ChunkedBody = (bytes: Buffer) => Buffer | undefined;

/**
 * @param take Data of the body
 * @param end The body is over; trailers have lower-case names
 */
export function chunkedBody(
  take: (data: Buffer) => void,
  end: (trailers: Record<string, string>) => void,
): ChunkedBody {
  let rest: Buffer = Buffer.alloc(0);
  let next: "size" | "data" | "end of data" | "trailer" = "size";
  /** Of the chunk's data. */
  let left = 0;
  const trailers: Record<string, string> = Object.create(null);

  return (bytes) => {
    rest = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
    for (;;) {
      if (next === "data") {
        const data = rest.subarray(0, left);
        rest = rest.subarray(data.length);
        left -= data.length;
        if (data.length > 0) take(data);
        if (left > 0) return undefined;
        next = "end of data";
      }
      const lineEnd = rest.indexOf("\r\n");
      if (lineEnd < 0) {
        if (rest.length > LINE_LIMIT_BYTES) throw new Error("a line of a chunked body is too long");
        return undefined;
      }
      const line = rest.toString("latin1", 0, lineEnd);
      rest = rest.subarray(lineEnd + 2);
      if (next === "end of data") next = "size";
      else if (next === "size") {
        left = /^[\da-f]{1,8}/i.test(line) ? Number.parseInt(line, 16) : Number.NaN;
        if (Number.isNaN(left)) throw new Error(`a chunk has the size "${line}"`);
        next = left === 0 ? "trailer" : "data";
      } else if (line === "") {
        end(trailers);
        return rest;
      } else {
        const colon = line.indexOf(":");
        trailers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
      }
    }
  };
}
