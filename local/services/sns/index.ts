/**
 * SNS on one machine: topics, subscriptions of queues, functions and HTTP endpoints, filter policies on attributes or
 * body, raw delivery, a dead-letter queue per subscription, FIFO topics to FIFO queues.
 *
 * Not emulated: SMS, e-mail, mobile push, message archiving, delivery status logs, data protection policies, KMS.
 */
import { createHash, randomUUID } from "node:crypto";
import type { Resource } from "../../../engine/graph.ts";
import { type Access, AwsError, type Call, type Cloud, type Delivery, type Service } from "../../service.ts";
import { deliverTo, type Published } from "./delivery.ts";
import { matchesFilter } from "./filter.ts";
import type { Subscription, Topic } from "./topic.ts";

interface PublishInput {
  TopicArn?: string;
  TargetArn?: string;
  Message: string;
  Subject?: string;
  MessageStructure?: string;
  MessageAttributes?: Record<string, { DataType: string; StringValue?: string; BinaryValue?: Uint8Array }>;
  MessageGroupId?: string;
  MessageDeduplicationId?: string;
}

const MAX_BYTES = 262_144;

export function sns(cloud: Cloud): Service {
  const topics = new Map<string, Topic>();
  const arnOf = (name: string) => `arn:aws:sns:${cloud.region}:${cloud.account}:${name}`;
  cloud.database.exec("CREATE TABLE IF NOT EXISTS sns_topics (arn TEXT PRIMARY KEY, topic TEXT NOT NULL) STRICT");
  const save = cloud.database.prepare(
    "INSERT INTO sns_topics VALUES (?, ?) ON CONFLICT (arn) DO UPDATE SET topic = excluded.topic",
  );
  const drop = cloud.database.prepare("DELETE FROM sns_topics WHERE arn = ?");
  for (const row of cloud.database.prepare("SELECT topic FROM sns_topics").all()) {
    const { subscriptions, ...stored } = JSON.parse(String(row.topic));
    topics.set(stored.arn, { ...stored, subscriptions: new Map(Object.entries(subscriptions)), recent: new Map() });
  }

  /** What came through the API is kept; what the program declares is declared again at the next start. */
  function persist(topic: Topic): void {
    const { recent: _recent, subscriptions, ...rest } = topic;
    save.run(topic.arn, JSON.stringify({ ...rest, subscriptions: Object.fromEntries(subscriptions) }));
  }

  function topicOf(arn: string): Topic {
    const topic = topics.get(arn ?? "");
    if (!topic) throw new AwsError("NotFoundException", "Topic does not exist", 404);
    return topic;
  }

  function subscriptionOf(arn: string): { topic: Topic; subscription: Subscription } {
    const topic = topics.get(arn.slice(0, arn.lastIndexOf(":")));
    const subscription = topic?.subscriptions.get(arn);
    if (!topic || !subscription) throw new AwsError("NotFoundException", "Subscription does not exist", 404);
    return { topic, subscription };
  }

  const access = (action: string, arn: string): Access => {
    const { policy } = topicOf(arn);
    return { action: `sns:${action}`, resource: arn, resourcePolicy: policy };
  };
  const onTopic = (action: string) => (input: { TopicArn: string }) => access(action, input.TopicArn);
  const onSubscription = (action: string) => (input: { SubscriptionArn: string }) =>
    access(action, subscriptionOf(input.SubscriptionArn).topic.arn);

  function ensureTopic(arn: string): Topic {
    const known = topics.get(arn);
    if (known) return known;
    const name = arn.split(":").at(-1)!;
    const topic: Topic = {
      arn,
      name,
      isFifo: name.endsWith(".fifo"),
      contentBasedDeduplication: false,
      attributes: {},
      subscriptions: new Map(),
      recent: new Map(),
    };
    topics.set(arn, topic);
    return topic;
  }

  function publish(topic: Topic, input: PublishInput): { MessageId: string; SequenceNumber?: string } {
    validate(topic, input);
    const deduplicationId = deduplicationOf(topic, input);
    const now = cloud.clock.now();
    const earlier = deduplicationId ? topic.recent.get(deduplicationId) : undefined;
    if (earlier && now - earlier.at < 5 * 60_000) return { MessageId: earlier.messageId };
    const message: Published = {
      messageId: randomUUID(),
      topicArn: topic.arn,
      message: input.Message,
      subject: input.Subject,
      structure: input.MessageStructure,
      attributes: Object.fromEntries(
        Object.entries(input.MessageAttributes ?? {}).map(([name, { DataType, StringValue, BinaryValue }]) => [
          name,
          { dataType: DataType, stringValue: StringValue, binaryValue: BinaryValue },
        ]),
      ),
      timestamp: new Date(now).toISOString(),
      groupId: input.MessageGroupId,
      deduplicationId,
    };
    if (deduplicationId) topic.recent.set(deduplicationId, { at: now, messageId: message.messageId });
    for (const subscription of topic.subscriptions.values()) {
      // In the order of publishing, and after the answer: publishers do not wait for subscribers.
      if (matchesFilter(subscription, message))
        topic.tail = (topic.tail ?? Promise.resolve()).then(() => deliverTo(cloud, subscription, message));
    }
    return { MessageId: message.messageId, SequenceNumber: topic.isFifo ? String(now).padStart(20, "1") : undefined };
  }

  function subscribe(
    topic: Topic,
    arn: string,
    protocol: string,
    endpoint: string,
    attributes: Record<string, string>,
  ): Subscription {
    if (!["sqs", "lambda", "http", "https"].includes(protocol)) {
      throw new AwsError(
        "InvalidParameterException",
        `Invalid parameter: ${protocol} does not run on this machine; there are sqs, lambda, http and https`,
      );
    }
    if (topic.isFifo && protocol !== "sqs")
      throw new AwsError(
        "InvalidParameterException",
        "Invalid parameter: Invalid protocol type: FIFO topics deliver to queues",
      );
    const subscription: Subscription = { arn, protocol, endpoint, raw: false, filterScope: "MessageAttributes" };
    for (const [name, value] of Object.entries(attributes)) setAttribute(subscription, name, value);
    topic.subscriptions.set(arn, subscription);
    return subscription;
  }

  function declareSubscription({ id, inputs }: Resource): void {
    const attributes: Record<string, string> = {};
    if (inputs.rawMessageDelivery !== undefined) attributes.RawMessageDelivery = String(inputs.rawMessageDelivery);
    if (inputs.filterPolicy) attributes.FilterPolicy = String(inputs.filterPolicy);
    if (inputs.filterPolicyScope) attributes.FilterPolicyScope = String(inputs.filterPolicyScope);
    if (inputs.redrivePolicy) attributes.RedrivePolicy = String(inputs.redrivePolicy);
    subscribe(topicOf(String(inputs.topic)), id!, String(inputs.protocol), String(inputs.endpoint), attributes);
  }

  const describe = ({ arn, protocol, endpoint }: Subscription) => ({
    SubscriptionArn: arn,
    Owner: cloud.account,
    Protocol: protocol,
    Endpoint: endpoint,
    TopicArn: arn.slice(0, arn.lastIndexOf(":")),
  });

  return {
    name: "sns",
    client: () => import("@aws-sdk/client-sns"),
    resources: {
      "aws:sns/topic:Topic": ({ inputs, outputs }) => {
        const topic = ensureTopic(String(outputs.arn));
        topic.contentBasedDeduplication = inputs.contentBasedDeduplication === true;
        if (inputs.policy) topic.policy = String(inputs.policy);
      },
      "aws:sns/topicPolicy:TopicPolicy": ({ inputs }) => {
        topicOf(String(inputs.arn)).policy = String(inputs.policy);
      },
      "aws:sns/topicSubscription:TopicSubscription": declareSubscription,
    },
    operations: {
      CreateTopic: {
        authorize: ({ Name }) => ({ action: "sns:CreateTopic", resource: arnOf(Name) }),
        run({ Name, Attributes = {} }) {
          if (!/^[\w-]{1,256}(\.fifo)?$/.test(Name ?? ""))
            throw new AwsError("InvalidParameterException", "Invalid parameter: Topic Name");
          const topic = ensureTopic(arnOf(Name));
          topic.contentBasedDeduplication = Attributes.ContentBasedDeduplication === "true";
          if (Attributes.Policy) topic.policy = Attributes.Policy;
          topic.attributes = { ...topic.attributes, ...Attributes };
          persist(topic);
          return { TopicArn: topic.arn };
        },
      },
      DeleteTopic: {
        authorize: ({ TopicArn }) => ({ action: "sns:DeleteTopic", resource: TopicArn }),
        run({ TopicArn }) {
          topics.delete(TopicArn);
          drop.run(TopicArn);
          return {};
        },
      },
      ListTopics: {
        authorize: () => ({ action: "sns:ListTopics", resource: arnOf("*") }),
        run: () => ({ Topics: [...topics.keys()].sort().map((TopicArn) => ({ TopicArn })) }),
      },
      GetTopicAttributes: {
        authorize: onTopic("GetTopicAttributes"),
        run({ TopicArn }) {
          const topic = topicOf(TopicArn);
          const fifo = topic.isFifo
            ? { FifoTopic: "true", ContentBasedDeduplication: String(topic.contentBasedDeduplication) }
            : {};
          const counts = {
            SubscriptionsConfirmed: String(topic.subscriptions.size),
            SubscriptionsPending: "0",
            SubscriptionsDeleted: "0",
          };
          return {
            Attributes: {
              ...topic.attributes,
              TopicArn,
              Owner: cloud.account,
              ...(topic.policy ? { Policy: topic.policy } : {}),
              ...fifo,
              ...counts,
            },
          };
        },
      },
      SetTopicAttributes: {
        authorize: onTopic("SetTopicAttributes"),
        run({ TopicArn, AttributeName, AttributeValue = "" }) {
          const topic = topicOf(TopicArn);
          if (AttributeName === "Policy") topic.policy = AttributeValue;
          else if (AttributeName === "ContentBasedDeduplication")
            topic.contentBasedDeduplication = AttributeValue === "true";
          else topic.attributes[AttributeName] = AttributeValue;
          persist(topic);
          return {};
        },
      },
      Publish: {
        authorize: ({ TopicArn, TargetArn }) => access("Publish", TopicArn ?? TargetArn),
        run: (input: PublishInput) => publish(topicOf(input.TopicArn ?? input.TargetArn ?? ""), input),
      },
      PublishBatch: {
        authorize: onTopic("Publish"),
        run({ TopicArn, PublishBatchRequestEntries: entries }) {
          const topic = topicOf(TopicArn);
          if (entries.length === 0)
            throw new AwsError("EmptyBatchRequestException", "The batch request doesn't contain any entries.");
          if (entries.length > 10)
            throw new AwsError(
              "TooManyEntriesInBatchRequestException",
              "The batch request contains more entries than permissible.",
            );
          if (new Set(entries.map(({ Id }: { Id: string }) => Id)).size < entries.length) {
            throw new AwsError(
              "BatchEntryIdsNotDistinctException",
              "Two or more batch entries in the request have the same Id.",
            );
          }
          const Successful: object[] = [];
          const Failed: object[] = [];
          for (const entry of entries) {
            try {
              Successful.push({ Id: entry.Id, ...publish(topic, entry) });
            } catch (error) {
              if (!(error instanceof AwsError)) throw error;
              Failed.push({ Id: entry.Id, Code: error.code, Message: error.message, SenderFault: true });
            }
          }
          return { Successful, Failed };
        },
      },
      Subscribe: {
        authorize: onTopic("Subscribe"),
        run({ TopicArn, Protocol, Endpoint, Attributes = {} }) {
          const topic = topicOf(TopicArn);
          const same = [...topic.subscriptions.values()].find(
            ({ protocol, endpoint }) => protocol === Protocol && endpoint === Endpoint,
          );
          if (same) return { SubscriptionArn: same.arn };
          const subscription = subscribe(topic, `${TopicArn}:${randomUUID()}`, Protocol, Endpoint, Attributes);
          persist(topic);
          return { SubscriptionArn: subscription.arn };
        },
      },
      Unsubscribe: {
        authorize: onSubscription("Unsubscribe"),
        run({ SubscriptionArn }) {
          const { topic } = subscriptionOf(SubscriptionArn);
          topic.subscriptions.delete(SubscriptionArn);
          persist(topic);
          return {};
        },
      },
      ListSubscriptions: {
        authorize: () => ({ action: "sns:ListSubscriptions", resource: arnOf("*") }),
        run: () => ({
          Subscriptions: [...topics.values()].flatMap((topic) => [...topic.subscriptions.values()].map(describe)),
        }),
      },
      ListSubscriptionsByTopic: {
        authorize: onTopic("ListSubscriptionsByTopic"),
        run: ({ TopicArn }) => ({ Subscriptions: [...topicOf(TopicArn).subscriptions.values()].map(describe) }),
      },
      GetSubscriptionAttributes: {
        authorize: onSubscription("GetSubscriptionAttributes"),
        run({ SubscriptionArn }) {
          const { subscription, topic } = subscriptionOf(SubscriptionArn);
          const { protocol, endpoint, raw, filterPolicy, filterScope, deadLetterArn } = subscription;
          return {
            Attributes: {
              ...{ SubscriptionArn, TopicArn: topic.arn, Owner: cloud.account, Protocol: protocol, Endpoint: endpoint },
              ...{ RawMessageDelivery: String(raw), PendingConfirmation: "false" },
              ...(filterPolicy ? { FilterPolicy: JSON.stringify(filterPolicy), FilterPolicyScope: filterScope } : {}),
              ...(deadLetterArn ? { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetterArn }) } : {}),
            },
          };
        },
      },
      SetSubscriptionAttributes: {
        authorize: onSubscription("SetSubscriptionAttributes"),
        run({ SubscriptionArn, AttributeName, AttributeValue = "" }) {
          const { subscription, topic } = subscriptionOf(SubscriptionArn);
          setAttribute(subscription, AttributeName, AttributeValue);
          persist(topic);
          return {};
        },
      },
    },
    async deliver(arn: string, delivery: Delivery) {
      const topic = topicOf(arn);
      const call: Call = {
        principal: { type: "service", arn: delivery.service, account: cloud.account },
        sourceIp: "127.0.0.1",
        sourceArn: delivery.sourceArn,
      };
      cloud.authorize(call, access("Publish", arn));
      publish(topic, {
        Message: delivery.body,
        MessageGroupId: delivery.messageGroupId,
        MessageDeduplicationId: delivery.messageDeduplicationId,
      });
    },
    async stop() {
      await Promise.all([...topics.values()].map(({ tail }) => tail));
    },
  };
}

