/** What the consumers of events have in common: each message is an event of an ACTIVE tenant, handled in its database. */

import type { Context, SQSRecord } from "aws-lambda";
import { batchHandler, messageGroup } from "./batch.ts";
import { dynamodbRegistry } from "./dynamodb-registry.ts";
import { parseEvent, type TenantEvent } from "./events.ts";
import { processOnce } from "./processed-events.ts";
import type { TenantAccess } from "./tenant-access.ts";
import { type TenantDatabase, tenantDatabase } from "./tenant-database.ts";
import { accessOf } from "./tenant-registry.ts";
import { traced } from "./trace.ts";

export interface Consumed {
  event: TenantEvent;
  record: SQSRecord;
  tenant: TenantAccess;
  database: TenantDatabase;
  context: Context;
}

/** @param name Of the function: it names the trace. */
export function eventConsumer(name: string, handle: (consumed: Consumed) => Promise<void>) {
  let registry: ReturnType<typeof dynamodbRegistry> | undefined;
  return batchHandler(async (record, context) => {
    const event = parseEvent(record.body);
    const group = messageGroup(record);
    if (group !== undefined && group !== event.tenantid)
      throw new Error(`An event of ${event.tenantid} came in the message group of ${group}`);
    registry ??= dynamodbRegistry();
    const tenant = accessOf(event.tenantid, await registry.get(event.tenantid));
    await traced(name, tenant.tenantId, () =>
      handle({ event, record, tenant, database: tenantDatabase(tenant), context }),
    );
  });
}

/** A consumer whose whole effect is in the tenant's database: it happens once per event. */
export function transactionalConsumer(
  name: string,
  effect: (transaction: Parameters<Parameters<typeof processOnce>[3]>[0], event: TenantEvent) => Promise<void>,
) {
  return eventConsumer(name, async ({ event, database }) => {
    await processOnce(database, name, event.id, (transaction) => effect(transaction, event));
  });
}
