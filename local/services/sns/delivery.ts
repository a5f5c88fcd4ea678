/** One message to one subscriber: its form, its retries, and where it goes when it cannot be delivered. */
import type { Cloud, Delivery } from "../../service.ts";
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
}

/** AWS retries other people's servers for longer; its own services answer at once or never. */
const HTTP_ATTEMPTS = 4;
const HTTP_BACKOFF_MS = 20_000;

export async function deliverTo(cloud: Cloud, subscription: Subscription, message: Published): Promise<void> {
  const { protocol, endpoint } = subscription;
  if (protocol.startsWith("http")) {
    // A slow server holds up nobody else.
    void post(cloud, subscription, message, 1);
    return;
  }
  try {
    await cloud.deliver(
      endpoint,
      protocol === "lambda" ? forLambda(subscription, message) : forQueue(subscription, message),
    );
  } catch (error) {
    await undeliverable(cloud, subscription, message, error as Error);
  }
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

async function post(cloud: Cloud, subscription: Subscription, message: Published, attempt: number): Promise<void> {
  try {
    const response = await fetch(subscription.endpoint, {
      method: "POST",
      headers: {
        "content-type": "text/plain; charset=UTF-8",
        "x-amz-sns-message-type": "Notification",
        "x-amz-sns-topic-arn": message.topicArn,
      },
      body: subscription.raw
        ? textFor(message, subscription.protocol)
        : JSON.stringify(envelope(subscription, message)),
      signal: AbortSignal.timeout(15_000),
    });
    if (!response.ok) throw new Error(`${subscription.endpoint} answered ${response.status}`);
  } catch (error) {
    if (attempt < HTTP_ATTEMPTS)
      cloud.clock.after(HTTP_BACKOFF_MS, () => void post(cloud, subscription, message, attempt + 1));
    else await undeliverable(cloud, subscription, message, error as Error);
  }
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
