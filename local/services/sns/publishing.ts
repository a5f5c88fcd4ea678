/** From a publish to the subscribers' deliveries. */
import { createHash, randomUUID } from "node:crypto";
import { AwsError } from "../../service.ts";
import { deliverTo, type Published, type Sending } from "./delivery.ts";
import { matchesFilter } from "./filter.ts";
import type { Topic } from "./topic.ts";

interface Attribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: Uint8Array;
}

export interface PublishInput {
  TopicArn?: string;
  TargetArn?: string;
  PhoneNumber?: string;
  Message: string;
  Subject?: string;
  MessageStructure?: string;
  MessageAttributes?: Record<string, Attribute>;
  MessageGroupId?: string;
  MessageDeduplicationId?: string;
}

const DEDUPLICATION_MS = 5 * 60_000;
const DEFAULT_MAX_BYTES = 262_144;

/**
 * Answers once queues and functions have the message: what was answered for is not lost with the process. HTTP endpoints
 * are nobody's business to wait for.
 * @param traceHeader X-Ray's, of the request: the SDKs of a function send it
 */
export async function publish(sending: Sending, topic: Topic, input: PublishInput, traceHeader?: string) {
  validate(topic, input);
  const now = sending.cloud.clock.now();
  const deduplicationId = deduplicationOf(topic, input);
  const earlier = deduplicationId === undefined ? undefined : topic.recent.get(deduplicationId);
  if (earlier && now - earlier.at < DEDUPLICATION_MS) {
    return { MessageId: earlier.messageId, SequenceNumber: earlier.sequenceNumber };
  }
  topic.sequence = Math.max(topic.sequence + 1, now * 1000);
  const sequenceNumber = topic.isFifo ? String(topic.sequence).padStart(20, "1") : undefined;
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
    sequenceNumber,
    signatureVersion: topic.attributes.SignatureVersion,
    traceHeader,
  };
  if (deduplicationId !== undefined) remember(topic, deduplicationId, now, message);
  if (topic.attributes.ArchivePolicy) sending.archive.keep(topic, message);
  const confirmed = [...topic.subscriptions.values()].filter(({ pending }) => !pending);
  const receivers = confirmed.filter((subscription) => matchesFilter(subscription, message));
  sending.count(topic.arn, "NumberOfMessagesPublished");
  sending.count(topic.arn, "PublishSize", bytesOf(input));
  const filteredOut = confirmed.length - receivers.length;
  if (filteredOut > 0) sending.count(topic.arn, "NumberOfNotificationsFilteredOut", filteredOut);
  const deliver = () => Promise.all(receivers.map((subscription) => deliverTo(sending, topic, subscription, message)));
  topic.tail = topic.isFifo ? topic.tail.then(async () => void (await deliver())) : deliver().then(() => {});
  await topic.tail;
  return { MessageId: message.messageId, SequenceNumber: sequenceNumber };
}

function remember(topic: Topic, id: string, at: number, { messageId, sequenceNumber }: Published): void {
  for (const [known, earlier] of topic.recent) {
    if (at - earlier.at < DEDUPLICATION_MS) break;
    topic.recent.delete(known);
  }
  topic.recent.set(id, { at, messageId, sequenceNumber: sequenceNumber! });
}

function deduplicationOf(topic: Topic, input: PublishInput): string | undefined {
  if (!topic.isFifo) return undefined;
  if (input.MessageDeduplicationId) return input.MessageDeduplicationId;
  if (topic.contentBasedDeduplication) return createHash("sha256").update(input.Message).digest("hex");
  throw refused(
    "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
  );
}

/** Bytes that count: the text, and every attribute's name, type and value. */
export function bytesOf({ Message, MessageAttributes = {} }: PublishInput): number {
  let bytes = Buffer.byteLength(Message ?? "");
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(MessageAttributes)) {
    bytes += Buffer.byteLength(name + DataType) + (BinaryValue?.byteLength ?? Buffer.byteLength(StringValue ?? ""));
  }
  return bytes;
}

export function maxBytesOf({ attributes }: Topic): number {
  return Number(attributes.MaximumMessageSize ?? DEFAULT_MAX_BYTES);
}

function validate(topic: Topic, input: PublishInput): void {
  const { Message, Subject, MessageStructure, MessageGroupId, MessageDeduplicationId, MessageAttributes = {} } = input;
  if (!Message) throw refused("Empty message");
  if (bytesOf(input) > maxBytesOf(topic)) throw refused("Message too long");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: line breaks and control characters are what SNS refuses
  if (Subject !== undefined && !/^[^\s\u0000-\u001f][^\u0000-\u001f]{0,99}$/.test(Subject)) throw refused("Subject");
  for (const [name, attribute] of Object.entries(MessageAttributes)) validateAttribute(name, attribute);
  for (const [name, value] of Object.entries({ MessageGroupId, MessageDeduplicationId })) {
    if (value !== undefined && !/^[\x21-\x7e]{1,128}$/.test(value)) throw refused(`The ${name} parameter is invalid`);
  }
  if (topic.isFifo && !MessageGroupId) throw refused("The MessageGroupId parameter is required for FIFO topics");
  if (!topic.isFifo && MessageDeduplicationId) {
    throw refused("The request includes MessageDeduplicationId parameter that is not valid for this topic type");
  }
  if (MessageStructure !== undefined && MessageStructure !== "json") throw refused("MessageStructure");
  if (MessageStructure === "json" && !hasDefault(Message)) {
    throw refused("Message Structure - No default entry in JSON message body");
  }
}

function validateAttribute(name: string, { DataType, StringValue, BinaryValue }: Attribute): void {
  const [, kind] = /^(String|Number|Binary)(\..+)?$/.exec(DataType ?? "") ?? [];
  const invalid = (problem: string) =>
    new AwsError("InvalidParameterValueException", `The message attribute '${name}' ${problem}`);
  if (!kind) throw invalid("has an invalid message attribute type: String, String.Array, Number or Binary");
  if (kind === "Binary" ? !BinaryValue?.byteLength : !StringValue) {
    throw invalid(`must contain non-empty message attribute value for message attribute type '${DataType}'.`);
  }
  if (kind === "Number" && !Number.isFinite(Number(StringValue))) throw invalid("is not a number");
}

function hasDefault(message: string): boolean {
  try {
    return typeof JSON.parse(message).default === "string";
  } catch {
    return false;
  }
}

function refused(problem: string): AwsError {
  return new AwsError("InvalidParameterException", `Invalid parameter: ${problem}`);
}
