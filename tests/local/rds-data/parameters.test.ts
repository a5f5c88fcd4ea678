import { callsOn, long, nothing, text } from "./calls.ts";
import { startDataApi, TARGET, type TestServer } from "./data-api-server.ts";

let server: TestServer;
const { record, failure, execute } = callsOn(() => server);

beforeAll(async () => {
  server = await startDataApi();
  await server.provision();
});
afterAll(() => server.stop());

describe("parameter types (case 14)", () => {
  it.each([
    ["a string is text", { stringValue: "a" }, "text"],
    ["a long is int8", { longValue: 1 }, "bigint"],
    ["a double is float8", { doubleValue: 1.5 }, "double precision"],
    ["a boolean is bool", { booleanValue: true }, "boolean"],
    ["a blob is bytea", { blobValue: new Uint8Array([1]) }, "bytea"],
  ])("%s", async (_title, value, type) => {
    expect(await record("select pg_typeof(:p)::text", [{ name: "p", value }])).toEqual([{ stringValue: type }]);
  });

  it.each([
    ["UUID", "3f1c9d1e-8f5b-4c59-9d5e-3a4b2c1d0e9f", "uuid"],
    ["DATE", "2024-02-29", "date"],
    ["TIME", "23:59:59.5", "time without time zone"],
    ["TIMESTAMP", "2024-02-29 23:59:59.123", "timestamp without time zone"],
    ["DECIMAL", "12345678901234567890.123", "numeric"],
    ["JSON", '{"a":[1]}', "jsonb"],
  ] as const)("the hint %s makes a string %s into %s", async (hint, value, type) => {
    expect(await record("select pg_typeof(:p)::text", [text("p", value, hint)])).toEqual([{ stringValue: type }]);
  });

  it("refuses an ISO timestamp under the hint TIMESTAMP, in AWS's words", async () => {
    const error = await failure("select :p", [text("p", "2024-01-01T00:00:00Z", "TIMESTAMP")]);

    expect(error.message).toBe("Parse Error for TimeStamp: input contains invalid characters");
  });

  it.each([
    ["UUID", "3f1c9d1e", "UUID"],
    ["DATE", "29/02/2024", "Date"],
    ["TIME", "10 o'clock", "Time"],
    ["TIMESTAMP", "2024-02-29", "TimeStamp"],
    ["DECIMAL", "1,5", "Decimal"],
  ] as const)("refuses under the hint %s the string %s", async (hint, value, label) => {
    const error = await failure("select :p", [text("p", value, hint)]);

    expect([error.name, error.message]).toEqual([
      "BadRequestException",
      `Parse Error for ${label}: input contains invalid characters`,
    ]);
  });

  it("takes a hint for a string only", async () => {
    const error = await failure("select :p", [{ name: "p", value: { longValue: 1 }, typeHint: "DECIMAL" }]);

    expect(error.message).toBe("The type hint DECIMAL of parameter p needs a stringValue.");
  });

  it("lets null stand under a hint too", async () => {
    expect(await record("select :p::uuid", [{ ...nothing("p"), typeHint: "UUID" }])).toEqual([{ isNull: true }]);
  });

  it("keeps every digit of a double", async () => {
    const value = { doubleValue: 0.1 + 0.2 };

    expect(await record("select :p, :p::text", [{ name: "p", value }])).toEqual([
      value,
      { stringValue: "0.30000000000000004" },
    ]);
  });

  it("lets null stand for any type", async () => {
    await execute("create table nulls (a uuid, b int4, c jsonb, d timestamptz)");
    const nulls = ["a", "b", "c", "d"].map(nothing);

    const inserted = await record("insert into nulls values (:a, :b, :c, :d) returning *", nulls);

    expect(inserted).toEqual(Array(4).fill({ isNull: true }));
  });

  it("does not turn a string into the type of its column: a type error shows here as it does on AWS", async () => {
    await execute("create table typed (id uuid)");

    const error = await failure("insert into typed values (:id)", [text("id", crypto.randomUUID())]);

    expect(error.message).toContain("SQLState: 42804");
    expect((await failure("select 1 where :id = gen_random_uuid()", [text("id", "x")])).message).toContain("42883");
  });

  it("refuses arrays", async () => {
    const error = await failure("select :p", [{ name: "p", value: { arrayValue: { longValues: [1] } } }]);

    expect([error.name, error.message]).toEqual(["ValidationException", "Array parameters are not supported."]);
  });

  it("takes a long beyond 2^53 with every digit, when the client sends them", async () => {
    const { resourceArn, secretArn } = TARGET;
    const body = `{"resourceArn":"${resourceArn}","secretArn":"${secretArn}","sql":"select :p::text","parameters":[{"name":"p","value":{"longValue":9223372036854775807}}]}`;
    const answer = await fetch(`${server.endpoint}/Execute`, { method: "POST", body });

    expect(await answer.text()).toContain('"9223372036854775807"');
  });
});

describe("parameter names (case 14)", () => {
  it("are skipped in strings, quoted names, comments and casts", async () => {
    const sql = `select ':a' as ":b", 1::int4 /* :c */ -- :d\n, :e as e`;
    expect(await record(sql, [long("e", 5)])).toEqual([{ stringValue: ":a" }, { longValue: 1 }, { longValue: 5 }]);
  });

  it("may start with a digit and be used twice", async () => {
    expect(await record("select :1 || :1", [text("1", "ab")])).toEqual([{ stringValue: "abab" }]);
  });

  it("are case-sensitive, and one that no statement names does no harm", async () => {
    const parameters = [text("a", "lower"), text("A", "upper"), text("unused", "x")];

    expect(await record("select :a, :A", parameters)).toEqual([{ stringValue: "lower" }, { stringValue: "upper" }]);
  });

  it("are read inside an array slice, as on AWS", async () => {
    expect((await failure("select (array[1,2,3])[1:2]")).message).toBe("Cannot find parameter: 2");
  });

  it("fail loudly inside dollar quotes, which AWS does not know", async () => {
    const error = await failure("do $$ begin perform :a; end $$", [long("a", 1)]);

    expect(error.message).toContain("dollar-quoted");
  });

  it("must be given", async () => {
    const error = await failure("select :missing");

    expect([error.name, error.message]).toEqual(["BadRequestException", "Cannot find parameter: missing"]);
  });

  it("have no positional form: a raw $1 without a value is PostgreSQL's 08P01", async () => {
    expect((await failure("select $1::text")).message).toContain("SQLState: 08P01");
  });
});
