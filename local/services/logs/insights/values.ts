/** Values of fields, and how they are compared and shown. Pure. */

/** Undefined: the line has no such field. */
export type Value = string | number | boolean | undefined;

/** A number, also one that is written as a text. */
export function asNumber(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  if (value === undefined || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}

export function asText(value: Value): string | undefined {
  return value === undefined ? undefined : shown(value);
}

/** As results have it: at most four decimals. */
export function shown(value: Exclude<Value, undefined>): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  return typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toFixed(4))) : String(value);
}

export function isTrue(value: Value): boolean {
  return value === true || (typeof value === "number" && value !== 0) || value === "true";
}

/** Negative, 0 or positive; numbers as numbers wherever both are. */
export function compared(left: Value, right: Value): number | undefined {
  if (left === undefined || right === undefined) return undefined;
  const [a, b] = [asNumber(left), asNumber(right)];
  if (a !== undefined && b !== undefined) return a - b;
  const [text, other] = [jsonText(left), jsonText(right)];
  return text < other ? -1 : text > other ? 1 : 0;
}

/** A JSON `true` is the word. */
const jsonText = (value: Exclude<Value, undefined>): string => String(value);

/** `2026-01-01 12:00:00.000` */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace("T", " ").replace("Z", "");
}

export function timeOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  const number = Number(value);
  if (!Number.isNaN(number)) return number;
  const ms = Date.parse(/^\d{4}-\d\d-\d\d \d/.test(value) ? `${value.replace(" ", "T")}Z` : value);
  return Number.isNaN(ms) ? undefined : ms;
}

const UNITS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  mo: 2_592_000_000,
  q: 7_776_000_000,
  y: 31_536_000_000,
};

/** `5m` in milliseconds. */
export function spanOf(value: Value): number | undefined {
  const parts = /^(\d+)\s*([a-z]+)$/.exec(String(value ?? ""));
  const unit = parts && UNITS[parts[2]!];
  return unit ? Number(parts[1]) * unit : undefined;
}
