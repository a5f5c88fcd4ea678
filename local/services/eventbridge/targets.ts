/** Reaching a target: what kinds there are, who lets the rule in, and what is told apart when it fails. */
import type { Json } from "../../event-pattern.ts";
import { AwsError, type Call, type Cloud } from "../../service.ts";
import type { Event } from "./event.ts";
import { validateInput } from "./input.ts";
import { isPath, valueAt } from "./path.ts";
import type { Rule, RuleTarget } from "./registry.ts";

const SERVICE = "events.amazonaws.com";

/** Functions, queues and topics let a rule in by their own policy; the others are reached in a role. */
const BY_POLICY = ["lambda", "sqs", "sns"];
const BY_ROLE = ["kinesis", "firehose", "states"];

/** @throws AwsError what PutTargets refuses of one target */
export function validateTarget(target: RuleTarget): void {
  const { Id, Arn, RoleArn, DeadLetterConfig, RetryPolicy, SqsParameters, KinesisParameters } = target;
  if (!/^[.\w-]{1,64}$/.test(Id ?? "")) {
    throw refused(
      `Value '${Id}' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+`,
    );
  }
  const service = serviceOf(Arn ?? "");
  if (!service) throw refused(`Parameter ${Arn} is not valid. Reason: Provided Arn is not in correct format.`);
  if (service !== "events" && !BY_POLICY.includes(service) && !BY_ROLE.includes(service)) {
    throw refused(
      `Parameter ${Arn} is not valid. Reason: on this machine a target is a function, queue, topic, stream, delivery, state machine or bus.`,
    );
  }
  if (BY_ROLE.includes(service) && !RoleArn) throw refused(`RoleArn is required for target ${Arn}.`);
  if (service === "sqs" && Arn.endsWith(".fifo") && !SqsParameters?.MessageGroupId) {
    throw refused(`Parameter(s) SqsParameters must be specified for target: ${Id}.`);
  }
  if (KinesisParameters && !isPath(KinesisParameters.PartitionKeyPath ?? "")) {
    throw refused(`Parameter PartitionKeyPath is not valid for target: ${Id}.`);
  }
  const { MaximumRetryAttempts: retries = 0, MaximumEventAgeInSeconds: age = 60 } = RetryPolicy ?? {};
  if (!(retries >= 0 && retries <= 185)) throw refused("Parameter MaximumRetryAttempts is not valid: 0 to 185.");
  if (!(age >= 60 && age <= 86_400)) throw refused("Parameter MaximumEventAgeInSeconds is not valid: 60 to 86400.");
  const deadLetters = DeadLetterConfig?.Arn;
  if (deadLetters && (serviceOf(deadLetters) !== "sqs" || deadLetters.endsWith(".fifo"))) {
    throw refused(
      `Parameter DeadLetterConfig.Arn ${deadLetters} is not valid. Reason: it must be a standard SQS queue.`,
    );
  }
  validateInput(target);
}

function serviceOf(arn: string): string | undefined {
  return /^arn:aws[\w-]*:([\w-]+):[^:]*:(\d{12})?:.+$/.exec(arn)?.[1];
}

/** @param forward hands an event to another bus, judged as this caller */
export async function send(
  cloud: Cloud,
  { rule, target, event, body }: { rule: Rule; target: RuleTarget; event: Event; body: string },
  forward: (busArn: string, event: Event, call: Call) => void,
): Promise<void> {
  const { Arn, RoleArn, SqsParameters, KinesisParameters } = target;
  const service = Arn.split(":")[2]!;
  const call: Call = {
    principal: RoleArn
      ? cloud.assume(RoleArn, rule.name, SERVICE, rule.arn)
      : { type: "service", arn: SERVICE, account: cloud.account },
    sourceIp: "127.0.0.1",
    ...(RoleArn ? {} : { sourceArn: rule.arn }),
  };
  const resolved = (text: string) => (text.startsWith("$") ? String(at(event, text) ?? event.id) : text);
  const messageGroupId = SqsParameters?.MessageGroupId && resolved(SqsParameters.MessageGroupId);
  if (service === "events") return forward(Arn, event, call);
  if (service === "states") {
    await cloud.call("states", "StartExecution", { stateMachineArn: Arn, input: body }, call);
  } else if (service === "kinesis") {
    const path = KinesisParameters?.PartitionKeyPath;
    const PartitionKey = (path && textAt(event, path)) || event.id;
    await cloud.call("kinesis", "PutRecord", { StreamARN: Arn, Data: Buffer.from(body), PartitionKey }, call);
  } else if (service === "firehose") {
    const DeliveryStreamName = Arn.slice(Arn.lastIndexOf("/") + 1);
    await cloud.call("firehose", "PutRecord", { DeliveryStreamName, Record: { Data: Buffer.from(body) } }, call);
  } else if (!RoleArn) {
    await cloud.deliver(Arn, { service: SERVICE, sourceArn: rule.arn, body, messageGroupId });
  } else if (service === "lambda") {
    await cloud.call("lambda", "Invoke", { FunctionName: Arn, InvocationType: "Event", Payload: body }, call);
  } else if (service === "sqs") {
    const [, , , , account, name] = Arn.split(":");
    const QueueUrl = `${cloud.endpoint}/${account}/${name}`;
    await cloud.call("sqs", "SendMessage", { QueueUrl, MessageBody: body, MessageGroupId: messageGroupId }, call);
  } else await cloud.call("sns", "Publish", { TopicArn: Arn, Message: body }, call);
}

function at(event: Event, path: string): Json | undefined {
  return valueAt(event as unknown as Json, path);
}

function textAt(event: Event, path: string): string | undefined {
  const value = at(event, path);
  return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
}

/** What the other side's refusal is called in a dead letter. Those that a repetition cannot change are not tried again. */
export function failureOf(error: unknown): { code: string; message: string; isPermanent: boolean } {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof AwsError)) return { code: "INTERNAL_ERROR", message, isPermanent: false };
  const { code, status } = error;
  if (/Throttl|TooManyRequests|ThroughputExceeded|LimitExceeded/.test(code)) {
    return { code: "THROTTLING", message, isPermanent: false };
  }
  if (status >= 500) return { code: "ERROR_FROM_TARGET", message, isPermanent: false };
  if (message.includes("sts:AssumeRole") || code === "NoSuchEntity")
    return { code: "FAILED_TO_ASSUME_ROLE", message, isPermanent: true };
  if (/AccessDenied|AuthorizationError/.test(code)) return { code: "NO_PERMISSIONS", message, isPermanent: true };
  if (/NotFound|NonExistent|DoesNotExist|NoSuch/.test(code)) return { code: "NO_RESOURCE", message, isPermanent: true };
  return { code: "SDK_CLIENT_ERROR", message, isPermanent: true };
}

function refused(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
