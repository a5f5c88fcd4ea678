/** What metric math computes with: numbers, lines over time, and lists of lines. Pure. */
import type { Values } from "../metrics/series.ts";

export interface Line {
  label: string;
  values: Values;
}

export type Value =
  | { type: "number"; value: number }
  | { type: "text"; value: string }
  | { type: "line"; line: Line }
  | { type: "lines"; lines: Line[] };

export const numberOf = (value: number): Value => ({ type: "number", value });
export const lineOf = (label: string, values: Values): Value => ({ type: "line", line: { label, values } });

export function linesOf(value: Value): Line[] {
  if (value.type === "lines") return value.lines;
  if (value.type === "line") return [value.line];
  throw new Error("a metric is expected in place of a number");
}

/** At each time where all operands have a number; of lists, line by line. */
export function combined(operands: Value[], combine: (...numbers: number[]) => number | undefined): Value {
  const lists = operands.filter((each) => each.type === "lines");
  if (lists.length > 0) {
    const count = Math.max(...lists.map(({ lines }) => lines.length));
    const lines = Array.from({ length: count }, (_, index) => {
      const one = combined(
        operands.map((each) => (each.type === "lines" ? { type: "line", line: each.lines[index]! } : each)),
        combine,
      );
      return linesOf(one)[0]!;
    });
    return { type: "lines", lines };
  }
  const lines = operands.filter((each) => each.type === "line");
  if (lines.length === 0) return numberOf(combine(...operands.map(plain)) ?? Number.NaN);
  const values: Values = new Map();
  const [first] = lines;
  for (const at of first!.line.values.keys()) {
    const numbers = operands.map((each) => (each.type === "line" ? each.line.values.get(at) : plain(each)));
    if (numbers.some((each) => each === undefined)) continue;
    const value = combine(...(numbers as number[]));
    // What is divided by zero has no value.
    if (value !== undefined && Number.isFinite(value)) values.set(at, value);
  }
  return lineOf(first!.line.label, values);
}

export function plain(value: Value): number {
  if (value.type === "number") return value.value;
  throw new Error("a number is expected");
}

/** One line of what several have at each time. */
export function across(lines: Line[], summary: (numbers: number[]) => number): Values {
  const times = [...new Set(lines.flatMap(({ values }) => [...values.keys()]))].sort((a, b) => a - b);
  return new Map(
    times.map((at) => [at, summary(lines.flatMap(({ values }) => (values.has(at) ? [values.get(at)!] : [])))]),
  );
}
