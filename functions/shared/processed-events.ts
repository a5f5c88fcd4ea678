/** What makes a consumer idempotent: its effect and the note that it took place commit together, or not at all. */

import type { Transaction } from "kysely";
import type { Database } from "../../migrations/schema.ts";
import type { TenantDatabase } from "./tenant-database.ts";

/**
 * Runs `effect` in a transaction unless `consumer` has processed the event before. Of two deliveries at a time the second
 * waits for the first, and finds the note.
 * @returns Undefined where it was processed before.
 */
export async function processOnce<Result>(
  database: TenantDatabase,
  consumer: string,
  eventId: string,
  effect: (transaction: Transaction<Database>) => Promise<Result>,
): Promise<Result | undefined> {
  return database.transaction().execute(async (transaction) => {
    const noted = await transaction
      .insertInto("processed_events")
      .values({ consumer, event_id: eventId })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return noted.numInsertedOrUpdatedRows === 0n ? undefined : effect(transaction);
  });
}
