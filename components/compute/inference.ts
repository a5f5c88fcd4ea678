import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { type Grant, grantInfer, grantInvokeEndpoint } from "../grants.ts";
import { Budget } from "../insight/budget.ts";
import { checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import { stackNameOf } from "../names.ts";
import type { Tags } from "../tags.ts";
import { checkEndpoint, type EndpointArgs, serverlessEndpoint } from "./inference-endpoint.ts";

export interface InferenceArgs {
  /** Bedrock model (`"amazon.nova-lite-v1:0"`), or an inference profile over regions (`"eu.amazon.nova-lite-v1:0"`); this or `endpoint`. */
  model?: string;
  /** A model of one's own on a SageMaker serverless endpoint; this or `model`. */
  endpoint?: EndpointArgs;
  /** US dollars a month from which on people are told. It stops nothing. */
  monthlyBudgetUsd: number;
  /** SNS topic that Budgets may publish to; this, `emails` or both. @default none */
  topicArn?: pulumi.Input<string>;
  /** People who are told. @default none */
  emails?: string[];
  tags?: Tags;
}

/**
 * A model behind one grant and one budget: on Bedrock through an inference profile of its own, whose cost is told apart by
 * a tag, or on a SageMaker serverless endpoint. Both cost nothing when idle; no cell has one that did not ask for it.
 *
 * ```ts
 * const captions = new Inference("captions", { model: "eu.amazon.nova-lite-v1:0", monthlyBudgetUsd: 50, topicArn });
 * new Function("caption", { entry: "functions/caption", environment: { MODEL: captions.modelId }, grants: captions.grants });
 * ```
 */
export class Inference extends pulumi.ComponentResource {
  /** What a client names as its model (Bedrock) or its endpoint (SageMaker). */
  readonly modelId: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  /** What it takes to ask this model, and no other. */
  readonly grants: Grant[];
  readonly budgetName: pulumi.Output<string>;

  constructor(name: string, args: InferenceArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:compute:Inference", name, {}, options);
    checkArgs("Inference", name, args, { monthlyBudgetUsd: "say what a month may cost" });
    const component = `Inference "${name}"`;
    validate(component, args);
    const child = { parent: this };
    const costTag = { key: "Inference", value: stackNameOf("endpoint", [name]) };
    const tags = { ...args.tags, [costTag.key]: costTag.value };

    const made = args.model
      ? bedrockModel(this, name, args.model, tags)
      : serverlessEndpoint(this, name, costTag.value, args.endpoint!, tags);
    const budget = new Budget(
      `${name}-budget`,
      { monthlyUsd: args.monthlyBudgetUsd, costTag, topicArn: args.topicArn, emails: args.emails, tags: args.tags },
      child,
    );
    this.modelId = made.modelId;
    this.arn = made.arn;
    this.grants = args.model ? grantInfer(made.arn, made.modelArns) : [grantInvokeEndpoint(made.arn)];
    this.budgetName = budget.budgetName;
    this.registerOutputs({ modelId: this.modelId, arn: this.arn, budgetName: this.budgetName });
  }
}

export interface MadeModel {
  modelId: pulumi.Output<string>;
  arn: pulumi.Output<string>;
  /** What stands behind it, and has to be granted with it. */
  modelArns: pulumi.Input<string>[] | pulumi.Output<string[]>;
}

/** Geographies that Bedrock's own profiles are named after. */
const PROFILE = /^(apac|au|ca|eu|global|jp|sa|us|us-gov)\./;

function bedrockModel(parent: Inference, name: string, model: string, tags: Tags): MadeModel {
  const { copyFrom, modelArns } = PROFILE.test(model) ? systemProfile(parent, model) : foundationModel(parent, model);
  const profile = new aws.bedrock.InferenceProfile(
    name,
    { description: `Terrace: ${model}`, modelSource: { copyFrom }, tags },
    { parent },
  );
  return { modelId: profile.arn, arn: profile.arn, modelArns };
}

function foundationModel(parent: Inference, model: string) {
  const region = aws.getRegionOutput({}, { parent }).region;
  const arn = pulumi.interpolate`arn:aws:bedrock:${region}::foundation-model/${model}`;
  return { copyFrom: arn, modelArns: [arn] };
}

/** Bedrock itself says in which regions a profile may run a model: those are granted, and no other. */
function systemProfile(parent: Inference, model: string) {
  const profile = aws.bedrock.getInferenceProfileOutput({ inferenceProfileId: model }, { parent });
  const modelArns = pulumi
    .all([profile.inferenceProfileArn, profile.models])
    .apply(([arn, models]) => [arn, ...models.map(({ modelArn }) => modelArn)]);
  return { copyFrom: profile.inferenceProfileArn, modelArns };
}

function validate(component: string, args: InferenceArgs): void {
  if ((args.model === undefined) === (args.endpoint === undefined)) {
    throw new InvalidArgumentError(component, "model", args.model, "give either a model of Bedrock's or an endpoint");
  }
  checkForm(
    component,
    "model",
    args.model,
    /^[a-z0-9-]+(\.[a-z0-9-]+){1,2}[\w.-]*(:[\w-]+)*$/,
    "an id such as amazon.nova-lite-v1:0",
  );
  checkRange(component, "monthlyBudgetUsd", args.monthlyBudgetUsd, 0.01, 1_000_000_000, 0);
  if (args.topicArn === undefined && !args.emails?.length) {
    throw new InvalidArgumentError(
      component,
      "topicArn",
      undefined,
      "nobody would be told of the cost; give it or emails",
    );
  }
  if (args.endpoint) checkEndpoint(component, args.endpoint);
}
