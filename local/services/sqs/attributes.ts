/** Queue attributes: AWS's names and texts on one side, what a queue works with on the other. */
import { AwsError } from "../../service.ts";

export interface QueueAttributes {
  fifo: boolean;
  visibilitySeconds: number;
  delaySeconds: number;
  retentionSeconds: number;
  waitSeconds: number;
  maximumBytes: number;
  contentBasedDeduplication: boolean;
  redrive?: { deadLetterTargetArn: string; maxReceiveCount: number };
  redriveAllow?: { redrivePermission: string; sourceQueueArns?: string[] };
  policy?: string;
}

export const DEFAULTS: QueueAttributes = {
  fifo: false,
  visibilitySeconds: 30,
  delaySeconds: 0,
  retentionSeconds: 345_600,
  waitSeconds: 0,
  maximumBytes: 1_048_576,
  contentBasedDeduplication: false,
};

type Attribute = {
  read(value: string, attributes: QueueAttributes): void;
  write(attributes: QueueAttributes): string | undefined;
};

function number(
  name: string,
  key: "visibilitySeconds" | "delaySeconds" | "retentionSeconds" | "waitSeconds" | "maximumBytes",
  low: number,
  high: number,
): Attribute {
  return {
    read(value, attributes) {
      const parsed = Number(value);
      if (!Number.isInteger(parsed) || parsed < low || parsed > high) {
        throw new AwsError(
          "InvalidAttributeValue",
          `Invalid value for the parameter ${name}. Reason: Must be from ${low} to ${high}.`,
        );
      }
      attributes[key] = parsed;
    },
    write: (attributes) => String(attributes[key]),
  };
}

function json<K extends "redrive" | "redriveAllow">(name: string, key: K): Attribute {
  return {
    read(value, attributes) {
      if (value === "") {
        delete attributes[key];
        return;
      }
      try {
        attributes[key] = JSON.parse(value);
      } catch {
        throw new AwsError(
          "InvalidAttributeValue",
          `Invalid value for the parameter ${name}. Reason: It is not valid JSON.`,
        );
      }
    },
    write: (attributes) => attributes[key] && JSON.stringify(attributes[key]),
  };
}

const ATTRIBUTES: Record<string, Attribute> = {
  VisibilityTimeout: number("VisibilityTimeout", "visibilitySeconds", 0, 43_200),
  DelaySeconds: number("DelaySeconds", "delaySeconds", 0, 900),
  MessageRetentionPeriod: number("MessageRetentionPeriod", "retentionSeconds", 60, 1_209_600),
  ReceiveMessageWaitTimeSeconds: number("ReceiveMessageWaitTimeSeconds", "waitSeconds", 0, 20),
  MaximumMessageSize: number("MaximumMessageSize", "maximumBytes", 1024, 1_048_576),
  RedrivePolicy: json("RedrivePolicy", "redrive"),
  RedriveAllowPolicy: json("RedriveAllowPolicy", "redriveAllow"),
  Policy: {
    read(value, attributes) {
      attributes.policy = value === "" ? undefined : value;
    },
    write: ({ policy }) => policy,
  },
  FifoQueue: { read: () => {}, write: ({ fifo }) => (fifo ? "true" : undefined) },
  ContentBasedDeduplication: {
    read(value, attributes) {
      attributes.contentBasedDeduplication = value === "true";
    },
    write: ({ fifo, contentBasedDeduplication }) => (fifo ? String(contentBasedDeduplication) : undefined),
  },
  // Kept by AWS; nothing here behaves differently.
  SqsManagedSseEnabled: { read: () => {}, write: () => "true" },
  KmsMasterKeyId: { read: () => {}, write: () => undefined },
  KmsDataKeyReusePeriodSeconds: { read: () => {}, write: () => undefined },
  DeduplicationScope: { read: () => {}, write: () => undefined },
  FifoThroughputLimit: { read: () => {}, write: () => undefined },
};

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
  const names: Record<string, string> = {
    visibilityTimeoutSeconds: "VisibilityTimeout",
    delaySeconds: "DelaySeconds",
    messageRetentionSeconds: "MessageRetentionPeriod",
    receiveWaitTimeSeconds: "ReceiveMessageWaitTimeSeconds",
    maxMessageSize: "MaximumMessageSize",
    redrivePolicy: "RedrivePolicy",
    redriveAllowPolicy: "RedriveAllowPolicy",
    policy: "Policy",
    contentBasedDeduplication: "ContentBasedDeduplication",
  };
  return Object.fromEntries(
    Object.entries(names)
      .filter(([input]) => inputs[input] !== undefined && inputs[input] !== null)
      .map(([input, name]) => [name, String(inputs[input])]),
  );
}
