/**
 * Log events in SQLite, one row per batch as it came: a busy function writes thousands of lines a second, and a row for each
 * would cost more than the function. A batch is compressed, for lines repeat each other: what is not written is neither
 * copied from the write-ahead log later, which holds up every request for milliseconds. A group keeps its newest lines up to
 * a size, so that a load test does not fill the disk.
 */
import type { DatabaseSync } from "node:sqlite";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Cloud } from "../../service.ts";

export interface LogEvent {
  timestamp: number;
  message: string;
}

export interface StoredEvent extends LogEvent {
  stream: string;
  ingestedAt: number;
  /** Grows with every event of every group: the place to go on from. */
  position: number;
}

export interface LogGroup {
  name: string;
  createdAt: number;
  retentionDays?: number;
}

export interface LogStream {
  name: string;
  createdAt: number;
  firstEventAt?: number;
  lastEventAt?: number;
  lastIngestedAt?: number;
}

export interface EventQuery {
  streams?: string[];
  /** ms since the epoch, inclusive. */
  start?: number;
  /** ms since the epoch, exclusive. */
  end?: number;
  /** Positions, exclusive. */
  after?: number;
  before?: number;
  newestFirst?: boolean;
}

/** AWS's own limit on a batch, and what lets a position name an event in it. */
export const BATCH_EVENTS = 10_000;
const DAY_MS = 86_400_000;

export interface LogStore {
  groups(): LogGroup[];
  group(name: string): LogGroup | undefined;
  saveGroup(group: LogGroup): void;
  removeGroup(name: string): void;
  streams(group: string): LogStream[];
  hasStream(group: string, stream: string): boolean;
  addStream(group: string, stream: string, createdAt: number): void;
  removeStream(group: string, stream: string): void;
  append(group: string, stream: string, events: LogEvent[], now: number): void;
  /** In the order in which they came, or the other way round. */
  events(group: string, query: EventQuery): Generator<StoredEvent>;
  /** Of all groups, in the order in which they came. @param id the last one that was read */
  batchesAfter(id: number): Generator<Batch>;
  /** Somebody who reads on where it stopped, also after a restart: from now on, when it is new. */
  reader(name: string): Reader;
  /** Drops batches that are past the group's retention. */
  expire(group: string, now: number): void;
  bytes(group: string): number;
}

export interface Batch {
  id: number;
  group: string;
  events: LogEvent[];
}

export interface Reader {
  /** The last batch that was read. */
  readonly at: number;
  move(id: number): void;
}

const stores = new WeakMap<Cloud, LogStore>();

/** One for each cloud: it remembers what it has asked the database. */
export function logStoreOf(cloud: Cloud): LogStore {
  let store = stores.get(cloud);
  if (!store) {
    store = logStore(cloud.database);
    stores.set(cloud, store);
  }
  return store;
}

