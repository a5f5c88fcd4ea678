/** Metrics in SQLite, one row for each minute (or second) that has numbers: kept for fifteen days. */
import type { DatabaseSync } from "node:sqlite";
import type { Aggregate, MetricName } from "../../../metrics.ts";
import { merged, readSamples, writeSamples } from "./aggregates.ts";

export interface Point {
  /** ms since the epoch */
  at: number;
  unit: string;
  aggregate: Aggregate;
}

export interface MetricStore {
  /** @param at ms; what came at the same time is added up */
  add(metric: MetricName, unit: string, at: number, aggregate: Aggregate): void;
  /** From `start` on and before `end`, in order of time. @param unit only this one */
  read(metric: MetricName, start: number, end: number, unit?: string): Point[];
  /** @param lastAt ms when it last had numbers */
  list(): (MetricName & { lastAt: number })[];
  /** All of it or nothing. */
  atomically(task: () => void): void;
  expire(now: number): void;
}

const KEPT_MS = 15 * 86_400_000;

export function metricStore(database: DatabaseSync): MetricStore {
  database.exec(`
    CREATE TABLE IF NOT EXISTS monitoring_metrics (
      id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, dimensions TEXT NOT NULL, last INTEGER NOT NULL,
      UNIQUE (namespace, name, dimensions)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS monitoring_points (
      metric INTEGER NOT NULL, at INTEGER NOT NULL, unit TEXT NOT NULL, sum REAL NOT NULL, count REAL NOT NULL,
      min REAL NOT NULL, max REAL NOT NULL, samples TEXT, PRIMARY KEY (metric, at, unit)
    ) STRICT, WITHOUT ROWID`);
  const sql = {
    metric: database.prepare(
      "SELECT id, last FROM monitoring_metrics WHERE namespace = ? AND name = ? AND dimensions = ?",
    ),
    addMetric: database.prepare(
      "INSERT INTO monitoring_metrics (namespace, name, dimensions, last) VALUES (?, ?, ?, ?) RETURNING id",
    ),
    touch: database.prepare("UPDATE monitoring_metrics SET last = max(last, ?) WHERE id = ?"),
    list: database.prepare("SELECT * FROM monitoring_metrics ORDER BY namespace, name, dimensions"),
    point: database.prepare("SELECT * FROM monitoring_points WHERE metric = ? AND at = ? AND unit = ?"),
    save: database.prepare("INSERT OR REPLACE INTO monitoring_points VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
    read: database.prepare("SELECT * FROM monitoring_points WHERE metric = ? AND at >= ? AND at < ? ORDER BY at"),
    expire: database.prepare("DELETE FROM monitoring_points WHERE at < ?"),
    expireMetrics: database.prepare("DELETE FROM monitoring_metrics WHERE last < ?"),
  };

  function idOf({ namespace, name, dimensions }: MetricName): number | undefined {
    const row = sql.metric.get(namespace, name, dimensionKey(dimensions));
    return row && Number(row.id);
  }

  return {
    add(metric, unit, at, aggregate) {
      const { namespace, name, dimensions } = metric;
      const known = idOf(metric);
      const id = known ?? Number(sql.addMetric.get(namespace, name, dimensionKey(dimensions), at)!.id);
      if (known !== undefined) sql.touch.run(at, id);
      const row = sql.point.get(id, at, unit);
      const all = row ? merged(pointOf(row).aggregate, aggregate) : aggregate;
      sql.save.run(id, at, unit, all.sum, all.count, all.min, all.max, writeSamples(all));
    },
    read(metric, start, end, unit) {
      const id = idOf(metric);
      if (id === undefined) return [];
      const points = sql.read.all(id, start, end).map(pointOf);
      return unit === undefined ? points : points.filter((point) => point.unit === unit);
    },
    list: () =>
      sql.list.all().map((row) => ({
        namespace: String(row.namespace),
        name: String(row.name),
        dimensions: Object.fromEntries(JSON.parse(String(row.dimensions))),
        lastAt: Number(row.last),
      })),
    atomically(task) {
      database.exec("BEGIN");
      try {
        task();
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
    expire(now) {
      sql.expire.run(now - KEPT_MS);
      sql.expireMetrics.run(now - KEPT_MS);
    },
  };
}

/** The order of dimensions says nothing. */
export function dimensionKey(dimensions: Record<string, string>): string {
  return JSON.stringify(Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function pointOf(row: Record<string, unknown>): Point {
  const aggregate: Aggregate = {
    ...{ sum: Number(row.sum), count: Number(row.count), min: Number(row.min), max: Number(row.max) },
    samples: readSamples(row.samples),
  };
  return { at: Number(row.at), unit: String(row.unit), aggregate };
}
