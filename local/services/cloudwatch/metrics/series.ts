/** A metric over time, in steps of a period. */
import type { Aggregate, MetricName } from "../../../metrics.ts";
import { merged } from "./aggregates.ts";
import type { MetricStore } from "./metric-store.ts";
import type { Statistic } from "./statistics.ts";

/** Steps of equal length: from `start` on and before `end`. */
export interface Axis {
  /** ms since the epoch */
  start: number;
  end: number;
  periodMs: number;
}

/** Value by time (ms). */
export type Values = Map<number, number>;

export interface Step {
  at: number;
  unit: string;
  aggregate: Aggregate;
}

export function steps(store: MetricStore, metric: MetricName, { start, end, periodMs }: Axis, unit?: string): Step[] {
  const found = new Map<number, Step>();
  for (const point of store.read(metric, start, end, unit)) {
    const at = start + Math.floor((point.at - start) / periodMs) * periodMs;
    const step = found.get(at);
    if (step) step.aggregate = merged(step.aggregate, point.aggregate);
    else found.set(at, { at, unit: point.unit, aggregate: point.aggregate });
  }
  return [...found.values()];
}

export function valuesOf(steps: Step[], statistic: Statistic): Values {
  const values: Values = new Map();
  for (const { at, aggregate } of steps) {
    const value = statistic(aggregate);
    if (value !== undefined) values.set(at, value);
  }
  return values;
}

export function timesOf({ start, end, periodMs }: Axis): number[] {
  const times: number[] = [];
  for (let at = start; at < end; at += periodMs) times.push(at);
  return times;
}

/** From the multiple of the period at or before `start`. */
export function aligned(start: number, end: number, periodMs: number): Axis {
  return { start: Math.floor(start / periodMs) * periodMs, end, periodMs };
}
