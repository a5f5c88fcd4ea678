/** A library in memory with the order and the paging of the real one. */

import type { AlbumRow, Library, Page, PhotoRow, Rows, UsageRow } from "../../../functions/api/ports.ts";

export class FakeLibrary implements Library {
  readonly albumRows = new Map<string, AlbumRow>();
  readonly photoRows = new Map<string, PhotoRow>();
  readonly usageRows: UsageRow[] = [];
  #clock = Date.UTC(2026, 0, 1);

  async albums(page: Page) {
    return paged([...this.albumRows.values()], (row) => row.albumId, page);
  }
  async album(albumId: string) {
    return this.albumRows.get(albumId);
  }
  async createAlbum(albumId: string, album: { title: string; description?: string | null }) {
    const at = this.#tick();
    const row = { albumId, title: album.title, description: album.description ?? null, createdAt: at, updatedAt: at };
    this.albumRows.set(albumId, this.albumRows.get(albumId) ?? row);
    return this.albumRows.get(albumId) as AlbumRow;
  }
  async updateAlbum(albumId: string, patch: Partial<AlbumRow>) {
    const before = this.albumRows.get(albumId);
    if (!before) return undefined;
    const after = { ...before, ...patch, updatedAt: this.#tick() };
    this.albumRows.set(albumId, after);
    return after;
  }
  async deleteAlbum(albumId: string) {
    if ([...this.photoRows.values()].some((photo) => photo.albumId === albumId)) return "not-empty" as const;
    return this.albumRows.delete(albumId) ? ("deleted" as const) : ("absent" as const);
  }
  async photos(albumId: string, page: Page) {
    if (!this.albumRows.has(albumId)) return undefined;
    const rows = [...this.photoRows.values()].filter((photo) => photo.albumId === albumId);
    return paged(rows, (row) => row.photoId, page);
  }
  async photo(photoId: string) {
    return this.photoRows.get(photoId);
  }
  async createPhoto(photoId: string, albumId: string, photo: { fileName: string; contentType: string; bytes: number }) {
    if (!this.albumRows.has(albumId)) return undefined;
    const at = this.#tick();
    const { fileName, contentType, bytes: announcedBytes } = photo;
    const empty = { failureReason: null, width: null, height: null, format: null, bytes: null, sha256: null };
    const row: PhotoRow = {
      ...{ photoId, albumId, fileName, contentType, announcedBytes, status: "pending", ...empty },
      ...{ takenAt: null, camera: null, thumbnails: [], createdAt: at, updatedAt: at },
    };
    this.photoRows.set(photoId, row);
    return row;
  }
  async deletePhoto(photoId: string) {
    return this.photoRows.delete(photoId);
  }
  async usage(from: string, to: string) {
    return this.usageRows.filter(({ day }) => day >= from && day <= to);
  }

  #tick(): string {
    this.#clock += 1000;
    return new Date(this.#clock).toISOString();
  }
}

function paged<Row extends { createdAt: string }>(
  all: Row[],
  id: (row: Row) => string,
  { limit, after }: Page,
): Rows<Row> {
  const sorted = all
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt) || id(b).localeCompare(id(a)))
    .filter(
      (row) => !after || row.createdAt < after.createdAt || (row.createdAt === after.createdAt && id(row) < after.id),
    );
  const rows = sorted.slice(0, limit);
  const last = rows.at(-1);
  return { rows, next: last && sorted.length > limit ? { createdAt: last.createdAt, id: id(last) } : undefined };
}
