/** The MD5 digests that SQS answers with and SDK clients verify. */
import { createHash } from "node:crypto";

export interface MessageAttribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: Uint8Array;
}

export type MessageAttributes = Record<string, MessageAttribute>;

export function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

/** Names in order; each name, type and value with its length before it (SQS developer guide, message metadata). */
export function md5OfAttributes(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const hash = createHash("md5");
  const part = (value: string | Uint8Array): void => {
    const bytes = Buffer.from(value as Uint8Array);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of names) {
    const { DataType, StringValue, BinaryValue } = attributes[name]!;
    part(name);
    part(DataType);
    hash.update(Buffer.from([DataType.startsWith("Binary") ? 2 : 1]));
    part(DataType.startsWith("Binary") ? (BinaryValue ?? new Uint8Array()) : (StringValue ?? ""));
  }
  return hash.digest("hex");
}

/** Bytes that count towards the size limit: the body, and every attribute's name, type and value. */
export function sizeOf(body: string, attributes: MessageAttributes): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType);
    bytes += BinaryValue?.byteLength ?? Buffer.byteLength(StringValue ?? "");
  }
  return bytes;
}
