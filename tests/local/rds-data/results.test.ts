import { callsOn, text } from "./calls.ts";
import { startDataApi, type TestServer } from "./data-api-server.ts";

let server: TestServer;
const { record, failure, execute, batch } = callsOn(() => server);

beforeAll(async () => {
  server = await startDataApi();
  await server.provision();
});
afterAll(() => server.stop());

describe("result values", () => {
  it.each([
    ["1::int2", { longValue: 1 }],
    ["1::int4", { longValue: 1 }],
    ["1::int8", { longValue: 1 }],
    ["1.5::real", { doubleValue: 1.5 }],
    ["1.5::float8", { doubleValue: 1.5 }],
    ["'NaN'::float8", { doubleValue: Number.NaN }],
    ["true", { booleanValue: true }],
    ["'\\x01ff'::bytea", { blobValue: new Uint8Array([1, 255]) }],
    ["1.50::numeric", { stringValue: "1.50" }],
    ["'a'::varchar", { stringValue: "a" }],
    ["'{\"a\": 1}'::json", { stringValue: '{"a": 1}' }],
    ["'{\"a\":1}'::jsonb", { stringValue: '{"a": 1}' }],
    ["date '2024-02-29'", { stringValue: "2024-02-29" }],
    ["time '10:11:12'", { stringValue: "10:11:12" }],
    ["timestamp '2024-02-29 10:11:12.5'", { stringValue: "2024-02-29 10:11:12.500" }],
    ["timestamp '2024-02-29 10:11:12.12345'", { stringValue: "2024-02-29 10:11:12.123450" }],
    ["timestamptz '2024-02-29 10:11:12+02'", { stringValue: "2024-02-29 08:11:12" }],
    ["inet '10.0.0.1'", { stringValue: "10.0.0.1" }],
    ["cidr '10.0.0.0/8'", { stringValue: "10.0.0.0/8" }],
    ["26::oid", { stringValue: "26" }],
    ["null::int4", { isNull: true }],
    ["array[1,null,3]", { arrayValue: { longValues: [1, null, 3] } }],
    ["array[true]", { arrayValue: { booleanValues: [true] } }],
    ["array[1.5::float8]", { arrayValue: { doubleValues: [1.5] } }],
    [`array['a,b', 'c"d', 'NULL', null, '']`, { arrayValue: { stringValues: ["a,b", 'c"d', "NULL", null, ""] } }],
    ["array[1.50::numeric]", { arrayValue: { stringValues: ["1.50"] } }],
    ["'{}'::int4[]", { arrayValue: { longValues: [] } }],
    ["'[2:3]={5,6}'::int4[]", { arrayValue: { longValues: [5, 6] } }],
  ])("select %s", async (expression, field) => {
    expect(await record(`select ${expression}`)).toEqual([field]);
  });

  it("an enum is a string, alone and in an array", async () => {
    await execute("create type mood as enum ('sad', 'ok')");

    expect(await record("select 'ok'::mood, array['sad'::mood]")).toEqual([
      { stringValue: "ok" },
      { arrayValue: { stringValues: ["sad"] } },
    ]);
  });

  it("a timestamptz is in UTC whatever time zone the statement sets", async () => {
    const { begin, rollback } = callsOn(() => server);
    const transactionId = await begin();
    await execute("set local timezone = 'America/St_Johns'", [], { transactionId });

    const sql = "select timestamptz '2024-07-01 12:00:00.25Z'";

    expect(await record(sql, [], { transactionId })).toEqual([{ stringValue: "2024-07-01 12:00:00.250" }]);
    await rollback(transactionId);
  });

  it.each(["interval '1 day'", "timetz '10:00+01'", "1::money", "xml '<a/>'", "point(1,2)", "'pg_class'::regclass"])(
    "refuses %s by its type's name",
    async (expression) => {
      const error = await failure(`select ${expression}`);

      expect(error.name).toBe("UnsupportedResultException");
      expect(error.message).toMatch(/^The result contains the unsupported data type [A-Z]+\.$/);
    },
  );

  it("refuses arrays of more than one dimension", async () => {
    expect((await failure("select array[[1,2],[3,4]]")).name).toBe("UnsupportedResultException");
  });

  it("fails on a timestamp of infinity", async () => {
    const error = await failure("select 'infinity'::timestamptz");

    expect([error.name, error.$metadata.httpStatusCode]).toEqual(["InternalServerErrorException", 500]);
  });

  it("gives longs as strings and decimals as numbers when asked", async () => {
    const sql = "select 9007199254740993, 1.5::numeric, 2::numeric, array[9007199254740993]";
    const resultSetOptions = { longReturnType: "STRING", decimalReturnType: "DOUBLE_OR_LONG" } as const;

    expect(await record(sql, [], { resultSetOptions })).toEqual([
      { stringValue: "9007199254740993" },
      { doubleValue: 1.5 },
      { longValue: 2 },
      { arrayValue: { stringValues: ["9007199254740993"] } },
    ]);
  });

  it("ends at 1 MB of rows, and not a row earlier", async () => {
    const fits = await execute("select repeat('x', 1000000)");
    const error = await failure("select repeat('x', 1048577)");

    expect(fits.records).toHaveLength(1);
    expect([error.name, error.message]).toEqual([
      "UnsupportedResultException",
      "The result exceeds the size limit 1 MB.",
    ]);
  });
});

describe("column metadata", () => {
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

describe("formatRecordsAs JSON", () => {
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

describe("writes", () => {
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
