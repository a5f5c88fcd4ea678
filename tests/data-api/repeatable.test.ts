import { sql } from "kysely";
import { DataApiError } from "../../data-api/index.ts";
import { connectTo, failure } from "./backend.ts";

const unavailable = () => new DataApiError("ServiceUnavailableError", "unavailable", 503);

/** How often a query is sent when no attempt is answered. */
async function attempts(make: (db: ReturnType<typeof connectTo>) => { execute(): Promise<unknown> }): Promise<number> {
  let calls = 0;
  const db = connectTo(() => {
    calls++;
    return Promise.reject(unavailable());
  });
  await failure(make(db).execute());
  return calls;
}

type Db = ReturnType<typeof connectTo>;

describe("a SELECT whose effect is not known is repeated", () => {
  it.each<[string, (db: Db) => { execute(): Promise<unknown> }]>([
    ["of columns", (db) => db.selectFrom("a").selectAll().where("b", "in", [1, 2])],
    [
      "with aggregates and windows",
      (db) => db.selectFrom("a").select((eb) => [eb.fn.count("b").as("n"), eb.fn.agg("rank").over().as("r")]),
    ],
    [
      "with functions that only compute",
      (db) => db.selectFrom("a").select((eb) => [eb.fn.coalesce("b", "c").as("d"), eb.fn("LOWER", ["b"]).as("e")]),
    ],
    [
      "with raw SQL that only computes",
      (db) => db.selectFrom("a").select(sql`jsonb_agg(b) filter (where b in (1)) over (partition by c)`.as("x")),
    ],
    [
      "with subqueries and set operations",
      (db) =>
        db
          .selectFrom((eb) => eb.selectFrom("a").selectAll().as("x"))
          .selectAll()
          .union(db.selectFrom("b").selectAll()),
    ],
    [
      "with a WITH that reads",
      (db) =>
        db
          .with("x", (with_) => with_.selectFrom("a").selectAll())
          .selectFrom("x")
          .selectAll(),
    ],
    ["with a type's precision", (db) => db.selectFrom("a").select(sql`b::numeric(10, 2)`.as("x"))],
  ])("%s", async (_title, make) => {
    expect(await attempts(make)).toBe(3);
  });
});

describe("a statement that may write is sent once", () => {
  it.each<[string, (db: Db) => { execute(): Promise<unknown> }]>([
    ["a function of one's own", (db) => db.selectNoFrom((eb) => eb.fn("book", [eb.val(1)]).as("x"))],
    ["an aggregate of one's own", (db) => db.selectFrom("a").select((eb) => eb.fn.agg("collect", ["b"]).as("x"))],
    ["a function in raw SQL", (db) => db.selectFrom("a").select(sql`nextval('s')`.as("x"))],
    ["a function of a schema's", (db) => db.selectFrom("a").select(sql`own.lower(b)`.as("x"))],
    ["a quoted function", (db) => db.selectFrom("a").select(sql`"lower" (b)`.as("x"))],
    ["a function that is put in", (db) => db.selectFrom("a").select(sql`${sql.id("lower")}(b)`.as("x"))],
    ["a function in FROM", (db) => db.selectFrom(sql`book(1)`.as("x")).selectAll()],
    [
      "a function in a condition",
      (db) => db.selectFrom("a").selectAll().where(sql<boolean>`pg_advisory_lock(1) is null`),
    ],
    [
      "a WITH that writes",
      (db) =>
        db
          .with("x", (with_) => with_.deleteFrom("a").returningAll())
          .selectFrom("x")
          .selectAll(),
    ],
    [
      "a WITH of raw SQL that writes",
      (db) =>
        db
          .with("x", () => sql`delete from a returning *`)
          .selectFrom("x")
          .selectAll(),
    ],
    ["raw SQL", (db) => ({ execute: () => sql`select 1`.execute(db) })],
    ["an insert", (db) => db.insertInto("a").values({ b: 1 })],
    ["an update", (db) => db.updateTable("a").set({ b: 1 })],
    ["a delete", (db) => db.deleteFrom("a")],
    ["a merge", (db) => db.mergeInto("a").using("b", "a.c", "b.c").whenMatched().thenDelete()],
    ["a change of schema", (db) => db.schema.dropTable("a")],
  ])("%s", async (_title, make) => {
    expect(await attempts(make)).toBe(1);
  });
});