function setAttribute(subscription: Subscription, name: string, value: string): void {
  const parse = (): never | Record<string, unknown> => {
    try {
      return JSON.parse(value);
    } catch {
      throw new AwsError("InvalidParameterException", `Invalid parameter: ${name}: it is not valid JSON`);
    }
  };
  if (name === "RawMessageDelivery") subscription.raw = value === "true";
  else if (name === "FilterPolicyScope") subscription.filterScope = value as Subscription["filterScope"];
  else if (name === "FilterPolicy") subscription.filterPolicy = value === "" || value === "{}" ? undefined : parse();
  else if (name === "RedrivePolicy")
    subscription.deadLetterArn = value === "" ? undefined : String(parse().deadLetterTargetArn);
  else if (name !== "DeliveryPolicy" && name !== "SubscriptionRoleArn") {
    throw new AwsError("InvalidParameterException", `Invalid parameter: AttributeName: ${name}`);
  }
}

function validate(
  topic: Topic,
  { Message, Subject, MessageStructure, MessageGroupId, MessageAttributes = {} }: PublishInput,
): void {
  if (!Message) throw new AwsError("InvalidParameterException", "Invalid parameter: Empty message");
  let bytes = Buffer.byteLength(Message);
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(MessageAttributes)) {
    bytes += Buffer.byteLength(name + DataType) + (BinaryValue?.byteLength ?? Buffer.byteLength(StringValue ?? ""));
  }
  if (bytes > MAX_BYTES) throw new AwsError("InvalidParameterException", "Invalid parameter: Message too long");
  if (Subject !== undefined && (Subject.length === 0 || Subject.length > 100))
    throw new AwsError("InvalidParameterException", "Invalid parameter: Subject");
  if (topic.isFifo && !MessageGroupId)
    throw new AwsError(
      "InvalidParameterException",
      "Invalid parameter: The MessageGroupId parameter is required for FIFO topics",
    );
  if (MessageStructure === "json") {
    try {
      if (typeof JSON.parse(Message).default === "string") return;
    } catch {}
    throw new AwsError(
      "InvalidParameterException",
      "Invalid parameter: Message Structure - No default entry in JSON message body",
    );
  }
}

function deduplicationOf(topic: Topic, input: PublishInput): string | undefined {
  if (!topic.isFifo) return undefined;
  const id =
    input.MessageDeduplicationId ??
    (topic.contentBasedDeduplication ? createHash("sha256").update(input.Message).digest("hex") : undefined);
  if (id) return id;
  throw new AwsError(
    "InvalidParameterException",
    "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
  );
}
