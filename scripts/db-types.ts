/** `npm run db:types`: migrates an empty database and writes what it has become to migrations/schema.ts. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { describeDatabase } from "../data-api/index.ts";
import { startPostgres } from "../local/postgres.ts";
import { migrateToLatest } from "../migrations/index.ts";

/** The text of migrations/schema.ts as it should be. */
export async function generateSchema(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "terrace-db-types-"));
  const server = await startPostgres({ directory });
  const { host, port, user, password } = server;
  const pool = new pg.Pool({ host, port, user, password, database: "postgres", max: 1 });
  // The pool's last connection may still be closing when the server goes: that is no failure of this script.
  pool.on("error", () => undefined);
  const db = new Kysely({ dialect: new PostgresDialect({ pool }) });
  try {
    await migrateToLatest({ db });
    return await describeDatabase(db, { comment: "Written by `npm run db:types` from the migrations: do not edit." });
  } finally {
    await db.destroy();
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

export const SCHEMA_FILE = join(import.meta.dirname, "../migrations/schema.ts");

if (import.meta.main) {
  writeFileSync(SCHEMA_FILE, await generateSchema());
  console.log("wrote migrations/schema.ts");
}
