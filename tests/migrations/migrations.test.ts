import { sql } from "kysely";
import type { Migration } from "kysely/migration";
import { migrateToLatest, migrations } from "../../migrations/index.ts";
import { startDataApi, type TestServer } from "../local/rds-data/data-api-server.ts";
import { connectAsMaster } from "./tenant-role.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startDataApi();
  await server.provision();
});
afterAll(() => server.stop());

async function emptyDatabase(name: string) {
  await sql`create database ${sql.id(name)}`.execute(connectAsMaster(server));
  return connectAsMaster(server, name);
}

describe("migrateToLatest", () => {
  it("executes every step once, through the Data API, and has nothing to do the second time", async () => {
    const db = await emptyDatabase("once");

    const first = await migrateToLatest({ db });
    const second = await migrateToLatest({ db });

    expect(first).toEqual(Object.keys(migrations).map((name) => ({ name, status: "executed" })));
    expect(second).toEqual([]);
  });

  it("lets one of two migrators at a time do the work, and the other find it done", async () => {
    const db = await emptyDatabase("two_migrators");

    const outcomes = await Promise.all([migrateToLatest({ db }), migrateToLatest({ db })]);

    expect(outcomes.map(({ length }) => length).sort()).toEqual([0, Object.keys(migrations).length]);
  });

  it("leaves nothing of a run whose last step fails, and names the step", async () => {
    const db = await emptyDatabase("failing");
    const broken: Migration = { up: async (at) => void (await sql`create table x (y no_such_type)`.execute(at)) };
    migrations["9999-broken"] = broken;
    try {
      await expect(migrateToLatest({ db })).rejects.toThrow(
        'migration 9999-broken: type "no_such_type" does not exist',
      );
    } finally {
      delete migrations["9999-broken"];
    }
    expect(await db.introspection.getTables({ withInternalKyselyTables: true })).toEqual([]);
  });
});
