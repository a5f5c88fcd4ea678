/** CloudWatch's statistics by their names: `Sum`, `p99`, `TM(10%:90%)`, `PR(:300)`. Pure. */
import type { Aggregate } from "../../../metrics.ts";

/** The number; undefined where it can not be told: a percentile of summaries. */
export type Statistic = (aggregate: Aggregate) => number | undefined;

const BASIC: Record<string, Statistic> = {
  SampleCount: ({ count }) => count,
  Sum: ({ sum }) => sum,
  Average: ({ sum, count }) => sum / count,
  Minimum: ({ min }) => min,
  Maximum: ({ max }) => max,
  IQM: (aggregate) => within(aggregate, percent(25), percent(75), mean),
};

type Samples = [value: number, count: number][];
/** Where a range begins or ends: a share of the samples, or a value. */
type Bound = { share: number } | { value: number } | undefined;

const percent = (text: string | number): Bound => ({ share: Number(text) / 100 });

/** @returns undefined where there is no such statistic */
export function statistic(name: string): Statistic | undefined {
  if (Object.hasOwn(BASIC, name)) return BASIC[name];
  const simple = /^(p|tm|wm|tc|ts)(\d{1,3}(?:\.\d{1,10})?)$/i.exec(name);
  if (simple) {
    const [kind, share] = [simple[1]!.toLowerCase(), Number(simple[2])];
    if (share > 100) return undefined;
    if (kind === "p") return (aggregate) => percentile(aggregate, share / 100);
    return ranged(kind, undefined, percent(share));
  }
  const range = /^(TM|WM|TC|TS|PR)\(([\d.]*%?):([\d.]*%?)\)$/.exec(name);
  if (!range) return undefined;
  const [low, high] = [bound(range[2]!), bound(range[3]!)];
  return low || high ? ranged(range[1]!.toLowerCase(), low, high) : undefined;
}

/** The share of a percentile, `0.99`; undefined for every other statistic. */
export function percentileShare(name: string): number | undefined {
  const parts = /^p(\d{1,3}(?:\.\d+)?)$/i.exec(name);
  return parts ? Number(parts[1]) / 100 : undefined;
}

function bound(text: string): Bound {
  if (text === "") return undefined;
  return text.endsWith("%") ? percent(text.slice(0, -1)) : { value: Number(text) };
}

function ranged(kind: string, low: Bound, high: Bound): Statistic {
  const statistics: Record<string, (inside: Samples, all: Samples) => number | undefined> = {
    tm: mean,
    tc: countOf,
    ts: sumOf,
    pr: (inside, all) => (countOf(inside) / countOf(all)) * 100,
    wm: (inside, all) => {
      if (inside.length === 0) return undefined;
      // What lies outside counts as the value at the border.
      const [first, last] = [inside[0]![0], inside.at(-1)![0]];
      return mean(all.map(([value, count]) => [Math.min(Math.max(value, first), last), count]));
    },
  };
  return (aggregate) => within(aggregate, low, high, statistics[kind]!);
}

function within(
  aggregate: Aggregate,
  low: Bound,
  high: Bound,
  result: (inside: Samples, all: Samples) => number | undefined,
): number | undefined {
  const all = sorted(aggregate);
  if (!all) return undefined;
  const total = aggregate.count;
  const from = low && "share" in low ? low.share * total : 0;
  const to = high && "share" in high ? high.share * total : total;
  const inside: Samples = [];
  let before = 0;
  for (const [value, count] of all) {
    const taken = Math.min(before + count, to) - Math.max(before, from);
    before += count;
    if (taken <= 0 || (low && "value" in low && value <= low.value) || (high && "value" in high && value > high.value))
      continue;
    inside.push([value, taken]);
  }
  return result(inside, all);
}

function percentile(aggregate: Aggregate, share: number): number | undefined {
  const all = sorted(aggregate);
  if (!all) return undefined;
  if (share === 0) return aggregate.min;
  const wanted = share * aggregate.count;
  let before = 0;
  for (const [value, count] of all) {
    before += count;
    // A little less: shares are not exact in binary.
    if (before >= wanted - 1e-9) return Math.min(Math.max(value, aggregate.min), aggregate.max);
  }
  return aggregate.max;
}

/** A summary of one value, or of equal ones, says what it was made of. */
function sorted({ samples, count, min, max }: Aggregate): Samples | undefined {
  if (samples) return [...samples].sort(([a], [b]) => a - b);
  return count === 1 || min === max ? [[min, count]] : undefined;
}

const countOf = (samples: Samples): number => samples.reduce((sum, [, count]) => sum + count, 0);
const sumOf = (samples: Samples): number => samples.reduce((sum, [value, count]) => sum + value * count, 0);
const mean = (samples: Samples): number | undefined =>
  samples.length === 0 ? undefined : sumOf(samples) / countOf(samples);
