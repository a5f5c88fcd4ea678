import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { checkForm, InvalidArgumentError } from "../invalid-argument.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";
import { AlarmTopic, EMAIL } from "./alarm-topic.ts";
import { Alarms, type AlarmThresholds } from "./alarms.ts";
import { Budget, type CostTag } from "./budget.ts";
import { Dashboard } from "./dashboard.ts";
import { SavedQueries } from "./saved-queries.ts";
import { TraceGroup } from "./trace-group.ts";
import type { Watched } from "./watched.ts";

export interface InsightArgs extends Watched {
  /** Alarms and a dashboard are there by default where it is `protected`. @default "protected" */
  protection?: Protection;
  /** @default where protected */
  alarms?: boolean;
  /** @default where protected */
  dashboard?: boolean;
  /** From where on something is wrong. @default what each alarm says */
  thresholds?: AlarmThresholds;
  /** SNS topic that CloudWatch and Budgets may publish to. @default one of its own, where there are alarms or a budget */
  topicArn?: pulumi.Input<string>;
  /** People who are told, where the topic is its own. @default none */
  emails?: string[];
  /** US dollars a month; needs `costTag`. @default no budget */
  monthlyBudgetUsd?: number;
  /** Tag of what the budget counts. */
  costTag?: CostTag;
  /** Namespace of the metrics that functions make. @default "Terrace" */
  metricsNamespace?: string;
  tags?: Tags;
}

/**
 * What an operator needs of one cell: alarms to a topic, a dashboard with a list of tenants, saved queries, a group of
 * traces, a budget.
 *
 * ```ts
 * new Insight("insight", { functions: { api }, queues: { orders }, apis: { shop }, emails: ["operations@example.com"] });
 * ```
 */
export class Insight extends pulumi.ComponentResource {
  /** Where alarms and the budget speak up; nothing where there are neither. */
  readonly topicArn: pulumi.Output<string> | undefined;
  readonly dashboardName: string | undefined;

  constructor(name: string, args: InsightArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:insight:Insight", name, {}, options);
    checkArgs("Insight", name, args);
    validate(`Insight "${name}"`, args);
    const child = { parent: this };
    const isProtected = (args.protection ?? "protected") === "protected";
    const { functions = {}, streamConsumers, queues, apis, webSocketApis, databases, tags } = args;
    const watched: Watched = { functions, streamConsumers, queues, apis, webSocketApis, databases };

    const hasAlarms = args.alarms ?? isProtected;
    const speaks = hasAlarms || args.monthlyBudgetUsd !== undefined;
    this.topicArn = speaks
      ? pulumi.output(args.topicArn ?? new AlarmTopic(`${name}-topic`, { emails: args.emails, tags }, child).arn)
      : undefined;
    const alarms =
      hasAlarms &&
      new Alarms(`${name}-alarms`, { ...watched, topicArn: this.topicArn!, thresholds: args.thresholds, tags }, child);
    const dashboard =
      (args.dashboard ?? isProtected) &&
      new Dashboard(
        `${name}-dashboard`,
        {
          ...watched,
          metricsNamespace: args.metricsNamespace,
          alarmArns: alarms ? Object.values(alarms.alarmArns).slice(0, 100) : undefined,
        },
        child,
      );
    const all = Object.values(functions);
    if (all.length > 0) {
      new SavedQueries(`${name}-queries`, { logGroupNames: all.map(({ logGroupName }) => logGroupName) }, child);
      new TraceGroup(`${name}-traces`, { filter: tracesOf(all.map(({ functionName }) => functionName)), tags }, child);
    }
    if (args.monthlyBudgetUsd !== undefined) {
      new Budget(
        `${name}-budget`,
        { monthlyUsd: args.monthlyBudgetUsd, costTag: args.costTag!, topicArn: this.topicArn!, tags },
        child,
      );
    }
    this.dashboardName = dashboard ? dashboard.dashboardName : undefined;
    this.registerOutputs({
      ...(this.topicArn ? { topicArn: this.topicArn } : {}),
      ...(this.dashboardName ? { dashboardName: this.dashboardName } : {}),
    });
  }
}

/** Traces that pass through any of the functions. */
const tracesOf = (functions: pulumi.Output<string>[]): pulumi.Output<string> =>
  pulumi.all(functions).apply((names) => names.map((each) => `service("${each}")`).join(" OR "));

function validate(component: string, args: InsightArgs): void {
  for (const [index, email] of (args.emails ?? []).entries()) {
    checkForm(component, `emails[${index}]`, email, EMAIL, "an address such as operations@example.com");
  }
  if (args.topicArn !== undefined && args.emails?.length) {
    const remedy = "a topic that is there already has its own subscribers; leave one of the two out";
    throw new InvalidArgumentError(component, "emails", args.emails, remedy);
  }
  if (args.monthlyBudgetUsd !== undefined && !args.costTag) {
    throw new InvalidArgumentError(component, "costTag", undefined, "say which tag the budget counts");
  }
}
