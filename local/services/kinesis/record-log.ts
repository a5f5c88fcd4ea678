/** The records of all streams: an append log. A number is never given twice, over restarts either. */
import type { DatabaseSync } from "node:sqlite";

export interface StoredRecord {
  number: number;
  arrivedAt: number;
  partitionKey: string;
  data: Uint8Array;
}

export interface RecordLog {
  append(stream: string, shard: number, record: Omit<StoredRecord, "number">): number;
  /** The number that the next record gets, of whichever stream. */
  next(): number;
  /** From a number on, oldest first, what arrived after `after` (ms since the epoch); read as it is asked for. */
  read(stream: string, shard: number, from: number, after: number, limit: number): Iterable<StoredRecord>;
  /** The first record that arrived then or later. */
  firstSince(stream: string, shard: number, time: number): number | undefined;
  /** ms since the epoch at which the last record of a shard arrived */
  lastArrival(stream: string, shard: number): number | undefined;
  /** Forgets what arrived until then. */
  trim(stream: string, until: number): void;
  drop(stream: string): void;
  /** All of it or nothing. */
  atomically<Result>(work: () => Result): Result;
}

export function recordLog(database: DatabaseSync): RecordLog {
  database.exec(`
    CREATE TABLE IF NOT EXISTS kinesis_records (
      number INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, shard INTEGER NOT NULL, arrived_at INTEGER NOT NULL,
      partition_key TEXT NOT NULL, data BLOB NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS kinesis_records_by_shard ON kinesis_records (stream, shard, number);`);
  const insert = database.prepare(
    "INSERT INTO kinesis_records (stream, shard, arrived_at, partition_key, data) VALUES (?, ?, ?, ?, ?)",
  );
  const sequence = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'kinesis_records'");
  const select = database.prepare(
    `SELECT number, arrived_at, partition_key, data FROM kinesis_records
     WHERE stream = ? AND shard = ? AND number >= ? AND arrived_at > ? ORDER BY number LIMIT ?`,
  );
  const since = database.prepare(
    "SELECT min(number) AS number FROM kinesis_records WHERE stream = ? AND shard = ? AND arrived_at >= ?",
  );
  const last = database.prepare(
    "SELECT arrived_at FROM kinesis_records WHERE stream = ? AND shard = ? ORDER BY number DESC LIMIT 1",
  );
  const old = database.prepare("DELETE FROM kinesis_records WHERE stream = ? AND arrived_at <= ?");
  const all = database.prepare("DELETE FROM kinesis_records WHERE stream = ?");

  return {
    append(stream, shard, { arrivedAt, partitionKey, data }) {
      return Number(insert.run(stream, shard, arrivedAt, partitionKey, data).lastInsertRowid);
    },
    next: () => Number(sequence.get()?.seq ?? 0) + 1,
    *read(stream, shard, from, after, limit) {
      for (const row of select.iterate(stream, shard, from, after, limit)) {
        yield {
          number: Number(row.number),
          arrivedAt: Number(row.arrived_at),
          partitionKey: String(row.partition_key),
          data: row.data as Uint8Array,
        };
      }
    },
    firstSince(stream, shard, time) {
      const number = since.get(stream, shard, time)?.number;
      return number === null || number === undefined ? undefined : Number(number);
    },
    lastArrival(stream, shard) {
      const row = last.get(stream, shard);
      return row && Number(row.arrived_at);
    },
    trim: (stream, until) => void old.run(stream, until),
    drop: (stream) => void all.run(stream),
    atomically(work) {
      database.exec("SAVEPOINT kinesis");
      try {
        const result = work();
        database.exec("RELEASE kinesis");
        return result;
      } catch (error) {
        database.exec("ROLLBACK TO kinesis; RELEASE kinesis");
        throw error;
      }
    },
  };
}
