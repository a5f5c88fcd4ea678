/** Records that wait to be delivered. They are in the database: a killed platform delivers them later. */
import type { DatabaseSync } from "node:sqlite";

export interface StoredRecord {
  id: number;
  data: Buffer;
  /** ms since the epoch */
  arrivedAt: number;
  /** Where it came from, of a record of Kinesis: for the transformation. */
  metadata?: object;
}

export interface RecordStore {
  add(stream: string, records: Omit<StoredRecord, "id">[]): number[];
  of(stream: string): StoredRecord[];
  /** How much waits, and since when. */
  waiting(stream: string): { bytes: number; since?: number };
  remove(records: StoredRecord[]): void;
  removeAll(stream: string): void;
}

export function recordStore(database: DatabaseSync): RecordStore {
  database.exec(`
    CREATE TABLE IF NOT EXISTS firehose_records (
      id INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, data BLOB NOT NULL, arrived_at INTEGER NOT NULL, metadata TEXT) STRICT;
    CREATE INDEX IF NOT EXISTS firehose_records_stream ON firehose_records (stream)`);
  const insert = database.prepare(
    "INSERT INTO firehose_records (stream, data, arrived_at, metadata) VALUES (?, ?, ?, ?)",
  );
  const select = database.prepare("SELECT * FROM firehose_records WHERE stream = ? ORDER BY id");
  const sum = database.prepare(
    "SELECT coalesce(sum(length(data)), 0) AS bytes, min(arrived_at) AS since FROM firehose_records WHERE stream = ?",
  );
  const drop = database.prepare("DELETE FROM firehose_records WHERE id = ?");
  const dropAll = database.prepare("DELETE FROM firehose_records WHERE stream = ?");

  function atomically<T>(work: () => T): T {
    database.exec("SAVEPOINT firehose");
    try {
      return work();
    } catch (error) {
      database.exec("ROLLBACK TO firehose");
      throw error;
    } finally {
      database.exec("RELEASE firehose");
    }
  }

  return {
    add: (stream, records) =>
      atomically(() =>
        records.map(({ data, arrivedAt, metadata }) => {
          const { lastInsertRowid } = insert.run(stream, data, arrivedAt, metadata ? JSON.stringify(metadata) : null);
          return Number(lastInsertRowid);
        }),
      ),
    of: (stream) =>
      select.all(stream).map(({ id, data, arrived_at, metadata }) => ({
        ...{ id: Number(id), data: Buffer.from(data as Uint8Array), arrivedAt: Number(arrived_at) },
        ...(metadata !== null && { metadata: JSON.parse(String(metadata)) }),
      })),
    waiting(stream) {
      const { bytes, since } = sum.get(stream)!;
      return { bytes: Number(bytes), since: since === null ? undefined : Number(since) };
    },
    remove: (records) =>
      atomically(() => {
        for (const { id } of records) drop.run(id);
      }),
    removeAll: (stream) => void dropAll.run(stream),
  };
}
