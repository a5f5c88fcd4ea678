import { callsOn } from "./calls.ts";
import { startDataApi, type TestServer } from "./data-api-server.ts";

let server: TestServer;
const { record, failure, execute, raw } = callsOn(() => server);

beforeAll(async () => {
  server = await startDataApi();
  await server.provision();
});
afterAll(() => server.stop());

describe("result values (case 14)", () => {
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
    ["'a'::name", { stringValue: "a" }],
    ["'a'::char(3)", { stringValue: "a  " }],
    ["gen_random_uuid() is not null", { booleanValue: true }],
    ["'3f1c9d1e-8f5b-4c59-9d5e-3a4b2c1d0e9f'::uuid", { stringValue: "3f1c9d1e-8f5b-4c59-9d5e-3a4b2c1d0e9f" }],
    ["timestamp '2024-02-29 10:11:12'", { stringValue: "2024-02-29 10:11:12" }],
    ["timestamp '2024-02-29 10:11:12.123456'", { stringValue: "2024-02-29 10:11:12.123456" }],
    ["time '10:11:12.1'", { stringValue: "10:11:12.100" }],
    ["date '0044-03-15 BC'", { stringValue: "0044-03-15 BC" }],
    ["12345678901234567890.5", { stringValue: "12345678901234567890.5" }],
    ["'Infinity'::float8", { doubleValue: Number.POSITIVE_INFINITY }],
    ["array[date '2024-02-29', null]", { arrayValue: { stringValues: ["2024-02-29", null] } }],
    ["array[timestamptz '2024-02-29 10:11:12.5+02']", { arrayValue: { stringValues: ["2024-02-29 08:11:12.500"] } }],
    ["array['{\"a\": 1}'::jsonb]", { arrayValue: { stringValues: ['{"a": 1}'] } }],
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

  it("a domain is what it is based on, alone and in an array, also at second hand", async () => {
    await execute("create domain percentage as int4 check (value between 0 and 100)");
    await execute("create domain half as percentage check (value <= 50)");
    await execute("create type ranks as enum ('low', 'high')");
    await execute("create domain rank as ranks");
    const arrays =
      "array[1::percentage, null], array[2::half], array['low'::rank], array['ab'::information_schema.sql_identifier]";

    expect(await record(`select 1::percentage, 2::half, 'low'::rank, ${arrays}`)).toEqual([
      { longValue: 1 },
      { longValue: 2 },
      { stringValue: "low" },
      { arrayValue: { longValues: [1, null] } },
      { arrayValue: { longValues: [2] } },
      { arrayValue: { stringValues: ["low"] } },
      { arrayValue: { stringValues: ["ab"] } },
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

  it.each([
    ["interval '1 day'", "INTERVAL"],
    ["timetz '10:00+01'", "TIMETZ"],
    ["'a'::\"char\"", "CHAR"],
    ["'pg_class'::regclass", "REGCLASS"],
    ["'int4'::regtype", "REGTYPE"],
    ["xml '<a/>'", "XML"],
    ["1::money", "MONEY"],
    ["point(1,2)", "POINT"],
    ["box '(1,1),(0,0)'", "BOX"],
    ["circle '<(0,0),1>'", "CIRCLE"],
    ["row(1, 2)", "RECORD"],
    ["array[interval '1 day']", "INTERVAL"],
    ["array['\\x01'::bytea]", "_BYTEA"],
  ])("refuses %s by its type's name", async (expression, name) => {
    const error = await failure(`select ${expression}`);

    expect([error.name, error.$metadata.httpStatusCode, error.message]).toEqual([
      "UnsupportedResultException",
      400,
      `The result contains the unsupported data type ${name}.`,
    ]);
  });

  it("refuses arrays of more than one dimension", async () => {
    const error = await failure("select array[[1,2],[3,4]]");

    expect([error.name, error.message]).toEqual([
      "UnsupportedResultException",
      "The result contains a multidimensional array.",
    ]);
  });

  it.each(["'infinity'::timestamptz", "'-infinity'::timestamp", "'infinity'::date", "array['infinity'::date]"])(
    "fails on %s",
    async (expression) => {
      const error = await failure(`select ${expression}`);

      expect([error.name, error.$metadata.httpStatusCode, error.message]).toEqual([
        "InternalServerErrorException",
        500,
        "InternalFailure",
      ]);
    },
  );

  it("has every digit of a bigint on the wire, of which the SDK rounds those beyond 2^53", async () => {
    const sql = "select 9223372036854775807, array[-9223372036854775808]";
    const { text } = await raw("/Execute", { sql });

    expect(text).toContain('[{"longValue":9223372036854775807},{"arrayValue":{"longValues":[-9223372036854775808]}}]');
    expect((await record(sql))[0]).toEqual({ longValue: 2 ** 63 });
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

  it("may have rows far beyond 64 KB", async () => {
    expect((await record("select repeat('x', 500000)"))[0]!.stringValue).toHaveLength(500_000);
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
