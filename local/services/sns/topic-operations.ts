/** Operations on topics: making, configuring, tagging, publishing to them. */
import { checkPolicy } from "../../iam/policy.ts";
import { withoutPermission, withPermission } from "../../labelled-statements.ts";
import { AwsError, type Call, type Operation } from "../../service.ts";
import { setArchivePolicy } from "./archive/archive.ts";
import type { Sending } from "./delivery.ts";
import { effectivePolicy } from "./delivery-policy.ts";
import { page } from "./page.ts";
import { bytesOf, maxBytesOf, type PublishInput, publish } from "./publishing.ts";
import type { Topic, Topics } from "./topic.ts";

/** Those that are answered as they were set; the ones with a meaning here are read where they matter. */
const KEPT = [
  "DisplayName",
  "DeliveryPolicy",
  "KmsMasterKeyId",
  "TracingConfig",
  "SignatureVersion",
  "MaximumMessageSize",
  "FifoThroughputScope",
];

export function topicOperations(topics: Topics, sending: Sending): Record<string, Operation> {
  const { cloud, archive } = sending;
  const onTopic = (action: string) => (input: { TopicArn: string }) => {
    const { arn, policy } = topics.find(input.TopicArn);
    return { action: `sns:${action}`, resource: arn, resourcePolicy: policy };
  };
  const onTagged = (action: string) => (input: { ResourceArn: string }) =>
    onTopic(action)({ TopicArn: input.ResourceArn });

  function targetOf({ TopicArn, TargetArn, PhoneNumber }: PublishInput): Topic {
    if (PhoneNumber) throw refused("PhoneNumber: no text messages leave this machine");
    return topics.find(TopicArn ?? TargetArn);
  }

  return {
    CreateTopic: {
      authorize: ({ Name }) => ({ action: "sns:CreateTopic", resource: topics.arnOf(Name) }),
      run({ Name, Attributes = {}, Tags = [] }) {
        const base = String(Name ?? "").replace(/\.fifo$/, "");
        if (!/^[\w-]{1,256}$/.test(base) || Name.length > 256) throw refused("Topic Name");
        if (Name.endsWith(".fifo") !== (Attributes.FifoTopic === "true")) {
          throw refused("Fifo Topic names must end with .fifo, and have FifoTopic set to true");
        }
        const arn = topics.arnOf(Name);
        const isNew = topics.all().every((topic) => topic.arn !== arn);
        const topic = topics.ensure(arn, false);
        try {
          for (const [name, value] of Object.entries(Attributes)) setAttribute(topic, name, String(value));
        } catch (error) {
          if (isNew) topics.remove(arn);
          throw error;
        }
        addTags(topic, Tags);
        archive.apply(topic);
        topics.changed(topic);
        return { TopicArn: topic.arn };
      },
    },
    DeleteTopic: {
      authorize: ({ TopicArn }) => ({ action: "sns:DeleteTopic", resource: TopicArn }),
      run({ TopicArn }) {
        const known = topics.all().find(({ arn }) => arn === TopicArn);
        if (known?.attributes.ArchivePolicy) {
          throw new AwsError("InvalidStateException", "Invalid state: Cannot delete a topic with an ArchivePolicy");
        }
        topics.remove(TopicArn);
        return {};
      },
    },
    ListTopics: {
      authorize: () => ({ action: "sns:ListTopics", resource: topics.arnOf("*") }),
      run({ NextToken }) {
        const { items, NextToken: next } = page(topics.all(), NextToken);
        return { Topics: items.map(({ arn }) => ({ TopicArn: arn })), NextToken: next };
      },
    },
    GetTopicAttributes: {
      authorize: onTopic("GetTopicAttributes"),
      run({ TopicArn }) {
        const topic = topics.find(TopicArn);
        const { attributes, policy, isFifo, contentBasedDeduplication, subscriptions } = topic;
        const beginning = archive.beginningOf(topic);
        const pending = [...subscriptions.values()].filter((subscription) => subscription.pending).length;
        const fifo = { FifoTopic: "true", ContentBasedDeduplication: String(contentBasedDeduplication) };
        const Attributes = {
          ...attributes,
          TopicArn,
          Owner: cloud.account,
          ...(policy ? { Policy: policy } : {}),
          ...(isFifo ? fifo : {}),
          ...(beginning ? { BeginningArchiveTime: new Date(beginning).toISOString() } : {}),
          SubscriptionsConfirmed: String(subscriptions.size - pending),
          SubscriptionsPending: String(pending),
          SubscriptionsDeleted: "0",
          EffectiveDeliveryPolicy: effectiveText(attributes.DeliveryPolicy),
        };
        return { Attributes };
      },
    },
    SetTopicAttributes: {
      authorize: onTopic("SetTopicAttributes"),
      run({ TopicArn, AttributeName, AttributeValue = "" }) {
        const topic = topics.find(TopicArn);
        setAttribute(topic, AttributeName, AttributeValue);
        if (AttributeName === "ArchivePolicy") archive.apply(topic);
        topics.changed(topic);
        return {};
      },
    },
    AddPermission: {
      authorize: onTopic("AddPermission"),
      run({ TopicArn, Label, AWSAccountId = [], ActionName = [] }) {
        const topic = topics.find(TopicArn);
        const actions = (ActionName as string[]).map((action) => `SNS:${action}`);
        const wanted = { label: String(Label), accounts: AWSAccountId, actions, resource: TopicArn };
        topic.policy = withPermission(topic.policy, wanted, "InvalidParameterException");
        topics.changed(topic);
        return {};
      },
    },
    RemovePermission: {
      authorize: onTopic("RemovePermission"),
      run({ TopicArn, Label }) {
        const topic = topics.find(TopicArn);
        topic.policy = withoutPermission(topic.policy, Label, "NotFoundException");
        topics.changed(topic);
        return {};
      },
    },
    ListTagsForResource: {
      authorize: onTagged("ListTagsForResource"),
      run: ({ ResourceArn }) => ({
        Tags: Object.entries(topics.find(ResourceArn).tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    },
    TagResource: {
      authorize: onTagged("TagResource"),
      run({ ResourceArn, Tags }) {
        const topic = topics.find(ResourceArn);
        addTags(topic, Tags);
        topics.changed(topic);
        return {};
      },
    },
    UntagResource: {
      authorize: onTagged("UntagResource"),
      run({ ResourceArn, TagKeys }) {
        const topic = topics.find(ResourceArn);
        for (const key of TagKeys) delete topic.tags[key];
        topics.changed(topic);
        return {};
      },
    },
    Publish: {
      authorize: (input: PublishInput) => onTopic("Publish")({ TopicArn: targetOf(input).arn }),
      run: (input: PublishInput, call: Call) => publish(sending, targetOf(input), input, traceOf(call)),
    },
    PublishBatch: {
      authorize: onTopic("Publish"),
      async run({ TopicArn, PublishBatchRequestEntries: entries = [] }, call) {
        const topic = topics.find(TopicArn);
        validateBatch(topic, entries);
        const Successful: object[] = [];
        const Failed: object[] = [];
        // One after the other: a FIFO topic keeps the order of the batch.
        for (const entry of entries) {
          try {
            Successful.push({ Id: entry.Id, ...(await publish(sending, topic, entry, traceOf(call))) });
          } catch (error) {
            if (!(error instanceof AwsError)) throw error;
            Failed.push({
              Id: entry.Id,
              Code: error.code.replace(/Exception$/, ""),
              Message: error.message,
              SenderFault: true,
            });
          }
        }
        return { Successful, Failed };
      },
    },
  };
}

function effectiveText(policy: string | undefined): string {
  const { healthyRetryPolicy, throttlePolicy, requestPolicy } = effectivePolicy(policy, undefined);
  const http = {
    ...{ defaultHealthyRetryPolicy: healthyRetryPolicy, disableSubscriptionOverrides: false },
    ...{ defaultThrottlePolicy: throttlePolicy, defaultRequestPolicy: requestPolicy },
    ...(policy ? JSON.parse(policy).http : {}),
  };
  return JSON.stringify({ http });
}

function setAttribute(topic: Topic, name: string, value: string): void {
  if (name === "Policy") {
    if (value) checkPolicy(value, "InvalidParameterException", "Invalid parameter: Policy Error: ");
    topic.policy = value || undefined;
  } else if (name === "ArchivePolicy") setArchivePolicy(topic, value);
  else if (name === "ContentBasedDeduplication") topic.contentBasedDeduplication = value === "true";
  else if (KEPT.includes(name) || /^(HTTP|Firehose|Lambda|Application|SQS)\w+Feedback\w+$/.test(name)) {
    const isSize = name === "MaximumMessageSize";
    if (isSize && !(Number(value) >= 1024 && Number(value) <= 1_048_576)) throw refused(`${name}: 1024 to 1048576`);
    if (name === "SignatureVersion" && value !== "1" && value !== "2") throw refused(`${name}: 1 or 2`);
    if (name === "DeliveryPolicy" && value !== "") effectivePolicy(value, undefined);
    topic.attributes[name] = value;
  } else if (name !== "FifoTopic") throw refused(`AttributeName: ${name}`);
}

function addTags(topic: Topic, tags: { Key: string; Value: string }[]): void {
  for (const { Key, Value } of tags) topic.tags[Key] = Value;
}

function validateBatch(topic: Topic, entries: (PublishInput & { Id: string })[]): void {
  const refuse = (code: string, message: string) => new AwsError(code, message);
  if (entries.length === 0)
    throw refuse("EmptyBatchRequestException", "The batch request doesn't contain any entries.");
  if (entries.length > 10) {
    throw refuse("TooManyEntriesInBatchRequestException", "The batch request contains more entries than permissible.");
  }
  if (entries.some(({ Id }) => !/^[\w-]{1,80}$/.test(Id ?? ""))) {
    throw refuse(
      "InvalidBatchEntryIdException",
      "The Id of a batch entry in a batch request doesn't abide by the specification.",
    );
  }
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    throw refuse("BatchEntryIdsNotDistinctException", "Two or more batch entries in the request have the same Id.");
  }
  if (entries.reduce((sum, entry) => sum + bytesOf(entry), 0) > maxBytesOf(topic)) {
    throw refuse(
      "BatchRequestTooLongException",
      "The length of all the batch messages put together is more than the limit.",
    );
  }
}

/** What the SDKs of a function send along. */
const traceOf = ({ http }: Call): string | undefined => http?.headers["x-amzn-trace-id"];

function refused(problem: string): AwsError {
  return new AwsError("InvalidParameterException", `Invalid parameter: ${problem}`);
}
