/** What the consumers of events keep: an audit trail that only grows, usage per day, and the webhooks' deliveries. */

import { type Kysely, sql } from "kysely";
import { instant, now, protect, withTenant } from "./tenant-table.ts";

export async function up(db: Kysely<unknown>): Promise<void> {
  await withTenant(db.schema.createTable("audit_events"))
    // 1, 2, 3 … without gaps: with the hashes a chain that shows what was changed, removed or inserted.
    .addColumn("sequence", "bigint", (column) => column.notNull())
    .addColumn("event_id", "uuid", (column) => column.notNull())
    .addColumn("event_type", "text", (column) => column.notNull())
    .addColumn("occurred_at", instant, (column) => column.notNull())
    .addColumn("actor", "text")
    .addColumn("payload", "jsonb", (column) => column.notNull())
    .addColumn("previous_hash", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .addColumn("recorded_at", instant, now)
    .addPrimaryKeyConstraint("audit_events_pkey", ["tenant_id", "sequence"])
    .addUniqueConstraint("audit_events_event", ["tenant_id", "event_id"])
    .execute();
  await db.schema
    .createIndex("audit_events_by_time")
    .on("audit_events")
    .columns(["tenant_id", "occurred_at", "event_id"])
    .execute();
  await protect(db, "audit_events", ["select", "insert"]);

  await withTenant(db.schema.createTable("usage_daily"))
    .addColumn("day", "date", (column) => column.notNull())
    .addColumn("metric", "text", (column) => column.notNull())
    .addColumn("value", "bigint", (column) => column.notNull().defaultTo(0))
    .addPrimaryKeyConstraint("usage_daily_pkey", ["tenant_id", "day", "metric"])
    .execute();
  await protect(db, "usage_daily", ["select", "insert", "update"]);

  await withTenant(db.schema.createTable("webhook_deliveries"))
    .addColumn("event_id", "uuid", (column) => column.notNull())
    .addColumn("event_type", "text", (column) => column.notNull())
    .addColumn("status", "text", (column) =>
      column.notNull().defaultTo("pending").check(sql`status in ('pending', 'delivered', 'failed')`),
    )
    .addColumn("attempts", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("response_status", "integer")
    .addColumn("last_error", "text")
    .addColumn("created_at", instant, now)
    .addColumn("updated_at", instant, now)
    .addPrimaryKeyConstraint("webhook_deliveries_pkey", ["tenant_id", "event_id"])
    .execute();
  await protect(db, "webhook_deliveries", ["select", "insert", "update"]);
}
