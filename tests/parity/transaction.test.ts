import { AbortedTransactionError, sql } from "kysely";
import { onEveryBackend } from "./backends.ts";
import { CATTO, DOGGO } from "./kennel.ts";

onEveryBackend((backend) => {
  const names = async () =>
    (await backend.db.selectFrom("pet").select("name").orderBy("name").execute()).map(({ name }) => name);

  it("commits what succeeds, and gives its value", async () => {
    const gone = await backend.db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom("pet").where("id", "=", CATTO).execute();
      return (await transaction.selectFrom("pet").select("name").execute()).length;
    });

    expect(gone).toBe(2);
    expect(await names()).toEqual(["Doggo", "Hammo"]);
  });

  it("rolls back what throws, and throws it on", async () => {
    const oops = new Error("oops");
    const run = backend.db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom("pet").execute();
      throw oops;
    });

    await expect(run).rejects.toBe(oops);
    expect(await names()).toHaveLength(3);
  });

  it("rolls back what a refused statement left, whoever catches its error", async () => {
    const run = backend.db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom("pet").where("id", "=", CATTO).execute();
      await sql`select 1 / 0`.execute(transaction).catch(() => undefined);
    });

    await expect(run).rejects.toBeInstanceOf(AbortedTransactionError);
    expect(await names()).toHaveLength(3);
  });

  it.each(["read committed", "repeatable read", "serializable"] as const)("runs at %s", async (level) => {
    const { rows } = await backend.db
      .transaction()
      .setIsolationLevel(level)
      .execute((transaction) => sql`select current_setting('transaction_isolation') as level`.execute(transaction));

    expect(rows).toEqual([{ level }]);
  });

  it("does not write where it may only read", async () => {
    const run = backend.db
      .transaction()
      .setAccessMode("read only")
      .execute((transaction) => transaction.deleteFrom("pet").execute());

    await expect(run).rejects.toThrow("cannot execute DELETE in a read-only transaction");
  });

  it("goes back to a savepoint and commits the rest", async () => {
    const transaction = await backend.db.startTransaction().execute();
    await transaction.deleteFrom("pet").where("id", "=", CATTO).execute();
    const inner = await transaction.savepoint('odd " name').execute();
    await inner.deleteFrom("pet").where("id", "=", DOGGO).execute();
    await sql`select 1 / 0`.execute(inner).catch(() => undefined);
    const back = await inner.rollbackToSavepoint('odd " name').execute();
    const released = await back.releaseSavepoint('odd " name').execute();
    await released.commit().execute();

    expect(await names()).toEqual(["Doggo", "Hammo"]);
  });

  it("rolls back by command, after which it takes nothing more", async () => {
    const transaction = await backend.db.startTransaction().execute();
    await transaction.deleteFrom("pet").execute();
    await transaction.rollback().execute();

    expect(transaction.isRolledBack).toBe(true);
    await expect(transaction.deleteFrom("pet").execute()).rejects.toThrow();
    expect(await names()).toHaveLength(3);
  });

  it("keeps two transactions apart", async () => {
    const one = await backend.db.startTransaction().setIsolationLevel("repeatable read").execute();
    await one.selectFrom("pet").selectAll().execute();
    const two = await backend.db.startTransaction().execute();
    await two.deleteFrom("pet").where("id", "=", CATTO).execute();
    await two.commit().execute();

    expect(await one.selectFrom("pet").select("id").execute()).toHaveLength(3);
    await one.commit().execute();
    expect(await names()).toHaveLength(2);
  });

  it("runs several queries of one transaction at once, one after the other", async () => {
    const rows = await backend.db
      .transaction()
      .execute((transaction) =>
        Promise.all([1, 2, 3, 4].map((n) => sql<{ n: number }>`select ${n}::int4 as n`.execute(transaction))),
      );

    expect(rows.map((result) => result.rows[0]!.n)).toEqual([1, 2, 3, 4]);
  });

  it("streams, outside and within a transaction, and stops when nobody reads on", async () => {
    const { db } = backend;
    const series = (from: typeof db) =>
      from.selectFrom(sql<{ n: number }>`generate_series(1, 250)`.as("n")).selectAll();
    const seen: number[] = [];
    for await (const { n } of series(db).stream(100)) seen.push(n);
    expect(seen).toEqual(Array.from({ length: 250 }, (_, index) => index + 1));

    await db.transaction().execute(async (transaction) => {
      await transaction.insertInto("toy").values({ pet_id: DOGGO, name: "New", price: "1" }).execute();
      for await (const { n } of series(transaction).stream(10)) if (n === 15) break;
      const toys = transaction.selectFrom("toy").select("name").where("pet_id", "=", DOGGO).orderBy("id");
      const streamed: string[] = [];
      for await (const { name } of toys.stream()) streamed.push(name);
      expect(streamed).toEqual(["Bone", "New"]);
    });
  });
});
