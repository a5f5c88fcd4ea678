/** Appends every event to the tenant's audit trail. */

import { type Kysely, sql } from "kysely";
import type { Database } from "../../migrations/schema.ts";
import { transactionalConsumer } from "../shared/event-consumer.ts";
import type { TenantEvent } from "../shared/events.ts";
import { nextEntry } from "./chain.ts";

export const handler = transactionalConsumer("audit", appendToTrail);

/** @param transaction The chain's end is locked until it ends: of two entries at a time the second waits. */
export async function appendToTrail(transaction: Kysely<Database>, event: TenantEvent): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('audit/' || current_user, 0))::text`.execute(transaction);
  const last = await transaction
    .selectFrom("audit_events")
    .select(["sequence", "hash"])
    .orderBy("sequence", "desc")
    .limit(1)
    .executeTakeFirst();
  const { id: eventId, type: eventType, time: occurredAt, actor = null, data: payload } = event;
  const link = last && { sequence: Number(last.sequence), hash: last.hash };
  const entry = nextEntry(event.tenantid, link, { eventId, eventType, occurredAt, actor, payload });
  await transaction
    .insertInto("audit_events")
    .values({
      ...{ sequence: entry.sequence, event_id: eventId, event_type: eventType, occurred_at: new Date(occurredAt) },
      ...{ actor, payload, previous_hash: entry.previousHash, hash: entry.hash },
    })
    .execute();
}
