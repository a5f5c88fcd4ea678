import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Function } from "../compute/function.ts";
import { InvalidArgumentError } from "../invalid-argument.ts";
import type { Queue } from "../messaging/queue.ts";
import type { Topic } from "../messaging/topic.ts";

/** Whom a bucket tells of its objects: a queue, a function or a topic. */
export interface BucketNotification {
  queue?: Queue;
  function?: Function;
  /** One that has `s3.amazonaws.com` among its publishers. */
  topic?: Topic;
  /** @default object creation of any kind */
  events?: string[];
  prefix?: string;
  suffix?: string;
}

/** A bucket has one notification configuration: it lists them all. */
export function notify(
  parent: pulumi.ComponentResource,
  name: string,
  bucket: aws.s3.Bucket,
  notifications: Record<string, BucketNotification>,
  eventBridge: boolean,
): void {
  const entries = Object.entries(notifications);
  if (entries.length === 0 && !eventBridge) return;
  const account = aws.getCallerIdentityOutput({}, { parent }).accountId;
  const permissions = entries.flatMap(([id, { queue, function: fn }]): pulumi.Resource[] => {
    if (queue) return [queue.acceptFrom(`${name}-${id}`, "s3.amazonaws.com", bucket.arn, account)];
    return fn ? [fn.allowInvoke(`${name}-${id}`, "s3.amazonaws.com", bucket.arn)] : [];
  });
  const rule = ([id, { events, prefix, suffix }]: [string, BucketNotification]) => ({
    id,
    events: events ?? ["s3:ObjectCreated:*"],
    filterPrefix: prefix,
    filterSuffix: suffix,
  });
  const [queues, functions, topics] = (["queue", "function", "topic"] as const).map((kind) =>
    entries.filter(([, notification]) => notification[kind]),
  );
  new aws.s3.BucketNotification(
    `${name}-notification`,
    {
      bucket: bucket.bucket,
      queues: queues!.map((entry) => ({ ...rule(entry), queueArn: entry[1].queue!.arn })),
      ...(functions!.length > 0
        ? {
            lambdaFunctions: functions!.map((entry) => ({
              ...rule(entry),
              lambdaFunctionArn: entry[1].function!.targetArn,
            })),
          }
        : {}),
      ...(topics!.length > 0
        ? { topics: topics!.map((entry) => ({ ...rule(entry), topicArn: entry[1].topic!.arn })) }
        : {}),
      ...(eventBridge ? { eventbridge: true } : {}),
    },
    // S3 checks at once that it may send.
    { parent, dependsOn: [...permissions, ...topics!.map(([, { topic }]) => topic!)] },
  );
}

export function checkNotifications(component: string, notifications: Record<string, BucketNotification> = {}): void {
  for (const [id, { queue, function: fn, topic, events = [] }] of Object.entries(notifications)) {
    const at = `notifications.${id}`;
    const targets = [queue && "queue", fn && "function", topic && "topic"].filter(Boolean);
    if (targets.length !== 1) {
      throw new InvalidArgumentError(component, at, targets, "give it one of queue, function and topic");
    }
    const strange = events.find((event) => !event.startsWith("s3:"));
    if (strange) {
      throw new InvalidArgumentError(component, `${at}.events`, strange, "events look like s3:ObjectCreated:*");
    }
    if (topic && !topic.accepts("s3.amazonaws.com")) {
      const remedy = "S3 may not publish there; name s3.amazonaws.com among the topic's publishers";
      throw new InvalidArgumentError(component, `${at}.topic`, "closed", remedy);
    }
  }
}
