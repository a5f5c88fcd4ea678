/** What became of each delivery, for the tenant to see and for a repeated message to find. */

import { sql } from "kysely";
import type { TenantEvent } from "../shared/events.ts";
import type { TenantDatabase } from "../shared/tenant-database.ts";
import type { Attempt } from "./notify.ts";

const STATUS = { delivered: "delivered", retrying: "pending", refused: "failed" } as const;

export async function isDelivered(database: TenantDatabase, eventId: string): Promise<boolean> {
  const row = await database
    .selectFrom("webhook_deliveries")
    .select("status")
    .where("event_id", "=", eventId)
    .executeTakeFirst();
  return row?.status === "delivered";
}

export async function recordAttempt(database: TenantDatabase, event: TenantEvent, attempt: Attempt): Promise<void> {
  const { attempts, statusCode, error } = attempt;
  const status = STATUS[attempt.status];
  const outcome = { status, attempts, response_status: statusCode, last_error: error?.slice(0, 500) ?? null };
  await database
    .insertInto("webhook_deliveries")
    .values({ event_id: event.id, event_type: event.type, ...outcome })
    .onConflict((conflict) =>
      conflict.columns(["tenant_id", "event_id"]).doUpdateSet({ ...outcome, updated_at: sql`now()` }),
    )
    .execute();
}
