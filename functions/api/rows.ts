/** Between the columns of the tables and the rows that operations work with. */

import type { Selectable } from "kysely";
import type { Database } from "../../migrations/schema.ts";
import type { AlbumRow, PhotoRow, ThumbnailRow } from "./ports.ts";

export const albumColumns = ["album_id", "title", "description", "created_at", "updated_at"] as const;

export const photoColumns = [
  ...(["photo_id", "album_id", "file_name", "content_type", "announced_bytes", "status", "failure_reason"] as const),
  ...(["width", "height", "format", "bytes", "sha256", "taken_at", "camera", "thumbnails"] as const),
  ...(["created_at", "updated_at"] as const),
] as const;

type Row<Table extends keyof Database, Columns extends readonly string[]> = Pick<
  Selectable<Database[Table]>,
  Columns[number] & keyof Selectable<Database[Table]>
>;

export const albumOf = (row: Row<"albums", typeof albumColumns>): AlbumRow => ({
  albumId: row.album_id,
  title: row.title,
  description: row.description,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});

export const photoOf = (row: Row<"photos", typeof photoColumns>): PhotoRow => ({
  photoId: row.photo_id,
  albumId: row.album_id,
  fileName: row.file_name,
  contentType: row.content_type,
  announcedBytes: Number(row.announced_bytes),
  status: row.status as PhotoRow["status"],
  failureReason: row.failure_reason,
  width: row.width,
  height: row.height,
  format: row.format,
  bytes: row.bytes === null ? null : Number(row.bytes),
  sha256: row.sha256,
  // `timestamp`: the camera's local time, as text without a zone.
  takenAt: row.taken_at?.replace(" ", "T") ?? null,
  camera: row.camera,
  thumbnails: (row.thumbnails ?? []) as unknown as ThumbnailRow[],
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});
