import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ExecuteStatementCommand } from "@aws-sdk/client-rds-data";
import { callsOn, summary, text } from "./calls.ts";
import { CLUSTER_ARN, MASTER_SECRET, startDataApi, TARGET, type TestServer } from "./data-api-server.ts";

let server: TestServer;
const { record, failure, execute, raw, begin, rollback } = callsOn(() => server);

beforeAll(async () => {
  server = await startDataApi();
  await server.provision();
});
afterAll(() => server.stop());
afterEach(() => server.denied.clear());

describe("a statement that PostgreSQL refuses (case 14)", () => {
  it("tells message, hint, position and SQLState in one line", async () => {
    expect(summary(await failure("select lenght('a')"))).toEqual([
      "DatabaseErrorException",
      400,
      "ERROR: function lenght(unknown) does not exist; Hint: No function matches the given name and argument types. " +
        "You might need to add explicit type casts.; Position: 8; SQLState: 42883",
    ]);
  });

  it("tells the detail of a violated constraint", async () => {
    await execute("create table once (id int4 primary key)");
    await execute("insert into once values (1)");

    expect((await failure("insert into once values (1)")).message).toBe(
      'ERROR: duplicate key value violates unique constraint "once_pkey"; Detail: Key (id)=(1) already exists.; SQLState: 23505',
    );
  });

  it("does not disturb the next one on the connection", async () => {
    await failure("select 1/0");

    expect(await record("select 1")).toEqual([{ longValue: 1 }]);
  });
});

describe("a call that is refused (case 14)", () => {
  it("has two statements", async () => {
    expect(summary(await failure("select 1; select 2"))).toEqual([
      "BadRequestException",
      400,
      "Multistatements aren't supported.",
    ]);
  });

  it("names a schema", async () => {
    expect((await failure("select 1", [], { schema: "public" })).name).toBe("ValidationException");
  });

  it("has a statement longer than 65536 characters", async () => {
    expect((await failure(`select '${"x".repeat(65_530)}'`)).name).toBe("ValidationException");
  });

  it("is larger than 4 MB", async () => {
    const error = await failure("select length(:p)", [text("p", "x".repeat(4 * 1024 * 1024))]);

    expect(error.message).toBe("The request exceeds the size limit 4 MB.");
  });

  it("names no cluster of this cloud", async () => {
    const error = await failure("select 1", [], { resourceArn: `${CLUSTER_ARN}-other` });

    expect([error.name, error.$metadata.httpStatusCode]).toEqual(["DatabaseNotFoundException", 404]);
  });

  it("goes to a cluster whose Data API is off", async () => {
    await server.provision({ enableHttpEndpoint: false });
    const error = await failure("select 1");
    await server.provision({ enableHttpEndpoint: true });

    expect(error.name).toBe("HttpEndpointNotEnabledException");
  });

  it("names a secret that does not exist, is no JSON, or holds a wrong password", async () => {
    const secretArn = `${MASTER_SECRET}-x`;
    const missing = await failure("select 1", [], { secretArn });
    server.secrets.set(secretArn, "hunter2 is my password");
    const malformed = await failure("select 1", [], { secretArn });
    server.secrets.set(secretArn, JSON.stringify({ username: "terrace", password: "wrong" }));
    const wrong = await failure("select 1", [], { secretArn });

    expect([missing.name, malformed.name, wrong.name]).toEqual([
      "SecretsErrorException",
      "InvalidSecretException",
      "DatabaseErrorException",
    ]);
    expect(malformed.message).not.toContain("hunter2");
    expect(wrong.message).toContain("SQLState: 28P01");
  });

  it("comes from somebody who may not make it, or not read the secret", async () => {
    server.denied.add("rds-data:ExecuteStatement");
    const call = await failure("select 1");
    server.denied.clear();
    server.denied.add("secretsmanager:GetSecretValue");
    const secret = await failure("select 1");

    expect([call.name, call.$metadata.httpStatusCode]).toEqual(["AccessDeniedException", 403]);
    expect([secret.name, secret.message]).toEqual([
      "AccessDeniedException",
      expect.stringContaining("secretsmanager:GetSecretValue"),
    ]);
  });

  it("is judged by its own action on the cluster", async () => {
    server.asked.length = 0;
    await record("select 1");

    expect(server.asked).toEqual([{ action: "rds-data:ExecuteStatement", resource: CLUSTER_ARN }]);
  });

  it.each([
    ["is no JSON", "/Execute", "{", "SerializationException", "not JSON"],
    ["is no object", "/Execute", "[]", "SerializationException", "not a JSON object"],
    ["has no cluster", "/Execute", { resourceArn: undefined, sql: "select 1" }, "ValidationException", "'resourceArn'"],
    ["has no secret", "/BeginTransaction", { secretArn: "" }, "ValidationException", "'secretArn'"],
    [
      "has no statement",
      "/Execute",
      {},
      "ValidationException",
      "'sql' failed to satisfy constraint: Member must not be",
    ],
    ["has a statement that is no text", "/BatchExecute", { sql: 5 }, "SerializationException", "'sql'"],
    ["names no transaction to end", "/CommitTransaction", {}, "ValidationException", "'transactionId'"],
    ["has a broken database", "/Execute", { sql: "select 1", database: 5 }, "SerializationException", "'database'"],
    ["has a broken flag", "/Execute", { sql: "x", continueAfterTimeout: 1 }, "SerializationException", "a boolean"],
    [
      "asks for another format",
      "/Execute",
      { sql: "x", formatRecordsAs: "CSV" },
      "ValidationException",
      "[NONE, JSON]",
    ],
    [
      "asks for other longs",
      "/Execute",
      { sql: "x", resultSetOptions: { longReturnType: "HEX" } },
      "ValidationException",
      "'resultSetOptions.longReturnType'",
    ],
    ["has parameters that are no list", "/Execute", { sql: "x", parameters: {} }, "SerializationException", "a list"],
    ["has an empty parameter", "/Execute", { sql: "x", parameters: [null] }, "SerializationException", "parameters.1"],
    [
      "has a parameter set that is no list",
      "/BatchExecute",
      { sql: "x", parameterSets: [{}] },
      "SerializationException",
      "'parameterSets.1.member'",
    ],
  ])("%s", async (_title, path, body, type, message) => {
    const answer = await raw(path, body as object | string);

    expect([answer.status, answer.type]).toEqual([400, type]);
    expect(JSON.parse(answer.text).message).toContain(message);
  });

  it.each([
    [{ value: 5 }, "an object"],
    [{ value: { stringValue: 5 } }, "'parameters.1.member.value.stringValue' is not a string"],
    [{ value: { longValue: "5" } }, "a 64-bit integer"],
    [{ value: { longValue: 1.5 } }, "a 64-bit integer"],
    [{ value: { doubleValue: "1" } }, "a number"],
    [{ value: { booleanValue: "true" } }, "a boolean"],
    [{ value: { blobValue: [1] } }, "bytes in base64"],
    [{ value: { isNull: "yes" } }, "a boolean"],
    [{ value: { stringValue: "a" }, typeHint: "BIGINT" }, "[JSON, UUID, TIMESTAMP, DATE, TIME, DECIMAL]"],
    [{ name: 5, value: { isNull: true } }, "'parameters.1.member.name' is not a string"],
  ])("has the parameter %j", async (parameter, message) => {
    const answer = await raw("/Execute", { sql: "select :p", parameters: [{ name: "p", ...parameter }] });

    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).message).toContain(message);
  });

  it("has a long of more than 64 bits", async () => {
    const { resourceArn, secretArn } = TARGET;
    const parameters = '[{"name":"p","value":{"longValue":9223372036854775808}}]';
    const body = `{"resourceArn":"${resourceArn}","secretArn":"${secretArn}","sql":"select :p","parameters":${parameters}}`;

    expect((await raw("/Execute", body)).type).toBe("SerializationException");
  });
});

