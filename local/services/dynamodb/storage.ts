/** Tables and items in SQLite. Keys are stored as bytes that sort as DynamoDB sorts, so a query is a range of an index. */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Clock, Timer } from "../../service.ts";
import { decodeItem, encodeItem, type Item, sizeOfItem, sortable } from "./attribute-values.ts";
import { changeLog } from "./streams/change-log.ts";
import type { KeySchema, Table } from "./table.ts";

/** Where an item stands in its table, as sortable bytes; an absent range key is empty. */
export interface ItemKey {
  hash: Buffer;
  range: Buffer;
}

export interface Bound {
  bytes: Buffer;
  inclusive: boolean;
}

/** Which stored items to read, and in which order. */
export interface Reading {
  index?: string;
  hash?: Buffer;
  lower?: Bound;
  upper?: Bound;
  descending?: boolean;
  /** Continue after this position. */
  after?: { hash: Buffer; range: Buffer; item: ItemKey };
}

export interface Storage {
  tables: Map<string, Table>;
  saveTable(table: Table): void;
  dropTable(name: string): void;
  count(name: string): { items: number; bytes: number };
  get(table: Table, key: ItemKey): Item | undefined;
  put(table: Table, item: Item): void;
  delete(table: Table, key: ItemKey): void;
  /** Tells the table's stream, if it has one, what became of an item. Within the transaction of the change. */
  changed(table: Table, before: Item | undefined, after: Item | undefined): void;
  /** Clears away what nobody asked for since it expired; reads never return it anyway. */
  forgetExpired(table: Table): void;
  read(table: Table, reading: Reading): Iterable<Item>;
  /** Runs `work` whole or not at all. */
  atomically<Result>(work: () => Result): Result;
  stop(): void;
}

/** DynamoDB leaves alone what claims to have expired more than five years ago. */
const OLDEST_EXPIRY_SECONDS = 5 * 365 * 24 * 3600;

const SWEEP_EVERY_MS = 60_000;

const NOTHING = Buffer.alloc(0);

export function keyOf(item: Item, keys: KeySchema): ItemKey {
  return {
    hash: sortable(item[keys.hash]!),
    range: keys.range === undefined ? NOTHING : sortable(item[keys.range]!),
  };
}

