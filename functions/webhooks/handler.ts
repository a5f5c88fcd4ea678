/** Tells a tenant's own systems of its events, by signed HTTP requests. */

import type { SQSRecord } from "aws-lambda";
import { environment } from "../shared/environment.ts";
import { eventConsumer } from "../shared/event-consumer.ts";
import { cachedParameters, type ReadParameter, ssmParameters, tenantParameterPath } from "../shared/parameters.ts";
import { tenantCredentials } from "../shared/tenant-credentials.ts";
import { isDelivered, recordAttempt } from "./ledger.ts";
import { notify, type Subscription } from "./notify.ts";
import { post } from "./post.ts";
import { webhookTarget } from "./target.ts";

/** CIDRs beside the public internet that webhooks may go to, separated by commas: the loopback on one machine. */
const allowedNetworks = (process.env["WEBHOOK_ALLOWED_NETWORKS"] ?? "").split(",").filter(Boolean);

const forbidden = [process.env["AWS_LAMBDA_RUNTIME_API"] ?? ""];

const readers = new Map<string, ReadParameter>();

export const handler = eventConsumer("webhooks", async ({ event, record, tenant, database }) => {
  const attempts = Number(record.attributes.ApproximateReceiveCount);
  await notify(event, attempts, {
    subscription: () => subscriptionOf(tenant.tenantId),
    isDelivered: (eventId) => isDelivered(database, eventId),
    record: (delivered, attempt) => recordAttempt(database, delivered, attempt),
    target: (url) => webhookTarget(url, { allowedNetworks, forbidden }),
    post,
    delay: (seconds) => hide(record, seconds),
    now: Date.now,
  });
});

async function subscriptionOf(tenantId: string): Promise<Subscription | undefined> {
  const read = readers.get(tenantId) ?? cachedParameters(ssmParameters(tenantCredentials(tenantId)));
  readers.set(tenantId, read);
  const url = await read(tenantParameterPath(tenantId, "webhook-url"));
  if (!url) return undefined;
  const secret = await read(tenantParameterPath(tenantId, "webhook-secret"));
  if (!secret) throw new Error(`Tenant ${tenantId} has a webhook but no secret to sign with`);
  return { url, secret };
}

/** Back into the queue, invisible for so long. */
async function hide({ receiptHandle }: SQSRecord, seconds: number): Promise<void> {
  const { ChangeMessageVisibilityCommand, SQSClient } = await import("@aws-sdk/client-sqs");
  await new SQSClient({}).send(
    new ChangeMessageVisibilityCommand({
      QueueUrl: environment("QUEUE_URL"),
      ReceiptHandle: receiptHandle,
      VisibilityTimeout: seconds,
    }),
  );
}
