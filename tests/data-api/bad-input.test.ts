import { type Kysely, sql } from "kysely";
import {
  DataApiDialect,
  type DataApiDialectConfig,
  describeDatabase,
  insertMany,
  ParameterError,
} from "../../data-api/index.ts";
import { TARGET } from "../local/rds-data/data-api-server.ts";
import { type Backend, connectTo, failure, startBackend } from "./backend.ts";

const columnTypes = {
  item: { id: "int4", day: "date", at: "timestamptz", meta: "jsonb", tags: "text[]", home: "address{}" },
};

let backend: Backend;
// biome-ignore lint/suspicious/noExplicitAny: the tables are made here
let db: Kysely<any>;

beforeAll(async () => {
  backend = await startBackend();
  db = backend.connect(columnTypes);
  await sql`create type address as (street text)`.execute(db);
  await sql`create table item (id int4, day date, at timestamptz, meta jsonb, tags text[], home address)`.execute(db);
});
afterAll(() => backend.stop());

describe("a configuration", () => {
  it.each<[unknown, string]>([
    [undefined, "DataApiDialect needs `resourceArn`, an ARN."],
    [{}, "DataApiDialect needs `resourceArn`, an ARN."],
    [{ ...TARGET, secretArn: "my-secret" }, "DataApiDialect needs `secretArn`, an ARN."],
    [{ ...TARGET, secretArn: 5 }, "DataApiDialect needs `secretArn`, an ARN."],
    [
      { ...TARGET, statementTimeoutMs: -1 },
      "DataApiDialect's `statementTimeoutMs` is a number of milliseconds above 0, not -1.",
    ],
    [{ ...TARGET, timeoutMs: "60s" }, "DataApiDialect's `timeoutMs` is a number of milliseconds above 0, not 60s."],
  ])("%j is refused: %s", (config, message) => {
    expect(() => new DataApiDialect(config as DataApiDialectConfig)).toThrow(new TypeError(message));
  });

  it("with an endpoint that is none, or that knows nothing of the cluster, the secret or the database, says which", async () => {
    const ask = async (more: Partial<DataApiDialectConfig>) =>
      (await failure(backend.connect(columnTypes, more).selectFrom("item").selectAll().execute())).message;
    expect(await ask({ endpoint: "nowhere", transport: undefined })).toBe("The Data API's endpoint is no URL: nowhere");
    expect(await ask({ resourceArn: `${TARGET.resourceArn}s` })).toContain(`${TARGET.resourceArn}s is not found`);
    expect(await ask({ secretArn: `${TARGET.secretArn}s` })).toContain(
      `The secret ${TARGET.secretArn}s can not be read`,
    );
    expect(await ask({ database: "nope" })).toBe('database "nope" does not exist');
  });
});

describe("a value", () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;

  it.each<[string, unknown, string]>([
    ["meta", circular, "item.meta (jsonb) takes what JSON can hold, not a Object."],
    ["home", circular, "item.home (address{}) takes what JSON can hold, not a Object."],
    ["home", ["x"], "item.home (address{}) takes an object, not an array."],
    ["tags", ["a", 1], "An element of item.tags (text) takes a string, not the number 1."],
    ["tags", { 0: "a" }, "item.tags (text[]) takes an array, not a Object."],
    ["id", Number.NaN, "item.id (int4) takes an integer, not the number NaN."],
    ["id", "0x10", "item.id (int4) takes an integer, not a string."],
    ["id", "", "item.id (int4) takes an integer, not a string."],
  ])("that %s does not take is refused by its name, in a single insert and in many", (column, value, message) => {
    const sent = () =>
      db
        .insertInto("item")
        .values({ [column]: value })
        .compile();
    expect(sent).toThrow(new ParameterError(message));
    return expect(insertMany(db, "item", [{ [column]: value }])).rejects.toThrow(new ParameterError(message));
  });

  it("that PostgreSQL refuses is an error of its own", async () => {
    const insert = (row: object) => failure(db.insertInto("item").values(row).execute());
    expect(await insert({ id: 2 ** 31 })).toMatchObject({ sqlState: "22003" });
    expect(await insert({ day: "2024-02-30" })).toMatchObject({ sqlState: "22008" });
    expect(await insert({ meta: "{" })).toMatchObject({ sqlState: "22P02" });
    expect(await insert({ meta: { a: "\0" } })).toMatchObject({ sqlState: "22P05" });
    expect(await failure(insertMany(db, "item", [{ meta: { a: "\0" } }]))).toMatchObject({ sqlState: "22P05" });
  });

  it("that no error shows: a string may be a secret", async () => {
    const message = (await failure(insertMany(db, "item", [{ id: "hunter2" }]))).message;
    expect(message).not.toContain("hunter2");
  });
});

