import { type Kysely, sql } from "kysely";
import {
  DataApiConnectionError,
  DataApiError,
  type DataApiOperation,
  type DataApiTransport,
  DatabaseError,
  idempotentTransaction,
  StatementTimeoutError,
  TransactionLostError,
  TransactionOutcomeUnknownError,
} from "../../data-api/index.ts";
import { type Backend, connectTo, failure, startBackend } from "./backend.ts";

const columnTypes = { account: { id: "int4", balance: "int4" } };
const reset = () => new DataApiConnectionError("ECONNRESET", "The Data API did not answer: socket hang up", 0);

let backend: Backend;
// biome-ignore lint/suspicious/noExplicitAny: the table is made here
let db: Kysely<any>;

beforeAll(async () => {
  backend = await startBackend();
  db = backend.connect(columnTypes);
  await sql`create table account (id int4 primary key, balance int4 not null check (balance >= 0))`.execute(db);
});
beforeEach(async () => {
  await db.deleteFrom("account").execute();
  await db.insertInto("account").values({ id: 1, balance: 100 }).execute();
  backend.calls.length = 0;
});
afterAll(() => backend.stop());

const balances = async () =>
  (await db.selectFrom("account").select("balance").orderBy("id").execute()).map((row) => row.balance);

/** An instance whose calls pass through `on`, which may throw before or after `go`. */
function through(
  on: (
    operation: DataApiOperation,
    go: () => ReturnType<DataApiTransport>,
    count: number,
  ) => ReturnType<DataApiTransport>,
) {
  const counts = new Map<DataApiOperation, number>();
  const transport: DataApiTransport = (operation, input, options) => {
    const count = (counts.get(operation) ?? 0) + 1;
    counts.set(operation, count);
    return on(operation, () => backend.transport(operation, input, options), count);
  };
  return { db: backend.connect(columnTypes, { transport }), counts };
}

describe("a connection lost in the middle of a transaction", () => {
  it.each([
    ["before the statement ran", false],
    ["after it ran", true],
  ])("%s rolls back and says so", async (_when, ran) => {
    const { db: faulty, counts } = through(async (operation, go, count) => {
      if (operation !== "ExecuteStatement" || count !== 2) return go();
      if (ran) await go();
      throw reset();
    });
    const run = faulty.transaction().execute(async (transaction) => {
      await transaction.updateTable("account").set({ balance: 50 }).execute();
      await transaction.insertInto("account").values({ id: 2, balance: 50 }).execute();
    });

    const error = await failure<TransactionLostError>(run);

    expect(error).toBeInstanceOf(TransactionLostError);
    expect(error.message).toBe("The Data API did not answer: socket hang up: the transaction is rolled back.");
    expect(error.isEffectUnknown).toBe(false);
    expect(counts.get("RollbackTransaction")).toBe(1);
    expect(await balances()).toEqual([100]);
  });

  it("takes nothing more, not even from who caught the error, and can not be committed", async () => {
    const { db: faulty, counts } = through(async (operation, go, count) => {
      if (operation === "ExecuteStatement" && count === 2) throw reset();
      return go();
    });
    const transaction = await faulty.startTransaction().execute();
    await transaction.updateTable("account").set({ balance: 50 }).execute();
    await failure(transaction.insertInto("account").values({ id: 2, balance: 50 }).execute());

    expect(await failure(transaction.selectFrom("account").selectAll().execute())).toBeInstanceOf(TransactionLostError);
    expect(await failure(transaction.commit().execute())).toBeInstanceOf(TransactionLostError);
    expect([counts.get("ExecuteStatement"), counts.get("CommitTransaction")]).toEqual([2, undefined]);
    expect(await balances()).toEqual([100]);
  });

  it("is over although its rollback does not get through either", async () => {
    const { db: faulty } = through(async (operation, go, count) => {
      if (operation === "RollbackTransaction" || (operation === "ExecuteStatement" && count === 2)) throw reset();
      return go();
    });
    const run = faulty.transaction().execute(async (transaction) => {
      await transaction.insertInto("account").values({ id: 2, balance: 1 }).execute();
      await transaction.insertInto("account").values({ id: 3, balance: 1 }).execute();
    });

    expect(await failure(run)).toBeInstanceOf(TransactionLostError);
    expect(await balances()).toEqual([100]);
    // AWS ends it after three minutes.
    backend.server.clock.advance(181_000);
    await db.insertInto("account").values({ id: 2, balance: 2 }).execute();
    expect(await balances()).toEqual([100, 2]);
  });

  it("that expired says so", async () => {
    const run = db.transaction().execute(async (transaction) => {
      await transaction.updateTable("account").set({ balance: 50 }).execute();
      backend.server.clock.advance(181_000);
      await transaction.selectFrom("account").selectAll().execute();
    });

    const error = await failure(run);
    expect(error).toBeInstanceOf(TransactionLostError);
    expect(error.message).toMatch(/is not found: its statements are rolled back\.$/);
    expect(await balances()).toEqual([100]);
  });
});

