/** What PostgreSQL behind the Data API can do, and a migration lock that holds without a session. */

import { type Kysely, PostgresAdapter, sql } from "kysely";

/** Any number, as long as every migrator of a database uses the same. */
const LOCK_ID = 7_236_455_112_958_313n;
const LOCK_TIMEOUT = "40s";

export class DataApiAdapter extends PostgresAdapter {
  /**
   * An advisory lock of the transaction: a session's would stay with whichever of the Data API's connections took it.
   * @throws when the migrator was not given a transaction, or another migration holds the lock for 40 seconds
   */
  // biome-ignore lint/suspicious/noExplicitAny: kysely's signature
  override async acquireMigrationLock(db: Kysely<any>): Promise<void> {
    if (!db.isTransaction) {
      throw new Error(
        "Over the Data API a migrator needs a transaction to hold its lock: " +
          "db.transaction().execute((db) => new Migrator({ db, … }).migrateToLatest()).",
      );
    }
    await sql`set local lock_timeout = ${sql.lit(LOCK_TIMEOUT)}`.execute(db);
    // It returns void, which the Data API can not be relied on to carry.
    await sql`do ' begin perform pg_advisory_xact_lock(${sql.lit(LOCK_ID)}); end '`.execute(db);
    await sql`set local lock_timeout = 0`.execute(db);
  }

  /** The end of the transaction releases it. */
  override async releaseMigrationLock(): Promise<void> {}
}
