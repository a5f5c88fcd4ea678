/** Queue attributes: AWS's names and texts on one side, what a queue works with on the other. */
import { checkPolicy } from "../../iam/policy.ts";
import { AwsError } from "../../service.ts";

export interface QueueAttributes {
  fifo: boolean;
  visibilitySeconds: number;
  delaySeconds: number;
  retentionSeconds: number;
  waitSeconds: number;
  maximumBytes: number;
  contentBasedDeduplication: boolean;
  deduplicationScope: "queue" | "messageGroup";
  redrive?: { deadLetterTargetArn: string; maxReceiveCount: number };
  redriveAllow?: { redrivePermission: string; sourceQueueArns?: string[] };
  policy?: string;
  /** Attributes that are answered as they were set; nothing here behaves by them. */
  kept: Record<string, string>;
}

export const DEFAULTS: QueueAttributes = {
  fifo: false,
  visibilitySeconds: 30,
  delaySeconds: 0,
  retentionSeconds: 345_600,
  waitSeconds: 0,
  maximumBytes: 1_048_576,
  contentBasedDeduplication: false,
  deduplicationScope: "queue",
  kept: {},
};

interface Attribute {
  read(value: string, attributes: QueueAttributes): void;
  write(attributes: QueueAttributes): string | undefined;
  /** The input of `aws.sqs.Queue` with the same meaning. */
  input: string;
}

type Seconds = "visibilitySeconds" | "delaySeconds" | "retentionSeconds" | "waitSeconds" | "maximumBytes";

function number(name: string, input: string, key: Seconds, low: number, high: number): Attribute {
  return {
    input,
    read(value, attributes) {
      const parsed = value === "" ? Number.NaN : Number(value);
      if (!Number.isInteger(parsed) || parsed < low || parsed > high) throw invalid(name, `Must be ${low} to ${high}`);
      attributes[key] = parsed;
    },
    write: (attributes) => String(attributes[key]),
  };
}

function json<K extends "redrive" | "redriveAllow">(
  name: string,
  input: string,
  key: K,
  check: (value: Record<string, unknown>) => QueueAttributes[K],
): Attribute {
  return {
    input,
    read(value, attributes) {
      if (value === "") {
        delete attributes[key];
        return;
      }
      let parsed: unknown;
      try {
        parsed = JSON.parse(value);
      } catch {}
      if (typeof parsed !== "object" || parsed === null) throw invalid(name, "It is not a JSON object");
      attributes[key] = check(parsed as Record<string, unknown>);
    },
    write: (attributes) => attributes[key] && JSON.stringify(attributes[key]),
  };
}

function readRedrive({ deadLetterTargetArn, maxReceiveCount = 10 }: Record<string, unknown>) {
  const count = Number(maxReceiveCount);
  if (typeof deadLetterTargetArn !== "string") throw invalid("RedrivePolicy", "deadLetterTargetArn is missing");
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    throw invalid("RedrivePolicy", "Invalid value for maxReceiveCount: 1 to 1000");
  }
  return { deadLetterTargetArn, maxReceiveCount: count };
}

function readRedriveAllow({ redrivePermission, sourceQueueArns }: Record<string, unknown>) {
  const permission = String(redrivePermission);
  const isByQueue = permission === "byQueue";
  if (!isByQueue && permission !== "allowAll" && permission !== "denyAll") {
    throw invalid("RedriveAllowPolicy", "redrivePermission is allowAll, denyAll or byQueue");
  }
  const sources = sourceQueueArns as string[] | undefined;
  if (isByQueue !== (sources !== undefined) || (sources?.length ?? 0) > 10) {
    throw invalid("RedriveAllowPolicy", "sourceQueueArns goes with byQueue, and has up to 10 queues");
  }
  return { redrivePermission: permission, ...(sources && { sourceQueueArns: sources }) };
}

function kept(name: string, input: string, byDefault?: string): Attribute {
  return {
    input,
    read: (value, attributes) => {
      attributes.kept = { ...attributes.kept, [name]: value };
    },
    write: (attributes) => attributes.kept[name] ?? byDefault,
  };
}

