import { ExecuteStatementCommand } from "@aws-sdk/client-rds-data";
import { callsOn, failureOf, text } from "./calls.ts";
import { CLUSTER_ARN, MASTER_SECRET, startDataApi, TARGET, type TestServer } from "./data-api-server.ts";

let server: TestServer;
const { record, failure, execute } = callsOn(() => server);

beforeAll(async () => {
  server = await startDataApi();
  await server.provision();
});
afterAll(() => server.stop());
afterEach(() => server.denied.clear());

const summary = ({ name, message, $metadata }: Awaited<ReturnType<typeof failure>>) => [
  name,
  $metadata.httpStatusCode,
  message,
];

describe("a statement that PostgreSQL refuses", () => {
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

describe("a call that is refused", () => {
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

  it("is no JSON", async () => {
    const answer = await fetch(`${server.endpoint}/Execute`, { method: "POST", body: "{" });

    expect([answer.status, answer.headers.get("x-amzn-errortype")]).toEqual([400, "SerializationException"]);
  });
});

describe("the 45 seconds of a statement", () => {
  /** The statement has begun: PostgreSQL shows it as active. */
  async function untilActive(marker: string): Promise<void> {
    const sql =
      "select count(*) from pg_stat_activity where state = 'active' and query like :marker and pid <> pg_backend_pid()";
    while ((await record(sql, [text("marker", `%${marker}%`)]))[0]!.longValue === 0);
  }

  it("end in StatementTimeoutException with the connection's id, and the statement is cancelled", async () => {
    const call = failureOf(execute("select pg_sleep(600) /* cancelled */"));
    await untilActive("cancelled */");
    server.clock.advance(45_000);
    const error = (await call) as Awaited<typeof call> & { dbConnectionId?: number };

    expect(error.name).toBe("StatementTimeoutException");
    expect(error.dbConnectionId).toBeGreaterThan(0);
  });

  it("let the statement go on when the call says so", async () => {
    await execute("create table patient (a int4)");
    // An advisory lock holds the statement until the test lets go.
    const holder = callsOn(() => server);
    const transactionId = await holder.begin();
    await holder.execute("select pg_advisory_xact_lock(7)::text", [], { transactionId });
    const sql = "insert into patient select 1 from (select pg_advisory_xact_lock(7)) as l /* patient */";
    const call = failureOf(execute(sql, [], { continueAfterTimeout: true }));
    await untilActive("patient */");
    server.clock.advance(45_000);
    expect((await call).name).toBe("StatementTimeoutException");

    await holder.commit(transactionId).catch(() => {});
    while ((await record("select count(*) from patient"))[0]!.longValue === 0);
  });
});

it("answers through the SDK's client what the wire says", async () => {
  const command = new ExecuteStatementCommand({ ...TARGET, sql: "select 1 as one", includeResultMetadata: true });
  expect((await server.client.send(command)).columnMetadata?.[0]?.label).toBe("one");
});