describe("what is no array of rows", () => {
  it.each([[{ id: 1 }], [[null]], [["x"]], ["rows"], [undefined]])("%j is refused by insertMany", async (rows) => {
    const error = await failure(insertMany(db, "item", rows as never));
    expect(error.message).toBe("insertMany takes an array of rows for item, each an object.");
  });

  it("or has a row without a value, is refused with what to use instead", async () => {
    expect((await failure(insertMany(db, "item", [{}]))).message).toContain("empty rows to insertInto");
  });
});

describe("names that every object has", () => {
  it("are tables, columns, types and labels like any other", async () => {
    await sql`create type constructor as enum ('a')`.execute(db);
    await sql`create table "toString" (id int4, constructor constructor, "__proto__" int4, "valueOf" text[])`.execute(
      db,
    );
    const row1: object = { id: 1, valueOf: ["x"] };
    await db
      .insertInto("toString")
      .values(row1 as never)
      .execute();
    await sql`update "toString" set constructor = 'a', "__proto__" = 2`.execute(db);

    const [row] = (await sql<Record<string, unknown>>`select * from "toString"`.execute(db)).rows;
    expect(Object.entries(row!)).toEqual([
      ["id", 1],
      ["constructor", "a"],
      ["__proto__", 2],
      ["valueOf", ["x"]],
    ]);
    expect((await failure(insertMany(db, "toString", [{ id: 1 }]))).message).toContain("needs the type of toString.id");
    expect(await db.selectFrom("toString").selectAll().where("constructor", "=", sql`'a'`).execute()).toHaveLength(1);
  });
});

describe("an answer of AWS that tells nothing", () => {
  it("of infinity says what helps", async () => {
    await db.insertInto("item").values({ id: 7, at: "infinity" }).execute();
    const error = await failure(db.selectFrom("item").select("at").where("id", "=", 7).execute());
    expect(error.message).toContain('is a date or time "infinity" in the result? Select it as text');
    expect((await sql`select at::text from item where id = 7`.execute(db)).rows).toEqual([{ at: "infinity" }]);
  });

  it("without metadata, or without anything, is no row", async () => {
    const answers = [{}, { records: [] }, { records: [[{ longValue: 1 }]] }];
    for (const answer of answers) {
      const rows = connectTo(async () => answer)
        .selectFrom("a")
        .selectAll()
        .execute();
      expect(await rows).toEqual([]);
    }
  });
});

describe("a stream", () => {
  it.each([0, -5, Number.NaN])("of chunks of %d rows is refused", async (chunkSize) => {
    const read = async () => {
      for await (const _ of db.selectFrom("item").selectAll().stream(chunkSize)) throw new Error("a row came");
    };
    expect((await failure(read())).message).toBe(`A stream's chunks have one row or more, not ${chunkSize}.`);
  });
});

describe("describeDatabase", () => {
  it("needs a schema", async () => {
    await expect(describeDatabase(db, { schemas: [] })).rejects.toThrow("describeDatabase needs the name of a schema.");
  });
});
