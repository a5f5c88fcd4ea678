/**
 * The connection to the platform. What Lambda's Runtime API says over HTTP is said in frames over one raw socket (see
 * runtime-frames.ts): with node:http and two round trips, most of a short invocation's time goes to the client itself.
 */

// To import it would make the objects of all that it exports: some milliseconds of each cold start.
const { connect } = process.getBuiltinModule("node:net");

const [, , , frames, token] = process.argv;
export const socket = connect(
  /^\d+$/.test(frames) ? { host: "127.0.0.1", port: Number(frames), noDelay: true } : { path: `\0${frames}` },
);
// Whoever served the invocations is gone, however it went: nothing is left to do.
socket.on("error", () => process.exit(0));
socket.on("close", () => process.exit(0));
socket.write(`${token}\n`);

export function say(verb, id, body, sent) {
  socket.write(`${verb} ${id} ${Buffer.byteLength(body)}\n${body}`, sent);
}

/** Of bytes, which are not copied. */
export function frame(verb, id, bytes, sent) {
  socket.cork();
  socket.write(`${verb} ${id} ${bytes.length}\n`);
  socket.write(bytes, sent);
  socket.uncork();
}

/** Hands on each invocation: its head, and its payload as text. */
export function receive(take) {
  let chunks = [];
  let size = 0;
  /** Bytes that are not enough yet. */
  let tooFew = 0;
  socket.on("data", (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size <= tooFew) return;
    let buffer = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    tooFew = 0;
    while (buffer.length > 0) {
      const end = buffer.indexOf(10);
      if (end < 0) break;
      const [head, payload] = buffer.toString("latin1", 0, end).split(" ").map(Number);
      const start = end + 1 + head;
      if (buffer.length < start + payload) {
        tooFew = start + payload - 1;
        break;
      }
      const delivery = JSON.parse(buffer.toString("utf8", end + 1, start));
      const body = buffer.toString("utf8", start, start + payload);
      buffer = buffer.subarray(start + payload);
      take(delivery, body);
    }
    chunks = buffer.length > 0 ? [buffer] : [];
    size = buffer.length;
  });
}
