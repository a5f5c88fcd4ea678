import type { Developed } from "../../../functions/thumbnailer/develop.ts";
import { PhotoRejected } from "../../../functions/thumbnailer/photo-rejected.ts";
import { type Outcome, processUpload, type UploadPorts } from "../../../functions/thumbnailer/process-upload.ts";
import { readNotification } from "../../../functions/thumbnailer/read-notification.ts";

const photoId = "11111111-1111-4111-8111-111111111111";
const upload = { tenantId: "acme", photoId, eventId: "22222222-2222-4222-8222-222222222222" };
const folder = `tenants/acme/photos/${photoId}`;
const developed: Developed = {
  ...{ width: 1600, height: 1000, format: "jpeg", bytes: 9, sha256: "ab", takenAt: null, camera: null },
  thumbnails: [256, 1024].map((size) => ({
    ...{ size, width: size, height: size, contentType: "image/webp" as const },
    data: Buffer.alloc(size),
  })),
};

function setting(changes: Partial<UploadPorts> = {}) {
  const objects = new Map<string, string>();
  const outcomes: Outcome[] = [];
  const ports: UploadPorts = {
    begin: async () => ({ albumId: "album", contentType: "image/jpeg", announcedBytes: 9 }),
    read: async () => Buffer.alloc(9),
    write: async (key, _, contentType) => void objects.set(key, contentType),
    remove: async (key) => void objects.delete(key),
    develop: async () => developed,
    finish: async (_, outcome) => outcomes.push(outcome) > 0,
    ...changes,
  };
  return { ports, objects, outcomes };
}

describe("an upload", () => {
  it("ends as ready, with its thumbnails stored before the row says so", async () => {
    const { ports, objects, outcomes } = setting();
    const finish = ports.finish;
    ports.finish = async (...values) => {
      expect([...objects.keys()]).toEqual([`${folder}/thumbnail-256.webp`, `${folder}/thumbnail-1024.webp`]);
      return finish(...values);
    };
    expect(await processUpload(upload, ports)).toBe("ready");
    expect(outcomes[0]).toMatchObject({ status: "ready", event: { bytes: 9, thumbnailBytes: 1280, sha256: "ab" } });
  });

  it("of a file at fault ends as failed with the reason, and is not tried again", async () => {
    const reason = "The image/jpeg file is corrupt: premature end";
    const { ports, outcomes, objects } = setting({ develop: () => Promise.reject(new PhotoRejected(reason)) });
    expect(await processUpload(upload, ports)).toBe("failed");
    expect(outcomes).toEqual([{ status: "failed", event: { photoId, albumId: "album", reason } }]);
    expect(objects.size).toBe(0);
  });

  it.each(["read", "write", "finish"] as const)("whose %s fails is tried again", async (port) => {
    const { ports } = setting({ [port]: () => Promise.reject(new Error("timeout")) });
    await expect(processUpload(upload, ports)).rejects.toThrow("timeout");
  });

  it("that was processed before is skipped", async () => {
    const { ports, outcomes } = setting({ begin: async () => undefined });
    expect(await processUpload(upload, ports)).toBe("skipped");
    expect(outcomes).toEqual([]);
  });

  it("of a photo that was deleted meanwhile leaves no thumbnails behind", async () => {
    const { ports, objects } = setting({ finish: async () => false });
    expect(await processUpload(upload, ports)).toBe("skipped");
    expect(objects.size).toBe(0);
  });
});

describe("a bucket's notification", () => {
  const created = (key: string, sequencer = "1") => ({
    eventName: "ObjectCreated:Put",
    s3: { bucket: { name: "photos" }, object: { key, size: 1, eTag: "e", sequencer } },
  });
  const body = (...records: unknown[]) => JSON.stringify({ Records: records });

  it("names the tenant and the photo by the object's key", () => {
    const { uploads } = readNotification(body(created(`${folder}/original`)));
    expect(uploads).toMatchObject([{ tenantId: "acme", photoId }]);
  });

  it("gives repeated deliveries of one upload one id, and another upload another", () => {
    const ids = ["1", "1", "2"].map(
      (sequencer) => readNotification(body(created(`${folder}/original`, sequencer))).uploads[0]!.eventId,
    );
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).not.toBe(ids[2]);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it("ignores S3's test event, removals, and keys that are no photo's original", () => {
    expect(readNotification(JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent" }))).toEqual({
      uploads: [],
      ignored: [],
    });
    const removed = { ...created(`${folder}/original`), eventName: "ObjectRemoved:Delete" };
    const keys = [`${folder}/thumbnail-256.webp`, "tenants/../secret/original", "a b/original"];
    const records = [removed, ...keys.map((key) => created(encodeURIComponent(key).replaceAll("%20", "+")))];
    expect(readNotification(body(...records))).toEqual({ uploads: [], ignored: keys });
  });
});
