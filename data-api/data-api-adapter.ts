/** What PostgreSQL behind the Data API can do, and a migration lock that holds without a session. */

import { type Kysely, PostgresAdapter } from "kysely";
import type { ColumnTypes } from "./compile/column-types.ts";
import type { MigrationLock } from "./migration-lock.ts";

export class DataApiAdapter extends PostgresAdapter {
  readonly columnTypes: ColumnTypes;
  readonly #lock: MigrationLock;

  constructor(columnTypes: ColumnTypes, lock: MigrationLock) {
    super();
    this.columnTypes = columnTypes;
    this.#lock = lock;
  }

  // biome-ignore lint/suspicious/noExplicitAny: kysely's signature
  override acquireMigrationLock(db: Kysely<any>): Promise<void> {
    return this.#lock.acquire(db);
  }

  // biome-ignore lint/suspicious/noExplicitAny: kysely's signature
  override releaseMigrationLock(db: Kysely<any>): Promise<void> {
    return this.#lock.release(db);
  }
}
