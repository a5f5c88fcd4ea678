import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { checkedArn, checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";
import { EMAIL } from "./alarm-topic.ts";

export interface BudgetArgs {
  /** US dollars a month. */
  monthlyUsd: number;
  /** Tag that resources have to carry to count, active as a cost allocation tag of the account. @default every cost of the account */
  costTag?: CostTag;
  /** Percents of the budget, spent, that people are told of; at most 4. @default 50, 80 and 100 */
  alertPercents?: number[];
  /** SNS topic that Budgets may publish to; this, `emails` or both. @default none */
  topicArn?: pulumi.Input<string>;
  /** At most 10. @default none */
  emails?: string[];
  tags?: Tags;
}

export interface CostTag {
  /** `"Cell"`. */
  key: string;
  /** `"acme"`. */
  value: string;
}

/**
 * Tells people when a month's cost passes a part of what it may be, and when it is forecast to pass the whole. It costs
 * nothing, and stops nothing.
 *
 * ```ts
 * new Budget("acme", { monthlyUsd: 200, costTag: { key: "Cell", value: "acme" }, topicArn: topic.arn });
 * ```
 */
export class Budget extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly budgetName: pulumi.Output<string>;

  constructor(name: string, args: BudgetArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:insight:Budget", name, {}, options);
    checkArgs("Budget", name, args);
    const component = `Budget "${name}"`;
    validate(component, args);
    const topicArn = checkedArn(component, "topicArn", args.topicArn, "sns");
    const told = {
      comparisonOperator: "GREATER_THAN",
      thresholdType: "PERCENTAGE",
      subscriberSnsTopicArns: topicArn ? [topicArn] : [],
      subscriberEmailAddresses: args.emails ?? [],
    };
    const budget = new aws.budgets.Budget(
      name,
      {
        budgetType: "COST",
        timeUnit: "MONTHLY",
        limitAmount: String(args.monthlyUsd),
        limitUnit: "USD",
        costFilters: args.costTag && [
          { name: "TagKeyValue", values: [`user:${args.costTag.key}$${args.costTag.value}`] },
        ],
        notifications: [
          ...(args.alertPercents ?? [50, 80, 100]).map((threshold) => ({
            ...told,
            threshold,
            notificationType: "ACTUAL",
          })),
          { ...told, threshold: 100, notificationType: "FORECASTED" },
        ],
        tags: args.tags,
      },
      { parent: this },
    );
    this.arn = budget.arn;
    this.budgetName = budget.name;
    this.registerOutputs({ arn: this.arn, budgetName: this.budgetName });
  }
}

function validate(component: string, args: BudgetArgs): void {
  checkRange(component, "monthlyUsd", args.monthlyUsd, 0.01, 1_000_000_000, 0);
  checkForm(component, "costTag.key", args.costTag?.key, /^[\w .:/=+@-]{1,128}$/, "the key of a tag");
  checkForm(component, "costTag.value", args.costTag?.value, /^[\w .:/=+@-]{1,256}$/, "the value of a tag");
  if (args.topicArn === undefined && !args.emails?.length) {
    throw new InvalidArgumentError(component, "topicArn", undefined, "nobody would be told; give it or emails");
  }
  if ((args.emails?.length ?? 0) > 10) {
    throw new InvalidArgumentError(component, "emails", args.emails!.length, "Budgets takes 10; use a topic for more");
  }
  for (const [index, email] of (args.emails ?? []).entries()) {
    checkForm(component, `emails[${index}]`, email, EMAIL, "an address such as operations@example.com");
  }
  // One more is the forecast's, and Budgets takes five.
  if ((args.alertPercents?.length ?? 1) > 4) {
    throw new InvalidArgumentError(
      component,
      "alertPercents",
      args.alertPercents,
      "Budgets takes 4 of them; leave some out",
    );
  }
  for (const [index, percent] of (args.alertPercents ?? []).entries()) {
    checkRange(component, `alertPercents[${index}]`, percent, 1, 1000, 0);
  }
}
