import { callsOn, failureOf } from "./calls.ts";
import { MASTER_SECRET, startDataApi, type TestServer } from "./data-api-server.ts";

let server: TestServer;
const { record, failure, execute, begin, commit, rollback, batch } = callsOn(() => server);
const rows = async () => (await record("select count(*) from events"))[0]!.longValue;

beforeAll(async () => {
  server = await startDataApi();
  await server.provision();
  await execute("create table events (id int4)");
});
beforeEach(() => execute("truncate events"));
afterAll(() => server.stop());

describe("a transaction (case 14)", () => {
  it("is seen by nobody until it is committed", async () => {
    const transactionId = await begin();
    await execute("insert into events values (1)", [], { transactionId });
    const during = await rows();
    const { transactionStatus } = await commit(transactionId);

    expect([during, transactionStatus, await rows()]).toEqual([0, "Transaction Committed", 1]);
  });

  it("leaves nothing when it is rolled back", async () => {
    const transactionId = await begin();
    await batch("insert into events values (1)", [[], []], transactionId);
    const { transactionStatus } = await rollback(transactionId);

    expect([transactionStatus, await rows()]).toEqual(["Rollback Complete", 0]);
  });

  it("takes savepoints", async () => {
    const transactionId = await begin();
    await execute("insert into events values (1)", [], { transactionId });
    await execute("savepoint a", [], { transactionId });
    await execute("insert into events values (2)", [], { transactionId });
    await execute("rollback to savepoint a", [], { transactionId });
    await commit(transactionId);

    expect(await rows()).toBe(1);
  });

  it("is not committed after a statement of it failed, and commit says so", async () => {
    const transactionId = await begin();
    await execute("insert into events values (1)", [], { transactionId });
    await failure("select 1/0", [], { transactionId });

    expect((await failureOf(commit(transactionId))).message).toContain("25P02");
    expect(await rows()).toBe(0);
  });

  it("refuses a second statement while one runs, at once", async () => {
    // A lock holds the first of them until the other is answered.
    const [holder, transactionId] = [await begin(), await begin()];
    const lock = "select pg_advisory_xact_lock(9)::text";
    await execute(lock, [], { transactionId: holder });
    const calls = [1, 2].map(() => execute(lock, [], { transactionId }));
    await Promise.race(calls).catch(() => {});
    await rollback(holder);
    const outcomes = await Promise.allSettled(calls);
    await rollback(transactionId);
    const refused = outcomes.find(({ status }) => status === "rejected") as PromiseRejectedResult;

    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect([refused.reason.name, refused.reason.$metadata.httpStatusCode, refused.reason.message]).toEqual([
      "BadRequestException",
      400,
      `Transaction ${transactionId} is busy with another statement.`,
    ]);
  });

  it("is for the secret that began it, and for its cluster", async () => {
    const transactionId = await begin();
    await execute("create role someone login password 'x'").catch(() => {});
    const secretArn = `${MASTER_SECRET}-someone`;
    server.secrets.set(secretArn, JSON.stringify({ username: "someone", password: "x" }));
    const other = await failure("select 1", [], { transactionId, secretArn });
    await rollback(transactionId);

    expect([other.name, other.message]).toEqual([
      "BadRequestException",
      "The secret is not the one that the transaction was begun with.",
    ]);
  });

  it("is gone, and rolled back, when its session is lost", async () => {
    const transactionId = await begin();
    await execute("insert into events values (1)", [], { transactionId });
    await failure("select pg_terminate_backend(pg_backend_pid())", [], { transactionId });

    expect((await failure("select 1", [], { transactionId })).name).toBe("TransactionNotFoundException");
    expect(await rows()).toBe(0);
  });

  it("is rolled back after three idle minutes", async () => {
    const transactionId = await begin();
    await execute("insert into events values (1)", [], { transactionId });
    server.clock.advance(179_000);
    await execute("insert into events values (2)", [], { transactionId });
    server.clock.advance(179_000);
    await execute("insert into events values (3)", [], { transactionId });
    server.clock.advance(180_000);

    const error = await failure("select 1", [], { transactionId });

    expect([error.name, error.$metadata.httpStatusCode]).toEqual(["TransactionNotFoundException", 404]);
    expect(await rows()).toBe(0);
  });

  it("is rolled back after a day, however busy", async () => {
    const transactionId = await begin();
    for (let hour = 0; hour < 24 * 60; hour += 2) {
      await execute("select 1", [], { transactionId });
      server.clock.advance(120_000);
    }

    expect((await failure("select 1", [], { transactionId })).name).toBe("TransactionNotFoundException");
  });

  it("that nobody began is not found, by any of the calls", async () => {
    const names = await Promise.all(
      [execute("select 1", [], { transactionId: "x" }), commit("x"), rollback("x")].map(async (call) => {
        return (await failureOf(call)).name;
      }),
    );
    expect(names).toEqual(Array(3).fill("TransactionNotFoundException"));
  });
});

describe("a session (case 14)", () => {
  it("keeps nothing from one call to the next outside a transaction", async () => {
    await execute("set statement_timeout = '1234ms'");
    await execute("create temporary table mine (a int4)");
    await execute("begin");

    expect(await record("select current_setting('statement_timeout')")).toEqual([{ stringValue: "0" }]);
    expect((await failure("select * from mine")).message).toContain("42P01");
  });

  it("is not left changed by a transaction", async () => {
    const transactionId = await begin();
    await execute("set statement_timeout = '1234ms'", [], { transactionId });
    await commit(transactionId);

    expect(await record("select current_setting('statement_timeout')")).toEqual([{ stringValue: "0" }]);
  });
});

describe("the cluster (case 14)", () => {
  it("keeps roles, databases and rows over a restart", async () => {
    await execute("insert into events values (7)");
    await server.stop({ keep: true });
    server = await startDataApi({ directory: server.directory });
    await server.provision();

    expect(await record("select id from events")).toEqual([{ longValue: 7 }]);
  });

  it("makes its master user no superuser, so that row security binds it as on Aurora", async () => {
    const sql = "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = current_user";

    expect(await record(sql)).toEqual([false, false, true, true].map((booleanValue) => ({ booleanValue })));
  });

  it("serves many calls at once on few connections: another one for ten milliseconds that calls wait", async () => {
    const count = "select count(*) from pg_stat_activity where application_name = 'rds-data'";
    const connections = async () => (await record(count))[0]!.longValue!;
    const before = await connections();
    const begun = performance.now();
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => record(`select ${index}`)));
    const waitedMs = performance.now() - begun;

    expect(answers.map(([field]) => field!.longValue)).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(await connections()).toBeLessThanOrEqual(Math.min(before + 4 + waitedMs / 10, 100));
  });
});
