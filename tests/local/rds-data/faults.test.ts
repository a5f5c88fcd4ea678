/** Faults on demand, as an unmodified SDK client meets them. */

import { ExecuteStatementCommand, RDSDataClient } from "@aws-sdk/client-rds-data";
import type { Fault } from "../../../local/services/rds-data/faults.ts";
import { callsOn, failureOf } from "./calls.ts";
import { startDataApi, TARGET, type TestServer } from "./data-api-server.ts";

let server: TestServer;
const { record, execute, failure, begin, commit } = callsOn(() => server);
const rows = async () => (await record("select count(*) from written"))[0]!.longValue;
const insert = () => execute("insert into written values (1)");

beforeAll(async () => {
  server = await startDataApi();
  await server.provision();
  await execute("create table written (a int4)");
});
beforeEach(() => execute("truncate written"));
afterEach(() => server.faults.set());
afterAll(() => server.stop());

/** A client that repeats, as the SDK does unless told otherwise. */
async function withRepeats<T>(task: (client: RDSDataClient) => Promise<T>): Promise<T> {
  const client = new RDSDataClient({
    endpoint: server.endpoint,
    region: "eu-west-1",
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "example" },
  });
  try {
    return await task(client);
  } finally {
    client.destroy();
  }
}

describe("a fault by an error's type (case 14)", () => {
  it.each([
    ["AccessDeniedException", 403],
    ["BadRequestException", 400],
    ["DatabaseErrorException", 400],
    ["DatabaseNotFoundException", 404],
    ["DatabaseResumingException", 400],
    ["DatabaseUnavailableException", 504],
    ["ForbiddenException", 403],
    ["HttpEndpointNotEnabledException", 400],
    ["InternalServerErrorException", 500],
    ["InvalidResourceStateException", 400],
    ["InvalidSecretException", 400],
    ["NotFoundException", 404],
    ["SecretsErrorException", 400],
    ["ServiceUnavailableError", 503],
    ["StatementTimeoutException", 400],
    ["ThrottlingException", 400],
    ["TransactionNotFoundException", 404],
    ["UnsupportedResultException", 400],
  ])("%s is that error to the SDK, with status %i, and the statement has not run", async (fault, status) => {
    server.faults.set({ fault });
    const error = await failureOf(insert());

    expect([error.name, error.$metadata.httpStatusCode]).toEqual([fault, status]);
    expect(error.message.length).toBeGreaterThan(0);
    expect(await rows()).toBe(0);
  });

  it("resuming is worded like the real one, and is not repeated by the SDK", async () => {
    server.faults.set({ fault: "DatabaseResumingException" });
    const error = await withRepeats((client) =>
      failureOf(client.send(new ExecuteStatementCommand({ ...TARGET, sql: "select 1" }))),
    );

    expect(error.message).toMatch(
      /^The Aurora DB instance db-[A-Z0-9]{26} is resuming after being auto-paused\. Please wait a few seconds and try again\.$/,
    );
    expect((error.$metadata as { attempts?: number }).attempts).toBe(1);
  });

  it("throttling is repeated by the SDK until it has passed", async () => {
    server.faults.set({ fault: "ThrottlingException", times: 2 });
    const { $metadata } = await withRepeats((client) =>
      client.send(new ExecuteStatementCommand({ ...TARGET, sql: "select 1" })),
    );

    expect($metadata.attempts).toBe(3);
  });

  it.each(["InternalServerErrorException", "ServiceUnavailableError", "DatabaseUnavailableException"])(
    "%s after the statement ran leaves its row, and the SDK's repetition makes it two",
    async (fault) => {
      server.faults.set({ fault, when: "after" });
      await withRepeats((client) =>
        client.send(new ExecuteStatementCommand({ ...TARGET, sql: "insert into written values (1)" })),
      );

      expect(await rows()).toBe(2);
    },
  );
});

describe("a dropped connection (case 14)", () => {
  it("before the statement ran leaves nothing", async () => {
    server.faults.set({ fault: "Dropped" });
    const error = (await failureOf(insert())) as Error & { code?: string };

    expect(error.code).toBe("ECONNRESET");
    expect(await rows()).toBe(0);
  });

  it("after the statement ran leaves what it wrote", async () => {
    server.faults.set({ fault: "Dropped", when: "after" });
    const error = (await failureOf(insert())) as Error & { code?: string };

    expect(error.code).toBe("ECONNRESET");
    expect(await rows()).toBe(1);
  });

  it("at a commit hides that it succeeded", async () => {
    const transactionId = await begin();
    await execute("insert into written values (1)", [], { transactionId });
    server.faults.set({ fault: "Dropped", when: "after", operation: "CommitTransaction" });
    await failureOf(commit(transactionId));

    expect(await rows()).toBe(1);
    expect((await failureOf(commit(transactionId))).name).toBe("TransactionNotFoundException");
  });
});

