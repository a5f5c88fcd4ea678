/** Metric filters: log lines that match a pattern, counted or measured. */
import type { MetricTransformation } from "@aws-sdk/client-cloudwatch-logs";
import { aggregateOf, type Measured } from "../../metrics.ts";
import type { Cloud } from "../../service.ts";
import { filterPattern, valueAt } from "./filter-pattern.ts";

export interface MetricFilter {
  name: string;
  group: string;
  pattern: string;
  transformations: MetricTransformation[];
  createdAt: number;
  isDeclared: boolean;
}

export interface MetricFilters {
  all(): MetricFilter[];
  put(filter: MetricFilter): void;
  remove(group: string, name: string): boolean;
  removeGroup(group: string): void;
  /** What the filters of a group make of a line. */
  measure(group: string, time: number, message: string): Measured[];
}

const known = new WeakMap<Cloud, MetricFilters>();
const MINUTE_MS = 60_000;

/** One set for each cloud: the logs' service fills it, CloudWatch reads by it. */
export function metricFiltersOf(cloud: Cloud): MetricFilters {
  let filters = known.get(cloud);
  if (!filters) {
    filters = metricFilters(cloud);
    known.set(cloud, filters);
  }
  return filters;
}

function metricFilters({ database }: Cloud): MetricFilters {
  database.exec(
    "CREATE TABLE IF NOT EXISTS logs_metric_filters (log_group TEXT, name TEXT, filter TEXT NOT NULL, PRIMARY KEY (log_group, name))",
  );
  const sql = {
    all: database.prepare("SELECT filter FROM logs_metric_filters"),
    save: database.prepare("INSERT OR REPLACE INTO logs_metric_filters VALUES (?, ?, ?)"),
    remove: database.prepare("DELETE FROM logs_metric_filters WHERE log_group = ? AND name = ?"),
  };
  type Entry = MetricFilter & { matches: (message: string) => boolean };
  const byGroup = new Map<string, Map<string, Entry>>();
  const place = (filter: MetricFilter) => {
    const filters = byGroup.get(filter.group) ?? new Map<string, Entry>();
    byGroup.set(filter.group, filters.set(filter.name, { ...filter, matches: filterPattern(filter.pattern) }));
  };
  for (const row of sql.all.all()) place(JSON.parse(String(row.filter)) as MetricFilter);

  function remove(group: string, name: string): boolean {
    sql.remove.run(group, name);
    return byGroup.get(group)?.delete(name) ?? false;
  }

  return {
    all: () => [...byGroup.values()].flatMap((filters) => [...filters.values()]),
    put(filter) {
      place(filter);
      // The program says each time what it declares.
      if (!filter.isDeclared) sql.save.run(filter.group, filter.name, JSON.stringify(filter));
    },
    remove,
    removeGroup(group) {
      for (const name of byGroup.get(group)?.keys() ?? []) remove(group, name);
    },
    measure(group, time, message) {
      const filters = byGroup.get(group);
      if (!filters) return [];
      const at = Math.floor(time / MINUTE_MS) * MINUTE_MS;
      return [...filters.values()].flatMap(({ matches, transformations }) =>
        matches(message) ? transformations.flatMap((each) => measuredBy(each, at, message)) : [],
      );
    },
  };
}

function measuredBy(transformation: MetricTransformation, at: number, message: string): Measured[] {
  const { metricName, metricNamespace, metricValue = "", dimensions = {}, unit = "None" } = transformation;
  const read = (text: string) => (text.startsWith("$.") ? valueAt(message, text.slice(2).split(".")) : text);
  const value = Number(read(metricValue));
  const values = Object.entries(dimensions).map(([name, text]) => [name, read(text)] as const);
  if (!Number.isFinite(value) || values.some(([, each]) => each === undefined)) return [];
  const metric = {
    ...{ namespace: metricNamespace!, name: metricName! },
    dimensions: Object.fromEntries(values.map(([name, each]) => [name, String(each)])),
  };
  return [{ metric, unit, at, aggregate: aggregateOf(value) }];
}
