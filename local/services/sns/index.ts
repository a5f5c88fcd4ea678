/**
 * SNS on one machine: topics, subscriptions of queues, functions, HTTP endpoints and deliveries (Firehose), filter policies
 * on attributes or body, raw delivery, a dead-letter queue per subscription, delivery policies, signatures, FIFO topics with
 * archive and replay, topic policies.
 *
 * Not emulated: SMS, e-mail, mobile push, delivery status logs, data protection policies, the throttle of
 * a delivery policy. The HTTP endpoint of a program's subscription counts as confirmed at once. A FIFO topic forgets its deduplication ids when it stops; FIFO queues behind it do not.
 */
import type { Resource } from "../../../engine/graph.ts";
import { afterKms, keyAccess } from "../../key-access.ts";
import type { Call, Cloud, Delivery, Service } from "../../service.ts";
import { archiveOf, setArchivePolicy } from "./archive/archive.ts";
import { replaysOf } from "./archive/replays.ts";
import { attemptsOf } from "./attempts.ts";
import { deliverTo, type Sending } from "./delivery.ts";
import { publish } from "./publishing.ts";
import { signer } from "./signing.ts";
import { makeSubscription, subscriptionOperations } from "./subscription-operations.ts";
import { type Topic, topicsOf } from "./topic.ts";
import { topicMetrics } from "./topic-metrics.ts";
import { topicOperations } from "./topic-operations.ts";

const SUBSCRIPTION_ATTRIBUTES = [
  ...["filterPolicyScope", "filterPolicy", "rawMessageDelivery", "redrivePolicy"],
  ...["deliveryPolicy", "replayPolicy", "subscriptionRoleArn"],
];

const FOR_PEOPLE = /^(email|email-json|sms|application)$/;

export function sns(cloud: Cloud): Service {
  const topics = topicsOf(cloud);
  const stopping = new AbortController();
  const keys = keyAccess(cloud, { service: "sns", errors: (refusal) => `KMS${refusal}Exception` });
  const asks = ({ arn, attributes }: Topic, call: Call) =>
    keys.write(attributes.KmsMasterKeyId || undefined, { "aws:sns:topicArn": arn }, call);
  const sending: Sending = {
    ...{
      cloud,
      signer: signer(cloud),
      attempts: attemptsOf(cloud),
      archive: archiveOf(cloud),
      count: topicMetrics(cloud),
    },
    signal: stopping.signal,
  };
  sending.attempts.resume(({ id, subscriptionArn, message, number }) => {
    const found = topics.all().find(({ subscriptions }) => subscriptions.has(subscriptionArn));
    if (found) void deliverTo(sending, found, found.subscriptions.get(subscriptionArn)!, message, number, id);
    else sending.attempts.done(id);
  });
  const replays = replaysOf(sending, topics);
  const onTopics = topicOperations(topics, sending);
  const afterKey = (name: string) =>
    afterKms(onTopics[name]!, ({ TopicArn, TargetArn }: { TopicArn?: string; TargetArn?: string }, call) =>
      asks(topics.find(TopicArn ?? TargetArn), call),
    );

  function declareTopic({ inputs, outputs }: Resource): void {
    const topic = topics.ensure(String(outputs.arn), true);
    topic.contentBasedDeduplication = inputs.contentBasedDeduplication === true;
    topic.tags = { ...((inputs.tags ?? {}) as Record<string, string>) };
    topic.attributes = {
      ...(inputs.signatureVersion ? { SignatureVersion: String(inputs.signatureVersion) } : {}),
      ...(inputs.deliveryPolicy ? { DeliveryPolicy: String(inputs.deliveryPolicy) } : {}),
      ...(inputs.displayName ? { DisplayName: String(inputs.displayName) } : {}),
      ...(inputs.kmsMasterKeyId ? { KmsMasterKeyId: String(inputs.kmsMasterKeyId) } : {}),
    };
    if (inputs.archivePolicy) setArchivePolicy(topic, String(inputs.archivePolicy));
    sending.archive.apply(topic);
    if (inputs.policy) topic.policy = String(inputs.policy);
  }

  async function declareSubscription({ id, inputs }: Resource): Promise<void> {
    const topic = topics.find(String(inputs.topic));
    // People are not told from here, and what tells them is no reason not to start.
    if (FOR_PEOPLE.test(String(inputs.protocol))) {
      const message = `${topic.arn}: nobody is told by ${inputs.protocol}, which does not run on this machine.`;
      cloud.log({ level: "info", source: "sns", message });
      return;
    }
    const attributes: Record<string, string> = {};
    // The scope first: whether a policy is a good one depends on it.
    for (const name of SUBSCRIPTION_ATTRIBUTES) {
      const value = inputs[name];
      if (value !== undefined && value !== null) attributes[name[0]!.toUpperCase() + name.slice(1)] = String(value);
    }
    const base = { arn: id!, protocol: String(inputs.protocol), endpoint: String(inputs.endpoint), isDeclared: true };
    const made = makeSubscription(topic, base, attributes);
    topic.subscriptions.set(id!, made);
    await replays.follow(topic, made);
  }

  return {
    name: "sns",
    client: () => import("@aws-sdk/client-sns"),
    requiresMembers: "InvalidParameterException",
    resources: {
      "aws:sns/topic:Topic": declareTopic,
      "aws:sns/topicPolicy:TopicPolicy": ({ inputs }) => {
        topics.find(String(inputs.arn)).policy = String(inputs.policy);
      },
      "aws:sns/topicSubscription:TopicSubscription": declareSubscription,
    },
    operations: {
      ...onTopics,
      Publish: afterKey("Publish"),
      PublishBatch: afterKey("PublishBatch"),
      ...subscriptionOperations(topics, sending, replays),
    },
    handle: sending.signer.handle,
    async deliver(arn: string, { service, sourceArn, body, ...delivery }: Delivery) {
      const topic = topics.find(arn);
      const principal = { type: "service" as const, arn: service, account: cloud.account };
      const call: Call = { principal, sourceIp: "127.0.0.1", sourceArn };
      cloud.authorize(call, { action: "sns:Publish", resource: arn, resourcePolicy: topic.policy });
      await asks(topic, call);
      const attributes = Object.entries(delivery.attributes ?? {}).map(([name, attribute]) => [
        name,
        { DataType: attribute.dataType, StringValue: attribute.stringValue, BinaryValue: attribute.binaryValue },
      ]);
      const input = {
        Message: body,
        // The subject that S3's notifications have.
        Subject: delivery.subject ?? (service === "s3.amazonaws.com" ? "Amazon S3 Notification" : undefined),
        MessageAttributes: Object.fromEntries(attributes),
        MessageGroupId: delivery.messageGroupId,
        MessageDeduplicationId: topic.isFifo ? delivery.messageDeduplicationId : undefined,
      };
      await publish(sending, topic, input, delivery.traceHeader);
    },
    async stop() {
      stopping.abort();
      await Promise.all(topics.all().map(({ tail }) => tail));
    },
  };
}
