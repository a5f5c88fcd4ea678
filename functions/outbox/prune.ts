/** Removes what nobody asks for any more: events long published, and notes of events that no queue can repeat. */

import { type Kysely, sql } from "kysely";
import type { Database } from "../../migrations/schema.ts";

/** Published events stay so long for a look at what happened. */
const PUBLISHED_DAYS = 7;
/** SQS keeps a message for 14 days at most, and a dead-letter queue's redrive may follow on that. */
const PROCESSED_DAYS = 30;

export async function prune(database: Kysely<Database>): Promise<void> {
  await database
    .deleteFrom("outbox")
    .where("published_at", "<", sql<Date>`now() - make_interval(days => ${sql.lit(PUBLISHED_DAYS)})`)
    .execute();
  await database
    .deleteFrom("processed_events")
    .where("processed_at", "<", sql<Date>`now() - make_interval(days => ${sql.lit(PROCESSED_DAYS)})`)
    .execute();
}
