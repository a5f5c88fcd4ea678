/**
 * SQS on one machine: standard queues (fair ones where messages have groups) and FIFO queues, visibility, delay, dead
 * letters and redrives, long polling, queue policies.
 *
 * Not emulated: ReceiveRequestAttemptId, throughput limits, the 120,000 messages that may be in flight, and a standard queue's freedom to deliver twice or out of order. Fair
 * queues choose the group with the least in flight, always; AWS does so once a group is noisy.
 */
import { afterKms, keyAccess } from "../../key-access.ts";
import type { Call, Cloud, Delivery, Service } from "../../service.ts";
import { attributesOfInputs } from "./attributes.ts";
import { messageOperations, send } from "./message-operations.ts";
import { moveTaskOperations } from "./move-tasks.ts";
import type { Queue } from "./queue.ts";
import { queueMetrics } from "./queue-metrics.ts";
import { queueOperations } from "./queue-operations.ts";
import { queuesOf } from "./queues.ts";
import type { MessageInput } from "./validation.ts";

export function sqs(cloud: Cloud): Service {
  const queues = queuesOf(cloud);
  queueMetrics(queues);
  const stopping = new AbortController();
  const keys = keyAccess(cloud, { service: "sqs", errors: (refusal) => `Kms${refusal}` });
  const asks = (kind: "read" | "write", { arn, attributes }: Queue, call: Call) =>
    keys[kind](attributes.kept.KmsMasterKeyId || undefined, { "aws:sqs:arn": arn }, call);
  const messages = messageOperations(queues, stopping.signal);
  const afterKey = (name: string, kind: "read" | "write") =>
    afterKms(messages[name]!, ({ QueueUrl }: { QueueUrl: string }, call) => asks(kind, queues.find(QueueUrl), call));
  const configured = (attribute: string, input: string): Service["resources"][string] => {
    return ({ inputs }) =>
      queues.configure(queues.find(String(inputs.queueUrl)), { [attribute]: String(inputs[input]) });
  };

  return {
    name: "sqs",
    client: () => import("@aws-sdk/client-sqs"),
    resources: {
      "aws:sqs/queue:Queue": ({ inputs, outputs }) => {
        queues.declare(String(outputs.name), attributesOfInputs(inputs), (inputs.tags ?? {}) as Record<string, string>);
      },
      "aws:sqs/queuePolicy:QueuePolicy": configured("Policy", "policy"),
      "aws:sqs/redrivePolicy:RedrivePolicy": configured("RedrivePolicy", "redrivePolicy"),
      "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": configured("RedriveAllowPolicy", "redriveAllowPolicy"),
    },
    operations: {
      ...messages,
      SendMessage: afterKey("SendMessage", "write"),
      SendMessageBatch: afterKey("SendMessageBatch", "write"),
      ReceiveMessage: afterKey("ReceiveMessage", "read"),
      ...queueOperations(queues),
      ...moveTaskOperations(queues),
    },
    async deliver(arn, delivery) {
      const queue = queues.find(arn);
      const principal = { type: "service" as const, arn: delivery.service, account: cloud.account };
      const call = { principal, sourceIp: "127.0.0.1", sourceArn: delivery.sourceArn };
      cloud.authorize(call, queues.access("SendMessage", arn));
      await asks("write", queue, call);
      send(queue, messageOf(delivery, queue.attributes.fifo), delivery.service, delivery.traceHeader);
    },
    stop() {
      stopping.abort();
      for (const queue of queues.all()) queue.stop();
    },
  };
}

/** A standard queue takes no deduplication id: a FIFO topic's is left out for it. */
function messageOf({ body, attributes = {}, ...delivery }: Delivery, isFifo: boolean): MessageInput {
  return {
    MessageBody: body,
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, { dataType, stringValue, binaryValue }]) => [
        name,
        { DataType: dataType, StringValue: stringValue, BinaryValue: binaryValue },
      ]),
    ),
    MessageGroupId: delivery.messageGroupId,
    MessageDeduplicationId: isFifo ? delivery.messageDeduplicationId : undefined,
  };
}
