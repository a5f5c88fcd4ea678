/** Reads members of plain values with a path, collecting what is wrong instead of stopping at the first. */
import { nearest } from "../nearest.ts";

export type Problems = string[];

export interface Reader {
  text(key: string, form?: RegExp, words?: string): string;
  optionalText(key: string): string | undefined;
  /** @param step between the numbers that are taken, 0 for any fraction; 1 where it is left out */
  number(key: string, low: number, high: number, byDefault?: number, step?: number): number;
  optionalNumber(key: string, low: number, high: number, step?: number): number | undefined;
  choice<T extends string>(key: string, options: readonly T[], byDefault?: T): T;
  object(key: string): Record<string, unknown>;
  list(key: string, byDefault?: unknown[]): unknown[];
}

/** A reader of one object; keys that are not among `known` are problems. */
export function read(raw: unknown, path: string, problems: Problems, known: readonly string[]): Reader {
  const values = isObject(raw) ? raw : {};
  if (!isObject(raw)) problems.push(`${path || "the settings"}: a mapping is expected, not ${JSON.stringify(raw)}`);
  const at = (key: string) => (path ? `${path}.${key}` : key);
  for (const key of Object.keys(values)) {
    if (!known.includes(key))
      problems.push(`${at(key)}: unknown key${suggestion(key, known)}; there are ${known.join(", ")}`);
  }
  const missing = (key: string, what: string) => problems.push(`${at(key)}: missing; give ${what}`);

  const reader: Reader = {
    text(key, form, words = "a text") {
      const value = values[key];
      if (value === undefined || value === null) {
        missing(key, words);
        return "";
      }
      if (typeof value !== "string" || (form && !form.test(value))) {
        problems.push(`${at(key)}: ${JSON.stringify(value)} has to be ${words}`);
      }
      return String(value);
    },
    optionalText: (key) => (values[key] === undefined ? undefined : reader.text(key)),
    number(key, low, high, byDefault, step = 1) {
      const value = values[key] ?? byDefault;
      if (value === undefined) {
        missing(key, `a number from ${low} to ${high}`);
        return low;
      }
      if (typeof value !== "number" || !(value >= low && value <= high)) {
        problems.push(`${at(key)}: ${JSON.stringify(value)} has to be a number from ${low} to ${high}`);
        return low;
      }
      if (step > 0 && !Number.isInteger(value / step)) {
        const remedy = step === 1 ? "be a whole number" : `come in steps of ${step}`;
        problems.push(`${at(key)}: ${value} has to ${remedy}`);
      }
      return value;
    },
    optionalNumber: (key, low, high, step) =>
      values[key] === undefined ? undefined : reader.number(key, low, high, undefined, step),
    choice(key, options, byDefault) {
      const value = values[key] ?? byDefault;
      if (value === undefined) missing(key, `one of ${options.join(", ")}`);
      else if (!(options as readonly unknown[]).includes(value)) {
        problems.push(`${at(key)}: ${JSON.stringify(value)} has to be one of ${options.join(", ")}`);
      }
      return (options as readonly unknown[]).includes(value) ? (value as (typeof options)[number]) : options[0]!;
    },
    object(key) {
      const value = values[key] ?? {};
      if (isObject(value)) return value;
      problems.push(`${at(key)}: a mapping is expected, not ${JSON.stringify(value)}`);
      return {};
    },
    list(key, byDefault) {
      const value = values[key] ?? byDefault;
      if (Array.isArray(value)) return value;
      if (value === undefined) missing(key, "a list");
      else problems.push(`${at(key)}: a list is expected, not ${JSON.stringify(value)}`);
      return [];
    },
  };
  return reader;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const suggestion = (key: string, known: readonly string[]): string => {
  const close = nearest(key, known);
  return close ? `, did you mean ${close}?` : "";
};
