import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { type Grant, grantSend } from "../grants.ts";
import { checkedArn, checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import { policyOf, trustOfSource } from "../policy-documents.ts";
import type { Tags } from "../tags.ts";

/** What can be started: a `Function`, a `Workflow`, a standard `Queue`, a `Topic`. */
export interface ScheduleTarget {
  readonly targetArn: pulumi.Output<string>;
  /** What starting it takes. */
  readonly triggerGrants: Grant[];
  readonly fifo?: boolean;
  checkTrigger?(component: string): void;
}

export interface ScheduleArgs {
  /** `rate(1 minute)`, `cron(0 3 * * ? *)` or `at(2027-01-01T00:00:00)`. */
  expression: string;
  /** IANA name. @default "UTC" */
  timezone?: string;
  target: ScheduleTarget;
  /** What the target receives. @default {} */
  input?: object;
  /** @default Pulumi's autonaming */
  scheduleName?: string;
  description?: string;
  /** Of a failed start, 0 to 185, within the age below. @default 3 */
  retries?: number;
  /** Seconds after which a start is given up, 60 to 86400. @default 3600 */
  maximumAgeSeconds?: number;
  /** SQS queue for starts that were given up, such as a `DeadLetterQueue`. @default they are lost, but for a metric */
  deadLetterArn?: pulumi.Input<string>;
  /** Minutes after its time within which it may start, 1 to 1440: spreads the load of many. @default at its time */
  windowMinutes?: number;
  /** Not before (ISO 8601). @default at once */
  startDate?: string;
  /** Not after (ISO 8601). @default for ever */
  endDate?: string;
  /** @default false */
  disabled?: boolean;
  /** KMS key for the input. @default AWS's own */
  kmsKeyArn?: pulumi.Input<string>;
  tags?: Tags;
}

/**
 * Starts a function, a workflow, or a message on a schedule (EventBridge Scheduler).
 *
 * ```ts
 * new Schedule("nightly", { expression: "cron(0 3 * * ? *)", timezone: "Europe/Berlin", target: report });
 * ```
 */
export class Schedule extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly scheduleName: pulumi.Output<string>;

  constructor(name: string, args: ScheduleArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:compute:Schedule", name, {}, options);
    checkArgs("Schedule", name, args, { target: "name a Function, a Workflow, a Queue or a Topic" });
    const component = `Schedule "${name}"`;
    validate(component, args);
    const child = { parent: this };
    const deadLetterArn = checkedArn(component, "deadLetterArn", args.deadLetterArn, "sqs");
    const account = aws.getCallerIdentityOutput({}, child).accountId;
    const { partition } = aws.getPartitionOutput({}, child);
    const { region } = aws.getRegionOutput({}, child);
    // The scheduler names the group that a schedule is in, not the schedule.
    const group = pulumi.interpolate`arn:${partition}:scheduler:${region}:${account}:schedule-group/default`;
    const role = new aws.iam.Role(
      `${name}-role`,
      { assumeRolePolicy: trustOfSource("scheduler.amazonaws.com", account, group), tags: args.tags },
      child,
    );
    const failures = deadLetterArn ? [grantSend(deadLetterArn)] : [];
    new aws.iam.RolePolicy(
      `${name}-policy`,
      { role: role.name, policy: policyOf([...args.target.triggerGrants, ...failures]) },
      child,
    );
    const schedule = new aws.scheduler.Schedule(
      name,
      {
        name: args.scheduleName,
        description: args.description,
        scheduleExpression: args.expression,
        scheduleExpressionTimezone: args.timezone ?? "UTC",
        startDate: args.startDate,
        endDate: args.endDate,
        state: args.disabled ? "DISABLED" : undefined,
        kmsKeyArn: checkedArn(component, "kmsKeyArn", args.kmsKeyArn, "kms"),
        flexibleTimeWindow: args.windowMinutes
          ? { mode: "FLEXIBLE", maximumWindowInMinutes: args.windowMinutes }
          : { mode: "OFF" },
        target: {
          arn: args.target.targetArn,
          roleArn: role.arn,
          input: JSON.stringify(args.input ?? {}),
          retryPolicy: {
            maximumRetryAttempts: args.retries ?? 3,
            maximumEventAgeInSeconds: args.maximumAgeSeconds ?? 3600,
          },
          deadLetterConfig: deadLetterArn && { arn: deadLetterArn },
        },
      },
      child,
    );
    this.arn = schedule.arn;
    this.scheduleName = schedule.name;
    this.registerOutputs({ arn: this.arn, scheduleName: this.scheduleName });
  }
}

const CRON = String.raw`cron\(\S+( \S+){5}\)`;
const RATE = String.raw`rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minute|hour|day)s)\)`;
const AT = String.raw`at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)`;
const EXPRESSION = new RegExp(`^(${CRON}|${RATE}|${AT})$`);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function validate(component: string, args: ScheduleArgs): void {
  checkForm(
    component,
    "expression",
    args.expression,
    EXPRESSION,
    "rate(5 minutes), cron(…) with its six fields, or at(2027-01-01T00:00:00)",
  );
  checkForm(component, "scheduleName", args.scheduleName, /^[\w.-]{1,64}$/, "1 to 64 letters, digits, _, . or -");
  checkForm(component, "description", args.description, /^[\s\S]{0,512}$/, "at most 512 characters");
  checkForm(component, "startDate", args.startDate, TIME, "a time such as 2027-01-01T00:00:00Z");
  checkForm(component, "endDate", args.endDate, TIME, "a time such as 2027-01-01T00:00:00Z");
  checkRange(component, "retries", args.retries, 0, 185);
  checkRange(component, "maximumAgeSeconds", args.maximumAgeSeconds, 60, 86_400);
  checkRange(component, "windowMinutes", args.windowMinutes, 1, 1440);
  if (args.timezone !== undefined && !isTimezone(args.timezone)) {
    throw new InvalidArgumentError(
      component,
      "timezone",
      args.timezone,
      "it has to be an IANA name such as Europe/Berlin",
    );
  }
  if (args.startDate && args.endDate && args.startDate >= args.endDate) {
    throw new InvalidArgumentError(
      component,
      "endDate",
      args.endDate,
      `it has to be after startDate, ${args.startDate}`,
    );
  }
  if (args.target.fifo) {
    throw new InvalidArgumentError(
      component,
      "target.fifo",
      true,
      "a schedule names no message group; use a standard queue",
    );
  }
  args.target.checkTrigger?.(component);
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
