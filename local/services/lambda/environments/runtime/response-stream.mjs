/** The stream that a streaming handler writes its response to: each piece goes to the platform as it is written. */
import { Writable } from "node:stream";

/** A larger piece goes in several. */
const CHUNK_BYTES = 256 * 1024;

/**
 * @param id Of the request
 * @param say Says a verb with a text; `frame` with bytes
 */
export function responseStream(id, { highWaterMark, say, frame }) {
  let contentType = "application/octet-stream";
  let written = false;
  let hasBegun = false;
  let hasEnded = false;
  let failure = "";
  const begin = () => {
    if (!hasBegun) say("stream-begin", id, contentType);
    hasBegun = true;
  };
  const sayEnd = (sent) => {
    begin();
    hasEnded = true;
    say("stream-end", id, failure, sent);
  };
  const stream = new Writable({
    highWaterMark,
    write(chunk, _encoding, done) {
      begin();
      let start = 0;
      for (; start + CHUNK_BYTES < chunk.length; start += CHUNK_BYTES) {
        frame("stream-chunk", id, chunk.subarray(start, start + CHUNK_BYTES));
      }
      frame("stream-chunk", id, chunk.subarray(start), done);
    },
    final: sayEnd,
  });
  // It ends in what the function's promise says.
  stream.on("error", () => {});
  stream.setContentType = (type) => {
    if (!written) contentType = type;
    else throw Object.assign(new Error("Cannot set content-type, too late."), { name: "InvalidStreamingOperation" });
  };
  // Only `write` says the metadata: a response that is nothing but its end has none, on Lambda too.
  const plain = stream.write.bind(stream);
  stream.write = (chunk, ...more) => {
    if (!written) stream._onBeforeFirstWrite?.((data) => plain(data));
    written = true;
    return plain(typeof chunk === "string" || chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk), ...more);
  };
  return {
    stream,
    hasBegun: () => hasBegun || stream.writableLength > 0,
    /** Once what was written is on its way. After its end, an error changes nothing for the caller. */
    async end(error) {
      failure = error;
      if (!stream.closed) await new Promise((closed) => stream.once("close", closed).end());
      if (!hasEnded) sayEnd();
    },
  };
}
