/** Types that the Data API does not return: read as text where a column is known, named in the error where not. */

import { type Kysely, sql } from "kysely";
import { insertMany, UnsupportedResultError } from "../../data-api/index.ts";
import { type Backend, failure, startBackend } from "./backend.ts";

const values: Record<string, [type: string, value: unknown]> = {
  span: ["interval", "1 day 02:00:00"],
  clock: ["timetz", "12:00:00+02"],
  letter: ["char", "x"],
  cost: ["money", "$1,234.50"],
  markup: ["xml", "<a>ü</a>"],
  flags: ["bit", "10110"],
  more_flags: ["varbit", "101"],
  card: ["macaddr", "08:00:2b:01:02:03"],
  place: ["point", "(1.5,-2)"],
  area: ["polygon", "((0,0),(1,1),(2,0))"],
  ring: ["circle", "<(1,2),3>"],
  words: ["tsvector", "'fat' 'rat'"],
  wanted: ["tsquery", "'fat' & 'rat'"],
  numbers: ["int4range", "[1,10)"],
  times: ["tstzrange", '["2024-01-01 00:00:00+00",infinity)'],
  many: ["nummultirange", "{[1.5,2),[3,4)}"],
  position: ["pg_lsn", "16/B374D848"],
  table_of: ["regclass", "thing"],
  spans: ["interval[]", ["01:00:00", null, '1 year "x"'.slice(0, 6)]],
  blobs: ["bytea[]", [Buffer.from([0, 255]), null, Buffer.alloc(0)]],
  address: [
    "address{}",
    { street: 'A "1"', zip: 12345, since: "2024-01-01", tags: ["a", null], big: "9007199254740993" },
  ],
  addresses: ["address{}[]", [{ street: "B", zip: null, since: null, tags: null, big: null }]],
};

const columnTypes = {
  thing: { id: "int4", ...Object.fromEntries(Object.entries(values).map(([name, [type]]) => [name, type])) },
  plain: { id: "int4", thing_id: "int4", name: "text" },
};
const columns = Object.keys(values);
const thing = { id: 1, ...Object.fromEntries(Object.entries(values).map(([name, [, value]]) => [name, value])) };
const nothing = { id: 2, ...Object.fromEntries(columns.map((name) => [name, null])) };

let backend: Backend;
// biome-ignore lint/suspicious/noExplicitAny: the tables are made here
let db: Kysely<any>;

beforeAll(async () => {
  backend = await startBackend();
  db = backend.connect(columnTypes);
  await sql`create type address as (street text, zip int4, since date, tags text[], big text)`.execute(db);
  const definitions = Object.entries(values).map(([name, [type]]) => {
    const element = type.replace(/\{\}|\[\]/g, "");
    const quoted = element === "char" ? sql.id(element) : sql.raw(element === "bit" ? "bit(5)" : element);
    return sql`${sql.id(name)} ${quoted}${sql.raw(type.endsWith("[]") ? "[]" : "")}`;
  });
  await sql`create table thing (id int4 primary key, ${sql.join(definitions)})`.execute(db);
  await sql`create table plain (id int4, thing_id int4, name text)`.execute(db);
  await db
    .insertInto("plain")
    .values([{ id: 1, thing_id: 1, name: "p" }])
    .execute();
});
beforeEach(async () => {
  await db.deleteFrom("thing").execute();
  await db.insertInto("thing").values([thing, nothing]).execute();
});
afterAll(() => backend.stop());

