import { connect } from "node:net";
import type { Random } from "./random.ts";

/** Bytes that are no HTTP, or hardly. */
export function garble(port: number, random: Random): Promise<string> {
  const raw = random.pick([
    "GET / HTTP/9.9\r\n\r\n",
    "\r\n\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ngarbage that is no frame",
    `GET /${"x".repeat(40_000)} HTTP/1.1\r\nhost: a\r\n\r\n`,
    `GET / HTTP/1.1\r\nhost: a\r\nx: ${"y".repeat(90_000)}\r\n\r\n`,
    "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\n",
    "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
    "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "GET http://[::1/ HTTP/1.1\r\nhost: ]\r\n\r\n",
    "\u0000\u0001\u0002\u0003",
  ]);
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
      socket.destroy();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => done(text));
    socket.setTimeout(500, () => socket.destroy());
    socket.write(raw);
  });
}
