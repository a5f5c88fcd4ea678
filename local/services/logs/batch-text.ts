/** A batch of events as it is kept. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { LogEvent } from "./store.ts";

/** Ends an event. A batch with a message that has one is JSON instead. */
const END = "\u001e";

/** Most messages are JSON themselves: to escape them in JSON again would cost more than all the rest. */
export function textOf(events: readonly LogEvent[]): string {
  let text = "";
  for (const { timestamp, message } of events) {
    if (message.includes(END)) return JSON.stringify(events.map((event) => [event.timestamp, event.message]));
    text += `${timestamp} ${message}${END}`;
  }
  return text;
}

export const compressed = (text: string): Uint8Array => deflateRawSync(text, { level: 1 });

export function linesOf(kept: Uint8Array): [timestamp: number, message: string][] {
  const text = inflateRawSync(kept).toString();
  if (text.startsWith("[")) return JSON.parse(text);
  const events = text.split(END).slice(0, -1);
  return events.map((event) => {
    const at = event.indexOf(" ");
    return [Number(event.slice(0, at)), event.slice(at + 1)];
  });
}
