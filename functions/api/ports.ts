/**
 * What the operations need of the world, for one tenant. The function connects them to AWS (`connect.ts`); a test hands in
 * its own.
 */

import type { Static } from "typebox";
import type { Position } from "./cursor.ts";
import type { Album, AlbumPatch, NewAlbum, NewPhoto } from "./schemas.ts";

export type AlbumRow = Static<typeof Album>;

export interface ThumbnailRow {
  size: number;
  width: number;
  height: number;
  bytes: number;
  contentType: string;
}

export interface PhotoRow {
  photoId: string;
  albumId: string;
  fileName: string;
  contentType: string;
  announcedBytes: number;
  status: "pending" | "processing" | "ready" | "failed";
  failureReason: string | null;
  width: number | null;
  height: number | null;
  format: string | null;
  bytes: number | null;
  sha256: string | null;
  takenAt: string | null;
  camera: string | null;
  thumbnails: ThumbnailRow[];
  createdAt: string;
  updatedAt: string;
}

export interface UsageRow {
  day: string;
  metric: string;
  value: number;
}

export interface Page {
  limit: number;
  after?: Position;
}

/** A page of rows, and where it ends when more follow. */
export interface Rows<Row> {
  rows: Row[];
  next?: Position;
}

/** The tenant's rows. What changes a row records its event in the same transaction. */
export interface Library {
  albums(page: Page): Promise<Rows<AlbumRow>>;
  album(albumId: string): Promise<AlbumRow | undefined>;
  /** Making the same id again returns the album that is there. */
  createAlbum(albumId: string, album: Static<typeof NewAlbum>): Promise<AlbumRow>;
  updateAlbum(albumId: string, patch: Static<typeof AlbumPatch>): Promise<AlbumRow | undefined>;
  deleteAlbum(albumId: string): Promise<"deleted" | "absent" | "not-empty">;
  photos(albumId: string, page: Page): Promise<Rows<PhotoRow> | undefined>;
  photo(photoId: string): Promise<PhotoRow | undefined>;
  /** Undefined where the album does not exist. */
  createPhoto(photoId: string, albumId: string, photo: Static<typeof NewPhoto>): Promise<PhotoRow | undefined>;
  deletePhoto(photoId: string): Promise<boolean>;
  usage(from: string, to: string): Promise<UsageRow[]>;
}

export interface SignedUpload {
  method: "PUT";
  url: string;
  headers: Record<string, string>;
  expiresAt: string;
}

/** The tenant's objects. */
export interface Objects {
  upload(key: string, contentType: string, bytes: number): Promise<SignedUpload>;
  downloadUrl(key: string, options?: { fileName?: string }): Promise<string>;
  /** Removing what is not there is no error. */
  remove(keys: string[]): Promise<void>;
}

/** Carries out an effect once per idempotency key; without a key, each time. */
export type Once = <Result>(
  request: OnceRequest,
  effect: (id: string) => Promise<Result>,
) => Promise<{ result: Result; replayed: boolean }>;

export interface OnceRequest {
  /** The `Idempotency-Key` header. */
  key?: string;
  /** Method and path: a key counts for one route. */
  route: string;
  body: unknown;
}

export interface Ports {
  tenantId: string;
  library: Library;
  objects: Objects;
  once: Once;
  /** Signs this tenant's cursors. */
  cursorKey(): Promise<Buffer>;
  /** ms since the epoch */
  now(): number;
}
