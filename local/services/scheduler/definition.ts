/** What a schedule is: as the API has it, whichever door it came through; checked, and described again. */
import type { Resource } from "../../../engine/graph.ts";
import { AwsError } from "../../service.ts";
import { parseExpression } from "./expression.ts";

export interface Target {
  Arn: string;
  RoleArn: string;
  Input?: string;
  RetryPolicy?: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number };
  DeadLetterConfig?: { Arn?: string };
  SqsParameters?: { MessageGroupId?: string };
  EventBridgeParameters?: { DetailType: string; Source: string };
  KinesisParameters?: { PartitionKey: string };
}

/** Times are ms since the epoch, so that it can be kept as JSON. */
export interface Definition {
  Name: string;
  GroupName: string;
  ScheduleExpression: string;
  ScheduleExpressionTimezone: string;
  StartDate?: number;
  EndDate?: number;
  Description?: string;
  State: "ENABLED" | "DISABLED";
  KmsKeyArn?: string;
  Target: Target;
  FlexibleTimeWindow: { Mode: "OFF" | "FLEXIBLE"; MaximumWindowInMinutes?: number };
  ActionAfterCompletion: "NONE" | "DELETE";
  createdAt: number;
  modifiedAt: number;
}

/** The services that a schedule calls; `arn:aws:scheduler:::aws-sdk:…` is any operation of any service. */
const TARGETS = ["lambda", "sqs", "sns", "states", "events", "kinesis", "scheduler"];

export type Given = Omit<Partial<Definition>, "StartDate" | "EndDate"> & { StartDate?: Date; EndDate?: Date };

/** An API's input, checked. @throws AwsError ValidationException */
export function definitionOf(given: Given, now: number, createdAt = now): Definition {
  const { Name = "", GroupName = "default", Target, FlexibleTimeWindow } = given;
  if (!/^[0-9a-zA-Z-_.]{1,64}$/.test(Name)) throw invalid("Name has 1 to 64 letters, digits, - _ and .");
  const timezone = given.ScheduleExpressionTimezone ?? "UTC";
  checkTimezone(timezone);
  const [start, end] = [given.StartDate?.getTime(), given.EndDate?.getTime()];
  if (start !== undefined && end !== undefined && start >= end) throw invalid("The StartDate must be before EndDate.");
  const expression = String(given.ScheduleExpression ?? "");
  parseExpression(expression, start ?? now, timezone);
  return {
    ...{ Name, GroupName, ScheduleExpression: expression, ScheduleExpressionTimezone: timezone },
    ...{ StartDate: start, EndDate: end, Description: given.Description, KmsKeyArn: given.KmsKeyArn },
    State: oneOf("State", given.State ?? "ENABLED", ["ENABLED", "DISABLED"]),
    Target: checkedTarget(Target),
    FlexibleTimeWindow: checkedWindow(FlexibleTimeWindow),
    ActionAfterCompletion: oneOf("ActionAfterCompletion", given.ActionAfterCompletion ?? "NONE", ["NONE", "DELETE"]),
    createdAt,
    modifiedAt: now,
  };
}

/** `aws:scheduler/schedule:Schedule`, as the API would have been asked for it. */
export function givenByResource({ inputs, outputs, name }: Resource): Given {
  const date = (text: unknown) => (text === undefined || text === null ? undefined : new Date(String(text)));
  return {
    ...(capitalized(inputs) as Given),
    Name: String(outputs.name ?? inputs.name ?? name),
    StartDate: date(inputs.startDate),
    EndDate: date(inputs.endDate),
    FlexibleTimeWindow: capitalized(inputs.flexibleTimeWindow ?? { mode: "OFF" }) as never,
  };
}

/** As GetSchedule answers. */
export function described(definition: Definition, arn: string): object {
  const { createdAt, modifiedAt, StartDate, EndDate, ...rest } = definition;
  return {
    ...rest,
    Arn: arn,
    CreationDate: new Date(createdAt),
    LastModificationDate: new Date(modifiedAt),
    StartDate: StartDate === undefined ? undefined : new Date(StartDate),
    EndDate: EndDate === undefined ? undefined : new Date(EndDate),
  };
}

function capitalized(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(capitalized);
  if (typeof value !== "object" || value === null) return value;
  const named = Object.entries(value).map(([key, inner]) => [
    key.slice(0, 1).toUpperCase() + key.slice(1),
    capitalized(inner),
  ]);
  return Object.fromEntries(named);
}

function checkedTarget(target: Target | undefined): Target {
  const { Arn = "", RoleArn = "", RetryPolicy = {}, DeadLetterConfig } = target ?? {};
  const service = Arn.split(":")[2] ?? "";
  if (!TARGETS.includes(service)) {
    throw invalid(`${Arn} is no target on this machine: name one of ${TARGETS.join(", ")}`);
  }
  if (!/^arn:aws[\w-]*:iam::\d{12}:role\/.+/.test(RoleArn))
    throw invalid(`RoleArn ${RoleArn} is not the ARN of a role`);
  const { MaximumRetryAttempts: attempts = 185, MaximumEventAgeInSeconds: age = 86_400 } = RetryPolicy;
  if (!(attempts >= 0 && attempts <= 185)) throw invalid("MaximumRetryAttempts is from 0 to 185");
  if (!(age >= 60 && age <= 86_400)) throw invalid("MaximumEventAgeInSeconds is from 60 to 86400");
  if (DeadLetterConfig?.Arn && DeadLetterConfig.Arn.split(":")[2] !== "sqs") {
    throw invalid("DeadLetterConfig names the ARN of a queue");
  }
  if (service === "events" && !target?.EventBridgeParameters)
    throw invalid("EventBridgeParameters is required for a bus");
  if (service === "kinesis" && !target?.KinesisParameters) throw invalid("KinesisParameters is required for a stream");
  return { ...target!, RetryPolicy: { MaximumRetryAttempts: attempts, MaximumEventAgeInSeconds: age } };
}

function checkedWindow(window: Definition["FlexibleTimeWindow"] | undefined): Definition["FlexibleTimeWindow"] {
  const Mode = oneOf("FlexibleTimeWindow.Mode", window?.Mode ?? "OFF", ["OFF", "FLEXIBLE"]);
  const minutes = window?.MaximumWindowInMinutes;
  if (Mode === "OFF" ? minutes !== undefined : !(minutes! >= 1 && minutes! <= 1440)) {
    throw invalid("MaximumWindowInMinutes is from 1 to 1440, and goes with a FLEXIBLE window only");
  }
  return minutes === undefined ? { Mode } : { Mode, MaximumWindowInMinutes: minutes };
}

function checkTimezone(timezone: string): void {
  if (timezone === "UTC") return; // most have it, and the table of timezones takes a while to load
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
  } catch {
    throw invalid(`The timezone ${timezone} is not known.`);
  }
}

function oneOf<T extends string>(name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw invalid(`${name} is one of ${allowed.join(", ")}`);
}

export function invalid(problem: string): AwsError {
  return new AwsError("ValidationException", problem);
}
