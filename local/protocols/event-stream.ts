/**
 * Event streams (`application/vnd.amazon.eventstream`): what an operation answers event by event. Outgoing only; unsigned, as
 * answers are. Header values are strings.
 */
import { Readable, Transform } from "node:stream";
import type { NormalizedSchema } from "@smithy/core/schema";
import type { BodyCodec } from "./bindings.ts";

export const EVENT_STREAM = "application/vnd.amazon.eventstream";

/** Of a string, in a header. */
const STRING = 7;
/** Two lengths and their checksum. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;

/** What the protocols without bindings begin with: a client waits for it. */
const initialResponse = ({ contentType }: BodyCodec) => ({
  ...{ ":message-type": "event", ":event-type": "initial-response", ":content-type": contentType },
});

/** @param events One member of the union each: `{ PayloadChunk: { … } }`. Ends, or is destroyed, when the body is. */
export function eventStreamBody(
  union: NormalizedSchema,
  events: AsyncIterable<Record<string, object>>,
  codec: BodyCodec,
  hasInitialResponse = false,
): Readable {
  let crc32: (data: Buffer, value?: number) => number;
  const source = events instanceof Readable ? events : Readable.from(events);
  const body = new Transform({
    writableObjectMode: true,
    construct(done) {
      import("node:zlib").then((zlib) => {
        crc32 = zlib.crc32;
        if (hasInitialResponse) this.push(message(initialResponse(codec), Buffer.from("{}"), crc32));
        done();
      }, done);
    },
    transform(event: Record<string, object>, _encoding, done) {
      const [name, value] = Object.entries(event)[0]!;
      const { contentType, payload } = payloadOf(union.getMemberSchema(name), value, codec);
      const headers = { ":message-type": "event", ":event-type": name, ":content-type": contentType };
      done(null, message(headers, payload, crc32));
    },
  });
  source.on("error", (error) => body.destroy(error));
  body.on("close", () => source.destroy());
  return source.pipe(body);
}

function payloadOf(event: NormalizedSchema, value: object, codec: BodyCodec): { contentType: string; payload: Buffer } {
  for (const [name, member] of event.structIterator()) {
    if (!member.getMergedTraits().eventPayload || !member.isBlobSchema()) continue;
    const bytes = (value as Record<string, Uint8Array | undefined>)[name] ?? new Uint8Array();
    return { contentType: "application/octet-stream", payload: Buffer.from(bytes) };
  }
  return { contentType: codec.contentType, payload: Buffer.from(codec.write(event, value) as string) };
}

function message(headers: Record<string, string>, payload: Buffer, crc32: (data: Buffer, value?: number) => number) {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(Buffer.byteLength(value));
      return Buffer.concat([
        Buffer.from([name.length]),
        Buffer.from(name),
        Buffer.from([STRING]),
        length,
        Buffer.from(value),
      ]);
    }),
  );
  const all = Buffer.alloc(PRELUDE_BYTES + head.length + payload.length + CHECKSUM_BYTES);
  all.writeUInt32BE(all.length, 0);
  all.writeUInt32BE(head.length, 4);
  all.writeUInt32BE(crc32(all.subarray(0, 8)), 8);
  head.copy(all, PRELUDE_BYTES);
  payload.copy(all, PRELUDE_BYTES + head.length);
  all.writeUInt32BE(crc32(all.subarray(0, -CHECKSUM_BYTES)), all.length - CHECKSUM_BYTES);
  return all;
}
