/**
 * Brings together what CloudWatch is not told of: the services' own meters and gauges, and the metrics that stand in log
 * lines. Log lines are read where they lie, some time after they came: whoever writes them pays nothing for it.
 */

import { type Measured, readGauges, takeMeasured } from "../../metrics.ts";
import type { Cloud, Timer } from "../../service.ts";
import { lineMetrics } from "../logs/line-metrics.ts";
import { aggregated } from "./metrics/aggregates.ts";
import type { MetricStore } from "./metrics/metric-store.ts";

/** Lines read in one go: some milliseconds. */
const LINES_AT_ONCE = 2000;
const TICK_MS = 10_000;
const MINUTE_MS = 60_000;

export interface Collection {
  /** Resolves when everything that was measured until now is in the store. */
  settle(): Promise<void>;
  stop(): void;
}

/** @param onTick every ten seconds, once the store is up to date */
export function collection(cloud: Cloud, store: MetricStore, onTick: (now: number) => void): Collection {
  const lines = lineMetrics(cloud);
  let gaugedAt = 0;
  let timer: Timer | undefined;
  let stopped = false;

  function keep(measured: Measured[]): void {
    if (measured.length === 0) return;
    store.atomically(() => {
      for (const { metric, unit, at, aggregate } of aggregated(measured)) store.add(metric, unit, at, aggregate);
    });
  }

  /** @returns whether there is more to read */
  function collect(): boolean {
    keep(takeMeasured(cloud));
    const now = cloud.clock.now();
    const { measured, isDone } = lines.read(LINES_AT_ONCE, now);
    if (measured.length > 0) {
      store.atomically(() => {
        for (const { metric, unit, at, aggregate } of aggregated(measured)) store.add(metric, unit, at, aggregate);
        lines.done();
      });
    } else lines.done();
    const minute = Math.floor(now / MINUTE_MS);
    if (minute > gaugedAt) {
      gaugedAt = minute;
      keep(readGauges(cloud, now));
      if (minute % 60 === 0) store.expire(now);
    }
    return !isDone;
  }

  async function settle(): Promise<void> {
    while (!stopped && collect()) await new Promise((next) => setImmediate(next));
  }

  function tick(): void {
    if (stopped) return;
    schedule();
    const finish = () => {
      if (!stopped) onTick(cloud.clock.now());
    };
    try {
      // At once where it can be: a test's clock then moves on to a world that is consistent.
      if (collect()) void settle().then(finish);
      else finish();
    } catch (error) {
      cloud.log({ level: "error", source: "cloudwatch", message: (error as Error).stack ?? String(error) });
    }
  }

  function schedule(): void {
    const now = cloud.clock.now();
    timer = cloud.clock.after(TICK_MS - (now % TICK_MS), tick);
  }

  schedule();
  return {
    settle,
    stop() {
      stopped = true;
      timer?.cancel();
      keep(takeMeasured(cloud));
    },
  };
}