const ATTRIBUTES: Record<string, Attribute> = {
  VisibilityTimeout: number("VisibilityTimeout", "visibilityTimeoutSeconds", "visibilitySeconds", 0, 43_200),
  DelaySeconds: number("DelaySeconds", "delaySeconds", "delaySeconds", 0, 900),
  MessageRetentionPeriod: number(
    "MessageRetentionPeriod",
    "messageRetentionSeconds",
    "retentionSeconds",
    60,
    1_209_600,
  ),
  ReceiveMessageWaitTimeSeconds: number(
    "ReceiveMessageWaitTimeSeconds",
    "receiveWaitTimeSeconds",
    "waitSeconds",
    0,
    20,
  ),
  MaximumMessageSize: number("MaximumMessageSize", "maxMessageSize", "maximumBytes", 1024, 1_048_576),
  RedrivePolicy: json("RedrivePolicy", "redrivePolicy", "redrive", readRedrive),
  RedriveAllowPolicy: json("RedriveAllowPolicy", "redriveAllowPolicy", "redriveAllow", readRedriveAllow),
  Policy: {
    input: "policy",
    read(value, attributes) {
      if (value !== "") checkPolicy(value, "InvalidAttributeValue", "Invalid value for the parameter Policy. Reason: ");
      attributes.policy = value === "" ? undefined : value;
    },
    write: ({ policy }) => policy,
  },
  FifoQueue: { input: "fifoQueue", read: () => {}, write: ({ fifo }) => (fifo ? "true" : undefined) },
  ContentBasedDeduplication: {
    input: "contentBasedDeduplication",
    read(value, attributes) {
      attributes.contentBasedDeduplication = value === "true";
    },
    write: ({ fifo, contentBasedDeduplication }) => (fifo ? String(contentBasedDeduplication) : undefined),
  },
  DeduplicationScope: {
    input: "deduplicationScope",
    read(value, attributes) {
      if (value !== "queue" && value !== "messageGroup") throw invalid("DeduplicationScope", "queue or messageGroup");
      attributes.deduplicationScope = value;
    },
    write: ({ fifo, deduplicationScope }) => (fifo ? deduplicationScope : undefined),
  },
  FifoThroughputLimit: kept("FifoThroughputLimit", "fifoThroughputLimit"),
  SqsManagedSseEnabled: kept("SqsManagedSseEnabled", "sqsManagedSseEnabled", "true"),
  KmsMasterKeyId: kept("KmsMasterKeyId", "kmsMasterKeyId"),
  KmsDataKeyReusePeriodSeconds: kept("KmsDataKeyReusePeriodSeconds", "kmsDataKeyReusePeriodSeconds"),
};

/** What GetQueueAttributes knows beyond what can be set. */
export const COMPUTED = [
  "QueueArn",
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
  "CreatedTimestamp",
  "LastModifiedTimestamp",
];

export function checkAttributeName(name: string): void {
  if (!Object.hasOwn(ATTRIBUTES, name) && !COMPUTED.includes(name)) {
    throw new AwsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
  }
}

/** Applies AWS's attributes to a copy. @throws AwsError InvalidAttributeName or InvalidAttributeValue */
export function withAttributes(current: QueueAttributes, changes: Record<string, string> = {}): QueueAttributes {
  const next = { ...current };
  for (const [name, value] of Object.entries(changes)) {
    const attribute = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name] : undefined;
    if (!attribute) throw new AwsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
    attribute.read(value, next);
  }
  return next;
}

export function writeAttributes(attributes: QueueAttributes): Record<string, string> {
  const written: Record<string, string> = {};
  for (const [name, { write }] of Object.entries(ATTRIBUTES)) {
    const value = write(attributes);
    if (value !== undefined) written[name] = value;
  }
  return written;
}

/** Pulumi's inputs of `aws.sqs.Queue`, as AWS's attributes. */
export function attributesOfInputs(inputs: Record<string, unknown>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, { input }] of Object.entries(ATTRIBUTES)) {
    const value = inputs[input];
    if (value !== undefined && value !== null) found[name] = String(value);
  }
  return found;
}

function invalid(name: string, reason: string): AwsError {
  return new AwsError("InvalidAttributeValue", `Invalid value for the parameter ${name}. Reason: ${reason}.`);
}
