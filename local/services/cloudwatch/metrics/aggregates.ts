/** Adding measurements up, and writing them down. Pure. */
import type { Aggregate, Measured } from "../../../metrics.ts";

/** From here on values are kept to two digits: a percentile is then off by less than one in a hundred. */
const MAX_SAMPLES = 500;

/** Both together. */
export function merged(one: Aggregate, other: Aggregate): Aggregate {
  const aggregate: Aggregate = {
    sum: one.sum + other.sum,
    count: one.count + other.count,
    min: Math.min(one.min, other.min),
    max: Math.max(one.max, other.max),
  };
  if (one.samples && other.samples) {
    const samples = new Map(one.samples);
    for (const [value, count] of other.samples) samples.set(value, (samples.get(value) ?? 0) + count);
    aggregate.samples = samples.size > MAX_SAMPLES ? coarse(samples) : samples;
  }
  return aggregate;
}

function coarse(samples: Map<number, number>): Map<number, number> {
  const fewer = new Map<number, number>();
  for (const [value, count] of samples) {
    const rounded = Number(value.toPrecision(2));
    fewer.set(rounded, (fewer.get(rounded) ?? 0) + count);
  }
  return fewer;
}

/** JSON for the database; null for a summary. */
export function writeSamples({ samples }: Aggregate): string | null {
  return samples ? JSON.stringify([...samples]) : null;
}

export function readSamples(text: unknown): Map<number, number> | undefined {
  return typeof text === "string" ? new Map(JSON.parse(text) as [number, number][]) : undefined;
}

/** One for each metric and time: what came apart is written together. */
export function aggregated(measured: Measured[]): Measured[] {
  const found = new Map<string, Measured>();
  for (const each of measured) {
    const { namespace, name, dimensions } = each.metric;
    const key = JSON.stringify([namespace, name, each.unit, each.at, dimensions]);
    const known = found.get(key);
    found.set(key, known ? { ...known, aggregate: merged(known.aggregate, each.aggregate) } : each);
  }
  return [...found.values()];
}
