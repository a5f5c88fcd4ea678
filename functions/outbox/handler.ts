/**
 * The outbox relay. A nudge from its queue names a tenant to look at. A sweep, `{ "sweep": true }`, looks at every ACTIVE tenant:
 * a safety net, since each change queues its nudge before it commits. A sweep opens every database, which wakes a paused
 * cluster; the nudges do without.
 */

import type { Context, SQSEvent } from "aws-lambda";
import { batchHandler, messageGroup } from "../shared/batch.ts";
import { dynamodbRegistry } from "../shared/dynamodb-registry.ts";
import { environment } from "../shared/environment.ts";
import { logger } from "../shared/logger.ts";
import type { Nudge } from "../shared/nudge.ts";
import { tenantDatabase } from "../shared/tenant-database.ts";
import { accessOf, type TenantRecord } from "../shared/tenant-registry.ts";
import { traced } from "../shared/trace.ts";
import { prune } from "./prune.ts";
import { snsPublish } from "./publish.ts";
import { relay } from "./relay.ts";

let connected: { registry: ReturnType<typeof dynamodbRegistry>; publish: ReturnType<typeof snsPublish> } | undefined;
const connect = () => {
  connected ??= { registry: dynamodbRegistry(), publish: snsPublish() };
  return connected;
};

async function relayTenant(tenantId: string, record: TenantRecord | undefined): Promise<void> {
  const database = tenantDatabase(accessOf(tenantId, record));
  const source = `/terrace/${environment("TERRACE_ENVIRONMENT")}/${environment("TERRACE_CELL")}`;
  await traced("outbox", tenantId, () => relay({ database, tenantId, source, publish: connect().publish }));
}

/** Per invocation: every nudge of a batch tells of rows that are committed, so one look per tenant finds them all. */
const relays = new WeakMap<Context, Map<string, Promise<void>>>();

const nudges = batchHandler(async (message, context) => {
  const { tenantId } = JSON.parse(message.body) as Nudge;
  const group = messageGroup(message);
  if (group !== undefined && group !== tenantId)
    throw new Error(`A nudge for ${tenantId} came in the group of ${group}`);
  const started = relays.get(context) ?? new Map<string, Promise<void>>();
  relays.set(context, started);
  const relaying =
    started.get(tenantId) ??
    connect()
      .registry.get(tenantId)
      .then((record) => relayTenant(tenantId, record));
  started.set(tenantId, relaying);
  await relaying;
});

export async function handler(event: SQSEvent | { sweep: true }, context: Context) {
  if (!("sweep" in event)) return nudges(event, context);
  let failed = 0;
  // One after the other: a sweep is in no hurry, and one tenant's trouble is not the next one's.
  for (const record of await connect().registry.active()) {
    try {
      await relayTenant(record.tenantId, record);
      await prune(tenantDatabase(accessOf(record.tenantId, record)));
    } catch (error) {
      failed++;
      logger(record.tenantId).error("The sweep failed", error as Error);
    }
  }
  if (failed > 0) throw new Error(`The sweep failed for ${failed} tenants`);
  return undefined;
}
