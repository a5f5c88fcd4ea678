import { type Kysely, sql } from "kysely";
import { DatabaseError, UnsupportedResultError } from "../../data-api/index.ts";
import { sdkTransport } from "../../data-api/transport/sdk-transport.ts";
import { type Backend, startBackend } from "./backend.ts";

const columnTypes = {
  everything: {
    id: "uuid",
    small: "int2",
    whole: "int4",
    large: "int8",
    single: "float4",
    double: "float8",
    exact: "numeric",
    flag: "bool",
    words: "text",
    short: "varchar",
    bytes: "bytea",
    document: "jsonb",
    plain: "json",
    day: "date",
    clock: "time",
    local: "timestamp",
    instant: "timestamptz",
    span: "interval",
    address: "inet",
    mood: "mood",
    list: "int4[]",
    names: "text[]",
    ids: "uuid[]",
    instants: "timestamptz[]",
  },
};

const row = {
  id: "3f1c9d1e-8f5b-4c59-9d5e-3a4b2c1d0e9f",
  small: -32768,
  whole: 2147483647,
  large: "9223372036854775807",
  single: 0.5,
  double: Number.MAX_VALUE,
  exact: "12345678901234567890.123456789",
  flag: false,
  words: `quotes ' " \\ :1 $1 $$ ünï 🏡`,
  short: "",
  bytes: Buffer.from([0, 1, 255]),
  document: { a: [1, { b: null }], c: "ü" },
  plain: [1, "x"],
  day: "0044-03-15",
  clock: "23:59:59.123456",
  local: "2024-03-31 02:30:00.123456",
  instant: new Date("2024-10-27T01:30:00.123Z"),
  span: "1 day 02:00:00",
  address: "2001:db8::/32",
  mood: "it's ok",
  list: [1, null, -3],
  names: ["a,b", 'c"d\\', "NULL", "", null, "{}"],
  ids: ["3f1c9d1e-8f5b-4c59-9d5e-3a4b2c1d0e9f"],
  instants: [new Date(0), new Date("9999-12-31T23:59:59.999Z")],
};

let backend: Backend;
// biome-ignore lint/suspicious/noExplicitAny: the table is made here
let db: Kysely<any>;

beforeAll(async () => {
  backend = await startBackend();
  db = backend.connect(columnTypes);
  await sql`create type mood as enum ('sad', 'it''s ok')`.execute(db);
  const columns = Object.entries(columnTypes.everything).map(([name, type]) => sql`${sql.id(name)} ${sql.raw(type)}`);
  await sql`create table everything (${sql.join(columns)})`.execute(db);
});
afterAll(() => backend.stop());

describe("every type", () => {
  it.each(Object.keys(row))("%s comes back as it was written, and finds its row again", async (column) => {
    const value = row[column as keyof typeof row];
    await db.deleteFrom("everything").execute();
    await db
      .insertInto("everything")
      .values({ [column]: value })
      .execute();

    const read = await db.selectFrom("everything").select(column).executeTakeFirst();

    expect(read).toEqual({ [column]: value });
    // json has no equality, and kysely takes an array on the right for a list.
    if (column === "plain" || Array.isArray(value)) return;
    const found = await db.selectFrom("everything").select(column).where(column, "=", value).execute();
    expect(found).toHaveLength(1);
  });

  it("comes through the SDK's client as through the own transport", async () => {
    await db.deleteFrom("everything").execute();
    const viaSdk = backend.connect(columnTypes, { transport: sdkTransport(backend.server.client) });

    await viaSdk.insertInto("everything").values(row).execute();

    const query = (from: typeof db) => from.selectFrom("everything").select(Object.keys(row)).execute();
    expect(await query(viaSdk)).toEqual([row]);
    expect(await query(db)).toEqual([row]);
  });

  it("takes null", async () => {
    await db.deleteFrom("everything").execute();
    const nulls = Object.fromEntries(Object.keys(columnTypes.everything).map((column) => [column, null]));
    await db.insertInto("everything").values(nulls).execute();

    expect(await db.selectFrom("everything").select(Object.keys(row)).executeTakeFirst()).toEqual(
      Object.fromEntries(Object.keys(row).map((column) => [column, null])),
    );
  });

  it("keeps dates outside the four-digit years", async () => {
    await db.deleteFrom("everything").execute();
    const instants = [new Date("-000043-03-15T12:00:00Z"), new Date("+012345-01-01T00:00:00Z")];
    await db
      .insertInto("everything")
      .values(instants.map((instant) => ({ instant })))
      .execute();

    const rows = await db.selectFrom("everything").select("instant").orderBy("instant").execute();

    expect(rows.map(({ instant }) => instant)).toEqual(instants);
  });

  it("has parsers of one's own", async () => {
    await db.deleteFrom("everything").execute();
    await db
      .insertInto("everything")
      .values({ large: 7n, instant: new Date(0) })
      .execute();
    const custom = backend.connect(columnTypes, { parsers: { int8: BigInt, timestamptz: String } });

    expect(await custom.selectFrom("everything").select(["large", "instant"]).execute()).toEqual([
      { large: 7n, instant: "1970-01-01 00:00:00" },
    ]);
  });
});

