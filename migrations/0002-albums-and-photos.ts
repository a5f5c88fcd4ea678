import { type Kysely, sql } from "kysely";
import { instant, now, protect, withTenant } from "./tenant-table.ts";

export async function up(db: Kysely<unknown>): Promise<void> {
  await withTenant(db.schema.createTable("albums"))
    .addColumn("album_id", "uuid", (column) => column.notNull().defaultTo(sql`gen_random_uuid()`))
    .addColumn("title", "text", (column) => column.notNull())
    .addColumn("description", "text")
    .addColumn("created_at", instant, now)
    .addColumn("updated_at", instant, now)
    .addPrimaryKeyConstraint("albums_pkey", ["tenant_id", "album_id"])
    .execute();
  await db.schema
    .createIndex("albums_by_creation")
    .on("albums")
    .columns(["tenant_id", "created_at", "album_id"])
    .execute();
  await protect(db, "albums", ["select", "insert", "update", "delete"]);

  await withTenant(db.schema.createTable("photos"))
    .addColumn("photo_id", "uuid", (column) => column.notNull().defaultTo(sql`gen_random_uuid()`))
    .addColumn("album_id", "uuid", (column) => column.notNull())
    .addColumn("file_name", "text", (column) => column.notNull())
    .addColumn("content_type", "text", (column) => column.notNull())
    .addColumn("announced_bytes", "integer", (column) => column.notNull())
    .addColumn("status", "text", (column) =>
      column.notNull().defaultTo("pending").check(sql`status in ('pending', 'processing', 'ready', 'failed')`),
    )
    .addColumn("failure_reason", "text")
    .addColumn("width", "integer")
    .addColumn("height", "integer")
    .addColumn("format", "text")
    .addColumn("bytes", "integer")
    .addColumn("sha256", "text")
    // The camera's local time: EXIF rarely knows a zone.
    .addColumn("taken_at", sql`timestamp(0)`)
    .addColumn("camera", "text")
    .addColumn("thumbnails", "jsonb", (column) => column.notNull().defaultTo(sql`'[]'`))
    .addColumn("created_at", instant, now)
    .addColumn("updated_at", instant, now)
    .addPrimaryKeyConstraint("photos_pkey", ["tenant_id", "photo_id"])
    .addForeignKeyConstraint("photos_album", ["tenant_id", "album_id"], "albums", ["tenant_id", "album_id"])
    .execute();
  await db.schema
    .createIndex("photos_by_album")
    .on("photos")
    .columns(["tenant_id", "album_id", "created_at", "photo_id"])
    .execute();
  await protect(db, "photos", ["select", "insert", "update", "delete"]);
}
