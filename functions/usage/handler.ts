/** Adds up what a tenant uses, per UTC day. */

import type { Kysely } from "kysely";
import type { Database } from "../../migrations/schema.ts";
import { transactionalConsumer } from "../shared/event-consumer.ts";
import type { TenantEvent } from "../shared/events.ts";
import { metersOf } from "./meters.ts";

export const handler = transactionalConsumer("usage", addUsage);

export async function addUsage(transaction: Kysely<Database>, event: TenantEvent): Promise<void> {
  const day = event.time.slice(0, 10);
  const meters = metersOf(event);
  await transaction
    .insertInto("usage_daily")
    .values(meters.map(({ metric, value }) => ({ day, metric, value })))
    .onConflict((conflict) =>
      conflict
        .columns(["tenant_id", "day", "metric"])
        .doUpdateSet((e) => ({ value: e("usage_daily.value", "+", e.ref("excluded.value")) })),
    )
    .execute();
}