it("a slow answer comes when its delay has passed on the clock, and not before", async () => {
  server.faults.set({ fault: "Slow", delayMs: 30_000 });
  let answered = false;
  const call = record("select 1").then((fields) => {
    answered = true;
    return fields;
  });
  // Its turn is over once a later call is answered.
  while (server.faults.list().length > 0) await new Promise((turn) => setImmediate(turn));
  await record("select 2");
  const before = answered;
  server.clock.advance(30_000);

  expect([before, await call]).toEqual([false, [{ longValue: 1 }]]);
});

describe("a fault strikes (case 14)", () => {
  it("once, unless told how often", async () => {
    server.faults.set({ fault: "ThrottlingException" });
    await failure("select 1");

    expect(await record("select 1")).toEqual([{ longValue: 1 }]);
    expect(server.faults.list()).toEqual([]);
  });

  it("at every n-th call that it matches", async () => {
    server.faults.set({ fault: "ThrottlingException", every: 3, times: 2 });
    const outcomes = [];
    for (let call = 1; call <= 7; call++) {
      outcomes.push(
        await record("select 1").then(
          () => "answer",
          (error) => error.name,
        ),
      );
    }
    const thrown = "ThrottlingException";

    expect(outcomes).toEqual(["answer", "answer", thrown, "answer", "answer", thrown, "answer"]);
  });

  it("only the operation and the statements it names", async () => {
    server.faults.set(
      { fault: "ThrottlingException", operation: "BeginTransaction" },
      { fault: "InternalServerErrorException", sql: "INSERT into" },
    );
    const read = await record("select 1");
    const write = await failureOf(insert());
    const beginning = await failureOf(begin());

    expect([read, write.name, beginning.name]).toEqual([
      [{ longValue: 1 }],
      "InternalServerErrorException",
      "ThrottlingException",
    ]);
  });

  it("after the statement only where it succeeded: its own error is told", async () => {
    server.faults.set({ fault: "Dropped", when: "after" });

    expect((await failure("select 1/0")).name).toBe("DatabaseErrorException");
  });
});

describe("at the machine, faults (case 14)", () => {
  const send = (method: string, body?: string) => fetch(`${server.endpoint}/faults`, { method, body });

  it("are set, told and ended by the administrator", async () => {
    const set = await send("PUT", JSON.stringify([{ fault: "ThrottlingException", times: 2 }]));
    const error = await failure("select 1");
    const told = await (await send("GET")).json();
    const ended = await (await send("DELETE")).json();

    expect([set.status, error.name]).toEqual([200, "ThrottlingException"]);
    expect([told, ended]).toEqual([[{ fault: "ThrottlingException", times: 1 }], []]);
    expect(await record("select 1")).toEqual([{ longValue: 1 }]);
  });

  it("are out of everybody else's reach", async () => {
    const administrator = server.caller;
    server.caller = { ...administrator, type: "assumed-role" };
    const refused = await Promise.all([send("PUT", '{"fault":"Dropped"}'), send("GET"), send("DELETE")]);
    server.caller = administrator;

    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect(server.faults.list()).toEqual([]);
  });

  it.each([
    ["not JSON", "{", "not JSON"],
    ["no object", "5", "a member `fault`"],
    ["null", "[null]", "a member `fault`"],
    ["an unknown fault", '{"fault":"Broken"}', 'no fault "Broken"; there are: Dropped, Slow, AccessDenied'],
    ["an unknown member", '{"fault":"Slow","delay":1}', 'no member "delay"; there are: fault, when'],
    ["another moment", '{"fault":"Dropped","when":"during"}', '"before" or "after"'],
    ["a moment where there is none", '{"fault":"Slow","when":"after"}', "no `when`"],
    ["a broken count", '{"fault":"Dropped","times":0}', "`times` is a whole number"],
    ["a broken interval", '{"fault":"Dropped","every":1.5}', "`every` is a whole number"],
    ["a broken delay", '{"fault":"Slow","delayMs":"1s"}', "`delayMs` is a number"],
    ["a broken match", '{"fault":"Dropped","sql":5}', "`sql` is text"],
  ])("that are %s are refused, and those before stay", async (_title, body, message) => {
    const before: Fault = { fault: "ThrottlingException", times: 1 };
    server.faults.set(before);
    const answer = await send("PUT", body);

    expect([answer.status, ((await answer.json()) as { message: string }).message]).toEqual([
      400,
      expect.stringContaining(message),
    ]);
    expect(server.faults.list()).toEqual([before]);
  });

  it("take no other method", async () => {
    expect((await send("POST", "{}")).status).toBe(400);
  });
});
