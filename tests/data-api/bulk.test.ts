import { CamelCasePlugin, type Kysely, sql } from "kysely";
import { executeBatch, insertMany, ParameterError, RequestTooLargeError } from "../../data-api/index.ts";
import { type Backend, failure, startBackend } from "./backend.ts";

const columnTypes = {
  item: { id: "int4", name: "text", size: "numeric", note: "text" },
  "other.item": { id: "int8", long_name: "text" },
  unknown_part: { id: "int4" },
};

let backend: Backend;
// biome-ignore lint/suspicious/noExplicitAny: the tables are made here
let db: Kysely<any>;

beforeAll(async () => {
  backend = await startBackend();
  db = backend.connect(columnTypes);
  await sql`create table item (id int4 primary key, name text not null default 'nameless', size numeric, note text)`.execute(
    db,
  );
  await sql`create schema other`.execute(db);
  await sql`create table other.item (id int8, long_name text)`.execute(db);
  await sql`create table unknown_part (id int4, more uuid)`.execute(db);
});
beforeEach(async () => {
  await sql`truncate item, other.item`.execute(db);
  backend.calls.length = 0;
});
afterAll(() => backend.stop());

const count = async () => Number((await sql<{ n: string }>`select count(*) as n from item`.execute(db)).rows[0]!.n);
const items = (length: number, more: object = {}) => Array.from({ length }, (_, id) => ({ id, ...more }));

describe("insertMany", () => {
  it("inserts thousands of rows by one call", async () => {
    const rows = items(5000, { size: "1.50" }).map((row) => ({ ...row, name: `n${row.id} " \\ ü` }));
    const result = await insertMany(db, "item", rows);

    expect(backend.calls).toEqual(["ExecuteStatement"]);
    expect(result).toEqual({ numInsertedOrUpdatedRows: 5000n, rows: [] });
    expect(await db.selectFrom("item").selectAll().where("id", "in", [0, 4999]).orderBy("id").execute()).toEqual([
      { id: 0, name: 'n0 " \\ ü', size: "1.50", note: null },
      { id: 4999, name: 'n4999 " \\ ü', size: "1.50", note: null },
    ]);
  });

  it("calls nobody for no rows", async () => {
    expect(await insertMany(db, "item", [])).toEqual({ numInsertedOrUpdatedRows: 0n, rows: [] });
    expect(backend.calls).toEqual([]);
  });

  it("gives each row the defaults of the columns it leaves out, all rows or none", async () => {
    const rows = [{ id: 1, name: "a" }, { id: 2 }, { id: 3, name: undefined, size: 2 }, { id: 4, name: "b" }];
    await insertMany(db, "item", rows);

    expect(await db.selectFrom("item").select(["id", "name", "size"]).orderBy("id").execute()).toEqual([
      { id: 1, name: "a", size: null },
      { id: 2, name: "nameless", size: null },
      { id: 3, name: "nameless", size: "2" },
      { id: 4, name: "b", size: null },
    ]);
    const again = insertMany(db, "item", [{ id: 9, name: "x" }, { id: 1 }]);
    await expect(again).rejects.toMatchObject({ constraint: "item_pkey" });
    expect(await count()).toBe(4);
  });

  it("upserts and returns, as what refines it says", async () => {
    await insertMany(db, "item", [{ id: 1, name: "old" }]);
    const { rows, numInsertedOrUpdatedRows } = await insertMany(
      db,
      "item",
      [
        { id: 1, name: "new" },
        { id: 2, name: "two" },
      ],
      (insert) =>
        insert
          .onConflict((conflict) =>
            conflict.column("id").doUpdateSet((eb) => ({ note: eb.ref("excluded.name"), size: "7.5" })),
          )
          .returning(["id", "name", "note", "size"]),
    );

    expect(numInsertedOrUpdatedRows).toBe(2n);
    expect(rows).toEqual([
      { id: 1, name: "old", note: "new", size: "7.5" },
      { id: 2, name: "two", note: null, size: null },
    ]);
  });

  it("works behind plugins and in another schema", async () => {
    const camel = db.withSchema("other").withPlugin(new CamelCasePlugin());
    const { rows } = await insertMany(camel, "item", [{ id: 2n ** 62n, longName: "x" }], (insert) =>
      insert.returningAll(),
    );

    expect(rows).toEqual([{ id: String(2n ** 62n), longName: "x" }]);
  });

  it("is part of the transaction it is given", async () => {
    const run = db.transaction().execute(async (transaction) => {
      await insertMany(transaction, "item", [{ id: 1, name: "a" }, { id: 2 }]);
      throw new Error("no");
    });

    await expect(run).rejects.toThrow("no");
    expect(backend.calls).toEqual(["BeginTransaction", "ExecuteStatement", "ExecuteStatement", "RollbackTransaction"]);
    expect(await count()).toBe(0);
  });

  it("splits what is more than a request holds, in one transaction", async () => {
    const rows = items(11, { note: '"'.repeat(400_000) });
    const { numInsertedOrUpdatedRows } = await insertMany(db, "item", rows);

    expect(numInsertedOrUpdatedRows).toBe(11n);
    const { calls } = backend;
    expect([calls[0], calls.at(-1), new Set(calls.slice(1, -1))]).toEqual([
      "BeginTransaction",
      "CommitTransaction",
      new Set(["ExecuteStatement"]),
    ]);
    expect(calls.length).toBeGreaterThan(4);
    expect(await count()).toBe(11);
  });

  it("leaves nothing of a split insert one of whose pieces fails", async () => {
    const rows = [...items(11, { note: "x".repeat(900_000) }), { id: 10, note: "again" }];

    await expect(insertMany(db, "item", rows)).rejects.toMatchObject({ sqlState: "23505" });
    expect(await count()).toBe(0);
  });

  it("names the limit, for a row that no request holds", async () => {
    const error = await failure(insertMany(db, "item", [...items(2), { id: 5, note: "x".repeat(4_300_000) }]));

    expect(error).toBeInstanceOf(RequestTooLargeError);
    expect(error.message).toMatch(/The request has 4\.1 MiB; the Data API takes 4 MiB/);
    expect(await count()).toBe(0);
  });

  it.each([
    [[{ id: "one" }], "item.id (int4) takes an integer, not a string."],
    [[{ id: 1 }, { id: 2, note: 5 }], "item.note (text) takes a string, not the number 5."],
    [[{ id: 1, nope: 1 }], "insertMany needs the type of item.nope: the dialect's `columnTypes` does not have it."],
    [
      [{ id: sql`1` }],
      "insertMany takes rows of one plain value or more for item: give expressions and empty rows to insertInto.",
    ],
  ])("refuses %j before anything is sent", async (rows, message) => {
    const error = await failure(insertMany(db, "item", rows));

    expect(error).toBeInstanceOf(ParameterError);
    expect(error.message).toBe(message);
    expect(backend.calls).toEqual([]);
  });

  it("needs the types of its columns", async () => {
    const error = await failure(insertMany(db, "unknown_part", [{ id: 1, more: "x" }]));
    expect(error.message).toContain("insertMany needs the type of unknown_part.more");
    expect((await failure(insertMany(backend.connect(), "item", [{ id: 1 }]))).message).toContain("item.id");
  });
});

