import { type Kysely, sql } from "kysely";
import {
  DataApiConnectionError,
  DataApiError,
  executeBatch,
  idempotentTransaction,
  insertMany,
} from "../../data-api/index.ts";
import { type Backend, startBackend } from "./backend.ts";
import { type Faults, seeded, withFaults } from "./faults.ts";

const columnTypes = { entry: { key: "int4", part: "int4", note: "text" } };
const WRITES = 3000;
const AT_ONCE = 8;

let backend: Backend;
// biome-ignore lint/suspicious/noExplicitAny: the table is made here
let plain: Kysely<any>;

beforeAll(async () => {
  backend = await startBackend();
  plain = backend.connect(columnTypes);
  // No key: what is written twice is there twice.
  await sql`create table entry (key int4, part int4, note text)`.execute(plain);
});
beforeEach(async () => {
  // Transactions that nobody could end expire.
  backend.server.clock.advance(200_000);
  await sql`truncate entry`.execute(plain);
});
afterAll(() => backend.stop());

function faulty(share: number, seed: number) {
  const faults = withFaults(backend.transport, share, seeded(seed));
  const db = backend.connect(columnTypes, {
    transport: faults.transport,
    onResume: () => undefined,
    retryDelayMs: () => 0,
  });
  return { db, faults };
}