describe("a column of a type that the Data API does not return", () => {
  it.each(columns)("%s is read by its name as it was written", async (column) => {
    const rows = await db.selectFrom("thing").select(column).orderBy("id").execute();
    expect(rows).toEqual([{ [column]: values[column]![1] }, { [column]: null }]);
  });

  it("is read by selectAll, alone and beside other tables", async () => {
    expect(await db.selectFrom("thing").selectAll().orderBy("id").execute()).toEqual([thing, nothing]);
    const join = db
      .selectFrom("thing as t")
      .innerJoin("plain as p", "p.thing_id", "t.id")
      .selectAll("t")
      .select(["p.name", "t.span as how_long"]);
    expect(await join.execute()).toEqual([{ ...thing, name: "p", how_long: thing["span" as never] }]);
    const both = db.selectFrom("thing").innerJoin("plain", "plain.thing_id", "thing.id").selectAll();
    expect(await both.execute()).toEqual([{ ...thing, thing_id: 1, name: "p" }]);
  });

  it("is returned by every kind of write", async () => {
    const inserted = db
      .insertInto("thing")
      .values({ ...thing, id: 3 })
      .returningAll();
    expect(await inserted.execute()).toEqual([{ ...thing, id: 3 }]);
    const updated = db.updateTable("thing").set({ span: "2 days" }).where("id", "=", 3).returning(["span", "address"]);
    expect(await updated.execute()).toEqual([{ span: "2 days", address: values.address![1] }]);
    const removed = db.deleteFrom("thing as gone").where("gone.id", "=", 3).returningAll("gone");
    expect(await removed.execute()).toEqual([{ ...thing, id: 3, span: "2 days" }]);
    const { rows } = await insertMany(
      db,
      "thing",
      [
        { ...thing, id: 4 },
        { ...nothing, id: 5 },
      ],
      (insert) => insert.returningAll(),
    );
    expect(rows).toEqual([
      { ...thing, id: 4 },
      { ...nothing, id: 5 },
    ]);
  });

  it("is read out of subqueries, expressions and functions, where it keeps its type", async () => {
    const query = db
      .with("long", (with_) =>
        with_.selectFrom("thing").select(["id", "span as how_long"]).where("span", ">", "1 hour"),
      )
      .selectFrom((eb) => eb.selectFrom("long").selectAll().as("inner"))
      .selectAll()
      .select((eb) => [
        eb.fn.max("inner.how_long").over().as("most"),
        eb.fn.coalesce("how_long", eb.val("0")).as("some"),
      ])
      .where("inner.how_long", "<", "2 days");
    expect(await query.execute()).toEqual([
      { id: 1, how_long: "1 day 02:00:00", most: "1 day 02:00:00", some: "1 day 02:00:00" },
    ]);
    const scalar = db
      .selectFrom("plain")
      .select((eb) => eb.selectFrom("thing").select("cost").where("id", "=", 1).as("cost"));
    expect(await scalar.execute()).toEqual([{ cost: "$1,234.50" }]);
  });

  it("orders by its value, not by its text", async () => {
    await db
      .insertInto("thing")
      .values(["9 days", "10 days"].map((span, index) => ({ id: 10 + index, span })))
      .execute();
    const spans = (rows: { span?: string; s?: string }[]) => rows.map((row) => row.span ?? row.s);
    const query = db.selectFrom("thing").where("span", "is not", null);

    expect(spans(await query.select("span").orderBy("span").execute())).toEqual([
      "1 day 02:00:00",
      "9 days",
      "10 days",
    ]);
    expect(spans(await query.select("span as s").orderBy("s", "desc").execute())).toEqual([
      "10 days",
      "9 days",
      "1 day 02:00:00",
    ]);
    expect(() => query.select("span").distinct().orderBy("span").compile()).toThrow(/"span" \(interval\).*subquery/);
    const outside = db.selectFrom(query.select("span").distinct().as("d")).selectAll().orderBy("span");
    expect(spans(await outside.execute())).toEqual(["1 day 02:00:00", "9 days", "10 days"]);
  });

  it("is read in each part of a set operation", async () => {
    const part = (id: number) => db.selectFrom("thing").select(["id", "span"]).where("id", "=", id);
    expect(await part(1).union(part(2)).orderBy("id").execute()).toEqual([
      { id: 1, span: thing["span" as never] },
      { id: 2, span: null },
    ]);
  });

  it("streams", async () => {
    const seen: unknown[] = [];
    for await (const row of db.selectFrom("thing").select("address").orderBy("id").stream(1)) seen.push(row);
    expect(seen).toEqual([{ address: values.address![1] }, { address: null }]);
  });

  it("has a parser by its own type", async () => {
    const custom = backend.connect(columnTypes, {
      parsers: { interval: (text) => ({ text }), point: (text) => text.slice(1, -1).split(",").map(Number) },
    });
    expect(await custom.selectFrom("thing").select(["span", "spans", "place"]).orderBy("id").execute()).toEqual([
      { span: { text: "1 day 02:00:00" }, spans: [{ text: "01:00:00" }, null, { text: "1 year" }], place: [1.5, -2] },
      { span: null, spans: null, place: null },
    ]);
  });

  it("leaves what is no result alone: views, tables from queries, inserts from queries", async () => {
    const query = db.selectFrom("thing").select(["id", "span"]);
    expect(db.schema.createView("v").as(query).compile().sql).toBe(
      'create view "v" as select "id", "span" from "thing"',
    );
    expect(db.insertInto("thing").columns(["id", "span"]).expression(query).compile().sql).toBe(
      'insert into "thing" ("id", "span") select "id", "span" from "thing"',
    );
  });
});

describe("raw SQL that selects such a type", () => {
  it("fails naming the column and the cast that helps", async () => {
    const one = await failure(sql`select id, span from thing`.execute(db));
    const all = await failure(sql`select * from thing where false or id = 1`.execute(db));
    const own = await failure(sql`select address from thing`.execute(db));

    expect(one).toBeInstanceOf(UnsupportedResultError);
    expect(one.message).toBe(
      "The result contains the unsupported data type INTERVAL. " +
        'thing.span (interval) can not be returned as it is: select it as text, "span"::text.',
    );
    expect(all.message).toContain("thing.");
    expect(own.message).toContain(
      'thing.address (address) can not be returned as it is: select it as text, "address"::text.',
    );
    expect((await sql`select span::text from thing where id = 1`.execute(db)).rows).toEqual([
      { span: "1 day 02:00:00" },
    ]);
  });

  it("fails naming the cast alone where nothing is known of a column", async () => {
    const error = await failure(sql`select now() - now() as age`.execute(db));
    expect(error.message).toContain('Select it as text: ("column")::text.');
  });

  it("fails with a remedy for an array of several dimensions", async () => {
    const error = await failure(sql`select array[[1, 2], [3, 4]] as matrix`.execute(db));
    expect(error.message).toContain('to_jsonb("column")');
  });
});

describe("a value in raw SQL", () => {
  it.each([
    [sql`select * from plain where id = ${"1"}`, "write ${value}::integer"],
    [sql`select ${"1"} = id from plain`, "write ${value}::integer"],
    [sql`update plain set id = ${"1"}`, "write ${value}::integer"],
  ])("of another type than what it meets fails naming the cast", async (query, remedy) => {
    expect((await failure(query.execute(db))).message).toContain(remedy);
  });
});
