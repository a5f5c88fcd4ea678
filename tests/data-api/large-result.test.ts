import { type Kysely, sql } from "kysely";
import { DatabaseError, UnsupportedResultError } from "../../data-api/index.ts";
import { type Backend, failure, startBackend } from "./backend.ts";

const columnTypes = { wide: { n: "int4", x: "text" } };

let backend: Backend;
// biome-ignore lint/suspicious/noExplicitAny: the tables are made here
let db: Kysely<any>;

beforeAll(async () => {
  backend = await startBackend();
  db = backend.connect(columnTypes);
  await sql`create table wide as select n, repeat('x', 10000) as x from generate_series(1, 300) n`.execute(db);
  await sql`create sequence drawn`.execute(db);
  await sql`create table log (n int4)`.execute(db);
  await sql`create function wide_and_log() returns setof text language sql
    as ' insert into log values (1); select x from wide '`.execute(db);
});
beforeEach(() => {
  backend.calls.length = 0;
});
afterAll(() => backend.stop());

const numbers = Array.from({ length: 300 }, (_, index) => index + 1);

describe("a result larger than 1 MiB", () => {
  it("of a SELECT comes all the same, in chunks", async () => {
    const rows = await db.selectFrom("wide").selectAll().where("n", ">", 0).orderBy("n").execute();

    expect(rows.map(({ n }) => n)).toEqual(numbers);
    expect(rows.every(({ x }) => x.length === 10_000)).toBe(true);
    expect(backend.calls[0]).toBe("ExecuteStatement");
    expect([backend.calls[1], backend.calls.at(-1)]).toEqual(["BeginTransaction", "RollbackTransaction"]);
  });

  it("comes within a transaction, with what the transaction wrote", async () => {
    const rows = await db.transaction().execute(async (transaction) => {
      await transaction.updateTable("wide").set({ x: "short" }).where("n", "=", 7).execute();
      return transaction.selectFrom("wide").selectAll().orderBy("n").execute();
    });

    expect(rows.map(({ n }) => n)).toEqual(numbers);
    expect(rows[6]!.x).toBe("short");
  });

  it("of a SELECT that may write is not asked for twice, and the error says what helps", async () => {
    const draw = db.selectFrom("wide").select(["x", sql`nextval('drawn')`.as("drawn")]);
    const error = await failure(draw.execute());

    expect(error).toBeInstanceOf(UnsupportedResultError);
    expect(error.message).toContain(".stream()");
    expect(backend.calls).toEqual(["ExecuteStatement"]);
    const logged = failure(db.selectFrom(sql<{ x: string }>`wide_and_log()`.as("x")).selectAll().execute());
    expect(await logged).toBeInstanceOf(UnsupportedResultError);
    expect((await sql`select count(*) as n from log`.execute(db)).rows).toEqual([{ n: "1" }]);
  });

  it("of a write leaves it unknown whether it took effect", async () => {
    const write = db.updateTable("wide").set({ x: sql`x` }).returning("x");
    expect(await failure(write.execute())).toMatchObject({ name: "UnsupportedResultError", isEffectUnknown: true });
  });
});

describe("a stream", () => {
  it("takes fewer rows at a time than asked for, where they are wide", async () => {
    const seen: number[] = [];
    for await (const { n } of db.selectFrom("wide").selectAll().orderBy("n").stream(10_000)) seen.push(n);

    expect(seen).toEqual(numbers);
  });

  it("that locks can not go back for smaller chunks, and says so", async () => {
    const error = await failure(
      db.transaction().execute(async (transaction) => {
        for await (const _ of transaction.selectFrom("wide").selectAll().forUpdate().stream(300)) {
          // Nothing fits.
        }
      }),
    );
    expect(error.message).toContain("fewer rows");
    expect(error).toBeInstanceOf(UnsupportedResultError);
  });

  it("ends with an error for a row that no answer holds", async () => {
    const huge = db.selectFrom(sql<{ x: string }>`(select repeat('x', 1100000) as x)`.as("huge")).selectAll();
    const read = async () => {
      for await (const _ of huge.stream(10)) throw new Error("a row came");
    };
    expect(await failure(read())).toMatchObject({ name: "UnsupportedResultError" });
  });

  it("tells an error's position in the statement, not in the cursor's", async () => {
    const query = sql<{ a: number }>`(select nope)`.as("x");
    const read = async () => {
      for await (const _ of db.selectFrom(query).selectAll().stream()) throw new Error("a row came");
    };
    const error = await failure<DatabaseError>(read());
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error.position).toBe("select * from (select ".length + 1);
  });

  it("of what a write returns comes in one piece", async () => {
    const seen: number[] = [];
    for await (const { n } of db
      .insertInto("log")
      .values([{ n: 8 }, { n: 9 }])
      .returning("n")
      .stream(1))
      seen.push(n as number);
    expect(seen).toEqual([8, 9]);
  });

  it("ends its transaction when nobody reads on", async () => {
    for await (const _ of db.selectFrom("wide").select("n").stream(10)) break;
    expect(backend.calls.at(-1)).toBe("RollbackTransaction");
  });
});
