/** What SQS refuses, with its own codes. */
import { AwsError } from "../../service.ts";
import { DEFAULTS, type QueueAttributes } from "./attributes.ts";
import { type MessageAttributes, sizeOf } from "./digests.ts";

export interface SendInput {
  QueueUrl: string;
  MessageBody: string;
  DelaySeconds?: number;
  MessageAttributes?: MessageAttributes;
  MessageSystemAttributes?: MessageAttributes;
  MessageGroupId?: string;
  MessageDeduplicationId?: string;
}

export type MessageInput = Omit<SendInput, "QueueUrl">;

export function validateMessage(attributes: QueueAttributes, input: MessageInput): void {
  const { MessageBody, MessageAttributes = {}, MessageGroupId, MessageDeduplicationId } = input;
  if (!MessageBody) throw missing("MessageBody");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly the characters that SQS refuses
  if (/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/u.test(MessageBody)) {
    throw new AwsError(
      "InvalidMessageContents",
      "Invalid characters in the message body: SQS takes what XML 1.0 takes.",
    );
  }
  for (const [name, attribute] of Object.entries(MessageAttributes)) validateAttribute(name, attribute);
  for (const [name, attribute] of Object.entries(input.MessageSystemAttributes ?? {})) {
    if (name !== "AWSTraceHeader") throw invalid(`Message system attribute name '${name}' is invalid.`);
    validateAttribute(name, attribute, "system");
  }
  if (Object.keys(MessageAttributes).length > 10) {
    throw invalid("Number of message attributes exceeds the allowed maximum [10].");
  }
  if (sizeOf(MessageBody, MessageAttributes) > attributes.maximumBytes) {
    throw invalid(
      `One or more parameters are invalid. Reason: Message must be shorter than ${attributes.maximumBytes} bytes.`,
    );
  }
  checkToken("MessageGroupId", MessageGroupId);
  checkToken("MessageDeduplicationId", MessageDeduplicationId);
  validateForKind(attributes, input);
}

function validateForKind({ fifo, contentBasedDeduplication }: QueueAttributes, input: MessageInput): void {
  const { DelaySeconds, MessageGroupId, MessageDeduplicationId } = input;
  const foreign = (name: string, value: unknown) =>
    invalid(
      `Value ${value} for parameter ${name} is invalid. Reason: The request include parameter that is not valid for this queue type.`,
    );
  if (DelaySeconds !== undefined) {
    checkRange("DelaySeconds", DelaySeconds, 0, 900);
    if (fifo && DelaySeconds > 0) throw foreign("DelaySeconds", DelaySeconds);
  }
  // A message group on a standard queue makes it a fair one.
  if (!fifo) {
    if (MessageDeduplicationId) throw foreign("MessageDeduplicationId", MessageDeduplicationId);
    return;
  }
  if (!MessageGroupId) throw missing("MessageGroupId");
  if (!MessageDeduplicationId && !contentBasedDeduplication) {
    throw invalid(
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    );
  }
}

const TYPE = /^(String|Number|Binary)(\..{1,249})?$/s;
const NAME = /^(?!\.)(?!.*\.\.)(?!.*\.$)(?!aws\.|amazon\.)[\w.-]{1,256}$/i;

function validateAttribute(
  name: string,
  { DataType, StringValue, BinaryValue }: MessageAttributes[string],
  whose: "user" | "system" = "user",
): void {
  if (whose === "user" && !NAME.test(name)) throw invalid(`Message (user) attribute name '${name}' is invalid.`);
  const [, kind] = TYPE.exec(DataType ?? "") ?? [];
  if (!kind)
    throw invalid(`The type of message (${whose}) attribute '${name}' is invalid. It is String, Number or Binary.`);
  if (kind === "Binary" ? !BinaryValue?.byteLength : !StringValue) {
    throw invalid(`Message (${whose}) attribute '${name}' must contain a non-empty value of type '${DataType}'.`);
  }
  if (kind === "Number" && !Number.isFinite(Number(StringValue))) {
    throw invalid(`Can't cast the value of message (user) attribute '${name}' to a number.`);
  }
}

function checkToken(name: string, value: string | undefined): void {
  if (value === undefined || /^[\x21-\x7e]{1,128}$/.test(value)) return;
  throw invalid(
    `Value ${value} for parameter ${name} is invalid. Reason: ${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

export function validateBatch(entries: { Id: string }[]): void {
  if (!entries?.length) {
    throw new AwsError("EmptyBatchRequest", "There should be at least one entry in the request.");
  }
  if (entries.length > 10) {
    throw new AwsError(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are 10. You have sent ${entries.length}.`,
    );
  }
  const ids = entries.map(({ Id }) => Id);
  if (ids.some((id) => !/^[\w-]{1,80}$/.test(id ?? ""))) {
    throw new AwsError(
      "InvalidBatchEntryId",
      "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
    );
  }
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index);
  if (repeated !== undefined) throw new AwsError("BatchEntryIdsNotDistinct", `Id ${repeated} repeated.`);
}

export function validateBatchSize(entries: MessageInput[]): void {
  const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry.MessageBody ?? "", entry.MessageAttributes ?? {}), 0);
  if (bytes <= DEFAULTS.maximumBytes) return;
  throw new AwsError(
    "BatchRequestTooLong",
    `Batch requests cannot be longer than ${DEFAULTS.maximumBytes} bytes. You have sent ${bytes} bytes.`,
  );
}

export function checkRange(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw invalid(
    `Value ${value} for parameter ${name} is invalid. Reason: Must be between ${low} and ${high}, if provided.`,
  );
}

function missing(name: string): AwsError {
  return new AwsError("MissingParameter", `The request must contain the parameter ${name}.`);
}

export function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValue", message);
}
