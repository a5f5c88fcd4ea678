import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";
import { type FunctionArgs, functionOf } from "./function.ts";

export interface ScheduleArgs {
  /** rate(1 minute), cron(0 3 * * ? *) or at(2027-01-01T00:00:00). */
  expression: string;
  /** IANA name; UTC by default. */
  timezone?: string;
  function: FunctionArgs;
  /** Of a failed start, 0 to 185; 3 by default. */
  retries?: number;
  disabled?: boolean;
  tags?: Record<string, string>;
}

/** Starts a function on a schedule (EventBridge Scheduler). */
export class Schedule extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly functionArn: pulumi.Output<string>;

  constructor(name: string, args: ScheduleArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Schedule", name, {}, options);
    const { function: starts, ...rest } = args;
    const target = functionOf(`${name}-target`, starts, this);
    this.arn = new terrace.Schedule(name, { ...rest, target }, { parent: this }).arn;
    this.functionArn = target.arn;
    this.registerOutputs({ arn: this.arn, functionArn: this.functionArn });
  }
}
