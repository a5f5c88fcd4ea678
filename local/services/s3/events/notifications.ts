/** Event notifications, in the shape that S3 has them (event version 2.1). */
import { randomBytes } from "node:crypto";
import type { Cloud } from "../../../service.ts";
import type { ObjectVersion } from "../content/store.ts";

export interface NotificationRule {
  id: string;
  /** Of a queue, topic or function. */
  targetArn: string;
  events: string[];
  prefix: string;
  suffix: string;
}

/** Pulumi's inputs of `aws.s3.BucketNotification`. */
export function rulesOf(inputs: Record<string, unknown>): NotificationRule[] {
  const of = (list: unknown, arn: string) =>
    ((list ?? []) as Record<string, unknown>[]).map((rule, index) => ({
      id: String(rule.id ?? `${arn}-${index}`),
      targetArn: String(rule[arn]),
      events: rule.events as string[],
      prefix: String(rule.filterPrefix ?? ""),
      suffix: String(rule.filterSuffix ?? ""),
    }));
  return [
    ...of(inputs.queues, "queueArn"),
    ...of(inputs.topics, "topicArn"),
    ...of(inputs.lambdaFunctions, "lambdaFunctionArn"),
  ];
}

/** Grows with every event, so that consumers can tell the later one of a key. */
export function sequencer(now: () => number): () => string {
  let last = 0;
  return () => {
    last = Math.max(last + 1, now() * 1000);
    return last.toString(16).toUpperCase().padStart(18, "0");
  };
}

/** Tells everyone whose rule matches; a target that refuses is logged, as on AWS nobody hears of it. */
export async function notify(
  cloud: Cloud,
  rules: NotificationRule[],
  event: string,
  object: ObjectVersion,
  principal: string,
  sequence: string,
  traceHeader: string | undefined,
): Promise<void> {
  for (const rule of rules) {
    if (!rule.events.some((pattern) => matchesEvent(pattern, event))) continue;
    if (!object.key.startsWith(rule.prefix) || !object.key.endsWith(rule.suffix)) continue;
    const sourceArn = `arn:aws:s3:::${object.bucket}`;
    const body = JSON.stringify({ Records: [recordOf(cloud, rule, event, object, principal, sequence)] });
    try {
      await cloud.deliver(rule.targetArn, { service: "s3.amazonaws.com", sourceArn, body, traceHeader });
    } catch (error) {
      cloud.log({
        level: "warn",
        source: "s3",
        message: `${sourceArn} could not notify ${rule.targetArn}: ${(error as Error).message}`,
      });
    }
  }
}

function matchesEvent(pattern: string, event: string): boolean {
  return pattern === `s3:${event}` || (pattern.endsWith(":*") && `s3:${event}`.startsWith(pattern.slice(0, -1)));
}

function recordOf(
  cloud: Cloud,
  rule: NotificationRule,
  event: string,
  object: ObjectVersion,
  principal: string,
  sequence: string,
) {
  const removed = event.startsWith("ObjectRemoved");
  return {
    eventVersion: "2.1",
    eventSource: "aws:s3",
    awsRegion: cloud.region,
    eventTime: new Date(cloud.clock.now()).toISOString(),
    eventName: event,
    userIdentity: { principalId: `AWS:${principal}` },
    requestParameters: { sourceIPAddress: "127.0.0.1" },
    responseElements: {
      "x-amz-request-id": randomBytes(8).toString("hex").toUpperCase(),
      "x-amz-id-2": randomBytes(24).toString("base64"),
    },
    s3: {
      s3SchemaVersion: "1.0",
      configurationId: rule.id,
      bucket: {
        name: object.bucket,
        ownerIdentity: { principalId: cloud.account },
        arn: `arn:aws:s3:::${object.bucket}`,
      },
      object: {
        // Form encoding: a space is a plus. Handlers that forget to decode fail here as they do on AWS.
        key: formEncoded(object.key),
        ...(removed ? {} : { size: object.size, eTag: object.etag.replaceAll('"', "") }),
        ...(object.versionId === "null" ? {} : { versionId: object.versionId }),
        sequencer: sequence,
      },
    },
  };
}

function formEncoded(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, "+")
    .replace(/%2F/g, "/");
}
