/** How far each mapping has come in each shard. Kept in the database: a killed platform goes on where it was. */
import type { DatabaseSync } from "node:sqlite";

/** A tumbling window that is open. */
export interface KeptWindow {
  /** ms since the epoch */
  start: number;
  end: number;
  /** JSON: what the function gave last. */
  state: string;
}

export interface Checkpoint {
  /** Of the last record that is done with. Absent: nothing was there yet when the mapping began. */
  sequence?: string;
  /** The shard is closed, and read to its end. */
  isDone?: boolean;
  window?: KeptWindow;
}

export interface Checkpoints {
  of(mapping: string, shard: string): Checkpoint | undefined;
  set(mapping: string, shard: string, checkpoint: Checkpoint): void;
  /** Forgets all of a mapping that begins anew: it reads another stream, or from elsewhere. True where it does. */
  begin(mapping: string, from: string): boolean;
  /** Of a mapping that is deleted. */
  forget(mapping: string): void;
}

export function checkpointsOf(database: DatabaseSync): Checkpoints {
  database.exec(`
    CREATE TABLE IF NOT EXISTS lambda_checkpoints (
      mapping TEXT, shard TEXT, checkpoint TEXT NOT NULL, PRIMARY KEY (mapping, shard)) STRICT;
    CREATE TABLE IF NOT EXISTS lambda_stream_mappings (mapping TEXT PRIMARY KEY, begins_at TEXT NOT NULL) STRICT;`);
  const select = database.prepare("SELECT checkpoint FROM lambda_checkpoints WHERE mapping = ? AND shard = ?");
  const upsert = database.prepare("INSERT OR REPLACE INTO lambda_checkpoints VALUES (?, ?, ?)");
  const drop = database.prepare("DELETE FROM lambda_checkpoints WHERE mapping = ?");
  const beginning = database.prepare("SELECT begins_at FROM lambda_stream_mappings WHERE mapping = ?");
  const end = database.prepare("DELETE FROM lambda_stream_mappings WHERE mapping = ?");
  const begin = database.prepare("INSERT OR REPLACE INTO lambda_stream_mappings VALUES (?, ?)");
  return {
    of(mapping, shard) {
      const row = select.get(mapping, shard);
      return row && (JSON.parse(String(row.checkpoint)) as Checkpoint);
    },
    set: (mapping, shard, checkpoint) => void upsert.run(mapping, shard, JSON.stringify(checkpoint)),
    begin(mapping, from) {
      if (beginning.get(mapping)?.begins_at === from) return false;
      drop.run(mapping);
      begin.run(mapping, from);
      return true;
    },
    forget(mapping) {
      drop.run(mapping);
      end.run(mapping);
    },
  };
}
