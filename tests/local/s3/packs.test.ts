import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DeleteObjectCommand, GetObjectCommand } from "@aws-sdk/client-s3";
import { type ObjectStore, objectStore } from "../../../local/services/s3/content/store.ts";
import { type MessagingCloud, startMessaging } from "../messaging-cloud.ts";
import { objectClient } from "./s3-client.ts";

describe("small objects in packs", () => {
  let directory: string;
  let database: DatabaseSync;
  let store: ObjectStore;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "terrace-packs-"));
    database = new DatabaseSync(":memory:");
    store = objectStore(database, directory);
  });
  afterEach(() => {
    database.close();
    rmSync(directory, { recursive: true });
  });

  const files = () => readdirSync(join(directory, "objects"));
  const bytes = () => files().reduce((sum, file) => sum + statSync(join(directory, "objects", file)).size, 0);
  const put = (key: string, content: Buffer, versioned = false) =>
    store.put(
      {
        ...{ bucket: "b", key, isDeleteMarker: false, modified: 0, etag: '"x"' },
        ...{ headers: {}, metadata: {}, tags: {}, checksums: {} },
      },
      content,
      versioned,
    );
  const text = (key: string) => store.read(store.latest("b", key)!).toString();

  it("share a file, and each is read as it was written; large and empty ones do not", () => {
    for (let index = 0; index < 100; index++) put(`k${index}`, Buffer.from(`content ${index}`));
    expect(files()).toHaveLength(1);
    expect([text("k0"), text("k57"), text("k99")]).toEqual(["content 0", "content 57", "content 99"]);
    put("large", Buffer.alloc(256 * 1024 + 1, "x"));
    put("empty", Buffer.alloc(0));
    expect([files().length, text("large").length, text("empty")]).toEqual([3, 256 * 1024 + 1, ""]);
  });

  it("give the space of what was overwritten or deleted back while the platform runs", () => {
    const content = Buffer.alloc(200 * 1024, "x");
    for (let index = 0; index < 1000; index++) put("same", content);
    // 200 MB were written.
    expect(bytes()).toBeLessThan(100 * 1024 * 1024);
    expect(text("same")).toBe(content.toString());
  });

  it("that are left in a pack of deleted ones are moved, are still what they were, and the pack goes", () => {
    for (let index = 0; index < 100; index++) put(`k${index}`, Buffer.from(`content ${index} `.repeat(100)));
    const before = files();
    for (let index = 0; index < 99; index++) store.removeVersion(store.latest("b", `k${index}`)!);
    store.close();
    store = objectStore(database, directory);
    expect(text("k99")).toBe("content 99 ".repeat(100));
    store.close();
    expect(files()).not.toContain(before[0]);
    expect(bytes()).toBe("content 99 ".repeat(100).length);
    expect(text("k99")).toBe("content 99 ".repeat(100));
  });

  it("that were never named leave nothing behind", () => {
    put("k", Buffer.from("kept"));
    database.exec("DELETE FROM s3_objects");
    store.close();
    expect(files()).toEqual([]);
  });

  it("of versions are each other's neighbours, and go one by one", () => {
    const [first, second] = [put("k", Buffer.from("one"), true), put("k", Buffer.from("two"), true)];
    expect([store.read(first).toString(), store.read(second).toString()]).toEqual(["one", "two"]);
    store.removeVersion(second);
    expect(text("k")).toBe("one");
  });
});

describe("small objects of a killed process", () => {
  let cloud: MessagingCloud;
  beforeEach(async () => {
    cloud = await startMessaging();
  });
  afterEach(() => cloud.stop());

  it("are all there: what was answered for, with its ranges and its versions", async () => {
    const before = objectClient(cloud.running.client());
    await before.create("photos");
    for (let index = 0; index < 20; index++) await before.put("photos", `k${index}`, `content ${index}`);
    before.sdk.destroy();
    await cloud.restart({ isKilled: true });
    const after = objectClient(cloud.running.client());
    for (let index = 0; index < 20; index++) expect(await after.text("photos", `k${index}`)).toBe(`content ${index}`);
    const part = await after.sdk.send(new GetObjectCommand({ Bucket: "photos", Key: "k7", Range: "bytes=3-8" }));
    expect(await part.Body!.transformToString()).toBe("tent 7".slice(0, 6));
    await after.put("photos", "k0", "newer");
    await after.sdk.send(new DeleteObjectCommand({ Bucket: "photos", Key: "k1" }));
    expect([await after.text("photos", "k0"), await after.text("photos", "k2")]).toEqual(["newer", "content 2"]);
    after.sdk.destroy();
  });
});