export function storage(database: DatabaseSync, clock: Clock): Storage {
  database.exec(`
    create table if not exists dynamodb_tables (name text primary key, definition text not null) without rowid;
    create table if not exists dynamodb_items (
      table_name text, hash blob, range blob, bytes integer not null, item text not null,
      primary key (table_name, hash, range)) without rowid;
    create table if not exists dynamodb_entries (
      table_name text, index_name text, hash blob, range blob, item_hash blob, item_range blob,
      primary key (table_name, index_name, hash, range, item_hash, item_range)) without rowid;
    create index if not exists dynamodb_entries_by_item on dynamodb_entries (table_name, item_hash, item_range);`);

  const changes = changeLog(database, clock);
  const statements = new Map<string, StatementSync>();
  const sql = (text: string): StatementSync => {
    const statement = statements.get(text) ?? database.prepare(text);
    statements.set(text, statement);
    return statement;
  };
  const tables = new Map<string, Table>(
    (sql("select definition from dynamodb_tables").all() as { definition: string }[])
      .map(({ definition }) => JSON.parse(definition) as Table)
      .map((table) => [table.name, table]),
  );

  let sweeping: Timer | undefined;
  /** Nobody may ever read an item again, and the stream is to tell of its end all the same. */
  function sweep(): void {
    const streaming = [...tables.values()].filter(({ ttlAttribute, stream }) => ttlAttribute && stream);
    if (streaming.length === 0 || sweeping) return;
    sweeping = clock.after(SWEEP_EVERY_MS, () => {
      sweeping = undefined;
      for (const table of streaming) if (tables.get(table.name) === table) self.forgetExpired(table);
      sweep();
    });
  }

  function expired(table: Table, item: Item): boolean {
    const value = table.ttlAttribute === undefined ? undefined : item[table.ttlAttribute]?.N;
    const now = clock.now() / 1000;
    return value !== undefined && Number(value) <= now && Number(value) > now - OLDEST_EXPIRY_SECONDS;
  }

  function expire(table: Table, item: Item, key: ItemKey): void {
    self.atomically(() => {
      self.delete(table, key);
      changes.append(table, item, undefined, true);
    });
  }

  function enterIndexes(table: Table, item: Item, key: ItemKey): void {
    for (const { name, keys } of table.indexes) {
      // An item from before the index may lack its keys, or have them of another type: it is not in it.
      const isIn = (key: string | undefined) => key === undefined || item[key]?.[table.types[key]!] !== undefined;
      if (!isIn(keys.hash) || !isIn(keys.range)) continue;
      const entry = keyOf(item, keys);
      sql("insert or replace into dynamodb_entries values (?, ?, ?, ?, ?, ?)").run(
        table.name,
        name,
        entry.hash,
        entry.range,
        key.hash,
        key.range,
      );
    }
  }

  function leaveIndexes(table: Table, key: ItemKey): void {
    if (table.indexes.length > 0)
      sql("delete from dynamodb_entries where table_name = ? and item_hash = ? and item_range = ?").run(
        table.name,
        key.hash,
        key.range,
      );
  }

  function* stored(table: Table, reading: Reading): Iterable<Item> {
    const { text, parameters } = selection(table, reading);
    for (const row of sql(text).iterate(...parameters)) yield decodeItem((row as { item: string }).item);
  }

  const self: Storage = {
    tables,
    saveTable(table) {
      const before = tables.get(table.name);
      const definition = JSON.stringify(table);
      if (before !== undefined && JSON.stringify(before) === definition) return;
      self.atomically(() => {
        // Another key schema is another table: AWS replaces it, items and all
        if (before !== undefined && keyShape(before) !== keyShape(table)) self.dropTable(table.name);
        sql("insert or replace into dynamodb_tables values (?, ?)").run(table.name, definition);
        sql("delete from dynamodb_entries where table_name = ?").run(table.name);
        if (table.indexes.length > 0)
          for (const item of [...self.read(table, {})]) enterIndexes(table, item, keyOf(item, table.keys));
      });
      changes.declare(table);
      tables.set(table.name, table);
      sweep();
    },
    dropTable(name) {
      changes.drop(name);
      for (const from of ["dynamodb_items", "dynamodb_entries"])
        sql(`delete from ${from} where table_name = ?`).run(name);
      sql("delete from dynamodb_tables where name = ?").run(name);
      tables.delete(name);
    },
    count(name) {
      const counted =
        "select count(*) as items, coalesce(sum(bytes), 0) as bytes from dynamodb_items where table_name = ?";
      return sql(counted).get(name) as { items: number; bytes: number };
    },
    get(table, key) {
      const row = sql("select item from dynamodb_items where table_name = ? and hash = ? and range = ?").get(
        table.name,
        key.hash,
        key.range,
      ) as { item: string } | undefined;
      if (row === undefined) return undefined;
      const item = decodeItem(row.item);
      if (!expired(table, item)) return item;
      expire(table, item, key);
      return undefined;
    },
    put(table, item) {
      const key = keyOf(item, table.keys);
      leaveIndexes(table, key);
      sql("insert or replace into dynamodb_items values (?, ?, ?, ?, ?)").run(
        table.name,
        key.hash,
        key.range,
        sizeOfItem(item),
        encodeItem(item),
      );
      enterIndexes(table, item, key);
    },
    delete(table, key) {
      leaveIndexes(table, key);
      sql("delete from dynamodb_items where table_name = ? and hash = ? and range = ?").run(
        table.name,
        key.hash,
        key.range,
      );
    },
    changed: (table, before, after) => changes.append(table, before, after),
    forgetExpired(table) {
      if (table.ttlAttribute === undefined) return;
      for (const item of [...stored(table, {})]) {
        if (expired(table, item)) expire(table, item, keyOf(item, table.keys));
      }
    },
    *read(table, reading) {
      for (const item of stored(table, reading)) if (!expired(table, item)) yield item;
    },
    atomically(work) {
      database.exec("savepoint dynamodb");
      try {
        const result = work();
        database.exec("release dynamodb");
        return result;
      } catch (error) {
        database.exec("rollback to dynamodb; release dynamodb");
        throw error;
      }
    },
    stop: () => sweeping?.cancel(),
  };
  sweep();
  return self;
}

function keyShape({ keys, types }: Table): string {
  return JSON.stringify([keys.hash, types[keys.hash], keys.range, keys.range && types[keys.range]]);
}

function selection(table: Table, { index, hash, lower, upper, descending, after }: Reading) {
  const parameters: (string | Buffer)[] = [table.name];
  const position = index === undefined ? ["hash", "range"] : ["e.hash", "e.range", "e.item_hash", "e.item_range"];
  const wheres = [index === undefined ? "table_name = ?" : "e.table_name = ?"];
  const where = (condition: string, ...values: (string | Buffer)[]) => {
    wheres.push(condition);
    parameters.push(...values);
  };
  if (index !== undefined) where("e.index_name = ?", index);
  if (hash !== undefined) where(`${position[0]} = ?`, hash);
  if (lower !== undefined) where(`${position[1]} ${lower.inclusive ? ">=" : ">"} ?`, lower.bytes);
  if (upper !== undefined) where(`${position[1]} ${upper.inclusive ? "<=" : "<"} ?`, upper.bytes);
  if (after !== undefined) {
    const values = [after.hash, after.range, ...(index === undefined ? [] : [after.item.hash, after.item.range])];
    where(`(${position.join(", ")}) ${descending ? "<" : ">"} (${position.map(() => "?").join(", ")})`, ...values);
  }
  const from =
    index === undefined
      ? "dynamodb_items"
      : "dynamodb_entries e join dynamodb_items i on i.table_name = e.table_name and i.hash = e.item_hash and i.range = e.item_range";
  const order = position.map((column) => `${column} ${descending ? "desc" : "asc"}`).join(", ");
  return { text: `select item from ${from} where ${wheres.join(" and ")} order by ${order}`, parameters };
}
