import { randomUUID } from "node:crypto";
import { type AuditEntry, firstBroken } from "../../functions/audit/chain.ts";
import { appendToTrail } from "../../functions/audit/handler.ts";
import { prune } from "../../functions/outbox/prune.ts";
import { type Publish, relay } from "../../functions/outbox/relay.ts";
import type { TenantEvent } from "../../functions/shared/events.ts";
import { processOnce } from "../../functions/shared/processed-events.ts";
import type { TenantDatabase } from "../../functions/shared/tenant-database.ts";
import { addUsage } from "../../functions/usage/handler.ts";
import { isDelivered, recordAttempt } from "../../functions/webhooks/ledger.ts";
import { startTenantDatabases, type TenantDatabases } from "./database.ts";

let databases: TenantDatabases;
beforeAll(async () => {
  databases = await startTenantDatabases(["acme", "globex", "relay", "rival", "refused", "dying", "old"]);
});
afterAll(() => databases.stop());

const event = (data: object = {}, type = "album.created", tenantid = "acme") =>
  ({
    ...{
      specversion: "1.0",
      id: randomUUID(),
      source: "/terrace/test/eu1",
      type,
      time: "2026-03-04T05:06:07.000Z",
      tenantid,
    },
    ...{ datacontenttype: "application/json", actor: "user-1", data },
  }) as TenantEvent;

