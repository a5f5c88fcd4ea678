import { callsOn, failureOf, summary, text } from "./calls.ts";
import { startDataApi, type TestServer } from "./data-api-server.ts";

let server: TestServer;
const { record, failure, execute, begin, rollback, commit } = callsOn(() => server);

beforeAll(async () => {
  server = await startDataApi();
  await server.provision();
});
afterAll(() => server.stop());

describe("the 45 seconds of a statement (case 14)", () => {
  /** How many sessions run a statement that contains the text. */
  async function activeWith(marker: string): Promise<number> {
    const sql =
      "select count(*) from pg_stat_activity where state = 'active' and query like :marker and pid <> pg_backend_pid()";
    return (await record(sql, [text("marker", `%${marker}%`)]))[0]!.longValue!;
  }

  async function untilActive(marker: string): Promise<void> {
    while ((await activeWith(marker)) === 0);
  }

  it("end in StatementTimeoutException with the connection's id, and the statement is cancelled", async () => {
    const call = failureOf(execute("select pg_sleep(600) /* cancelled */"));
    await untilActive("cancelled */");
    server.clock.advance(45_000);
    const error = (await call) as Awaited<typeof call> & { dbConnectionId?: number };

    expect(summary(error)).toEqual(["StatementTimeoutException", 400, "Request timed out"]);
    expect(error.dbConnectionId).toBeGreaterThan(0);
    while ((await activeWith("cancelled */")) > 0);
  });

  it("leave a transaction whose statement was cancelled to be rolled back", async () => {
    const transactionId = await begin();
    const call = failureOf(execute("select pg_sleep(600) /* in transaction */", [], { transactionId }));
    await untilActive("in transaction */");
    server.clock.advance(45_000);
    await call;
    while ((await activeWith("in transaction */")) > 0);

    expect((await failure("select 1", [], { transactionId })).message).toContain("SQLState: 25P02");
    expect((await rollback(transactionId)).transactionStatus).toBe("Rollback Complete");
  });

  it("leave a transaction busy for as long as its statement goes on", async () => {
    const holder = await begin();
    await execute("select pg_advisory_xact_lock(8)::text", [], { transactionId: holder });
    const transactionId = await begin();
    const sql = "select pg_advisory_xact_lock(8)::text /* goes on */";
    const call = failureOf(execute(sql, [], { transactionId, continueAfterTimeout: true }));
    await untilActive("goes on */");
    server.clock.advance(45_000);
    await call;
    const busy = await failureOf(commit(transactionId));
    await rollback(holder);
    while ((await activeWith("goes on */")) > 0);

    expect([busy.name, busy.message]).toEqual(["BadRequestException", expect.stringContaining("is busy")]);
    expect((await rollback(transactionId)).transactionStatus).toBe("Rollback Complete");
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
