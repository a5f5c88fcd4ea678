/** What a result has beside its values: metadata, the JSON form, what a write tells. */

import { callsOn, text } from "./calls.ts";
import { startDataApi, type TestServer } from "./data-api-server.ts";

let server: TestServer;
const { record, failure, execute, batch } = callsOn(() => server);

beforeAll(async () => {
  server = await startDataApi();
  await server.provision();
});
afterAll(() => server.stop());

describe("column metadata (case 14)", () => {
  it("has fourteen fields per column, from the table where there is one", async () => {
    await execute("create table described (id serial primary key, name varchar(20), price numeric(10,2), tags text[])");

    const { columnMetadata } = await execute("select id, name as n, price, tags, 1 as one from described", [], {
      includeResultMetadata: true,
    });

    expect(columnMetadata?.map((column) => Object.keys(column).length)).toEqual([14, 14, 14, 14, 14]);
    expect(columnMetadata?.[0]).toEqual({
      arrayBaseColumnType: 0,
      isAutoIncrement: true,
      isCaseSensitive: false,
      isCurrency: false,
      isSigned: true,
      label: "id",
      name: "id",
      nullable: 0,
      precision: 10,
      scale: 0,
      schemaName: "",
      tableName: "described",
      type: 4,
      typeName: "serial",
    });
    expect(columnMetadata?.slice(1)).toMatchObject([
      { label: "n", typeName: "varchar", precision: 20, nullable: 1 },
      { typeName: "numeric", precision: 10, scale: 2 },
      { typeName: "_text", type: 2003, arrayBaseColumnType: 12 },
      { typeName: "int4", tableName: "", nullable: 2 },
    ]);
  });

  it("calls columns that count by themselves serial, of their size", async () => {
    await execute(
      "create table counting (a smallserial, b serial, c bigserial, d int4 generated always as identity, e int4)",
    );

    const { columnMetadata } = await execute("select * from counting", [], { includeResultMetadata: true });

    expect(columnMetadata?.map(({ typeName, isAutoIncrement }) => [typeName, isAutoIncrement])).toEqual([
      ["smallserial", true],
      ["serial", true],
      ["bigserial", true],
      ["serial", true],
      ["int4", false],
    ]);
  });

  it("is there only when asked for", async () => {
    expect((await execute("select 1")).columnMetadata).toBeUndefined();
  });

  it("is there for a result without rows", async () => {
    const { columnMetadata, records } = await execute("select 1 as a where false", [], { includeResultMetadata: true });

    expect([columnMetadata?.[0]?.label, records]).toEqual(["a", []]);
  });

  it("follows a change of the table", async () => {
    await execute("create table changing (a int4)");
    const select = () => execute("select a from changing", [], { includeResultMetadata: true });
    await select();
    await execute("alter table changing alter a set not null");

    expect((await select()).columnMetadata?.[0]?.nullable).toBe(0);
  });

  it("is absent for a statement without rows", async () => {
    const answer = await execute("create table silent (a int4)", [], { includeResultMetadata: true });

    expect(answer.columnMetadata).toBeUndefined();
    expect(answer.records).toBeUndefined();
  });
});

describe("formatRecordsAs JSON (case 14)", () => {
  it("gives one text with decimals as strings, blobs in base64 and longs with every digit", async () => {
    const sql = `select 9007199254740993 as l, 1.50 as d, '\\x01ff'::bytea as b, null as n, array[1,2] as a, true as t, '{"a": 1}'::jsonb as j`;

    const { formattedRecords, records, columnMetadata } = await execute(sql, [], {
      formatRecordsAs: "JSON",
      includeResultMetadata: true,
    });

    expect(formattedRecords).toBe(
      '[{"l":9007199254740993,"d":"1.50","b":"Af8=","n":null,"a":[1,2],"t":true,"j":"{\\"a\\": 1}"}]',
    );
    expect([records, columnMetadata]).toEqual([undefined, undefined]);
  });

  it("refuses two columns of one label, and statements that are no SELECT", async () => {
    const options = { formatRecordsAs: "JSON" } as const;
    await execute("create table plain (a int4)");

    expect((await failure("select 1 as a, 2 as a", [], options)).message).toContain('"a"');
    expect((await failure("insert into plain values (1) returning a", [], options)).name).toBe("BadRequestException");
  });
});

describe("formatRecordsAs JSON, as to size (case 14)", () => {
  const options = { formatRecordsAs: "JSON" } as const;

  it("goes beyond 1 MB, with every row", async () => {
    const { formattedRecords } = await execute("select 1 as a from generate_series(1, 200000)", [], options);

    expect(formattedRecords).toHaveLength(200_000 * '{"a":1},'.length + 1);
  });

  it.each(["select repeat('x', 10485760) as a", "select repeat('x', 1000000) from generate_series(1, 20)"])(
    "ends at 10 MB: %s",
    async (sql) => {
      const error = await failure(sql, [], options);

      expect([error.name, error.message]).toEqual([
        "UnsupportedResultException",
        "The formatted result exceeds the size limit 10 MB.",
      ]);
    },
  );
});

describe("writes (case 14)", () => {
  it("tell the number of rows and an empty list of generated fields", async () => {
    await execute("create table written (id serial, name text)");

    const insert = await execute("insert into written (name) values ('a'), ('b')");
    const returning = await execute("update written set name = 'c' returning id");

    expect(insert).toMatchObject({ numberOfRecordsUpdated: 2, generatedFields: [] });
    expect(returning).toMatchObject({ numberOfRecordsUpdated: 2, generatedFields: [], records: [[{}], [{}]] });
  });

  it("in a batch give one empty result per set, and drop what RETURNING returns", async () => {
    await execute("create table batched (name text, note text)");
    const sets = [
      [text("name", "a"), text("note", "x")],
      [text("name", "b"), { name: "note", value: { isNull: true } }],
    ];

    const { updateResults } = await batch("insert into batched values (:name, :note) returning name", sets);

    expect(updateResults).toEqual([{ generatedFields: [] }, { generatedFields: [] }]);
    expect((await execute("select note from batched order by name")).records).toEqual([
      [{ stringValue: "x" }],
      [{ isNull: true }],
    ]);
  });

  it("in a batch with no sets are one statement without parameters", async () => {
    await execute("create table once (a int4)");

    const { updateResults } = await batch("insert into once values (1)");

    expect(updateResults).toEqual([{ generatedFields: [] }]);
    expect(await record("select count(*) from once")).toEqual([{ longValue: 1 }]);
  });

  it("in a batch are all undone when one fails", async () => {
    await execute("create table positive (a int8 check (a > 0))");
    const sets = [1, -1, 2].map((longValue) => [{ name: "a", value: { longValue } }]);

    await expect(batch("insert into positive values (:a)", sets)).rejects.toThrow("SQLState: 23514");
    expect(await record("select count(*) from positive")).toEqual([{ longValue: 0 }]);
  });

  it("in a batch may mix the types of a parameter", async () => {
    await execute("create table mixed (value text)");
    const sets = [[text("v", "a")], [{ name: "v", value: { isNull: true } }], [{ name: "v", value: { longValue: 2 } }]];

    await batch("insert into mixed values (:v || '!')", sets);

    expect((await execute("select value from mixed order by value")).records).toEqual([
      [{ stringValue: "2!" }],
      [{ stringValue: "a!" }],
      [{ isNull: true }],
    ]);
  });
});
