/** What the photos' events did: usage metered, an audit trail written, webhooks delivered. */

import { sql } from "../cloud.ts";
import { until } from "../story.ts";
import type { Visitor } from "../visitor.ts";
import { type Chapter, newAlbum, type Scene, SILO, type Totals, totals } from "./scene.ts";

export const eventsChapter: Chapter = async (scene) => {
  const { story } = scene;
  story.heading("Events reach every consumer");
  for (const visitor of scene.visitors) {
    const done = scene.uploads.get(visitor.tenantId)!;
    const ready = done.filter(({ photo }) => photo.status === "ready").length;
    await story.step(
      `Usage of ${visitor.tenantId} is metered`,
      () => metered(visitor, scene.before.get(visitor.tenantId)!, ready, done.length - ready),
      (used) =>
        `${used["photos.processed"]} processed, ${used["photos.failed"]} failed, ${Math.round(used["storage.bytes"]! / 1024)} KiB stored`,
    );
  }
  await story.step(
    "The audit trail has every photo, in order, each entry chained to the one before",
    () => audited(scene),
    (count) => `${count} entries of ${SILO}`,
  );
  await story.step(
    `${SILO}'s receiver got signed webhooks for its photos, and nobody else's`,
    () => delivered(scene),
    (count) => `${count} deliveries, every signature verified`,
  );
};

function metered(visitor: Visitor, before: Totals, ready: number, failed: number): Promise<Totals> {
  const gained = (now: Totals, metric: string) => (now[metric] ?? 0) - (before[metric] ?? 0);
  return until(`${ready} processed and ${failed} failed photos of ${visitor.tenantId} in GET /usage`, async () => {
    const now = await totals(visitor);
    return gained(now, "photos.processed") === ready && gained(now, "photos.failed") === failed ? now : undefined;
  });
}

async function audited({ platform, uploads }: Scene): Promise<number> {
  const tenant = platform.outputs.tenants[SILO]!;
  const expected = uploads.get(SILO)!.map(({ photo }) => photo.photoId);
  return until("An audit entry for every photo", async () => {
    const rows = await sql(
      platform.outputs,
      tenant,
      "select sequence, event_type, payload, previous_hash, hash from audit_events order by sequence",
    );
    rows.forEach((row, at) => {
      if (at > 0 && row.previous_hash !== rows[at - 1]!.hash) throw new Error(`entry ${row.sequence} breaks the chain`);
    });
    const seen = JSON.stringify(
      rows.filter(({ event_type: type }) => type === "photo.ready" || type === "photo.failed"),
    );
    return expected.every((photoId) => seen.includes(photoId)) ? rows.length : undefined;
  });
}

/** A function remembers for a minute that a tenant has no webhook: where it does, that minute is waited out and events follow. */
async function delivered({ visitors, uploads, webhooks, story }: Scene): Promise<number> {
  const expected = uploads.get(SILO)!.length;
  const outcomes = () =>
    webhooks!.received.filter(({ type }) => type === "photo.ready" || type === "photo.failed").length;
  try {
    await until("Webhooks", async () => outcomes() >= expected || undefined, 15_000);
  } catch {
    story.say("The notifier still remembers the former setting; it looks again every minute…");
    await until(
      "A webhook with the new setting",
      async () => {
        const before = webhooks!.received.length;
        await newAlbum(visitors[0]!);
        return until("One", async () => webhooks!.received.length > before || undefined, 10_000).catch(() => undefined);
      },
      90_000,
    );
  }
  const foreign = webhooks!.received.find(({ tenantId }) => tenantId !== SILO);
  if (foreign) throw new Error(`a webhook of ${foreign.tenantId} arrived`);
  if (webhooks!.refused > 0) throw new Error(`${webhooks!.refused} deliveries had a wrong signature`);
  return webhooks!.received.length;
}
