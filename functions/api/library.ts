/**
 * The tenant's rows in PostgreSQL. Row security knows the tenant by the connection's role, so no statement here names it.
 */

import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import { DatabaseError } from "../../data-api/index.ts";
import type { Database } from "../../migrations/schema.ts";
import type { EventType } from "../shared/events.ts";
import { type SendNudge, withNudges } from "../shared/nudge.ts";
import { type ChangeOf, type EventPayload, recorded } from "../shared/outbox.ts";
import type { Library, Page, Rows } from "./ports.ts";
import { albumColumns, albumOf, photoColumns, photoOf } from "./rows.ts";

const FOREIGN_KEY_VIOLATION = "23503";

export interface LibraryOptions {
  tenantId: string;
  /** The signed-in user. */
  actor: string | null;
  database: Kysely<Database>;
  nudge: SendNudge;
}

export function createLibrary({ tenantId, actor, database, nudge }: LibraryOptions): Library {
  /** Makes a change of at most one row, with its event. */
  const change = <Row, Type extends EventType>(query: ChangeOf<Row>, type: Type, payload: EventPayload<Type>) =>
    withNudges(tenantId, nudge, () => recorded(database, query, type, payload, actor), Boolean);

  async function album(albumId: string) {
    const query = database.selectFrom("albums").select(albumColumns).where("album_id", "=", albumId);
    const row = await query.executeTakeFirst();
    return row && albumOf(row);
  }

  async function photo(photoId: string) {
    const query = database.selectFrom("photos").select(photoColumns).where("photo_id", "=", photoId);
    const row = await query.executeTakeFirst();
    return row && photoOf(row);
  }

  return {
    album,
    photo,

    async albums(page) {
      const query = database.selectFrom("albums").select(albumColumns);
      return rowsOf(await paged(query, "album_id", page).execute(), page, "album_id", albumOf);
    },

    async createAlbum(albumId, { title, description = null }) {
      const query = database
        .insertInto("albums")
        .values({ album_id: albumId, title, description })
        .onConflict((conflict) => conflict.columns(["tenant_id", "album_id"]).doNothing())
        .returning(albumColumns);
      const row = await change(query, "album.created", { albumId, title });
      const made = row ? albumOf(row) : await album(albumId);
      if (!made) throw new Error(`Album ${albumId} was deleted while it was made again`);
      return made;
    },

    async updateAlbum(albumId, patch) {
      const query = database
        .updateTable("albums")
        .set({ ...patch, updated_at: sql`now()` })
        .where("album_id", "=", albumId)
        .returning(albumColumns);
      const row = await change(query, "album.updated", sql`jsonb_build_object('albumId', album_id, 'title', title)`);
      return row && albumOf(row);
    },

    async deleteAlbum(albumId) {
      const query = database.deleteFrom("albums").where("album_id", "=", albumId).returning("album_id");
      try {
        return (await change(query, "album.deleted", { albumId })) ? "deleted" : "absent";
      } catch (error) {
        if (isForeignKeyViolation(error)) return "not-empty";
        throw error;
      }
    },

    async photos(albumId, page) {
      const query = database.selectFrom("photos").select(photoColumns).where("album_id", "=", albumId);
      const rows = await paged(query, "photo_id", page).execute();
      if (rows.length === 0 && !(await album(albumId))) return undefined;
      return rowsOf(rows, page, "photo_id", photoOf);
    },

    async createPhoto(photoId, albumId, { fileName, contentType, bytes }) {
      const query = database
        .insertInto("photos")
        .values({
          ...{ photo_id: photoId, album_id: albumId, file_name: fileName },
          ...{ content_type: contentType, announced_bytes: bytes },
        })
        .onConflict((conflict) => conflict.columns(["tenant_id", "photo_id"]).doNothing())
        .returning(photoColumns);
      const payload = { photoId, albumId, fileName, contentType, announcedBytes: bytes };
      try {
        const row = await change(query, "photo.created", payload);
        return row ? photoOf(row) : await photo(photoId);
      } catch (error) {
        if (isForeignKeyViolation(error)) return undefined;
        throw error;
      }
    },

    async deletePhoto(photoId) {
      const query = database.deleteFrom("photos").where("photo_id", "=", photoId).returning(photoColumns);
      const thumbnailBytes = sql`(select coalesce(sum((t->>'bytes')::bigint), 0) from jsonb_array_elements(thumbnails) t)`;
      const payload = sql`jsonb_build_object('photoId', photo_id, 'albumId', album_id,
        'storedBytes', case status when 'ready' then bytes + ${thumbnailBytes} else 0 end)`;
      return (await change(query, "photo.deleted", payload)) !== undefined;
    },

    async usage(from, to) {
      const rows = await database
        .selectFrom("usage_daily")
        .select([sql<string>`day::text`.as("day"), "metric", "value"])
        .where("day", ">=", from)
        .where("day", "<=", to)
        .orderBy("day")
        .orderBy("metric")
        .execute();
      return rows.map(({ day, metric, value }) => ({ day, metric, value: Number(value) }));
    },
  };
}

/** One row more than asked for tells whether another page follows. */
function paged<Table extends "albums" | "photos", Row>(
  query: SelectQueryBuilder<Database, Table, Row>,
  id: "album_id" | "photo_id",
  { limit, after }: Page,
): SelectQueryBuilder<Database, Table, Row> {
  const key = sql`(created_at, ${sql.ref(id)})`;
  const from = after ? query.where(sql<boolean>`${key} < (${after.createdAt}::timestamptz, ${after.id}::uuid)`) : query;
  return from
    .orderBy(sql`created_at`, "desc")
    .orderBy(sql.ref(id), "desc")
    .limit(limit + 1);
}

function rowsOf<Id extends string, Row extends Record<Id, string> & { created_at: Date }, Result>(
  rows: Row[],
  { limit }: Page,
  id: Id,
  present: (row: Row) => Result,
): Rows<Result> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = last && rows.length > limit ? { createdAt: last.created_at.toISOString(), id: last[id] } : undefined;
  return { rows: shown.map(present), next };
}

const isForeignKeyViolation = (error: unknown): boolean =>
  error instanceof DatabaseError && error.sqlState === FOREIGN_KEY_VIOLATION;