describe("a commit that goes unanswered", () => {
  const spend = (on: typeof db) =>
    on.transaction().execute((transaction) => transaction.updateTable("account").set({ balance: 7 }).execute());

  it("is asked for again when the first did not arrive", async () => {
    const { db: faulty, counts } = through(async (operation, go, count) => {
      if (operation === "CommitTransaction" && count <= 2) throw reset();
      return go();
    });
    await spend(faulty);

    expect(counts.get("CommitTransaction")).toBe(3);
    expect(await balances()).toEqual([7]);
  });

  it("leaves the outcome unknown when it may have been carried out, and says so", async () => {
    const { db: faulty } = through(async (operation, go, count) => {
      if (operation !== "CommitTransaction") return go();
      await go();
      if (count === 1) throw reset();
      return {};
    });
    const error = await failure<TransactionOutcomeUnknownError>(spend(faulty));

    expect(error).toBeInstanceOf(TransactionOutcomeUnknownError);
    expect(error.message).toMatch(/: whether the transaction was committed is not known\.$/);
    expect(error.isEffectUnknown).toBe(true);
    expect(await balances()).toEqual([7]);
  });

  it("is rolled back for certain when it never arrives", async () => {
    const { db: faulty } = through(async (operation, go) => {
      if (operation === "CommitTransaction") throw reset();
      return go();
    });
    expect(await failure(spend(faulty))).toBeInstanceOf(TransactionLostError);
    expect(await balances()).toEqual([100]);
  });
});

describe("idempotentTransaction", () => {
  const options = { delayMs: () => 0 };

  it("begins again when it lost against another, at any isolation level", async () => {
    let attempts = 0;
    const total = await idempotentTransaction(
      db,
      async (transaction) => {
        const { balance } = await transaction.selectFrom("account").select("balance").executeTakeFirstOrThrow();
        if (++attempts === 1) await db.updateTable("account").set({ balance: 40 }).execute();
        await transaction
          .updateTable("account")
          .set({ balance: balance - 10 })
          .execute();
        return balance - 10;
      },
      { ...options, isolationLevel: "serializable" },
    );

    expect([attempts, total, await balances()]).toEqual([2, 30, [30]]);
  });

  it("begins again after a lost connection and an unanswered commit", async () => {
    const { db: faulty, counts } = through(async (operation, go, count) => {
      if (operation === "ExecuteStatement" && count === 1) throw reset();
      const answer = await go();
      if (operation === "CommitTransaction" && count === 1) throw reset();
      return answer;
    });
    await idempotentTransaction(
      faulty,
      (transaction) => transaction.updateTable("account").set({ balance: 9 }).execute(),
      options,
    );

    expect(counts.get("BeginTransaction")).toBe(3);
    expect(await balances()).toEqual([9]);
  });

  it("does not begin again for what will fail again, and gives up after its attempts", async () => {
    let attempts = 0;
    const overdraw = idempotentTransaction(
      db,
      (transaction) => {
        attempts++;
        return transaction.updateTable("account").set({ balance: -1 }).execute();
      },
      options,
    );
    expect(await failure(overdraw)).toMatchObject({ sqlState: "23514", constraint: "account_balance_check" });
    expect(attempts).toBe(1);

    const own = new Error("mine");
    const mine = idempotentTransaction(db, () => Promise.reject(own), options);
    expect(await failure(mine)).toBe(own);

    const { db: faulty, counts } = through(async (operation, go) => {
      if (operation === "ExecuteStatement") throw reset();
      return go();
    });
    const run = idempotentTransaction(faulty, (transaction) => sql`select 1`.execute(transaction), {
      ...options,
      attempts: 3,
    });
    expect(await failure(run)).toBeInstanceOf(TransactionLostError);
    expect(counts.get("BeginTransaction")).toBe(3);
  });
});

describe("a statement's time", () => {
  it("ends in a transaction at PostgreSQL, known to have had no effect", async () => {
    const quick = backend.connect(columnTypes, { statementTimeoutMs: 50 });
    const run = quick.transaction().execute((transaction) => sql`select pg_sleep(20)`.execute(transaction));

    const error = await failure<DatabaseError>(run);
    expect(error).toBeInstanceOf(DatabaseError);
    expect([error.sqlState, error.isEffectUnknown]).toEqual(["57014", false]);
  });

  it("ends outside of one at the caller, where its effect is not known", async () => {
    const quick = backend.connect(columnTypes, { statementTimeoutMs: 50 });
    const error = await failure<StatementTimeoutError>(sql`select pg_sleep(1)`.execute(quick));

    expect(error).toBeInstanceOf(StatementTimeoutError);
    expect(error.message).toBe("The statement did not end within 50 ms.");
    expect(error.isEffectUnknown).toBe(true);
  });

  it("ends at the Data API's own 45 seconds", async () => {
    const sleeping = failure(sql`select pg_sleep(60)`.execute(db));
    const asleep = sql<{
      n: string;
    }>`select count(*) as n from pg_stat_activity where query like 'select pg_sleep(60)%'`;
    while ((await asleep.execute(db)).rows[0]!.n === "0");
    backend.server.clock.advance(46_000);

    expect(await sleeping).toBeInstanceOf(StatementTimeoutError);
  });
});

