/**
 * Log events in SQLite, one row per batch as it came: a busy function writes thousands of lines a second, and a row for each
 * would cost more than the function. A batch is compressed, for lines repeat each other: what is not written is neither
 * copied from the write-ahead log later, which holds up every request for milliseconds. A group keeps its newest lines up to
 * a size, so that a load test does not fill the disk.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Cloud } from "../../service.ts";
import { compressed, linesOf, textOf } from "./batch-text.ts";
import { statementsOf } from "./statements.ts";

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
  /** @returns the batch: its events' positions begin at `batch * BATCH_EVENTS` */
  append(group: string, stream: string, events: LogEvent[], now: number): number;
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
  const sql = statementsOf(database);
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
      const kept = sql.append.run(group, stream, first, last, now, text.length, compressed(text));
      const batch = Number(kept.lastInsertRowid);
      const size = bytes(group);
      sizes.set(group, size + text.length);
      if (size + text.length <= keepBytes) return batch;
      expire(group, now);
      if (bytes(group) > keepBytes) trim(group);
      return batch;
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
