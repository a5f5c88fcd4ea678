/** Segments in SQLite; a trace is what has its id. AWS keeps traces for thirty days; here the newest are kept. */
import type { DatabaseSync } from "node:sqlite";
import type { Segment } from "./segment.ts";

export interface Trace {
  id: string;
  segments: { segment: Segment; document: string }[];
}

export interface TraceStore {
  add(segments: { segment: Segment; document: string }[]): void;
  get(id: string): Trace | undefined;
  /** Traces with a segment that began in this time (seconds), the newest first. */
  between(start: number, end: number): Trace[];
}

const MAX_SEGMENTS = 50_000;
const KEPT_SECONDS = 30 * 86_400;

export function traceStore(database: DatabaseSync, now: number): TraceStore {
  database.exec(`
    CREATE TABLE IF NOT EXISTS xray_segments (
      trace TEXT NOT NULL, id TEXT NOT NULL, start REAL NOT NULL, document TEXT NOT NULL, PRIMARY KEY (trace, id)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS xray_segments_by_start ON xray_segments (start)`);
  const sql = {
    add: database.prepare("INSERT OR REPLACE INTO xray_segments VALUES (?, ?, ?, ?)"),
    get: database.prepare("SELECT document FROM xray_segments WHERE trace = ? ORDER BY start"),
    between: database.prepare(
      "SELECT trace, max(start) AS last FROM xray_segments WHERE start BETWEEN ? AND ? GROUP BY trace ORDER BY last DESC",
    ),
    expire: database.prepare("DELETE FROM xray_segments WHERE start < ?"),
    trim: database.prepare(
      "DELETE FROM xray_segments WHERE start <= (SELECT start FROM xray_segments ORDER BY start DESC LIMIT 1 OFFSET ?)",
    ),
  };
  sql.expire.run(now / 1000 - KEPT_SECONDS);
  let added = 0;

  function get(id: string): Trace | undefined {
    const segments = sql.get.all(id).map((row) => {
      const document = String(row.document);
      return { segment: JSON.parse(document) as Segment, document };
    });
    return segments.length > 0 ? { id, segments } : undefined;
  }

  return {
    add(segments) {
      database.exec("BEGIN");
      for (const { segment, document } of segments) {
        sql.add.run(segment.trace_id, segment.id, segment.start_time, document);
      }
      database.exec("COMMIT");
      added += segments.length;
      if (added < 1000) return;
      added = 0;
      sql.trim.run(MAX_SEGMENTS);
    },
    get,
    between: (start, end) => sql.between.all(start, end).flatMap(({ trace }) => get(String(trace)) ?? []),
  };
}
