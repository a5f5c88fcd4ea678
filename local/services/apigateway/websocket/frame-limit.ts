/**
 * API Gateway takes messages of 128 KB in frames of 32 KB at most; the WebSocket library counts messages only. This reads the
 * frames' heads as they come, beside the library.
 */
import type { Duplex } from "node:stream";

export const MAX_FRAME_BYTES = 32 * 1024;
export const MAX_MESSAGE_BYTES = 128 * 1024;

/** To be called at once when the library has taken the socket over: what the client had sent by then is still to come. */
export function watchFrames(socket: Duplex, onTooLarge: () => void): void {
  /** Bytes of a frame that are still to come. */
  let rest = 0;
  let head = Buffer.alloc(0);

  function read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (rest > 0) {
        const skipped = Math.min(rest, chunk.length - at);
        rest -= skipped;
        at += skipped;
        continue;
      }
      head = Buffer.concat([head, chunk.subarray(at, at + 1)]);
      at++;
      const length = payloadLength(head);
      if (length === undefined) continue;
      const isMasked = (head[1]! & 0x80) !== 0;
      rest = length + (isMasked ? 4 : 0);
      head = Buffer.alloc(0);
      if (length <= MAX_FRAME_BYTES) continue;
      socket.off("data", read);
      onTooLarge();
      return;
    }
  }

  socket.prependListener("data", read);
}

/** Undefined until all of it is there. */
function payloadLength(head: Buffer): number | undefined {
  if (head.length < 2) return undefined;
  const short = head[1]! & 0x7f;
  if (short < 126) return short;
  if (short === 126) return head.length < 4 ? undefined : head.readUInt16BE(2);
  return head.length < 10 ? undefined : Number(head.readBigUInt64BE(2));
}
