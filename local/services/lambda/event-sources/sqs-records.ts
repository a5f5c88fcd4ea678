/** A batch of SQS messages as a function sees it, and what its answer says about each of them. Pure. */
import { matchesAny } from "./filters.ts";

export interface SqsMessage {
  MessageId: string;
  ReceiptHandle: string;
  Body: string;
  MD5OfBody?: string;
  MD5OfMessageAttributes?: string;
  Attributes?: Record<string, string>;
  MessageAttributes?: Record<string, { DataType: string; StringValue?: string; BinaryValue?: Uint8Array }>;
}

export interface SqsRecord {
  messageId: string;
  receiptHandle: string;
  body: string;
  attributes: Record<string, string>;
  messageAttributes: Record<string, object>;
  md5OfBody?: string;
  md5OfMessageAttributes?: string;
  eventSource: "aws:sqs";
  eventSourceARN: string;
  awsRegion: string;
}

export function recordOf(message: SqsMessage, queueArn: string): SqsRecord {
  const messageAttributes: Record<string, object> = {};
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(message.MessageAttributes ?? {})) {
    messageAttributes[name] = {
      ...(StringValue !== undefined && { stringValue: StringValue }),
      ...(BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString("base64") }),
      stringListValues: [],
      binaryListValues: [],
      dataType: DataType,
    };
  }
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes,
    md5OfBody: message.MD5OfBody,
    ...(message.MD5OfMessageAttributes && { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(":")[3] ?? "",
  };
}

export function matchesFilters(patterns: object[], record: SqsRecord): boolean {
  return matchesAny(patterns, "body", { ...record }, record.body);
}

/**
 * The ids of the messages that failed, read from an answer with `ReportBatchItemFailures`: no list or an empty one is a
 * success; an answer that is no object, or an item whose identifier is missing, mis-keyed or not of this batch, fails all.
 */
export function failedMessages(answer: unknown, sent: string[]): string[] {
  if (answer === null || answer === undefined) return [];
  if (typeof answer !== "object" || Array.isArray(answer)) return sent;
  const { batchItemFailures } = answer as { batchItemFailures?: unknown };
  if (batchItemFailures === null || batchItemFailures === undefined) return [];
  if (!Array.isArray(batchItemFailures)) return sent;
  const failed = batchItemFailures.map((item) => (item as { itemIdentifier?: unknown } | null)?.itemIdentifier);
  return failed.every((id) => typeof id === "string" && sent.includes(id)) ? (failed as string[]) : sent;
}
