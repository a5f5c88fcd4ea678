/** The tables of log groups, streams and batches, and what is asked of them. */
import type { DatabaseSync } from "node:sqlite";

export function statementsOf(database: DatabaseSync) {
  database.exec(`
    CREATE TABLE IF NOT EXISTS logs_groups (name TEXT PRIMARY KEY, created INTEGER NOT NULL, days INTEGER) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS logs_streams (
      log_group TEXT NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (log_group, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS logs_chunks (
      id INTEGER PRIMARY KEY AUTOINCREMENT, log_group TEXT NOT NULL, stream TEXT NOT NULL, first INTEGER NOT NULL,
      last INTEGER NOT NULL, ingested INTEGER NOT NULL, bytes INTEGER NOT NULL, events BLOB NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS logs_chunks_by_group ON logs_chunks (log_group, id);
    CREATE TABLE IF NOT EXISTS logs_readers (name TEXT PRIMARY KEY, chunk INTEGER NOT NULL) STRICT, WITHOUT ROWID`);
  return {
    groups: database.prepare("SELECT * FROM logs_groups ORDER BY name"),
    saveGroup: database.prepare("INSERT OR REPLACE INTO logs_groups VALUES (?, ?, ?)"),
    removeGroup: database.prepare("DELETE FROM logs_groups WHERE name = ?"),
    streams: database.prepare(
      `SELECT s.name, s.created, min(b.first) AS first, max(b.last) AS last, max(b.ingested) AS ingested FROM logs_streams s
       LEFT JOIN logs_chunks b ON b.log_group = s.log_group AND b.stream = s.name
       WHERE s.log_group = ? GROUP BY s.name ORDER BY s.name`,
    ),
    hasStream: database.prepare("SELECT 1 FROM logs_streams WHERE log_group = ? AND name = ?"),
    addStream: database.prepare("INSERT INTO logs_streams VALUES (?, ?, ?)"),
    removeStream: database.prepare("DELETE FROM logs_streams WHERE log_group = ? AND name = ?"),
    removeStreams: database.prepare("DELETE FROM logs_streams WHERE log_group = ?"),
    append: database.prepare(
      "INSERT INTO logs_chunks (log_group, stream, first, last, ingested, bytes, events) VALUES (?, ?, ?, ?, ?, ?, ?)",
    ),
    bytes: database.prepare("SELECT sum(bytes) AS bytes FROM logs_chunks WHERE log_group = ?"),
    removeOf: database.prepare("DELETE FROM logs_chunks WHERE log_group = ? AND stream = ?"),
    removeAll: database.prepare("DELETE FROM logs_chunks WHERE log_group = ?"),
    expire: database.prepare("DELETE FROM logs_chunks WHERE log_group = ? AND last < ?"),
    sizes: database.prepare("SELECT id, bytes FROM logs_chunks WHERE log_group = ? ORDER BY id"),
    trim: database.prepare("DELETE FROM logs_chunks WHERE log_group = ? AND id <= ?"),
    oldestFirst: database.prepare("SELECT * FROM logs_chunks WHERE log_group = ? AND id >= ? ORDER BY id"),
    newestFirst: database.prepare("SELECT * FROM logs_chunks WHERE log_group = ? AND id <= ? ORDER BY id DESC"),
    after: database.prepare("SELECT id, log_group, events FROM logs_chunks WHERE id > ? ORDER BY id LIMIT 50"),
    reader: database.prepare("SELECT chunk FROM logs_readers WHERE name = ?"),
    moveReader: database.prepare("INSERT OR REPLACE INTO logs_readers VALUES (?, ?)"),
    lastChunk: database.prepare("SELECT max(id) AS id FROM logs_chunks"),
  };
}
