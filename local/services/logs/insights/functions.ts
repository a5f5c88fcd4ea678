/** The functions of Insights' language. Pure. */
import { asNumber, asText, compared, shown, spanOf, timeOf, timeText, type Value } from "./values.ts";

export type InsightsFunction = (args: Value[], context: { timestamp: Value; now: number }) => Value;

const number =
  (of: (value: number) => number): InsightsFunction =>
  ([value]) => {
    const given = asNumber(value);
    return given === undefined ? undefined : of(given);
  };

const text =
  (of: (value: string, ...rest: Value[]) => Value): InsightsFunction =>
  ([value, ...rest]) => {
    const given = asText(value);
    return given === undefined ? undefined : of(given, ...rest);
  };

const numbers =
  (of: (...values: number[]) => number): InsightsFunction =>
  (args) => {
    const given = args.map(asNumber).filter((each) => each !== undefined);
    return given.length === 0 ? undefined : of(...given);
  };

const rounded =
  (round: (value: number) => number): InsightsFunction =>
  ([value, span]) => {
    const [time, step] = [timeOf(value), spanOf(span)];
    return time === undefined || !step ? undefined : timeText(round(time / step) * step);
  };

const trimmed = (pattern: (characters: string) => RegExp): InsightsFunction =>
  text((value, characters) => {
    const set = characters === undefined ? "\\s" : String(characters).replaceAll(/[\]\\^-]/g, "\\$&");
    return value.replaceAll(pattern(set), "");
  });

export const FUNCTIONS: Record<string, InsightsFunction> = {
  abs: number(Math.abs),
  ceil: number(Math.ceil),
  floor: number(Math.floor),
  sqrt: number(Math.sqrt),
  log: number(Math.log),
  greatest: numbers(Math.max),
  least: numbers(Math.min),
  ispresent: ([value]) => value !== undefined,
  isempty: ([value]) => value === undefined || value === "",
  isblank: ([value]) => value === undefined || String(value).trim() === "",
  coalesce: (args) => args.find((each) => each !== undefined),
  concat: (args) => args.map((each) => asText(each) ?? "").join(""),
  strlen: text((value) => value.length),
  toupper: text((value) => value.toUpperCase()),
  tolower: text((value) => value.toLowerCase()),
  trim: trimmed((set) => new RegExp(`^[${set}]+|[${set}]+$`, "g")),
  ltrim: trimmed((set) => new RegExp(`^[${set}]+`, "g")),
  rtrim: trimmed((set) => new RegExp(`[${set}]+$`, "g")),
  substr: text((value, from, length) => {
    const start = asNumber(from) ?? 0;
    const count = asNumber(length);
    return value.slice(start, count === undefined ? undefined : start + count);
  }),
  replace: text((value, wanted, by) => value.replaceAll(String(wanted ?? ""), String(by ?? ""))),
  strcontains: text((value, part) => (value.includes(String(part ?? "")) ? 1 : 0)),
  bin: ([span], { timestamp }) => rounded(Math.floor)([timestamp, span], { timestamp, now: 0 }),
  datefloor: rounded(Math.floor),
  dateceil: rounded(Math.ceil),
  frommillis: ([value]) => {
    const ms = asNumber(value);
    return ms === undefined ? undefined : timeText(ms);
  },
  tomillis: ([value]) => timeOf(value),
  now: (_, { now }) => Math.floor(now / 1000),
  isvalidip: text((value) => IP4.test(value) || value.includes(":")),
  isvalidipv4: text((value) => IP4.test(value)),
  isvalidipv6: text((value) => value.includes(":")),
};

const IP4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}/;

/** Of the rows of a group: the values of each argument, row by row, and the rows' times. */
export type AggregateFunction = (rows: Value[][], times: number[]) => Value;

const present = (rows: Value[][]) => rows.map(([value]) => value).filter((each) => each !== undefined);
const ofNumbers =
  (of: (values: number[]) => number): AggregateFunction =>
  (rows) => {
    const values = rows.map(([value]) => asNumber(value)).filter((each) => each !== undefined);
    return values.length === 0 ? undefined : of(values);
  };
const total = (values: number[]) => values.reduce((sum, each) => sum + each, 0);
const mean = (values: number[]) => total(values) / values.length;

const extreme =
  (sign: 1 | -1): AggregateFunction =>
  (rows) => {
    const values = present(rows);
    const isNumeric = values.every((each) => asNumber(each) !== undefined);
    return values.reduce<Value>((best, each) => {
      if (best === undefined || (compared(each, best) ?? 0) * sign > 0) return isNumeric ? asNumber(each) : each;
      return best;
    }, undefined);
  };

const byTime =
  (sign: 1 | -1): AggregateFunction =>
  (rows, times) => {
    let best: { value: Value; time: number } | undefined;
    for (const [index, [value]] of rows.entries()) {
      const time = times[index]!;
      if (value !== undefined && (!best || (time - best.time) * sign > 0)) best = { value, time };
    }
    return best?.value;
  };

export const AGGREGATES: Record<string, AggregateFunction> = {
  count: (rows) => (rows[0]?.length === 0 ? rows.length : present(rows).length),
  count_distinct: (rows) => new Set(present(rows).map(shown)).size,
  sum: ofNumbers(total),
  avg: ofNumbers(mean),
  min: extreme(-1),
  max: extreme(1),
  sortsfirst: extreme(-1),
  sortslast: extreme(1),
  earliest: byTime(-1),
  latest: byTime(1),
  stddev: ofNumbers((values) => {
    const middle = mean(values);
    return Math.sqrt(total(values.map((each) => (each - middle) ** 2)) / values.length);
  }),
  median: ofNumbers((values) => percentile(values, 50)),
  pct: (rows) => {
    const share = asNumber(rows[0]?.[1]) ?? 50;
    return ofNumbers((values) => percentile(values, share))(rows, []);
  },
};

function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((share / 100) * sorted.length - 1e-9) - 1)]!;
}
