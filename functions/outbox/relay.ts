/**
 * Publishes what stands in a tenant's outbox. Rows are locked while they are published and skipped by others, so relays at
 * work side by side publish different rows; a relay that dies leaves its rows for the next. At least once, hence: a row may
 * be published and yet not be marked.
 */

import { type Kysely, sql } from "kysely";
import type { Database } from "../../migrations/schema.ts";
import { eventOf, type TenantEvent } from "../shared/events.ts";

/** SNS takes ten messages a call. */
const BATCH = 10;

/** @returns Ids of the events that were taken. */
export type Publish = (events: TenantEvent[]) => Promise<Set<string>>;

export class NotPublished extends Error {
  override readonly name = "NotPublished";
}

export interface RelayOptions {
  database: Kysely<Database>;
  tenantId: string;
  /** The events' `source`. */
  source: string;
  publish: Publish;
}

/**
 * @returns How many events were published.
 * @throws NotPublished when the topic refused some of them: the others are marked, these come again.
 */
export async function relay(options: RelayOptions): Promise<number> {
  let published = 0;
  for (;;) {
    const { taken, refused } = await relayBatch(options);
    published += taken;
    if (refused > 0) throw new NotPublished(`${refused} events of ${options.tenantId} were not published`);
    if (taken < BATCH) return published;
  }
}

async function relayBatch({ database, tenantId, source, publish }: RelayOptions) {
  return database.transaction().execute(async (transaction) => {
    const rows = await transaction
      .selectFrom("outbox")
      .select(["event_id", "event_type", "payload", "actor", "created_at"])
      .where("published_at", "is", null)
      .orderBy("created_at")
      .limit(BATCH)
      .forUpdate()
      .skipLocked()
      .execute();
    if (rows.length === 0) return { taken: 0, refused: 0 };
    const events = rows.map((row) =>
      eventOf(
        {
          ...{ eventId: row.event_id, eventType: row.event_type, payload: row.payload, actor: row.actor },
          createdAt: row.created_at.toISOString(),
        },
        tenantId,
        source,
      ),
    );
    const taken = await publish(events);
    if (taken.size > 0)
      await transaction
        .updateTable("outbox")
        .set({ published_at: sql`now()` })
        .where("event_id", "in", [...taken])
        .execute();
    return { taken: taken.size, refused: rows.length - taken.size };
  });
}
