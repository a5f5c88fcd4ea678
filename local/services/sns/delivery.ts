/** One message to one subscriber: its form, its retries, and where it goes when it cannot be delivered. */
import { AwsError, type Cloud, type Delivery } from "../../service.ts";
import type { Archive } from "./archive/archive.ts";
import type { Attempts } from "./attempts.ts";
import { effectivePolicy, pausesOf } from "./delivery-policy.ts";
import type { Signer } from "./signing.ts";
import type { Subscription, Topic } from "./topic.ts";
import type { TopicMeter } from "./topic-metrics.ts";

/** What sending needs beside the message. */
export interface Sending {
  cloud: Cloud;
  signer: Signer;
  attempts: Attempts;
  archive: Archive;
  count: TopicMeter;
  /** Aborted when the platform stops. */
  signal: AbortSignal;
}

export interface Published {
  messageId: string;
  topicArn: string;
  message: string;
  subject?: string;
  structure?: string;
  attributes: NonNullable<Delivery["attributes"]>;
  timestamp: string;
  groupId?: string;
  deduplicationId?: string;
  traceHeader?: string;
  /** Of a FIFO topic. */
  sequenceNumber?: string;
  /** What the topic says: "1" (SHA-1) or "2" (SHA-256). */
  signatureVersion?: string;
}

const HTTP_TIMEOUT_MS = 15_000;
/** Pauses between attempts where a service of AWS fails: as on AWS, cut short. */
const SERVICE_PAUSES_MS = [1_000, 1_000, 20_000];

/**
 * Resolves when the message is delivered, in the dead-letter queue, lost and logged, or waiting for another attempt. An
 * HTTP endpoint is not waited for.
 * @param number how many attempts there were
 * @param id of attempts that are kept
 */
export async function deliverTo(
  sending: Sending,
  topic: Topic,
  subscription: Subscription,
  message: Published,
  number = 0,
  id?: string,
): Promise<void> {
  const { attempts, count, signal } = sending;
  const isHttp = subscription.protocol.startsWith("http");
  const policy = isHttp ? effectivePolicy(topic.attributes.DeliveryPolicy, subscription.deliveryPolicy) : undefined;

  async function attempt(): Promise<void> {
    if (signal.aborted) return;
    try {
      if (policy) await post(sending, subscription, message, policy.requestPolicy?.headerContentType);
      else await hand(sending, subscription, message);
      attempts.done(id);
      count(topic.arn, "NumberOfNotificationsDelivered");
    } catch (error) {
      if (signal.aborted) return;
      const pauseMs = (policy ? pausesOf(policy.healthyRetryPolicy) : SERVICE_PAUSES_MS)[number];
      if (pauseMs === undefined || isPermanent(error)) {
        count(topic.arn, "NumberOfNotificationsFailed");
        await undeliverable(sending, subscription, message, error as Error);
        attempts.done(id);
      } else attempts.later({ id, subscriptionArn: subscription.arn, message, number: number + 1 }, pauseMs);
    }
  }

  const first = attempt();
  if (!isHttp) await first;
}

/** To a service of AWS. */
async function hand(sending: Sending, subscription: Subscription, message: Published): Promise<void> {
  const { cloud } = sending;
  const { protocol, endpoint, raw, roleArn = "" } = subscription;
  if (protocol === "lambda") return cloud.deliver(endpoint, await forLambda(sending, subscription, message));
  if (protocol === "sqs") return cloud.deliver(endpoint, await forQueue(sending, subscription, message));
  const text = raw ? textFor(message, protocol) : JSON.stringify(await envelope(sending, subscription, message));
  const principal = cloud.assume(roleArn, "sns", "sns.amazonaws.com", message.topicArn);
  await cloud.call(
    "firehose",
    "PutRecord",
    {
      DeliveryStreamName: endpoint.slice(endpoint.lastIndexOf("/") + 1),
      // A line each, as what reads the objects needs them.
      Record: { Data: Buffer.from(`${text}\n`) },
    },
    { principal },
  );
}

/** The other side understood and refuses: no permission, no such queue. It would refuse again. */
function isPermanent(error: unknown): boolean {
  return error instanceof AwsError && error.status >= 400 && error.status < 500 && error.status !== 429;
}

async function forQueue(sending: Sending, subscription: Subscription, message: Published): Promise<Delivery> {
  const base = {
    service: "sns.amazonaws.com",
    sourceArn: message.topicArn,
    messageGroupId: message.groupId,
    messageDeduplicationId: message.deduplicationId,
    traceHeader: message.traceHeader,
  };
  if (subscription.raw) return { ...base, body: textFor(message, "sqs"), attributes: message.attributes };
  return { ...base, body: JSON.stringify(await envelope(sending, subscription, message)) };
}