describe("an abort", () => {
  it("ends the call, with the caller's own reason, also when it comes before", async () => {
    const controller = new AbortController();
    const call = failure(sql`select pg_sleep(5)`.execute(db, { signal: controller.signal }));
    controller.abort(new Error("enough"));
    expect((await call).message).toBe("enough");

    const late = failure(sql`select 1`.execute(db, { signal: AbortSignal.abort(new Error("before")) }));
    expect((await late).message).toBe("before");
  });

  it("ends a stream, and prints nothing", async () => {
    const printed = jest.spyOn(console, "error").mockImplementation(() => undefined);
    const controller = new AbortController();
    const series = db.selectFrom(sql<{ n: number }>`generate_series(1, 1000)`.as("n")).selectAll();
    const read = async () => {
      for await (const _ of series.stream({ chunkSize: 10, signal: controller.signal }))
        controller.abort(new Error("enough"));
    };
    expect((await failure(read())).message).toBe("enough");
    const second = new AbortController();
    const call = failure(sql`select pg_sleep(1)`.execute(db, { signal: second.signal }));
    second.abort(new Error("enough again"));
    expect((await call).message).toBe("enough again");
    await new Promise(setImmediate);

    expect(printed.mock.calls).toEqual([]);
    printed.mockRestore();
  });

  it("in a transaction rolls it back at once, and nothing more is taken", async () => {
    const controller = new AbortController();
    const transaction = await db.startTransaction().execute();
    await transaction.updateTable("account").set({ balance: 1 }).execute();
    const call = failure(sql`select pg_sleep(0.2)`.execute(transaction, { signal: controller.signal }));
    while (backend.calls.at(-1) !== "ExecuteStatement" || backend.calls.length < 3) await new Promise(setImmediate);
    controller.abort(new Error("enough"));

    expect((await call).message).toBe("enough");
    expect((await failure(sql`select 1`.execute(transaction))).message).toBe("enough: the transaction is rolled back.");
    await transaction.rollback().execute();
    // What is rolled back holds no lock.
    await db.updateTable("account").set({ balance: 2 }).execute();
    expect(await balances()).toEqual([2]);
  });
});

describe("an error", () => {
  it("says whether a write outside a transaction may have taken effect", async () => {
    const answers: [Error, boolean][] = [
      [reset(), true],
      [new DataApiError("InternalServerErrorException", "oh", 500), true],
      [new StatementTimeoutError("StatementTimeoutException", "oh", 400), true],
      [new DataApiConnectionError("ENOTFOUND", "oh", 0), false],
      [new DataApiError("BadRequestException", "oh", 400), false],
      [new DataApiError("ThrottlingException", "oh", 400), false],
    ];
    for (const [answer, isEffectUnknown] of answers) {
      const write = connectTo(() => Promise.reject(answer))
        .insertInto("a")
        .values({ b: 1 })
        .execute();
      expect(await failure(write)).toMatchObject({ code: (answer as DataApiError).code, isEffectUnknown });
      (answer as DataApiError).isEffectUnknown = false;
      const read = connectTo(() => Promise.reject(answer))
        .selectFrom("a")
        .selectAll()
        .execute();
      expect(await failure(read)).toMatchObject({ isEffectUnknown: false });
    }
  });

  it("of PostgreSQL carries SQLState, constraint, table, column, hint and position", async () => {
    await sql`create table strict_one (a int4 not null, b int4 constraint positive check (b > 0))`.execute(db);
    const insert = (a: number | null, b: number) =>
      failure(sql`insert into strict_one values (${a}, ${b})`.execute(db));

    expect(await insert(null, 1)).toMatchObject({ sqlState: "23502", column: "a", table: "strict_one" });
    expect(await insert(1, -1)).toMatchObject({ sqlState: "23514", constraint: "positive", table: "strict_one" });
    expect(await failure(sql`select nope from strict_one`.execute(db))).toMatchObject({
      name: "DatabaseError",
      code: "DatabaseErrorException",
      severity: "ERROR",
      sqlState: "42703",
      column: "nope",
      position: 8,
    });
    expect(await failure(sql`select abss(1)`.execute(db))).toMatchObject({
      sqlState: "42883",
      hint: expect.any(String),
    });
  });

  it("begins its stack where the query was made", async () => {
    expect((await failure(sql`selec 1`.execute(db))).stack).toContain("transaction.test.ts");
  });
});
