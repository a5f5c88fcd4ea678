/**
 * Tells the relay that a tenant's outbox has events. It is told twice: when the row is there, and by a message that was queued
 * before the change with a delay, the guard. If the function dies between its commit and the first message, the second still
 * comes, and nobody has to poll every tenant's database, which would keep an idle cluster awake.
 */

import { environment } from "./environment.ts";

/** Longer than any change takes. */
const GUARD_SECONDS = 60;

export interface Nudge {
  tenantId: string;
}

export type SendNudge = (nudge: Nudge, delaySeconds: number) => Promise<void>;

/**
 * Runs a change that writes to the outbox, and sees to it that the relay looks there.
 * @param wrote Whether the change recorded an event.
 */
export async function withNudges<Result>(
  tenantId: string,
  send: SendNudge,
  change: () => Promise<Result>,
  wrote: (result: Result) => boolean = () => true,
): Promise<Result> {
  await send({ tenantId }, GUARD_SECONDS);
  const result = await change();
  // The guard is on its way: a lost nudge costs a minute, and must not make a failure of a change that is committed.
  if (wrote(result)) await send({ tenantId }, 0).catch(() => undefined);
  return result;
}

/** Queues a nudge, grouped by tenant so that a busy one does not delay the others. */
export const sqsNudge: SendNudge = async ({ tenantId }, delaySeconds) => {
  const { SendMessageCommand, SQSClient } = await import("@aws-sdk/client-sqs");
  client ??= new SQSClient({});
  await client.send(
    new SendMessageCommand({
      QueueUrl: environment("OUTBOX_QUEUE_URL"),
      MessageBody: JSON.stringify({ tenantId } satisfies Nudge),
      MessageGroupId: tenantId,
      DelaySeconds: delaySeconds,
    }),
  );
};
let client: InstanceType<typeof import("@aws-sdk/client-sqs").SQSClient> | undefined;
