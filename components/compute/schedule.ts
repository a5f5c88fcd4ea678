import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { grantInvoke, policyOf, trustOf } from "../grants.ts";
import { checkForm } from "../invalid-argument.ts";
import type { Function } from "./function.ts";

export interface ScheduleArgs {
  /** `rate(1 minute)`, `cron(0 3 * * ? *)` or `at(2027-01-01T00:00:00)`. */
  expression: string;
  /** IANA name. @default "UTC" */
  timezone?: string;
  target: Function;
  /** What the function receives. @default {} */
  input?: object;
  /** @default Pulumi's autonaming */
  scheduleName?: string;
  /** Of a failed start, within an hour. @default 3 */
  retries?: number;
}

/**
 * Invokes a function on a schedule (EventBridge Scheduler).
 *
 * ```ts
 * new Schedule("nightly", { expression: "cron(0 3 * * ? *)", target: report });
 * ```
 */
export class Schedule extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: ScheduleArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:compute:Schedule", name, {}, options);
    checkForm(
      `Schedule "${name}"`,
      "expression",
      args.expression,
      /^(rate|cron|at)\(.+\)$/,
      "rate(…), cron(…) or at(…)",
    );
    const child = { parent: this };
    const role = new aws.iam.Role(`${name}-role`, { assumeRolePolicy: trustOf("scheduler.amazonaws.com") }, child);
    new aws.iam.RolePolicy(
      `${name}-policy`,
      { role: role.name, policy: policyOf([grantInvoke(args.target.arn)]) },
      child,
    );
    const schedule = new aws.scheduler.Schedule(
      name,
      {
        name: args.scheduleName,
        scheduleExpression: args.expression,
        scheduleExpressionTimezone: args.timezone ?? "UTC",
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          arn: args.target.targetArn,
          roleArn: role.arn,
          input: JSON.stringify(args.input ?? {}),
          retryPolicy: { maximumRetryAttempts: args.retries ?? 3, maximumEventAgeInSeconds: 3600 },
        },
      },
      child,
    );
    this.arn = schedule.arn;
    this.registerOutputs({ arn: this.arn });
  }
}
