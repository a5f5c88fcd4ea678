/** Brings databases of the cell's cluster up to date, one after the other. A paused cluster is waited for. */

import type { Context } from "aws-lambda";
import { Kysely } from "kysely";
import { DataApiDialect } from "../../data-api/index.ts";
import { type MigrationOutcome, migrateToLatest } from "../../migrations/index.ts";
import { environment } from "../shared/environment.ts";
import { logger } from "../shared/logger.ts";

export interface MigrateRequest {
  operation: "migrate";
  databases: string[];
}

/** @returns by database, the steps that were executed. */
export async function handler(event: MigrateRequest, context: Context): Promise<Record<string, string[]>> {
  if (event?.operation !== "migrate" || !Array.isArray(event.databases) || event.databases.length === 0)
    throw new Error('The migrate function takes { "operation": "migrate", "databases": ["…"] }');
  const log = logger(undefined, context);
  const executed: Record<string, string[]> = {};
  for (const database of event.databases) {
    const steps = await migrateDatabase(database, (waitedMs) =>
      log.info("The cluster was paused", { database, waitedMs }),
    );
    executed[database] = steps.map(({ name }) => name);
    log.info("Migrated", { database, executed: executed[database] });
  }
  return executed;
}

async function migrateDatabase(database: string, onResume: (waitedMs: number) => void): Promise<MigrationOutcome[]> {
  const dialect = new DataApiDialect({
    resourceArn: environment("CLUSTER_ARN"),
    secretArn: environment("ADMIN_SECRET_ARN"),
    database,
    onResume,
  });
  const db = new Kysely<unknown>({ dialect });
  try {
    return await migrateToLatest({ db });
  } finally {
    await db.destroy();
  }
}
