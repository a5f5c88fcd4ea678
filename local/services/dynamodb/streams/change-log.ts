/** What changed in tables with a stream: an append log, written in the same transaction as the change itself. */

import type { DatabaseSync } from "node:sqlite";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../../service.ts";
import { decodeItem, encodeItem, type Item, sizeOfItem } from "../attribute-values.ts";
import type { KeySchema, Table } from "../table.ts";

export type StreamView = "KEYS_ONLY" | "NEW_IMAGE" | "OLD_IMAGE" | "NEW_AND_OLD_IMAGES";

export interface Stream {
  arn: string;
  table: string;
  view: StreamView;
  keys: KeySchema;
  /** ms since the epoch */
  createdAt: number;
  /** The first record has this number or a higher one. */
  firstNumber: number;
}

export interface Change {
  number: number;
  changedAt: number;
  eventName: "INSERT" | "MODIFY" | "REMOVE";
  keys: Item;
  newImage?: Item;
  oldImage?: Item;
  /** Bytes, of what the record holds. */
  size: number;
  /** Not by a caller: DynamoDB itself removed what was past its time. */
  isExpiry: boolean;
}

export interface ChangeLog {
  streams(): Stream[];
  find(arn: string): Stream | undefined;
  /** Makes the stream that a table asks for. Those it had before stay readable. */
  declare(table: Table): void;
  drop(table: string): void;
  /** Nothing where the table has no stream, or nothing changed. */
  append(table: Table, before: Item | undefined, after: Item | undefined, isExpiry?: boolean): void;
  /** The number that the next change gets, of whichever table. */
  next(): number;
  /** Oldest first, from a number on; what is older than a day is gone. */
  read(stream: string, from: number, limit: number): Iterable<Change>;
}

const RETENTION_MS = 24 * 3_600_000;
const TRIM_EVERY_MS = 3_600_000;

export function streamArnOf({ arn, stream }: Pick<Table, "arn" | "stream">): string | undefined {
  return stream && `${arn}/stream/${stream.label}`;
}

export function changeLog(database: DatabaseSync, clock: Clock): ChangeLog {
  database.exec(`
    CREATE TABLE IF NOT EXISTS dynamodb_streams (arn TEXT PRIMARY KEY, table_name TEXT NOT NULL, stream TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS dynamodb_changes (
      number INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, changed_at INTEGER NOT NULL, event TEXT NOT NULL,
      keys TEXT NOT NULL, new_image TEXT, old_image TEXT, size INTEGER NOT NULL, is_expiry INTEGER NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS dynamodb_changes_by_stream ON dynamodb_changes (stream, number);`);
  const insert = database.prepare(
    `INSERT INTO dynamodb_changes (stream, changed_at, event, keys, new_image, old_image, size, is_expiry)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const select = database.prepare(
    "SELECT * FROM dynamodb_changes WHERE stream = ? AND number >= ? AND changed_at > ? ORDER BY number LIMIT ?",
  );
  const sequence = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'dynamodb_changes'");
  const trim = database.prepare("DELETE FROM dynamodb_changes WHERE changed_at <= ?");
  const one = database.prepare("SELECT stream FROM dynamodb_streams WHERE arn = ?");
  const all = database.prepare("SELECT stream FROM dynamodb_streams ORDER BY arn");
  const add = database.prepare("INSERT INTO dynamodb_streams VALUES (?, ?, ?)");
  let trimmedAt = clock.now();

  const self: ChangeLog = {
    streams: () => all.all().map(({ stream }) => JSON.parse(String(stream)) as Stream),
    find(arn) {
      const row = one.get(arn);
      return row && (JSON.parse(String(row.stream)) as Stream);
    },
    declare(table) {
      const arn = streamArnOf(table);
      if (!arn || self.find(arn)) return;
      const { name, keys, stream } = table;
      const made: Stream = {
        arn,
        table: name,
        view: stream!.view,
        keys,
        createdAt: clock.now(),
        firstNumber: self.next(),
      };
      add.run(arn, name, JSON.stringify(made));
    },
    drop(table) {
      database
        .prepare("DELETE FROM dynamodb_changes WHERE stream IN (SELECT arn FROM dynamodb_streams WHERE table_name = ?)")
        .run(table);
      database.prepare("DELETE FROM dynamodb_streams WHERE table_name = ?").run(table);
    },
    append(table, before, after, isExpiry = false) {
      const { stream, keys } = table;
      if (!stream || isDeepStrictEqual(before, after)) return;
      const eventName = before === undefined ? "INSERT" : after === undefined ? "REMOVE" : "MODIFY";
      const kept = { NEW: after, OLD: before };
      const image = (age: "NEW" | "OLD") => {
        const isWanted = stream.view === `${age}_IMAGE` || stream.view === "NEW_AND_OLD_IMAGES";
        return isWanted ? kept[age] : undefined;
      };
      const key = keyOf((after ?? before)!, keys);
      const parts = [key, image("NEW"), image("OLD")];
      const size = parts.reduce((sum, part) => sum + (part ? sizeOfItem(part) : 0), 0);
      const [encodedKey, newImage, oldImage] = parts.map((part) => (part ? encodeItem(part) : null));
      insert.run(
        ...[streamArnOf(table)!, clock.now(), eventName, encodedKey!],
        ...[newImage ?? null, oldImage ?? null, size, Number(isExpiry)],
      );
      if (clock.now() - trimmedAt > TRIM_EVERY_MS) {
        trimmedAt = clock.now();
        trim.run(trimmedAt - RETENTION_MS);
      }
    },
    next: () => Number(sequence.get()?.seq ?? 0) + 1,
    *read(stream, from, limit) {
      for (const row of select.iterate(stream, from, clock.now() - RETENTION_MS, limit)) {
        const imageOf = (text: unknown) => (text === null ? undefined : decodeItem(String(text)));
        yield {
          number: Number(row.number),
          changedAt: Number(row.changed_at),
          eventName: String(row.event) as Change["eventName"],
          keys: decodeItem(String(row.keys)),
          newImage: imageOf(row.new_image),
          oldImage: imageOf(row.old_image),
          size: Number(row.size),
          isExpiry: row.is_expiry === 1,
        };
      }
    },
  };
  return self;
}

function keyOf(item: Item, { hash, range }: KeySchema): Item {
  return { [hash]: item[hash]!, ...(range !== undefined && { [range]: item[range]! }) };
}