describe("a plain insert", () => {
  it("of more rows than a statement's text holds goes as one document", async () => {
    const result = await db
      .insertInto("item")
      .values(items(8000, { name: "x", size: 1 }))
      .executeTakeFirst();

    expect(result.numInsertedOrUpdatedRows).toBe(8000n);
    expect(backend.calls).toEqual(["ExecuteStatement"]);
  });

  it("of types that nobody told is split into several, in one transaction", async () => {
    const untold = backend.connect();
    const rows = items(9000).map(({ id }) => ({ id, name: `n${id}` }));
    const returned = await untold.insertInto("item").values(rows).returning("id").execute();

    expect(returned.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    expect(backend.calls[0]).toBe("BeginTransaction");
    expect(await count()).toBe(9000);
  });

  it("that can not be split names the limit", async () => {
    const long = "x".repeat(70_000);
    const statement = await failure(sql.raw(`select '${long}'`).execute(db));
    const list = await failure(
      db
        .selectFrom("item")
        .selectAll()
        .where(
          "id",
          "in",
          items(40_000).map(({ id }) => id),
        )
        .execute(),
    );
    const value = await failure(
      db
        .updateTable("item")
        .set({ note: "x".repeat(5_000_000) })
        .execute(),
    );

    expect(statement.message).toContain("The statement has 70009 characters; the Data API takes 65536.");
    expect(list).toBeInstanceOf(RequestTooLargeError);
    expect(value.message).toContain("The request has 4.8 MiB; the Data API takes 4 MiB");
    expect(backend.calls).toEqual([]);
  });
});

describe("executeBatch", () => {
  const update = (id: number, size: string | null) => db.updateTable("item").set({ size }).where("id", "=", id);

  it("runs updates of one shape by one call within a transaction, nulls among the values", async () => {
    await insertMany(db, "item", items(300));
    backend.calls.length = 0;
    await executeBatch(
      db,
      items(300).map(({ id }) => update(id, id % 3 ? `${id}.5` : null)),
    );

    expect(backend.calls).toEqual(["BeginTransaction", "BatchExecuteStatement", "CommitTransaction"]);
    const { rows } = await sql`select count(*) as n, sum(size) as sum from item where size is not null`.execute(db);
    expect(rows).toEqual([{ n: "200", sum: "30100.0" }]);
  });

  it("keeps the order of writes of several shapes, all or none", async () => {
    await executeBatch(db, [
      db.insertInto("item").values({ id: 1 }),
      update(1, "5"),
      db.deleteFrom("item").where("size", "=", "5"),
      db.insertInto("item").values({ id: 1, note: "last" }),
    ]);
    expect(await db.selectFrom("item").selectAll().execute()).toEqual([
      { id: 1, name: "nameless", size: null, note: "last" },
    ]);

    const failing = [db.insertInto("item").values({ id: 2 }), db.insertInto("item").values({ id: 1 })];
    await expect(executeBatch(db, failing)).rejects.toMatchObject({ sqlState: "23505" });
    expect(await count()).toBe(1);
  });

  it("splits a batch at the request's limit", async () => {
    const inserts = items(11, { note: "ü".repeat(300_000) }).map((row) => db.insertInto("item").values(row));
    await executeBatch(db, inserts);

    expect(backend.calls.filter((call) => call === "BatchExecuteStatement")).toHaveLength(2);
    expect(await count()).toBe(11);
  });

  it("refuses what returns rows, and a set that no request holds", async () => {
    const returning = db.insertInto("item").values({ id: 1 }).returning("id");
    await expect(executeBatch(db, [returning])).rejects.toThrow("A batch gives nothing back");
    await expect(executeBatch(db, [db.selectFrom("item").selectAll()])).rejects.toThrow(TypeError);
    expect(backend.calls).toEqual([]);
    const large = db.insertInto("item").values({ id: 1, note: "x".repeat(5_000_000) });
    await expect(executeBatch(db, [large])).rejects.toThrow(RequestTooLargeError);
    await executeBatch(db, []);
    expect(await count()).toBe(0);
  });
});
