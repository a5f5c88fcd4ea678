/** The functions of metric math. */
import { type Axis, timesOf, type Values } from "../metrics/series.ts";
import { across, combined, type Line, lineOf, linesOf, numberOf, plain, type Value } from "./values.ts";

export interface MathContext {
  axis: Axis;
  /** Every query with a metric; with a text, those whose id has it. */
  metrics(part?: string): Line[];
}

type MathFunction = (args: Value[], context: MathContext) => Value;

const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0);
const average = (numbers: number[]) => sum(numbers) / numbers.length;
const deviation = (numbers: number[]) => {
  const middle = average(numbers);
  return Math.sqrt(average(numbers.map((each) => (each - middle) ** 2)));
};

/** Of one metric over time a number; of a list the line of what all have at each time. */
const summary =
  (of: (numbers: number[]) => number): MathFunction =>
  ([value]) => {
    if (value!.type === "lines") return lineOf("", across(value!.lines, of));
    const numbers = [...linesOf(value!)[0]!.values.values()];
    return numberOf(numbers.length === 0 ? Number.NaN : of(numbers));
  };

const each =
  (of: (number: number) => number): MathFunction =>
  ([value]) =>
    combined([value!], of);

/** Of each line a new one, from its points in order of time. */
const walked =
  (walk: (points: [at: number, value: number][], context: MathContext) => Iterable<[number, number]>): MathFunction =>
  ([value], context) => {
    const lines = linesOf(value!).map(({ label, values }) => ({
      label,
      values: new Map(
        walk(
          [...values].sort(([a], [b]) => a - b),
          context,
        ),
      ),
    }));
    return value!.type === "lines" ? { type: "lines", lines } : { type: "line", line: lines[0]! };
  };

const pairs = (of: (value: number, before: number, seconds: number) => number): MathFunction =>
  walked((points) =>
    points.slice(1).map(([at, value], index) => {
      const [earlier, before] = points[index]!;
      return [at, of(value, before, (at - earlier) / 1000)];
    }),
  );

const overTime =
  (of: (date: Date) => number): MathFunction =>
  (_, { axis }) =>
    lineOf("", new Map(timesOf(axis).map((at) => [at, of(new Date(at))])));

export const FUNCTIONS: Record<string, MathFunction> = {
  SUM: summary(sum),
  AVG: summary(average),
  MAX: summary((numbers) => Math.max(...numbers)),
  MIN: summary((numbers) => Math.min(...numbers)),
  STDDEV: summary(deviation),
  ABS: each(Math.abs),
  CEIL: each(Math.ceil),
  FLOOR: each(Math.floor),
  LOG: each(Math.log),
  LOG10: each(Math.log10),
  DIFF: pairs((value, before) => value - before),
  DIFF_TIME: pairs((_value, _before, seconds) => seconds),
  RATE: pairs((value, before, seconds) => (value - before) / seconds),
  RUNNING_SUM: walked((points) => {
    let total = 0;
    return points.map(([at, value]) => {
      total += value;
      return [at, total];
    });
  }),
  FILL: ([value, filler], { axis }) => {
    const lines = linesOf(value!).map(({ label, values }) => ({ label, values: filled(values, filler!, axis) }));
    return value!.type === "lines" ? { type: "lines", lines } : { type: "line", line: lines[0]! };
  },
  IF: ([condition, then, otherwise]) => {
    if (condition!.type === "number") {
      const chosen = condition!.value !== 0 ? then! : otherwise;
      if (!chosen) throw new Error("IF of a number has to say what is otherwise");
      return chosen;
    }
    return chosenOf(condition!, then!, otherwise);
  },
  METRICS: ([part], context) => ({
    type: "lines",
    lines: context.metrics(part?.type === "text" ? part.value : undefined),
  }),
  METRIC_COUNT: ([value]) => numberOf(linesOf(value!).length),
  DATAPOINT_COUNT: ([value]) => numberOf(linesOf(value!)[0]!.values.size),
  PERIOD: (_, { axis }) => numberOf(axis.periodMs / 1000),
  FIRST: ([value]) => edge(value!, 0),
  LAST: ([value]) => edge(value!, -1),
  TIME_SERIES: ([value], { axis }) => lineOf("", new Map(timesOf(axis).map((at) => [at, plain(value!)]))),
  EPOCH: overTime((date) => date.getTime() / 1000),
  MINUTE: overTime((date) => date.getUTCMinutes()),
  HOUR: overTime((date) => date.getUTCHours()),
  DAY: overTime((date) => date.getUTCDay() || 7),
  DATE: overTime((date) => date.getUTCDate()),
  MONTH: overTime((date) => date.getUTCMonth() + 1),
  YEAR: overTime((date) => date.getUTCFullYear()),
};

function edge(value: Value, at: number): Value {
  if (value.type === "lines") {
    const line = value.lines.at(at);
    if (!line) throw new Error("a list of metrics is empty");
    return { type: "line", line };
  }
  return numberOf([...linesOf(value)[0]!.values].sort(([a], [b]) => a - b).at(at)?.[1] ?? Number.NaN);
}

/** Line by line; a time where what was chosen has nothing is left out. */
function chosenOf(condition: Value, then: Value, otherwise: Value | undefined): Value {
  const at = (value: Value | undefined, time: number) =>
    value === undefined ? undefined : value.type === "number" ? value.value : linesOf(value)[0]!.values.get(time);
  const { label, values } = linesOf(condition)[0]!;
  const chosen: Values = new Map();
  for (const [time, holds] of values) {
    const value = at(holds !== 0 ? then : otherwise, time);
    if (value !== undefined) chosen.set(time, value);
  }
  return lineOf(label, chosen);
}

function filled(values: Values, filler: Value, axis: Axis): Values {
  const times = timesOf(axis);
  if (filler.type === "number") return new Map(times.map((at) => [at, values.get(at) ?? filler.value]));
  if (filler.type === "line") {
    return new Map(times.flatMap((at) => pair(at, values.get(at) ?? filler.line.values.get(at))));
  }
  const word = filler.type === "text" ? filler.value : "";
  if (word !== "REPEAT" && word !== "LINEAR") throw new Error("FILL takes a number, a metric, REPEAT or LINEAR");
  const known = times.filter((at) => values.has(at));
  return new Map(
    times.flatMap((at) => {
      const before = known.findLast((each) => each <= at);
      const after = known.find((each) => each >= at);
      if (before === undefined || values.has(at)) return pair(at, values.get(at));
      const from = values.get(before)!;
      if (word === "REPEAT" || after === undefined) return pair(at, word === "REPEAT" ? from : undefined);
      return pair(at, from + ((values.get(after)! - from) * (at - before)) / (after - before));
    }),
  );
}

const pair = (at: number, value: number | undefined): [number, number][] => (value === undefined ? [] : [[at, value]]);