it("an error is told by its type in a header and its message in the body", async () => {
  const { status, type, text } = await raw("/Execute", { sql: "select 1; select 2" });

  expect([status, type, JSON.parse(text)]).toEqual([
    400,
    "BadRequestException",
    { message: "Multistatements aren't supported." },
  ]);
});

describe("a database that is not there (case 14)", () => {
  it("is 3D000 where the call names one that was not made", async () => {
    expect(summary(await failure("select 1", [], { database: "elsewhere" }))).toEqual([
      "DatabaseErrorException",
      400,
      'FATAL: database "elsewhere" does not exist; SQLState: 3D000',
    ]);
  });

  it("is DatabaseUnavailable where its server does not start", async () => {
    const arn = `${CLUSTER_ARN}-broken`;
    // A folder where the server's password would be kept.
    mkdirSync(join(server.directory, "rds", "orders-broken", "superuser"), { recursive: true });
    const secret = server.secrets.get(MASTER_SECRET)!;
    await server.provision({}, arn);
    // Both clusters of this test name the same one.
    server.secrets.set(MASTER_SECRET, secret);
    const error = await failure("select 1", [], { resourceArn: arn });

    expect([error.name, error.$metadata.httpStatusCode]).toEqual(["DatabaseUnavailableException", 504]);
    expect(server.log.at(-1)).toContain("orders-broken");
  });

  it("ends only the call whose session it closes", async () => {
    const closed = await failure("select pg_terminate_backend(pg_backend_pid())");

    expect(closed.message).toBe("FATAL: terminating connection due to administrator command; SQLState: 57P01");
    expect(await record("select 1")).toEqual([{ longValue: 1 }]);
  });
});

it("a server whose connections all hold transactions is ServiceUnavailable, until one of them ends", async () => {
  const open = await Promise.all(Array.from({ length: 100 }, begin));
  const error = await failure("select 1");
  await rollback(open.pop()!);
  const after = await record("select 1");
  await Promise.all(open.map(rollback));

  expect([error.name, error.$metadata.httpStatusCode]).toEqual(["ServiceUnavailableError", 503]);
  expect(after).toEqual([{ longValue: 1 }]);
});

it("answers through the SDK's client what the wire says", async () => {
  const command = new ExecuteStatementCommand({ ...TARGET, sql: "select 1 as one", includeResultMetadata: true });
  expect((await server.client.send(command)).columnMetadata?.[0]?.label).toBe("one");
});
