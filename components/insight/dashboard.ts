import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { checkForm, InvalidArgumentError } from "../invalid-argument.ts";
import { stackNameOf } from "../names.ts";
import { dashboardBody } from "./dashboard-body.ts";
import type { Watched } from "./watched.ts";

export interface DashboardArgs extends Watched {
  /** @default named after the stack */
  dashboardName?: string;
  /** Namespace of the metrics that functions make, with the dimensions `service` and `tenantId`. @default "Terrace" */
  metricsNamespace?: string;
  /** Alarms shown at its top, by ARN; at most 100. @default none */
  alarmArns?: pulumi.Input<string>[];
}

/**
 * One page of what is watched: APIs, functions, queues, databases, and each tenant, chosen from a list. The first three
 * dashboards of an account cost nothing, each further one $3 a month.
 *
 * ```ts
 * new Dashboard("shop", { functions: { api }, queues: { orders }, apis: { shop } });
 * ```
 */
export class Dashboard extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly dashboardName: string;

  constructor(name: string, args: DashboardArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:insight:Dashboard", name, {}, options);
    checkArgs("Dashboard", name, args);
    const component = `Dashboard "${name}"`;
    checkForm(component, "dashboardName", args.dashboardName, /^[\w-]{1,255}$/, "at most 255 letters, digits, _ and -");
    checkForm(
      component,
      "metricsNamespace",
      args.metricsNamespace,
      /^(?!AWS\/)[\w./#:-]{1,255}$/,
      "a namespace of yours",
    );
    if ((args.alarmArns?.length ?? 0) > 100) {
      throw new InvalidArgumentError(
        component,
        "alarmArns",
        args.alarmArns!.length,
        "CloudWatch shows 100; name fewer",
      );
    }
    const region = aws.getRegionOutput({}, { parent: this }).region;
    this.dashboardName = args.dashboardName ?? stackNameOf("dashboard", [name]);
    const dashboard = new aws.cloudwatch.Dashboard(
      name,
      {
        dashboardName: this.dashboardName,
        dashboardBody: pulumi.jsonStringify(dashboardBody(args, region)),
      },
      { parent: this },
    );
    this.arn = dashboard.dashboardArn;
    this.registerOutputs({ arn: this.arn, dashboardName: this.dashboardName });
  }
}
