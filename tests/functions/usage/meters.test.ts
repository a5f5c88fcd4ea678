import type { TenantEvent } from "../../../functions/shared/events.ts";
import { metersOf } from "../../../functions/usage/meters.ts";

const event = (type: string, data: object) => ({ type, data }) as TenantEvent;

describe("usage", () => {
  it("counts every event", () => {
    expect(metersOf(event("album.created", {}))).toEqual([{ metric: "events", value: 1 }]);
  });

  it("takes back on deletion exactly the bytes that a ready photo added", () => {
    const added = metersOf(event("photo.ready", { bytes: 1000, thumbnailBytes: 50 }));
    const removed = metersOf(event("photo.deleted", { storedBytes: 1050 }));
    const stored = [...added, ...removed].filter(({ metric }) => metric === "storage.bytes");
    expect(stored.map(({ value }) => value)).toEqual([1050, -1050]);
  });

  it("counts a failed photo without storage", () => {
    expect(metersOf(event("photo.failed", { reason: "corrupt" })).map(({ metric }) => metric)).toEqual([
      "events",
      "photos.failed",
    ]);
  });
});
