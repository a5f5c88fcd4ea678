/** Operations on messages: sending, receiving, deleting, changing their visibility. */
import { createHash } from "node:crypto";
import { AwsError, type Call, type Operation } from "../../service.ts";
import { type MessageAttributes, md5, md5OfAttributes } from "./digests.ts";
import { type Message, receiptOf, sequenceOf } from "./message.ts";
import type { Queue } from "./queue.ts";
import type { Queues } from "./queues.ts";
import {
  checkRange,
  invalid,
  type MessageInput,
  type SendInput,
  validateBatch,
  validateBatchSize,
  validateMessage,
} from "./validation.ts";

interface ReceiveInput {
  QueueUrl: string;
  MaxNumberOfMessages?: number;
  VisibilityTimeout?: number;
  WaitTimeSeconds?: number;
  AttributeNames?: string[];
  MessageSystemAttributeNames?: string[];
  MessageAttributeNames?: string[];
}

const MAX_VISIBILITY_SECONDS = 43_200;

/**
 * Puts a message into a queue. @throws AwsError what SQS refuses
 * @param trace X-Ray's header of the request, which the SDKs of a function send
 */
export function send(queue: Queue, input: MessageInput, senderId: string, trace?: string): Message {
  validateMessage(queue.attributes, input);
  const { MessageBody: body, MessageAttributes: attributes = {}, MessageGroupId: groupId } = input;
  const { fifo, delaySeconds } = queue.attributes;
  const deduplicationId = fifo ? (input.MessageDeduplicationId ?? sha256(body)) : undefined;
  const traceHeader = input.MessageSystemAttributes?.AWSTraceHeader?.StringValue ?? trace;
  const delay = fifo ? delaySeconds : (input.DelaySeconds ?? delaySeconds);
  return queue.send({ body, attributes, senderId, groupId, deduplicationId, traceHeader }, delay * 1000);
}