/** Runs a write for each key, some at a time. @returns by key, the error it failed with. */
async function writeAll(count: number, write: (key: number) => Promise<unknown>): Promise<Map<number, unknown>> {
  const errors = new Map<number, unknown>();
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const key = next++;
      await write(key).catch((error) => errors.set(key, error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return errors;
}

/** Key → how many of its rows there are, in how many parts. */
async function written(): Promise<Map<number, { rows: number; parts: number }>> {
  const query = plain
    .selectFrom("entry")
    .select(({ fn }) => ["key", fn.countAll().as("rows"), fn.count("part").distinct().as("parts")]);
  const rows = await query.groupBy("key").execute();
  return new Map(rows.map(({ key, rows, parts }) => [key, { rows: Number(rows), parts: Number(parts) }]));
}

function expectFaults({ before, after }: Faults): void {
  expect([before > 100, after > 100]).toEqual([true, true]);
}

describe("nothing is written twice, whatever fails", () => {
  it("of thousands of single inserts; what succeeded is there, and an error says when it may be", async () => {
    const { db, faults } = faulty(0.25, 1);
    const errors = await writeAll(WRITES, (key) => db.insertInto("entry").values({ key, part: 1 }).execute());

    const rows = await written();
    expectFaults(faults);
    const counts = { twice: 0, lost: 0, unsaid: 0 };
    for (let key = 0; key < WRITES; key++) {
      const times = rows.get(key)?.rows ?? 0;
      const error = errors.get(key) as DataApiError | undefined;
      if (times > 1) counts.twice++;
      if (!error && times === 0) counts.lost++;
      if (error && times > 0 && !error.isEffectUnknown) counts.unsaid++;
    }
    expect(counts).toEqual({ twice: 0, lost: 0, unsaid: 0 });
    // Throttled, resuming and refused calls were repeated: far fewer fail than had a fault.
    expect(errors.size).toBeLessThan(faults.before + faults.after);
    expect([...errors.values()].every((error) => error instanceof DataApiError)).toBe(true);
  });

  it("of upserts, raw writes, CTEs, functions, bulk inserts and batches", async () => {
    await sql`create function write_entry(k int4) returns int4 language sql
      as ' insert into entry values (k, 1) returning key '`.execute(plain);
    const { db, faults } = faulty(0.25, 2);
    const writes: ((key: number) => Promise<unknown>)[] = [
      (key) => sql`insert into entry values (${key}, 1)`.execute(db),
      (key) =>
        db
          .with("new", (with_) => with_.insertInto("entry").values({ key, part: 1 }).returning("key"))
          .selectFrom("new")
          .selectAll()
          .execute(),
      (key) => db.selectNoFrom((eb) => eb.fn("write_entry", [eb.val(key)]).as("key")).execute(),
      (key) => db.selectNoFrom(sql`write_entry(${key})`.as("key")).execute(),
      (key) => insertMany(db, "entry", [{ key, part: 1 }]),
      (key) => executeBatch(db, [db.insertInto("entry").values({ key, part: 1 })]),
      (key) => db.insertInto("entry").values({ key, part: 1 }).returning("key").execute(),
    ];
    const errors = await writeAll(1400, (key) => writes[key % writes.length]!(key));

    const rows = await written();
    expectFaults(faults);
    expect([...rows.values()].filter((row) => row.rows > 1)).toEqual([]);
    for (let key = 0; key < 1400; key++) if (!errors.has(key)) expect(rows.get(key)?.rows).toBe(1);
  });

  it("of transactions: each is there as a whole or not at all", async () => {
    const { db, faults } = faulty(0.08, 3);
    const errors = await writeAll(600, (key) =>
      db.transaction().execute(async (transaction) => {
        await transaction.insertInto("entry").values({ key, part: 1 }).execute();
        // Who catches an error in the middle can not go on as if nothing had happened.
        await transaction
          .insertInto("entry")
          .values({ key, part: 2 })
          .execute()
          .catch(() => undefined);
        await insertMany(transaction, "entry", [
          { key, part: 3 },
          { key, part: 4, note: "x" },
        ]);
      }),
    );

    const rows = await written();
    expectFaults(faults);
    const counts = { broken: 0, lost: 0, unsaid: 0 };
    for (let key = 0; key < 600; key++) {
      const found = rows.get(key);
      const error = errors.get(key) as DataApiError | undefined;
      if (found && (found.rows !== 4 || found.parts !== 4)) counts.broken++;
      if (!error && !found) counts.lost++;
      if (found && error && error.name !== "TransactionOutcomeUnknownError") counts.unsaid++;
    }
    expect(counts).toEqual({ broken: 0, lost: 0, unsaid: 0 });
    expect(errors.size).toBeGreaterThan(10);
  });

  it("of transactions that may be repeated: in the end each is there, once", async () => {
    const { db, faults } = faulty(0.1, 4);
    await sql`create unique index entry_key on entry (key) where note = 'once'`.execute(plain);
    const errors = await writeAll(600, (key) =>
      idempotentTransaction(
        db,
        async (transaction) => {
          await transaction
            .insertInto("entry")
            .values({ key, part: 1, note: "once" })
            .onConflict((conflict) => conflict.column("key").where("note", "=", "once").doNothing())
            .execute();
        },
        { attempts: 20, delayMs: () => 0 },
      ),
    );

    const rows = await written();
    expectFaults(faults);
    expect([...errors.values()]).toEqual([]);
    expect(rows.size).toBe(600);
    expect([...rows.values()].every((row) => row.rows === 1)).toBe(true);
  });

  it("of a transaction that may be repeated and did not reach the server for a while", async () => {
    let refused = 0;
    const db = backend.connect(columnTypes, {
      retryDelayMs: () => 0,
      transport: async (...call) => {
        if (refused++ < 7) throw new DataApiConnectionError("ECONNREFUSED", "refused", 0);
        return backend.transport(...call);
      },
    });
    const insert = { key: 1, part: 1 };
    await idempotentTransaction(db, (transaction) => transaction.insertInto("entry").values(insert).execute(), {
      delayMs: () => 0,
    });
    expect([refused > 7, await written()]).toEqual([true, new Map([[1, { rows: 1, parts: 1 }]])]);
  });

  it("of inserts and transactions, the server itself failing them on the wire", async () => {
    const times = Number.POSITIVE_INFINITY;
    const [before, after] = ["before", "after"] as const;
    // Not of what begins a transaction: its connection would be in use until it expires.
    const operation = "ExecuteStatement";
    backend.server.faults.set(
      { fault: "Dropped", when: after, every: 7, times, operation },
      { fault: "Dropped", when: after, every: 8, times, operation: "CommitTransaction" },
      { fault: "Dropped", when: before, every: 11, times },
      { fault: "InternalServerErrorException", when: after, every: 13, times, operation },
      { fault: "DatabaseUnavailableException", when: after, every: 17, times, operation: "CommitTransaction" },
      { fault: "DatabaseResumingException", every: 5, times },
      { fault: "ThrottlingException", every: 6, times },
    );
    const db = backend.connect(columnTypes, { onResume: () => undefined, retryDelayMs: () => 0 });
    const single = (on: typeof db, key: number) => on.insertInto("entry").values({ key, part: 1 }).execute();
    const errors = await writeAll(1000, (key) => {
      if (key % 3 > 0) return single(db, key);
      return db.transaction().execute(async (transaction) => {
        await single(transaction, key);
        await transaction.insertInto("entry").values({ key, part: 2 }).execute();
      });
    });
    backend.server.faults.set();

    const rows = await written();
    const counts = { twice: 0, lost: 0, unsaid: 0 };
    for (let key = 0; key < 1000; key++) {
      const found = rows.get(key);
      const error = errors.get(key) as DataApiError | undefined;
      const parts = key % 3 > 0 ? 1 : 2;
      if (found && (found.rows !== parts || found.parts !== parts)) counts.twice++;
      if (!error && !found) counts.lost++;
      if (found && error && !error.isEffectUnknown) counts.unsaid++;
    }
    expect(counts).toEqual({ twice: 0, lost: 0, unsaid: 0 });
    expect(errors.size).toBeGreaterThan(100);
    expect(errors.size).toBeLessThan(700);
    expect([...errors.values()].every((error) => error instanceof DataApiError)).toBe(true);
  });

  it("reads all that is there although every fourth call fails", async () => {
    await insertMany(
      plain,
      "entry",
      Array.from({ length: 50 }, (_, key) => ({ key, part: 1 })),
    );
    const { db } = faulty(0.25, 5);
    const errors = await writeAll(400, async () => {
      expect(await db.selectFrom("entry").select("key").where("part", "=", 1).execute()).toHaveLength(50);
    });
    // Three attempts each, but for statements that took too long.
    expect(errors.size).toBeLessThan(50);
  });
});
