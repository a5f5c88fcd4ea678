/** A message as text, for SQLite: attributes may be bytes. */
import type { Published } from "./delivery.ts";

export function textOf(value: object): string {
  return JSON.stringify(value, bytesAsText);
}

/** What `textOf` made a text of. */
export function valueOf<Value = Published>(text: string): Value {
  return JSON.parse(text, textAsBytes) as Value;
}

/** Buffers have made themselves plain by the time their value is handed over: the holder still has them. */
function bytesAsText(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const held = this[key];
  return held instanceof Uint8Array ? { $bytes: Buffer.from(held).toString("base64") } : value;
}

const textAsBytes = (_key: string, value: { $bytes?: string } | null) =>
  typeof value?.$bytes === "string" ? new Uint8Array(Buffer.from(value.$bytes, "base64")) : value;
