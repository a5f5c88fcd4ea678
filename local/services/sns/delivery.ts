/** One message to one subscriber: its form, its retries, and where it goes when it cannot be delivered. */
import { AwsError, type Cloud, type Delivery } from "../../service.ts";
import type { Subscription } from "./topic.ts";

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
  /** Of a FIFO topic. */
  sequenceNumber?: string;
}

/** Pauses between attempts: AWS's default for HTTP endpoints, and for its own services where they fail, cut short. */
const HTTP_PAUSES_MS = [20_000, 20_000, 20_000];
const HTTP_TIMEOUT_MS = 15_000;
const SERVICE_PAUSES_MS = [1_000, 1_000, 20_000];

/**
 * Resolves when the message is delivered, in the dead-letter queue, lost and logged, or waiting for another attempt. An
 * HTTP endpoint is not waited for. Attempts that are still to come are lost with the process.
 */
export async function deliverTo(
  cloud: Cloud,
  subscription: Subscription,
  message: Published,
  signal: AbortSignal,
): Promise<void> {
  const isHttp = subscription.protocol.startsWith("http");
  const pauses = isHttp ? HTTP_PAUSES_MS : SERVICE_PAUSES_MS;

  async function attempt(number: number): Promise<void> {
    if (signal.aborted) return;
    try {
      if (isHttp) await post(subscription, message, signal);
      else if (subscription.protocol === "lambda") {
        await cloud.deliver(subscription.endpoint, forLambda(subscription, message));
      } else await cloud.deliver(subscription.endpoint, forQueue(subscription, message));
    } catch (error) {
      const pauseMs = pauses[number];
      if (signal.aborted) return;
      if (pauseMs === undefined || isPermanent(error))
        await undeliverable(cloud, subscription, message, error as Error);
      else cloud.clock.after(pauseMs, () => void attempt(number + 1));
    }
  }

  const first = attempt(0);
  if (!isHttp) await first;
}

/** The other side understood and refuses: no permission, no such queue. It would refuse again. */
function isPermanent(error: unknown): boolean {
  return error instanceof AwsError && error.status >= 400 && error.status < 500 && error.status !== 429;
}

function forQueue(subscription: Subscription, message: Published): Delivery {
  const base = {
    service: "sns.amazonaws.com",
    sourceArn: message.topicArn,
    messageGroupId: message.groupId,
    messageDeduplicationId: message.deduplicationId,
  };
  if (subscription.raw) return { ...base, body: textFor(message, "sqs"), attributes: message.attributes };
  return { ...base, body: JSON.stringify(envelope(subscription, message)) };
}

function forLambda(subscription: Subscription, message: Published): Delivery {
  const { Type, MessageId, TopicArn, Subject, Message, Timestamp, MessageAttributes, ...signature } = envelope(
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
  return { service: "sns.amazonaws.com", sourceArn: message.topicArn, body: JSON.stringify({ Records: [record] }) };
}

/** The JSON that subscribers without raw delivery get. Its signature is a placeholder: nobody could check it here. */
function envelope(subscription: Subscription, message: Published) {
  const attributes = Object.entries(message.attributes).map(([name, { dataType, stringValue, binaryValue }]) => [
    name,
    { Type: dataType, Value: binaryValue ? Buffer.from(binaryValue).toString("base64") : stringValue },
  ]);
  return {
    Type: "Notification",
    MessageId: message.messageId,
    ...(message.sequenceNumber ? { SequenceNumber: message.sequenceNumber } : {}),
    TopicArn: message.topicArn,
    ...(message.subject ? { Subject: message.subject } : {}),
    Message: textFor(message, subscription.protocol),
    Timestamp: message.timestamp,
    SignatureVersion: "1",
    Signature: "none",
    SigningCertURL: "https://sns.amazonaws.com/local.pem",
    UnsubscribeURL: `https://sns.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${subscription.arn}`,
    ...(attributes.length > 0 ? { MessageAttributes: Object.fromEntries(attributes) } : {}),
  };
}

/** With `MessageStructure: json` each protocol has its own text. */
function textFor(message: Published, protocol: string): string {
  if (message.structure !== "json") return message.message;
  const texts = JSON.parse(message.message) as Record<string, string>;
  return texts[protocol] ?? texts.default!;
}

async function post(subscription: Subscription, message: Published, stopping: AbortSignal): Promise<void> {
  const { endpoint, raw, arn, protocol } = subscription;
  const response = await fetch(endpoint, {
    method: "POST",
    redirect: "manual",
    headers: {
      "content-type": "text/plain; charset=UTF-8",
      "user-agent": "Amazon Simple Notification Service Agent",
      "x-amz-sns-message-type": "Notification",
      "x-amz-sns-message-id": message.messageId,
      "x-amz-sns-topic-arn": message.topicArn,
      "x-amz-sns-subscription-arn": arn,
      ...(raw ? { "x-amz-sns-rawdelivery": "true" } : {}),
    },
    body: raw ? textFor(message, protocol) : JSON.stringify(envelope(subscription, message)),
    signal: AbortSignal.any([stopping, AbortSignal.timeout(HTTP_TIMEOUT_MS)]),
  });
  await response.body?.cancel();
  if (!response.ok) throw new AwsError("EndpointFailed", `it answered ${response.status}`, response.status);
}

async function undeliverable(
  cloud: Cloud,
  subscription: Subscription,
  message: Published,
  error: Error,
): Promise<void> {
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
    await cloud.deliver(subscription.deadLetterArn, forQueue(subscription, message));
  } catch (second) {
    cloud.log({
      level: "warn",
      source: "sns",
      message: `${lost}; nor to its dead-letter queue: ${(second as Error).message}`,
    });
  }
}