export function logStore(database: DatabaseSync, keepBytes = 32 * 1024 * 1024): LogStore {
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
  const sql = {
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
  // Every line asks for these.
  const groups = new Map<string, LogGroup>();
  const known = new Set<string>();
  const sizes = new Map<string, number>();
  for (const row of sql.groups.all()) {
    const name = String(row.name);
    groups.set(name, {
      name,
      createdAt: Number(row.created),
      retentionDays: row.days === null ? undefined : Number(row.days),
    });
  }

  function bytes(group: string): number {
    let size = sizes.get(group);
    if (size === undefined) {
      size = Number(sql.bytes.get(group)!.bytes ?? 0);
      sizes.set(group, size);
    }
    return size;
  }

  function expire(group: string, now: number): void {
    const days = groups.get(group)?.retentionDays;
    if (days === undefined) return;
    sql.expire.run(group, now - days * DAY_MS);
    sizes.delete(group);
  }

  /** Drops a quarter at a time, for the dropping costs as much as many appends. */
  function trim(group: string): void {
    let excess = bytes(group) - keepBytes * 0.75;
    let last = 0;
    for (const row of sql.sizes.iterate(group)) {
      if (excess <= 0) break;
      excess -= Number(row.bytes);
      last = Number(row.id);
    }
    sql.trim.run(group, last);
    sizes.delete(group);
  }

  return {
    groups: () => [...groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    group: (name) => groups.get(name),
    saveGroup(group) {
      const { name, createdAt, retentionDays } = group;
      groups.set(name, group);
      sql.saveGroup.run(name, createdAt, retentionDays ?? null);
    },
    removeGroup(name) {
      groups.delete(name);
      sizes.delete(name);
      known.clear();
      for (const statement of [sql.removeAll, sql.removeStreams, sql.removeGroup]) statement.run(name);
    },
    streams: (group) =>
      sql.streams.all(group).map(({ name, created, first, last, ingested }) => ({
        name: String(name),
        createdAt: Number(created),
        ...(first !== null && {
          firstEventAt: Number(first),
          lastEventAt: Number(last),
          lastIngestedAt: Number(ingested),
        }),
      })),
    hasStream(group, stream) {
      const key = `${group}\0${stream}`;
      if (known.has(key)) return true;
      const found = sql.hasStream.get(group, stream) !== undefined;
      if (found) known.add(key);
      return found;
    },
    addStream: (group, stream, createdAt) => void sql.addStream.run(group, stream, createdAt),
    removeStream(group, stream) {
      known.clear();
      sizes.delete(group);
      sql.removeOf.run(group, stream);
      sql.removeStream.run(group, stream);
    },
    append(group, stream, events, now) {
      const text = textOf(events);
      const [first, last] = [events[0]!.timestamp, events.at(-1)!.timestamp];
      sql.append.run(group, stream, first, last, now, text.length, deflateRawSync(text, { level: 1 }));
      const size = bytes(group);
      sizes.set(group, size + text.length);
      if (size + text.length <= keepBytes) return;
      expire(group, now);
      if (bytes(group) > keepBytes) trim(group);
    },
    *events(group, { streams, start = 0, end = Number.MAX_SAFE_INTEGER, after, before, newestFirst }) {
      const from = newestFirst
        ? Math.floor((before ?? Number.MAX_SAFE_INTEGER) / BATCH_EVENTS)
        : Math.floor((after ?? 0) / BATCH_EVENTS);
      for (const row of (newestFirst ? sql.newestFirst : sql.oldestFirst).iterate(group, from)) {
        if ((streams && !streams.includes(String(row.stream))) || Number(row.last) < start || Number(row.first) >= end)
          continue;
        const batch = linesOf(row.events as Uint8Array).map(([timestamp, message], index) => ({
          timestamp,
          message,
          stream: String(row.stream),
          ingestedAt: Number(row.ingested),
          position: Number(row.id) * BATCH_EVENTS + index,
        }));
        for (const event of newestFirst ? batch.reverse() : batch) {
          if (event.timestamp < start || event.timestamp >= end) continue;
          if ((after !== undefined && event.position <= after) || (before !== undefined && event.position >= before))
            continue;
          yield event;
        }
      }
    },
    *batchesAfter(id) {
      let last = id;
      for (let rows = sql.after.all(last); rows.length > 0; rows = sql.after.all(last)) {
        for (const row of rows) {
          last = Number(row.id);
          const events = linesOf(row.events as Uint8Array).map(([timestamp, message]) => ({ timestamp, message }));
          yield { id: last, group: String(row.log_group), events };
        }
      }
    },
    reader(name) {
      let at = Number(sql.reader.get(name)?.chunk ?? sql.lastChunk.get()?.id ?? 0);
      return {
        get at() {
          return at;
        },
        move(id) {
          at = id;
          sql.moveReader.run(name, id);
        },
      };
    },
    expire,
    bytes,
  };
}

/** Ends an event. A batch with a message that has one is JSON instead. */
const END = "\u001e";

/** Most messages are JSON themselves: to escape them in JSON again would cost more than all the rest. */
function textOf(events: readonly LogEvent[]): string {
  let text = "";
  for (const { timestamp, message } of events) {
    if (message.includes(END)) return JSON.stringify(events.map((event) => [event.timestamp, event.message]));
    text += `${timestamp} ${message}${END}`;
  }
  return text;
}

function linesOf(compressed: Uint8Array): [timestamp: number, message: string][] {
  const text = inflateRawSync(compressed).toString();
  if (text.startsWith("[")) return JSON.parse(text);
  const events = text.split(END).slice(0, -1);
  return events.map((event) => {
    const at = event.indexOf(" ");
    return [Number(event.slice(0, at)), event.slice(at + 1)];
  });
}
