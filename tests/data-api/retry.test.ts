import { sql } from "kysely";
import {
  DataApiConnectionError,
  DataApiError,
  type DataApiOperation,
  DatabaseResumingError,
  TransactionLostError,
} from "../../data-api/index.ts";
import { connectTo } from "./backend.ts";

/** Answers call after call from the list; the last one goes on for ever. */
function script(...answers: (Error | object)[]) {
  const calls: { operation: DataApiOperation; input: Record<string, unknown> }[] = [];
  const transport = async (operation: DataApiOperation, input: object) => {
    calls.push({ operation, input: input as Record<string, unknown> });
    const answer = answers[Math.min(calls.length, answers.length) - 1]!;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { calls, transport };
}

const resuming = new DatabaseResumingError("DatabaseResumingException", "resuming", 400);
const unavailable = new DataApiError("ServiceUnavailableError", "unavailable", 503);
const reset = new DataApiConnectionError("ECONNRESET", "reset", 0);
const refused = new DataApiConnectionError("ECONNREFUSED", "refused", 0);
const throttled = new DataApiError("ThrottlingException", "slow down", 400);
const done = { numberOfRecordsUpdated: 1 };

describe("a paused cluster", () => {
  it("is waited for, by writes too, with one notice", async () => {
    const { calls, transport } = script(resuming, resuming, done);
    const notices: number[] = [];
    const db = connectTo(transport, { onResume: (waitedMs) => notices.push(waitedMs) });

    await db.insertInto("a").values({ b: 1 }).execute();

    expect([calls.length, notices.length]).toEqual([3, 1]);
  });

  it("is given up on at the deadline, with AWS's own error", async () => {
    const { calls, transport } = script(resuming);
    const db = connectTo(transport, {
      resumeTimeoutMs: 60_000,
      retryDelayMs: (attempt) => (attempt === 2 ? 60_001 : 0),
    });

    await expect(db.selectFrom("a").selectAll().execute()).rejects.toBe(resuming);
    expect(calls).toHaveLength(2);
  });
});

describe("a call whose effect is not known", () => {
  it.each([unavailable, reset])("is never repeated when it writes (%s)", async (error) => {
    const { calls, transport } = script(error, done);
    const db = connectTo(transport);

    await expect(db.insertInto("a").values({ b: 1 }).execute()).rejects.toBe(error);
    await expect(sql`select write()`.execute(connectTo(script(error, done).transport))).rejects.toBe(error);
    expect(calls).toHaveLength(1);
  });

  it("is not repeated when a CTE of the SELECT may write", async () => {
    const { calls, transport } = script(unavailable, done);
    const query = connectTo(transport)
      .with("new", (db) => db.insertInto("a").values({ b: 1 }).returning("b"))
      .selectFrom("new")
      .selectAll();

    await expect(query.execute()).rejects.toBe(unavailable);
    expect(calls).toHaveLength(1);
  });

  it("is repeated when it only reads, three times at most", async () => {
    const { calls, transport } = script(unavailable, reset, { records: [] });
    await connectTo(transport).selectFrom("a").selectAll().execute();
    const hopeless = script(unavailable);

    await expect(connectTo(hopeless.transport).selectFrom("a").selectAll().execute()).rejects.toBe(unavailable);
    expect([calls.length, hopeless.calls.length]).toEqual([3, 3]);
  });

  it("is not repeated within a transaction, not even a read", async () => {
    const { calls, transport } = script({ transactionId: "t" }, unavailable, done);
    const run = connectTo(transport)
      .transaction()
      .execute((transaction) => transaction.selectFrom("a").selectAll().execute());

    await expect(run).rejects.toMatchObject({ name: "TransactionLostError", cause: unavailable });
    expect(calls.map(({ operation }) => operation)).toEqual([
      "BeginTransaction",
      "ExecuteStatement",
      "RollbackTransaction",
    ]);
  });
});

it("a call that never reached the server, or was throttled, is repeated even when it writes", async () => {
  const { calls, transport } = script(refused, throttled, throttled, done);

  await connectTo(transport).insertInto("a").values({ b: 1 }).execute();

  expect(calls).toHaveLength(4);
});

it("a transaction that AWS lost fails as such, and its rollback is not an error of its own", async () => {
  const lost = new TransactionLostError("TransactionNotFoundException", "not found", 404);
  const { transport } = script({ transactionId: "t" }, lost);
  const run = connectTo(transport)
    .transaction()
    .execute((transaction) => transaction.deleteFrom("a").execute());

  await expect(run).rejects.toBe(lost);
});

it("an abort ends the waiting between two attempts", async () => {
  const controller = new AbortController();
  const { transport } = script(resuming);
  const db = connectTo(transport, {
    retryDelayMs: () => {
      queueMicrotask(() => controller.abort(new Error("enough")));
      return 60_000;
    },
    resumeTimeoutMs: 120_000,
  });

  await expect(db.selectFrom("a").selectAll().execute({ signal: controller.signal })).rejects.toThrow();
});
