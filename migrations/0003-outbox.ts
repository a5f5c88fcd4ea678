/** Events are written with the change they tell of, and published afterwards; consumers note what they have handled. */

import { type Kysely, sql } from "kysely";
import { instant, now, protect, withTenant } from "./tenant-table.ts";

export async function up(db: Kysely<unknown>): Promise<void> {
  await withTenant(db.schema.createTable("outbox"))
    .addColumn("event_id", "uuid", (column) => column.notNull().defaultTo(sql`gen_random_uuid()`))
    .addColumn("event_type", "text", (column) => column.notNull())
    .addColumn("payload", "jsonb", (column) => column.notNull())
    .addColumn("actor", "text")
    .addColumn("created_at", instant, now)
    .addColumn("published_at", instant)
    .addPrimaryKeyConstraint("outbox_pkey", ["tenant_id", "event_id"])
    .execute();
  await db.schema
    .createIndex("outbox_unpublished")
    .on("outbox")
    .columns(["tenant_id", "created_at"])
    .where(sql.ref("published_at"), "is", null)
    .execute();
  await protect(db, "outbox", ["select", "insert", "update", "delete"]);

  await withTenant(db.schema.createTable("processed_events"))
    .addColumn("consumer", "text", (column) => column.notNull())
    .addColumn("event_id", "uuid", (column) => column.notNull())
    .addColumn("processed_at", instant, now)
    .addPrimaryKeyConstraint("processed_events_pkey", ["tenant_id", "consumer", "event_id"])
    .execute();
  await protect(db, "processed_events", ["select", "insert", "delete"]);
}