describe("the audit consumer", () => {
  const trail = async (database: TenantDatabase): Promise<AuditEntry[]> => {
    const rows = await database.selectFrom("audit_events").selectAll().orderBy("sequence").execute();
    return rows.map((row) => ({
      ...{ sequence: Number(row.sequence), eventId: row.event_id, eventType: row.event_type, actor: row.actor },
      ...{
        occurredAt: row.occurred_at.toISOString(),
        payload: row.payload,
        previousHash: row.previous_hash,
        hash: row.hash,
      },
    }));
  };
  const consume = (consumed: TenantEvent) =>
    processOnce(databases.of("acme"), "audit", consumed.id, (transaction) => appendToTrail(transaction, consumed));

  it("writes a whole chain, also when events come all at once and more than once", async () => {
    const events = Array.from({ length: 8 }, (_, index) => event({ z: "é", index, nested: { b: [1, null], a: 1.5 } }));
    await Promise.all([...events, ...events].map(consume));
    await consume(events[0]!);
    const entries = await trail(databases.of("acme"));
    expect(entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(new Set(entries.map(({ eventId }) => eventId))).toEqual(new Set(events.map(({ id }) => id)));
    expect(firstBroken("acme", entries)).toBeUndefined();
    expect(entries[0]!.actor).toBe("user-1");
  });

  it("forgets that it has processed an event whose effect failed", async () => {
    const consumed = event();
    const failing = processOnce(databases.of("acme"), "audit", consumed.id, async () => {
      throw new Error("out of memory");
    });
    await expect(failing).rejects.toThrow("out of memory");
    const before = (await trail(databases.of("acme"))).length;
    await consume(consumed);
    expect(await trail(databases.of("acme"))).toHaveLength(before + 1);
  });
});

describe("the usage consumer", () => {
  it("adds an event up once per day and metric, however often it comes", async () => {
    const database = databases.of("globex");
    const ready = event({ bytes: 1000, thumbnailBytes: 50 }, "photo.ready", "globex");
    const deleted = event({ storedBytes: 400 }, "photo.deleted", "globex");
    for (const consumed of [ready, deleted, ready])
      await processOnce(database, "usage", consumed.id, (transaction) => addUsage(transaction, consumed));
    const rows = await database
      .selectFrom("usage_daily")
      .select(["day", "metric", "value"])
      .orderBy("metric")
      .execute();
    expect(rows).toEqual([
      { day: "2026-03-04", metric: "events", value: "2" },
      { day: "2026-03-04", metric: "photos.deleted", value: "1" },
      { day: "2026-03-04", metric: "photos.processed", value: "1" },
      { day: "2026-03-04", metric: "storage.bytes", value: "650" },
    ]);
  });
});

describe("the webhooks' ledger", () => {
  it("follows a delivery from its first failure to its success", async () => {
    const database = databases.of("acme");
    const delivered = event();
    expect(await isDelivered(database, delivered.id)).toBe(false);
    await recordAttempt(database, delivered, { status: "retrying", attempts: 1, statusCode: 503, error: "503" });
    expect(await isDelivered(database, delivered.id)).toBe(false);
    await recordAttempt(database, delivered, { status: "delivered", attempts: 2, statusCode: 204, error: null });
    expect(await isDelivered(database, delivered.id)).toBe(true);
    const row = await database.selectFrom("webhook_deliveries").selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({ status: "delivered", attempts: 2, response_status: 204, last_error: null });
  });
});

describe("the relay", () => {
  const fill = async (tenantId: string, count: number) => {
    const rows = Array.from({ length: count }, (_, index) => ({
      ...{ event_type: "album.created", payload: { index }, created_at: new Date(Date.UTC(2026, 0, 1, 0, 0, index)) },
    }));
    await databases.of(tenantId).insertInto("outbox").values(rows).execute();
  };
  const unpublished = async (tenantId: string) =>
    (await databases.of(tenantId).selectFrom("outbox").select("event_id").where("published_at", "is", null).execute())
      .length;
  const options = (tenantId: string, publish: Publish) => ({
    ...{ database: databases.of(tenantId), tenantId, source: "/terrace/test/eu1", publish },
  });
  const ids = (events: TenantEvent[]) => new Set(events.map(({ id }) => id));

  it("publishes everything once, in the order it happened, ten at a time", async () => {
    await fill("relay", 23);
    const calls: TenantEvent[][] = [];
    const publish: Publish = async (events) => {
      calls.push(events);
      return ids(events);
    };
    expect(await relay(options("relay", publish))).toBe(23);
    expect(calls.map(({ length }) => length)).toEqual([10, 10, 3]);
    expect(calls.flat().map(({ data }) => (data as unknown as { index: number }).index)).toEqual([...Array(23).keys()]);
    expect(calls[0]![0]).toMatchObject({
      specversion: "1.0",
      type: "album.created",
      tenantid: "relay",
      time: "2026-01-01T00:00:00.000Z",
    });
    expect(await relay(options("relay", publish))).toBe(0);
  });

  it("leaves to a rival what the rival is publishing", async () => {
    await fill("rival", 12);
    const published: string[] = [];
    const { promise: blocked, resolve: release } = Promise.withResolvers<void>();
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const slow = relay(
      options("rival", async (events) => {
        enter();
        await blocked;
        published.push(...ids(events));
        return ids(events);
      }),
    );
    await entered;
    const fast = await relay(
      options("rival", async (events) => {
        published.push(...ids(events));
        return ids(events);
      }),
    );
    release();
    expect([fast, await slow]).toEqual([2, 10]);
    expect(new Set(published).size).toBe(12);
    expect(published).toHaveLength(12);
  });

  it("marks what the topic took, and fails for what it refused, so that it comes again", async () => {
    await fill("refused", 3);
    const first: Publish = async (events) => new Set([events[0]!.id]);
    await expect(relay(options("refused", first))).rejects.toThrow("2 events of refused were not published");
    expect(await unpublished("refused")).toBe(2);
    expect(await relay(options("refused", async (events) => ids(events)))).toBe(2);
  });

  it("that dies while it publishes leaves every event for the next", async () => {
    await fill("dying", 2);
    await expect(relay(options("dying", () => Promise.reject(new Error("killed"))))).rejects.toThrow("killed");
    expect(await unpublished("dying")).toBe(2);
  });
});

describe("pruning", () => {
  it("removes what was published or processed long ago, and never an event that was not published", async () => {
    const database = databases.of("old");
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);
    const outbox = [daysAgo(8), daysAgo(6), null].map((published_at, index) => ({
      ...{ event_type: "album.created", payload: { index }, created_at: daysAgo(100), published_at },
    }));
    const processed = [31, 29].map((days) => ({
      consumer: `c${days}`,
      event_id: randomUUID(),
      processed_at: daysAgo(days),
    }));
    await database.insertInto("outbox").values(outbox).execute();
    await database.insertInto("processed_events").values(processed).execute();
    await prune(database);
    const left = await database.selectFrom("outbox").select("payload").execute();
    expect(left.map(({ payload }) => payload)).toEqual(expect.arrayContaining([{ index: 1 }, { index: 2 }]));
    expect(left).toHaveLength(2);
    expect(await database.selectFrom("processed_events").select("consumer").execute()).toEqual([{ consumer: "c29" }]);
  });
});
