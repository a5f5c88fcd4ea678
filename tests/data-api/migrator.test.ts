import { type Kysely, sql } from "kysely";
import { type Migration, Migrator, type MigratorProps } from "kysely/migration";
import type { DataApiDialectConfig } from "../../data-api/index.ts";
import { type Backend, failure, startBackend } from "./backend.ts";

let backend: Backend;
let databases = 0;

beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend.stop());

async function emptyDatabase(more: Partial<DataApiDialectConfig> = {}) {
  const database = `migrated_${++databases}`;
  await sql`create database ${sql.id(database)}`.execute(backend.connect());
  return () => backend.connect(undefined, { database, ...more });
}

/** Two steps without a key: what is applied twice is there twice. */
const migrations: Record<string, Migration> = {
  "1": {
    async up(db) {
      await sql`create table if not exists step (name text)`.execute(db);
      await sql`insert into step values ('1')`.execute(db);
    },
  },
  "2": { up: async (db) => void (await sql`insert into step values ('2')`.execute(db)) },
  "3": { up: async (db) => void (await sql`create index concurrently step_name on step (name)`.execute(db)) },
};
const only = (...names: string[]) => ({
  getMigrations: async () => Object.fromEntries(names.map((name) => [name, migrations[name]!])),
});

// biome-ignore lint/suspicious/noExplicitAny: a transaction's type is no supertype's
const migrate = async (db: Kysely<any>, props: Partial<MigratorProps> = {}) => {
  const { error, results } = await new Migrator({ db, provider: only("1", "2"), ...props }).migrateToLatest();
  if (error) throw error;
  return results!;
};
const steps = async (db: Kysely<unknown>) =>
  (await sql<{ name: string }>`select name from step order by name`.execute(db)).rows.map(({ name }) => name);

describe("kysely's own migrator", () => {
  it("applies each migration once, however many run at once", async () => {
    const connect = await emptyDatabase();
    const outcomes = await Promise.all([1, 2, 3].map(() => migrate(connect())));

    expect(outcomes.map((results) => results.length).sort()).toEqual([0, 0, 2]);
    expect(await steps(connect())).toEqual(["1", "2"]);
    expect(await migrate(connect())).toEqual([]);
  });

  it("does so without a transaction of its own, for steps that can have none", async () => {
    const connect = await emptyDatabase();
    const props = { disableTransactions: true, provider: only("1", "2", "3") };
    const outcomes = await Promise.all([1, 2].map(() => migrate(connect(), props)));

    expect(outcomes.map((results) => results.length).sort()).toEqual([0, 3]);
    expect(await steps(connect())).toEqual(["1", "2"]);
  });

  it("does so in a transaction that it is given", async () => {
    const connect = await emptyDatabase();
    const one = () =>
      connect()
        .transaction()
        .execute((transaction) => migrate(transaction));
    await migrate(connect(), { provider: only() });
    const outcomes = await Promise.all([one(), one()]);

    expect(outcomes.map((results) => results.length).sort()).toEqual([0, 2]);
    expect(await steps(connect())).toEqual(["1", "2"]);
  });

  it("leaves nothing of a run that fails, and lets the next one have the lock", async () => {
    const connect = await emptyDatabase();
    const broken = {
      getMigrations: async () => ({ ...migrations, "3": { up: () => Promise.reject(new Error("broken")) } }),
    };

    await expect(migrate(connect(), { provider: broken })).rejects.toThrow("broken");
    await expect(steps(connect())).rejects.toMatchObject({ sqlState: "42P01" });
    expect(await migrate(connect())).toHaveLength(2);
  });

  it("waits for another as long as it is told, and says that it did", async () => {
    const connect = await emptyDatabase({ migrationLockTimeoutMs: 50 });
    await migrate(connect(), { provider: only() });
    let finish = () => {};
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let running: Promise<unknown> = slow;
    await new Promise<void>((started) => {
      const up = () => {
        started();
        return slow;
      };
      running = migrate(connect(), { provider: { getMigrations: async () => ({ "1": { up } }) } });
    });

    const message = "Another migrator has held this database's lock for 50 ms.";
    expect((await failure(migrate(connect()))).message).toBe(message);
    const within = connect()
      .transaction()
      .execute((transaction) => migrate(transaction));
    expect((await failure(within)).message).toBe(message);
    finish();
    await running;
  });
});