async function forLambda(sending: Sending, subscription: Subscription, message: Published): Promise<Delivery> {
  const { Type, MessageId, TopicArn, Subject, Message, Timestamp, MessageAttributes, ...signature } = await envelope(
    sending,
    subscription,
    message,
  );
  const Sns = {
    Type,
    MessageId,
    TopicArn,
    Subject: Subject ?? null,
    Message,
    Timestamp,
    ...signature,
    MessageAttributes: MessageAttributes ?? {},
  };
  const record = { EventVersion: "1.0", EventSubscriptionArn: subscription.arn, EventSource: "aws:sns", Sns };
  const { topicArn: sourceArn, traceHeader } = message;
  return { service: "sns.amazonaws.com", sourceArn, traceHeader, body: JSON.stringify({ Records: [record] }) };
}

/** The JSON that subscribers without raw delivery get. */
async function envelope({ cloud, signer }: Sending, subscription: Subscription, message: Published) {
  const attributes = Object.entries(message.attributes).map(([name, { dataType, stringValue, binaryValue }]) => [
    name,
    { Type: dataType, Value: binaryValue ? Buffer.from(binaryValue).toString("base64") : stringValue },
  ]);
  const signed = {
    Type: "Notification",
    MessageId: message.messageId,
    ...(message.sequenceNumber ? { SequenceNumber: message.sequenceNumber } : {}),
    TopicArn: message.topicArn,
    ...(message.subject ? { Subject: message.subject } : {}),
    Message: textFor(message, subscription.protocol),
    Timestamp: message.timestamp,
  };
  return {
    ...signed,
    ...(await signer.sign(signed, message.signatureVersion)),
    UnsubscribeURL: `${cloud.endpoint}/?${new URLSearchParams({ Action: "Unsubscribe", SubscriptionArn: subscription.arn })}`,
    ...(attributes.length > 0 ? { MessageAttributes: Object.fromEntries(attributes) } : {}),
  };
}

/** With `MessageStructure: json` each protocol has its own text. */
function textFor(message: Published, protocol: string): string {
  if (message.structure !== "json") return message.message;
  const texts = JSON.parse(message.message) as Record<string, string>;
  return texts[protocol] ?? texts.default!;
}

async function post(
  sending: Sending,
  subscription: Subscription,
  message: Published,
  contentType = "text/plain; charset=UTF-8",
): Promise<void> {
  const { endpoint, raw, arn, protocol } = subscription;
  const response = await fetch(endpoint, {
    method: "POST",
    redirect: "manual",
    headers: {
      "content-type": contentType,
      "user-agent": "Amazon Simple Notification Service Agent",
      "x-amz-sns-message-type": "Notification",
      "x-amz-sns-message-id": message.messageId,
      "x-amz-sns-topic-arn": message.topicArn,
      "x-amz-sns-subscription-arn": arn,
      ...(raw ? { "x-amz-sns-rawdelivery": "true" } : {}),
    },
    body: raw ? textFor(message, protocol) : JSON.stringify(await envelope(sending, subscription, message)),
    signal: AbortSignal.any([sending.signal, AbortSignal.timeout(HTTP_TIMEOUT_MS)]),
  });
  await response.body?.cancel();
  if (!response.ok) throw new AwsError("EndpointFailed", `it answered ${response.status}`, response.status);
}

async function undeliverable(
  sending: Sending,
  subscription: Subscription,
  message: Published,
  error: Error,
): Promise<void> {
  const { cloud, count } = sending;
  const lost = `${message.topicArn} could not deliver to ${subscription.endpoint}: ${error.message}`;
  if (!subscription.deadLetterArn) {
    cloud.log({
      level: "warn",
      source: "sns",
      message: `${lost}. The subscription has no dead-letter queue: the message is lost.`,
    });
    return;
  }
  try {
    await cloud.deliver(subscription.deadLetterArn, await forQueue(sending, subscription, message));
    count(message.topicArn, "NumberOfNotificationsRedrivenToDlq");
  } catch (second) {
    count(message.topicArn, "NumberOfNotificationsFailedToRedriveToDlq");
    cloud.log({
      level: "warn",
      source: "sns",
      message: `${lost}; nor to its dead-letter queue: ${(second as Error).message}`,
    });
  }
}
