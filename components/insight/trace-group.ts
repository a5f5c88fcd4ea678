import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { checkForm } from "../invalid-argument.ts";
import { stackNameOf } from "../names.ts";
import type { Tags } from "../tags.ts";

export interface TraceGroupArgs {
  /** At most 32 characters. @default named after the stack */
  groupName?: string;
  /** Which traces belong to it, in X-Ray's filter language: `service("orders")`. */
  filter: pulumi.Input<string>;
  tags?: Tags;
}

/**
 * Traces looked at together, with X-Ray's insights: it tells by itself when more of them fail than usual. It costs nothing
 * when idle.
 *
 * ```ts
 * new TraceGroup("traces", { filter: 'service("orders")' });
 * ```
 */
export class TraceGroup extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly groupName: string;

  constructor(name: string, args: TraceGroupArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:insight:TraceGroup", name, {}, options);
    checkArgs("TraceGroup", name, args);
    const form = /^(?!default$)[\w-]{1,32}$/i;
    checkForm(`TraceGroup "${name}"`, "groupName", args.groupName, form, "at most 32 letters, digits, _ and -");
    this.groupName = args.groupName ?? stackNameOf("traceGroup", [name]);
    const group = new aws.xray.Group(
      name,
      {
        groupName: this.groupName,
        filterExpression: args.filter,
        insightsConfiguration: { insightsEnabled: true, notificationsEnabled: false },
        tags: args.tags,
      },
      { parent: this },
    );
    this.arn = group.arn;
    this.registerOutputs({ arn: this.arn, groupName: this.groupName });
  }
}
