import { randomUUID } from "node:crypto";
import { createLibrary } from "../../../functions/api/library.ts";
import type { Nudge } from "../../../functions/shared/nudge.ts";
import { startTenantDatabases, type TenantDatabases } from "../database.ts";

let databases: TenantDatabases;
beforeAll(async () => {
  databases = await startTenantDatabases(["acme", "globex", "paging"]);
});
afterAll(() => databases.stop());

function libraryOf(tenantId: string, options: { failNudge?: number } = {}) {
  const nudges: [string, number][] = [];
  const nudge = async ({ tenantId: named }: Nudge, delaySeconds: number) => {
    if (options.failNudge === delaySeconds) throw new Error("SQS is down");
    nudges.push([named, delaySeconds]);
  };
  const database = databases.of(tenantId);
  const library = createLibrary({ tenantId, actor: "user-1", database, nudge });
  const events = (type: string) =>
    database
      .selectFrom("outbox")
      .select(["payload", "actor"])
      .where("event_type", "=", type)
      .orderBy("created_at")
      .execute();
  return { library, nudges, events, database };
}

const photo = { fileName: "a.jpg", contentType: "image/jpeg" as const, bytes: 1000 };

describe("the library in PostgreSQL", () => {
  it("makes an album with its event and its user, and tells the relay before and after", async () => {
    const { library, nudges, events } = libraryOf("acme");
    const albumId = randomUUID();
    const made = await library.createAlbum(albumId, { title: 'It\'s "Alps" :é $1' });
    expect(made).toMatchObject({ albumId, title: 'It\'s "Alps" :é $1', description: null, createdAt: made.updatedAt });
    expect(await library.album(albumId)).toEqual(made);
    expect(await events("album.created")).toContainEqual({
      payload: { albumId, title: 'It\'s "Alps" :é $1' },
      actor: "user-1",
    });
    expect(nudges).toEqual([
      ["acme", 60],
      ["acme", 0],
    ]);
  });

  it("makes the same id once, and records one event", async () => {
    const { library, events } = libraryOf("acme");
    const albumId = randomUUID();
    const first = await library.createAlbum(albumId, { title: "Once" });
    expect(await library.createAlbum(albumId, { title: "Once" })).toEqual(first);
    const recorded = (await events("album.created")).filter(({ payload }) => JSON.stringify(payload).includes(albumId));
    expect(recorded).toHaveLength(1);
  });

  it("changes nothing when the guard can not be queued: an event must never be forgotten", async () => {
    const { library } = libraryOf("acme", { failNudge: 60 });
    const albumId = randomUUID();
    await expect(library.createAlbum(albumId, { title: "Lost" })).rejects.toThrow("SQS is down");
    expect(await library.album(albumId)).toBeUndefined();
  });

  it("keeps a change whose immediate nudge is lost: the guard follows", async () => {
    const { library } = libraryOf("acme", { failNudge: 0 });
    const albumId = randomUUID();
    await library.createAlbum(albumId, { title: "Kept" });
    expect(await library.album(albumId)).toBeDefined();
  });

  it("changes only what a patch gives", async () => {
    const { library } = libraryOf("acme");
    const { albumId } = await library.createAlbum(randomUUID(), { title: "Alps", description: "2024" });
    expect(await library.updateAlbum(albumId, { title: "Andes" })).toMatchObject({
      title: "Andes",
      description: "2024",
    });
    expect(await library.updateAlbum(albumId, { description: null })).toMatchObject({
      title: "Andes",
      description: null,
    });
    expect(await library.updateAlbum(randomUUID(), { title: "Nowhere" })).toBeUndefined();
  });

  it("keeps an album that has photos, deletes an empty one, and tells an absent one", async () => {
    const { library, events } = libraryOf("acme");
    const { albumId } = await library.createAlbum(randomUUID(), { title: "Full" });
    const made = await library.createPhoto(randomUUID(), albumId, photo);
    expect(await library.deleteAlbum(albumId)).toBe("not-empty");
    expect(await library.deletePhoto(made!.photoId)).toBe(true);
    expect(await library.deleteAlbum(albumId)).toBe("deleted");
    expect(await library.deleteAlbum(albumId)).toBe("absent");
    expect(await events("album.deleted")).toMatchObject([{ payload: { albumId } }]);
  });

  it("announces a photo once, as pending, and none in an album that does not exist", async () => {
    const { library, events } = libraryOf("acme");
    const { albumId } = await library.createAlbum(randomUUID(), { title: "Alps" });
    const photoId = randomUUID();
    const made = await library.createPhoto(photoId, albumId, photo);
    expect(made).toMatchObject({
      photoId,
      albumId,
      status: "pending",
      announcedBytes: 1000,
      thumbnails: [],
      bytes: null,
    });
    expect(await library.createPhoto(photoId, albumId, photo)).toEqual(made);
    expect(await library.createPhoto(randomUUID(), randomUUID(), photo)).toBeUndefined();
    const created = (await events("photo.created")).filter(({ payload }) => JSON.stringify(payload).includes(photoId));
    expect(created).toMatchObject([{ payload: { photoId, albumId, fileName: "a.jpg", announcedBytes: 1000 } }]);
  });

  it("tells on deletion how many bytes a ready photo and its thumbnails took", async () => {
    const { library, events, database } = libraryOf("acme");
    const { albumId } = await library.createAlbum(randomUUID(), { title: "Alps" });
    const { photoId } = (await library.createPhoto(randomUUID(), albumId, photo))!;
    await database
      .updateTable("photos")
      .set({
        status: "ready",
        bytes: 1000,
        taken_at: "2024-05-17T14:03:22",
        thumbnails: [{ bytes: 30 }, { bytes: 12 }],
      })
      .where("photo_id", "=", photoId)
      .execute();
    expect(await library.photo(photoId)).toMatchObject({ takenAt: "2024-05-17T14:03:22", bytes: 1000 });
    await library.deletePhoto(photoId);
    expect(await events("photo.deleted")).toContainEqual({
      payload: { photoId, albumId, storedBytes: 1042 },
      actor: "user-1",
    });
    expect(await library.deletePhoto(photoId)).toBe(false);
  });

  it("pages through rows of one instant without losing or repeating any", async () => {
    const { library, database } = libraryOf("paging");
    const created_at = new Date("2026-01-01T00:00:00.123Z");
    const albums = Array.from({ length: 7 }, (_, index) => ({ title: `Album ${index}`, created_at }));
    await database.insertInto("albums").values(albums).execute();
    const seen: string[] = [];
    let after: { createdAt: string; id: string } | undefined;
    do {
      const { rows, next } = await library.albums({ limit: 3, after });
      seen.push(...rows.map(({ albumId }) => albumId));
      after = next;
    } while (after);
    expect(seen).toHaveLength(7);
    expect(new Set(seen).size).toBe(7);
    expect(seen).toEqual([...seen].sort().reverse());
  });

  it("shows an album's photos page by page, and tells an absent album from an empty one", async () => {
    const { library } = libraryOf("paging");
    const { albumId } = await library.createAlbum(randomUUID(), { title: "Photos" });
    expect(await library.photos(albumId, { limit: 2 })).toEqual({ rows: [], next: undefined });
    expect(await library.photos(randomUUID(), { limit: 2 })).toBeUndefined();
    for (let index = 0; index < 3; index++) await library.createPhoto(randomUUID(), albumId, photo);
    const first = (await library.photos(albumId, { limit: 2 }))!;
    const second = (await library.photos(albumId, { limit: 2, after: first.next }))!;
    expect([first.rows.length, second.rows.length, second.next]).toEqual([2, 1, undefined]);
  });

  it("has nothing of another tenant's, whatever is asked for by id", async () => {
    const acme = libraryOf("acme").library;
    const globex = libraryOf("globex").library;
    const { albumId } = await acme.createAlbum(randomUUID(), { title: "Secret" });
    const { photoId } = (await acme.createPhoto(randomUUID(), albumId, photo))!;
    expect(await globex.album(albumId)).toBeUndefined();
    expect(await globex.photo(photoId)).toBeUndefined();
    expect(await globex.photos(albumId, { limit: 10 })).toBeUndefined();
    expect(await globex.updateAlbum(albumId, { title: "Mine" })).toBeUndefined();
    expect(await globex.createPhoto(randomUUID(), albumId, photo)).toBeUndefined();
    expect(await globex.deletePhoto(photoId)).toBe(false);
    expect(await globex.deleteAlbum(albumId)).toBe("absent");
    expect(await acme.photo(photoId)).toBeDefined();
  });

  it("lists usage by day and metric", async () => {
    const { library, database } = libraryOf("acme");
    await database
      .insertInto("usage_daily")
      .values([
        { day: "2026-01-02", metric: "events", value: 2 },
        { day: "2026-01-01", metric: "storage.bytes", value: "9007199254740991" },
        { day: "2025-12-31", metric: "events", value: 9 },
      ])
      .execute();
    expect(await library.usage("2026-01-01", "2026-01-02")).toEqual([
      { day: "2026-01-01", metric: "storage.bytes", value: 9007199254740991 },
      { day: "2026-01-02", metric: "events", value: 2 },
    ]);
  });
});
