import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";
import { functionOf } from "./function.ts";
import type { FunctionArgs, TargetArgs } from "./function-args.ts";
import type { Pattern } from "./pattern.ts";

export interface ScheduleArgs {
  /** rate(1 minute), cron(0 3 * * ? *) or at(2027-01-01T00:00:00). */
  expression: string;
  /** IANA name; UTC by default. */
  timezone?: string;
  /** What it starts; or a target. */
  function?: FunctionArgs;
  /** What it starts: something that is there already, by its ARN; or a function. */
  target?: TargetArgs;
  /** What the target receives; {} by default. */
  input?: Pattern;
  /** Pulumi's autonaming by default. */
  scheduleName?: string;
  description?: string;
  /** Of a failed start, 0 to 185, within the age below; 3 by default. */
  retries?: number;
  /** Seconds after which a start is given up, 60 to 86400; 3600 by default. */
  maximumAgeSeconds?: number;
  /** SQS queue for starts that were given up. */
  deadLetterArn?: pulumi.Input<string>;
  /** Minutes after its time within which it may start, 1 to 1440: spreads the load of many. */
  windowMinutes?: number;
  /** Not before (ISO 8601). */
  startDate?: string;
  /** Not after (ISO 8601). */
  endDate?: string;
  disabled?: boolean;
  /** KMS key for the input; AWS's own by default. */
  kmsKeyArn?: pulumi.Input<string>;
  tags?: Record<string, string>;
}

/** Starts a function, or something that is there already, on a schedule (EventBridge Scheduler). */
export class Schedule extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** What it starts. */
  readonly targetArn: pulumi.Output<string>;

  constructor(name: string, args: ScheduleArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Schedule", name, {}, options);
    const { function: starts, target: there, ...rest } = args;
    if (starts && there) {
      const remedy = "it starts one thing; give function or target";
      throw new terrace.InvalidArgumentError(`Schedule "${name}"`, "target", there.targetArn, remedy);
    }
    const target = starts ? functionOf(`${name}-target`, starts, this) : there;
    this.arn = new terrace.Schedule(name, { ...rest, target } as terrace.ScheduleArgs, { parent: this }).arn;
    this.targetArn = pulumi.output(target!.targetArn);
    this.registerOutputs({ arn: this.arn, targetArn: this.targetArn });
  }
}
