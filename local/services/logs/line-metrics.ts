/** The metrics in log lines, read from the newest batches on: embedded metrics, and what metric filters find. */
import type { Measured } from "../../metrics.ts";
import { aggregateOf, emptyAggregate } from "../../metrics.ts";
import type { Cloud } from "../../service.ts";
import { embeddedMetrics } from "./embedded-metrics.ts";
import { metricFiltersOf } from "./metric-filters.ts";
import { logStoreOf } from "./store.ts";

export interface LineMetrics {
  /** From where it was left: at most so many lines and what ends their batch. */
  read(lines: number, now: number): { measured: Measured[]; isDone: boolean };
  /** What was read is kept, and is not read again, over a restart too. */
  done(): void;
}

const DAY_MS = 86_400_000;

export function lineMetrics(cloud: Cloud): LineMetrics {
  const store = logStoreOf(cloud);
  const filters = metricFiltersOf(cloud);
  const place = store.reader("metrics");
  let next = place.at;

  return {
    read(lines, now) {
      const measured: Measured[] = [];
      let count = 0;
      for (const batch of store.batchesAfter(next)) {
        next = batch.id;
        for (const { timestamp, message } of batch.events) {
          for (const { metric, unit, time, resolution, values } of embeddedMetrics(message)) {
            if (time < now - 14 * DAY_MS || time > now + DAY_MS / 12) continue;
            const step = resolution * 1000;
            const aggregate = values.length === 1 ? aggregateOf(values[0]!) : several(values);
            measured.push({ metric, unit, at: Math.floor(time / step) * step, aggregate });
          }
          measured.push(...filters.measure(batch.group, timestamp, message));
        }
        count += batch.events.length;
        if (count >= lines) return { measured, isDone: false };
      }
      return { measured, isDone: true };
    },
    done() {
      if (next !== place.at) place.move(next);
    },
  };
}

function several(values: number[]) {
  const all = emptyAggregate();
  for (const value of values) {
    all.sum += value;
    all.count += 1;
    all.min = Math.min(all.min, value);
    all.max = Math.max(all.max, value);
    all.samples!.set(value, (all.samples!.get(value) ?? 0) + 1);
  }
  return all;
}