describe("the driver", () => {
  it("counts the rows that a write changed", async () => {
    await db.deleteFrom("everything").execute();
    const insert = await db
      .insertInto("everything")
      .values([{ whole: 1 }, { whole: 2 }])
      .executeTakeFirst();
    const update = await db.updateTable("everything").set({ flag: true }).where("whole", "=", 1).executeTakeFirst();
    const remove = await db.deleteFrom("everything").executeTakeFirst();

    expect([insert.numInsertedOrUpdatedRows, update.numUpdatedRows, remove.numDeletedRows]).toEqual([2n, 1n, 2n]);
  });

  it.each(["read committed", "repeatable read", "serializable"] as const)("begins at %s", async (level) => {
    const shown = await db
      .transaction()
      .setIsolationLevel(level)
      .execute((transaction) =>
        sql<{ level: string }>`select current_setting('transaction_isolation') as level`.execute(transaction),
      );

    expect(shown.rows).toEqual([{ level }]);
  });

  it("rolls back to a savepoint and commits the rest", async () => {
    await db.deleteFrom("everything").execute();
    const transaction = await db.startTransaction().execute();
    await transaction.insertInto("everything").values({ whole: 1 }).execute();
    const after = await transaction.savepoint("odd name").execute();
    await after.insertInto("everything").values({ whole: 2 }).execute();
    await after.rollbackToSavepoint("odd name").execute();
    await transaction.commit().execute();

    expect(await db.selectFrom("everything").select("whole").execute()).toEqual([{ whole: 1 }]);
  });

  it("streams a result larger than the Data API's 1 MiB", async () => {
    const wide = sql<{ n: number; x: string }>`select n, repeat('x', 10000) as x from generate_series(1, ${300}) n`;
    await sql`create view wide as ${sql.raw("select n, repeat('x', 10000) as x from generate_series(1, 300) n")}`.execute(
      db,
    );
    await expect(wide.execute(db)).rejects.toBeInstanceOf(UnsupportedResultError);

    const seen: number[] = [];
    for await (const { n } of db.selectFrom("wide").selectAll().where("n", ">", 0).stream(70)) seen.push(n);

    expect(seen).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
  });

  it("tells a refused statement's SQLState, constraint, detail and position", async () => {
    await sql`create table once (id int4 primary key)`.execute(db);
    const insert = () => db.insertInto("once").values({ id: 1 }).execute();
    await insert();
    const violation = await insert().catch((thrown) => thrown);
    const syntax = await sql`selec 1`.execute(db).catch((thrown) => thrown);

    expect(violation).toBeInstanceOf(DatabaseError);
    expect(violation).toMatchObject({
      sqlState: "23505",
      constraint: "once_pkey",
      detail: "Key (id)=(1) already exists.",
      message: 'duplicate key value violates unique constraint "once_pkey"',
    });
    expect(syntax).toMatchObject({ sqlState: "42601", position: 1 });
    expect(violation.stack).toContain("round-trip.test.ts");
  });

  it("introspects tables, columns and types", async () => {
    await sql`create table inspected (id serial primary key, note text not null default 'x', tags text[])`.execute(db);
    const table = (await db.introspection.getTables()).find(({ name }) => name === "inspected");

    expect(table).toMatchObject({ schema: "public", isView: false });
    expect(table?.columns).toMatchObject([
      { name: "id", dataType: "int4", isAutoIncrementing: true, isNullable: false, hasDefaultValue: true },
      { name: "note", dataType: "text", isNullable: false, hasDefaultValue: true },
      { name: "tags", dataType: "_text", isNullable: true, hasDefaultValue: false },
    ]);
  });

  it("stops waiting when the caller aborts", async () => {
    const controller = new AbortController();
    const call = sql`select pg_sleep(600)`.execute(db, { signal: controller.signal }).catch((thrown) => thrown);
    controller.abort(new Error("enough"));

    expect((await call).message).toMatch(/enough|abort/i);
  });
});