export function messageOperations(queues: Queues, stopping: AbortSignal): Record<string, Operation> {
  const { cloud, find, onQueue } = queues;

  async function receive(input: ReceiveInput, { http }: Call) {
    const queue = find(input.QueueUrl);
    const { visibilitySeconds, waitSeconds } = queue.attributes;
    const max = checkRange("MaxNumberOfMessages", input.MaxNumberOfMessages ?? 1, 1, 10);
    const visibility = input.VisibilityTimeout ?? visibilitySeconds;
    checkRange("VisibilityTimeout", visibility, 0, MAX_VISIBILITY_SECONDS);
    const wait = checkRange("WaitTimeSeconds", input.WaitTimeSeconds ?? waitSeconds, 0, 20);
    const deadLetters = () => deadLettersOf(queue);
    const deadline = cloud.clock.now() + wait * 1000;
    for (;;) {
      if (queues.get(queue.name) !== queue) find("");
      // Nobody is there to take a message: it must not vanish for its visibility timeout.
      if (stopping.aborted || http?.signal?.aborted) return {};
      const messages = queue.receive(max, visibility * 1000, deadLetters);
      if (messages.length > 0) return { Messages: messages.map((message) => describe(message, input, queue)) };
      const left = deadline - cloud.clock.now();
      if (left <= 0) return {};
      await queue.wait(left, [http?.signal, stopping]);
    }
  }

  function deadLettersOf({ attributes }: Queue): Queue | undefined {
    return queues.get(attributes.redrive!.deadLetterTargetArn.split(":").at(-1)!);
  }

  function remove(queue: Queue, receipt: string) {
    const held = heldBy(queue, receipt);
    if (held && queue.attributes.fifo && !held.isInFlight) {
      throw invalid(`Value ${receipt} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`);
    }
    // A stale receipt deletes nothing and is no error: the message was received anew, or is gone.
    if (held) queue.remove(held.message);
    return {};
  }

  function changeVisibility(queue: Queue, receipt: string, seconds: number) {
    checkRange("VisibilityTimeout", seconds, 0, MAX_VISIBILITY_SECONDS);
    const held = heldBy(queue, receipt);
    if (!held?.isInFlight) {
      throw new AwsError(
        "MessageNotInflight",
        `Value ${receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
      );
    }
    const heldMs = cloud.clock.now() - held.message.receivedAt!;
    if (heldMs + seconds * 1000 > MAX_VISIBILITY_SECONDS * 1000) {
      throw invalid(
        `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [${MAX_VISIBILITY_SECONDS} seconds].`,
      );
    }
    queue.changeVisibility(held.message, seconds * 1000);
    return {};
  }

  return {
    SendMessage: {
      authorize: onQueue("SendMessage"),
      run(input: SendInput, call) {
        const queue = find(input.QueueUrl);
        return sent(queue, send(queue, input, senderOf(call), traceOf(call)), input);
      },
    },
    SendMessageBatch: {
      authorize: onQueue("SendMessage"),
      run({ QueueUrl, Entries }, call) {
        const queue = find(QueueUrl);
        validateBatch(Entries);
        validateBatchSize(Entries);
        return batch(Entries as (SendInput & { Id: string })[], (entry) =>
          sent(queue, send(queue, entry, senderOf(call), traceOf(call)), entry),
        );
      },
    },
    ReceiveMessage: { authorize: onQueue("ReceiveMessage"), run: receive },
    DeleteMessage: {
      authorize: onQueue("DeleteMessage"),
      run: ({ QueueUrl, ReceiptHandle }) => remove(find(QueueUrl), ReceiptHandle),
    },
    DeleteMessageBatch: {
      authorize: onQueue("DeleteMessage"),
      run: ({ QueueUrl, Entries }) =>
        batch(Entries as { Id: string; ReceiptHandle: string }[], ({ ReceiptHandle }) =>
          remove(find(QueueUrl), ReceiptHandle),
        ),
    },
    ChangeMessageVisibility: {
      authorize: onQueue("ChangeMessageVisibility"),
      run: ({ QueueUrl, ReceiptHandle, VisibilityTimeout }) =>
        changeVisibility(find(QueueUrl), ReceiptHandle, VisibilityTimeout),
    },
    ChangeMessageVisibilityBatch: {
      authorize: onQueue("ChangeMessageVisibility"),
      run: ({ QueueUrl, Entries }) =>
        batch(
          Entries as { Id: string; ReceiptHandle: string; VisibilityTimeout?: number }[],
          ({ ReceiptHandle, VisibilityTimeout = 0 }) =>
            changeVisibility(find(QueueUrl), ReceiptHandle, VisibilityTimeout),
        ),
    },
  };
}

/** Batches judge each entry on its own and answer in two lists. */
function batch<Entry extends { Id: string }>(entries: Entry[], run: (entry: Entry) => object) {
  validateBatch(entries);
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id: entry.Id, Code: error.code, Message: error.message, SenderFault: error.status < 500 });
    }
  }
  return { Successful, Failed };
}

function heldBy(queue: Queue, receipt: string): ReturnType<Queue["held"]> {
  if (!/^[\w+/=]{60,}$/.test(receipt ?? "")) {
    throw new AwsError(
      "ReceiptHandleIsInvalid",
      `The input receipt handle "${receipt}" is not a valid receipt handle.`,
    );
  }
  return queue.held(receipt);
}

function sent(queue: Queue, message: Message, { MessageSystemAttributes = {} }: MessageInput) {
  return {
    MessageId: message.id,
    MD5OfMessageBody: md5(message.body),
    MD5OfMessageAttributes: md5OfAttributes(message.attributes),
    MD5OfMessageSystemAttributes: md5OfAttributes(MessageSystemAttributes),
    SequenceNumber: queue.attributes.fifo ? sequenceOf(message) : undefined,
  };
}

const traceOf = ({ http }: Call): string | undefined => http?.headers["x-amzn-trace-id"];
const senderOf = ({ principal }: Call): string =>
  principal.roleArn ? `AROA:${principal.sessionName}` : principal.account;

function describe(message: Message, input: ReceiveInput, queue: Queue) {
  const attributes = selectAttributes(message.attributes, input.MessageAttributeNames ?? []);
  const system = selectSystem(message, queue, [
    ...(input.AttributeNames ?? []),
    ...(input.MessageSystemAttributeNames ?? []),
  ]);
  return {
    MessageId: message.id,
    ReceiptHandle: receiptOf(message),
    Body: message.body,
    MD5OfBody: md5(message.body),
    Attributes: Object.keys(system).length > 0 ? system : undefined,
    MessageAttributes: Object.keys(attributes).length > 0 ? attributes : undefined,
    MD5OfMessageAttributes: md5OfAttributes(attributes),
  };
}

function selectSystem(message: Message, { attributes }: Queue, names: string[]): Record<string, string> {
  const all: Record<string, string | undefined> = {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    MessageGroupId: message.groupId,
    MessageDeduplicationId: message.deduplicationId,
    SequenceNumber: attributes.fifo ? sequenceOf(message) : undefined,
    AWSTraceHeader: message.traceHeader,
    DeadLetterQueueSourceArn: message.sourceArn,
  };
  const unknown = names.find((name) => name !== "All" && !Object.hasOwn(all, name));
  if (unknown !== undefined) throw new AwsError("InvalidAttributeName", `Unknown Attribute ${unknown}.`);
  const selected: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined && (names.includes("All") || names.includes(name))) selected[name] = value;
  }
  return selected;
}

/** By name, by prefix (`order.*`), or all of them. */
function selectAttributes(attributes: MessageAttributes, patterns: string[]): MessageAttributes {
  const wanted = (name: string) =>
    patterns.some((pattern) =>
      pattern.endsWith(".*") ? name.startsWith(pattern.slice(0, -2)) : pattern === "All" || pattern === name,
    );
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => wanted(name)));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
