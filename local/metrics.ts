/**
 * What the services of this cloud measure of themselves, for CloudWatch to fetch: a meter adds a number to the minute that runs,
 * and costs a request some tens of nanoseconds. Nothing is kept where CloudWatch is never asked, but for the last hours.
 */
import type { Cloud } from "./service.ts";

/** Numbers of one metric within one minute, or another time. */
export interface Aggregate {
  sum: number;
  count: number;
  min: number;
  max: number;
  /** How often each value came; undefined where only a summary is known, which has no percentiles. */
  samples?: Map<number, number>;
}

export interface MetricName {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
}

export interface Measured {
  metric: MetricName;
  unit: string;
  /** ms since the epoch, of the minute's beginning. */
  at: number;
  aggregate: Aggregate;
}

const MINUTE_MS = 60_000;
/** Finished minutes of one meter that wait for somebody to fetch them. */
const MAX_WAITING = 60;

/** One metric of a service, under each of its sets of dimensions. */
export class Meter {
  readonly namespace: string;
  readonly name: string;
  readonly unit: string;
  readonly dimensions: Record<string, string>[];
  #waiting: { at: number; aggregate: Aggregate }[] = [];
  #current = emptyAggregate();
  #end = 0;

  constructor(namespace: string, name: string, unit: string, dimensions: Record<string, string>[]) {
    this.namespace = namespace;
    this.name = name;
    this.unit = unit;
    this.dimensions = dimensions;
  }

  /** @param now ms since the epoch, on the cloud's clock */
  add(value: number, now: number): void {
    if (now >= this.#end) this.#turn(now);
    const current = this.#current;
    current.sum += value;
    current.count += 1;
    if (value < current.min) current.min = value;
    if (value > current.max) current.max = value;
    const samples = current.samples!;
    const sample = rounded(value);
    samples.set(sample, (samples.get(sample) ?? 0) + 1);
  }

  /** What was measured since it was last asked. */
  take(): { at: number; aggregate: Aggregate }[] {
    this.#turn(0);
    return this.#waiting.splice(0);
  }

  #turn(now: number): void {
    if (this.#current.count > 0) {
      this.#waiting.push({ at: this.#end - MINUTE_MS, aggregate: this.#current });
      if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
      this.#current = emptyAggregate();
    }
    this.#end = now === 0 ? 0 : Math.floor(now / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  }
}

/** Says what is there now: the length of a queue. Asked once a minute while CloudWatch runs. */
export type Gauge = (record: (metric: MetricName, unit: string, value: number) => void) => void;

interface Measuring {
  meters: Map<string, Meter>;
  gauges: Gauge[];
}

const measuring = new WeakMap<Cloud, Measuring>();

function measuringOf(cloud: Cloud): Measuring {
  let known = measuring.get(cloud);
  if (!known) {
    known = { meters: new Map(), gauges: [] };
    measuring.set(cloud, known);
  }
  return known;
}

/** To be asked for once and kept: the same one for the same names. A metric stands under each of the sets of dimensions. */
export function meter(
  cloud: Cloud,
  namespace: string,
  name: string,
  unit: string,
  ...dimensions: Record<string, string>[]
) {
  const { meters } = measuringOf(cloud);
  const key = JSON.stringify([namespace, name, dimensions]);
  let found = meters.get(key);
  if (!found) {
    found = new Meter(namespace, name, unit, dimensions);
    meters.set(key, found);
  }
  return found;
}

export function gauge(cloud: Cloud, read: Gauge): void {
  measuringOf(cloud).gauges.push(read);
}

/** Everything the meters counted since the last time. */
export function takeMeasured(cloud: Cloud): Measured[] {
  return [...measuringOf(cloud).meters.values()].flatMap((each) =>
    each.take().flatMap(({ at, aggregate }) =>
      each.dimensions.map((dimensions) => ({
        ...{ metric: { namespace: each.namespace, name: each.name, dimensions }, unit: each.unit },
        ...{ at, aggregate },
      })),
    ),
  );
}

export function readGauges(cloud: Cloud, now: number): Measured[] {
  const at = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const measured: Measured[] = [];
  for (const read of measuringOf(cloud).gauges) {
    read((metric, unit, value) => void measured.push({ metric, unit, at, aggregate: aggregateOf(value) }));
  }
  return measured;
}

export function emptyAggregate(): Aggregate {
  return { sum: 0, count: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, samples: new Map() };
}

export function aggregateOf(value: number, count = 1): Aggregate {
  return { sum: value * count, count, min: value, max: value, samples: new Map([[value, count]]) };
}

/** Three digits, so that a minute has few different values: sums and extremes stay exact. */
function rounded(value: number): number {
  const size = value < 0 ? -value : value;
  if (size < 100) return Math.round(value * 10) / 10;
  if (size < 1000) return Math.round(value);
  const step = 10 ** (Math.floor(Math.log10(size)) - 2);
  return Math.round(value / step) * step;
}
