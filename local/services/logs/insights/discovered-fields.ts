/** The fields of a log event: its own, those of a JSON line, and those of Lambda's lines. Pure. */
import type { StoredEvent } from "../store.ts";
import { timeText, type Value } from "./values.ts";

export type Fields = Map<string, Value>;

const MAX_FIELDS = 1000;

export interface Origin {
  account: string;
  group: string;
}

export function discoveredFields({ account, group }: Origin, event: StoredEvent): Fields {
  const fields: Fields = new Map<string, Value>([
    ["@timestamp", timeText(event.timestamp)],
    ["@message", event.message],
    ["@logStream", event.stream],
    ["@log", `${account}:${group}`],
    ["@ingestionTime", timeText(event.ingestedAt)],
    ["@ptr", Buffer.from(`${group}\0${event.position}`).toString("base64")],
  ]);
  const json = parsed(event.message);
  if (json !== undefined) flatten(json, "", fields);
  else lambdaFields(event.message, fields);
  return fields;
}

function parsed(message: string): object | undefined {
  if (!message.startsWith("{")) return undefined;
  try {
    return JSON.parse(message) as object;
  } catch {
    return undefined;
  }
}

/** `record.metrics.durationMs`, `items.0.id` */
function flatten(value: object, path: string, fields: Fields): void {
  for (const [key, member] of Object.entries(value)) {
    if (fields.size >= MAX_FIELDS) return;
    const name = path === "" ? key : `${path}.${key}`;
    if (typeof member === "object" && member !== null) flatten(member, name, fields);
    else if (member !== null && member !== undefined) fields.set(name, member as Value);
  }
}

const NUMBERS: [field: string, pattern: RegExp, factor: number][] = [
  ["@duration", /\tDuration: ([\d.]+) ms/, 1],
  ["@billedDuration", /\tBilled Duration: ([\d.]+) ms/, 1],
  ["@initDuration", /\tInit Duration: ([\d.]+) ms/, 1],
  ["@memorySize", /\tMemory Size: (\d+) MB/, 1_000_000],
  ["@maxMemoryUsed", /\tMax Memory Used: (\d+) MB/, 1_000_000],
];

/** Of text in Lambda's form: `REPORT RequestId: …`. */
function lambdaFields(message: string, fields: Fields): void {
  const parts = /^(START|END|REPORT) RequestId: ([\w-]{36})/.exec(message);
  const own = parts ?? /^\S+Z\t()([\w-]{36})\t/.exec(message);
  if (!own) return;
  fields.set("@requestId", own[2]!);
  fields.set("@type", own[1] || "INFO");
  for (const [field, pattern, factor] of NUMBERS) {
    const number = pattern.exec(message)?.[1];
    if (number !== undefined) fields.set(field, Number(number) * factor);
  }
}
