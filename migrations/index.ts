/**
 * The database's steps, in the order of their names. They are listed one by one, so that a bundled function carries them.
 * Row security binds the migrator as well: a step that has to change rows turns it off for the table and on again.
 */

import type { Kysely } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import * as tenantRole from "./0001-tenant-role.ts";
import * as albumsAndPhotos from "./0002-albums-and-photos.ts";
import * as outbox from "./0003-outbox.ts";
import * as consumers from "./0004-consumers.ts";

export const migrations: Record<string, Migration> = {
  "0001-tenant-role": tenantRole,
  "0002-albums-and-photos": albumsAndPhotos,
  "0003-outbox": outbox,
  "0004-consumers": consumers,
};

/** The ledger has a schema of its own: tenants have no business with it. */
const LEDGER_SCHEMA = "migrations";

export interface MigrationOutcome {
  name: string;
  status: "executed";
}

/**
 * Brings one database up to date: all steps that are missing, in one transaction, one migrator at a time.
 * @param db connected as the database's owner
 * @returns the steps that were executed; empty when there was nothing to do
 * @throws what the failing step threw; then none of the steps has happened
 */
export async function migrateToLatest<Tables>({ db }: { db: Kysely<Tables> }): Promise<MigrationOutcome[]> {
  return db.transaction().execute(async (transaction) => {
    // The migrator takes the same lock, but only after it has made its tables.
    await transaction
      .getExecutor()
      .adapter.acquireMigrationLock(transaction, { lockTable: "kysely_migration_lock", lockRowId: "migration_lock" });
    const migrator = new Migrator({
      db: transaction,
      provider: { getMigrations: async () => migrations },
      migrationTableSchema: LEDGER_SCHEMA,
    });
    const { error, results = [] } = await migrator.migrateToLatest();
    if (error) {
      const failed = results.find(({ status }) => status === "Error");
      if (failed && error instanceof Error) error.message = `migration ${failed.migrationName}: ${error.message}`;
      throw error;
    }
    return results.map(({ migrationName }) => ({ name: migrationName, status: "executed" }));
  });
}
