import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { type Grant, grantStart } from "../grants.ts";
import {
  checked,
  checkedArn,
  checkForm,
  checkRange,
  checkRetention,
  InvalidArgumentError,
} from "../invalid-argument.ts";
import { policyOf, trustOfSource } from "../policy-documents.ts";
import type { Tags } from "../tags.ts";
import type { Flow, QueryLanguage } from "./asl.ts";
import { grantsOf, hasDistributedMap, render } from "./definition.ts";
import { checkFlow } from "./workflow-check.ts";
import { DELIVER_LOGS, executionsOf, runChildren, useKey } from "./workflow-grants.ts";

export interface WorkflowLogs {
  /** What is logged. @default "ERROR"; "ALL" for an express workflow, which has no other history */
  level?: "ALL" | "ERROR" | "FATAL" | "OFF";
  /** Inputs and outputs of the states too: they may hold what people entrusted to you. @default false */
  includeExecutionData?: boolean;
  /** Days. @default 30 */
  retentionDays?: number;
}

/** Executions that stay with an earlier version while the rest try the new one. */
export interface PreviousVersion {
  versionArn: pulumi.Input<string>;
  /** Percent of the executions, 1 to 99. */
  weight: number;
}

export interface WorkflowArgs {
  /** The states: `flow({ StartAt, States })`. */
  definition: Flow;
  /** `express`: at least once, for at most five minutes, paid by duration. Fixed at creation. @default "standard" */
  type?: "standard" | "express";
  /** @default "JSONata" */
  queryLanguage?: QueryLanguage;
  /** Seconds that an execution may take. @default 86400 (a day); 300 for an express workflow, the most it has */
  timeoutSeconds?: number;
  /** Physical name. @default Pulumi's autonaming */
  workflowName?: string;
  comment?: string;
  /** What tasks need beyond what their integrations say, for a distributed map that reads a bucket for example. @default [] */
  grants?: Grant[];
  logs?: WorkflowLogs;
  /** X-Ray. @default true */
  tracing?: boolean;
  /** KMS key for definition and history. @default AWS's own */
  kmsKeyArn?: pulumi.Input<string>;
  /** Name that callers start the workflow by: it points to the version deployed last. @default "live" */
  alias?: string;
  /** @default every execution runs the new version */
  previous?: PreviousVersion;
  tags?: Tags;
}

/**
 * A Step Functions workflow: checked before it is deployed, published as a version behind an alias, with a role that may do
 * what its tasks say and no more.
 *
 * ```ts
 * const orders = new Workflow("orders", {
 *   definition: flow({
 *     StartAt: "Charge",
 *     States: {
 *       Charge: { Type: "Task", Call: task.invoke(charge), Catch: [{ ErrorEquals: ["Declined"], Next: "Refused" }], Next: "Paid" },
 *       Paid: { Type: "Task", Call: task.publish(events), End: true },
 *       Refused: { Type: "Fail", Error: "Declined" },
 *     },
 *   }),
 * });
 * ```
 */
export class Workflow extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** What callers and triggers name: the alias. */
  readonly targetArn: pulumi.Output<string>;
  readonly versionArn: pulumi.Output<string>;
  readonly workflowName: pulumi.Output<string>;
  readonly roleArn: pulumi.Output<string>;
  readonly logGroupName: pulumi.Output<string>;
  /** Pattern of the executions' ARNs. */
  readonly executionsArn: pulumi.Output<string>;
  /** The rule by which a workflow that waits for this one learns of its end. */
  readonly completionRuleArn: pulumi.Output<string>;
  /** What a schedule or a rule needs to start the workflow. */
  readonly triggerGrants: Grant[];

  constructor(name: string, args: WorkflowArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:compute:Workflow", name, {}, options);
    checkArgs("Workflow", name, args);
    const component = `Workflow "${name}"`;
    validate(component, args);
    const child = { parent: this };
    const { type = "standard", queryLanguage = "JSONata", logs = {}, tags, tracing = true } = args;
    const key = checkedArn(component, "kmsKeyArn", args.kmsKeyArn, "kms");
    const account = aws.getCallerIdentityOutput({}, child).accountId;
    const region = aws.getRegionOutput({}, child).region;
    const machines = pulumi.interpolate`arn:aws:states:${region}:${account}:stateMachine:*`;

    const role = new aws.iam.Role(
      `${name}-role`,
      { assumeRolePolicy: trustOfSource("states.amazonaws.com", account, machines), tags },
      child,
    );
    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      // Below this prefix, log groups need no entry of their own in the account's log policy, whose size is limited.
      {
        ...named(args.workflowName, name),
        retentionInDays: logs.retentionDays ?? 30,
        tags,
      },
      child,
    );
    const policy = new aws.iam.RolePolicy(
      `${name}-policy`,
      {
        role: role.name,
        policy: policyOf([
          DELIVER_LOGS,
          ...grantsOf(args.definition),
          ...(args.grants ?? []),
          ...(key ? [useKey(key, machines)] : []),
        ]),
      },
      child,
    );
    const traces = tracing
      ? [new aws.iam.RolePolicyAttachment(`${name}-tracing`, { role: role.name, policyArn: TRACING_POLICY }, child)]
      : [];
    const definition = pulumi.jsonStringify({
      ...(args.comment ? { Comment: args.comment } : {}),
      QueryLanguage: queryLanguage,
      TimeoutSeconds: args.timeoutSeconds ?? (type === "express" ? 300 : 86_400),
      ...render(args.definition, queryLanguage),
    });
    const machine = new aws.sfn.StateMachine(
      name,
      {
        name: args.workflowName,
        type: type === "express" ? "EXPRESS" : "STANDARD",
        roleArn: role.arn,
        definition: checked(definition, (text) => checkSize(component, text)),
        publish: true,
        loggingConfiguration: {
          level: logs.level ?? (type === "express" ? "ALL" : "ERROR"),
          includeExecutionData: logs.includeExecutionData ?? false,
          logDestination: pulumi.interpolate`${logGroup.arn}:*`,
        },
        tracingConfiguration: { enabled: tracing },
        encryptionConfiguration: key && {
          type: "CUSTOMER_MANAGED_KMS_KEY",
          kmsKeyId: key,
          kmsDataKeyReusePeriodSeconds: 300,
        },
        tags,
      },
      // Step Functions checks at creation that the role may write logs.
      { parent: this, dependsOn: [policy, ...traces] },
    );
    const alias = new aws.sfn.Alias(
      `${name}-live`,
      {
        name: args.alias ?? "live",
        routingConfigurations: routes(component, machine.stateMachineVersionArn, args.previous),
      },
      child,
    );
    if (hasDistributedMap(args.definition)) {
      const policy = policyOf(runChildren(machine, region, account));
      new aws.iam.RolePolicy(`${name}-children`, { role: role.name, policy }, child);
    }

    this.arn = machine.arn;
    this.targetArn = alias.arn;
    this.versionArn = machine.stateMachineVersionArn;
    this.workflowName = machine.name;
    this.roleArn = role.arn;
    this.logGroupName = logGroup.name;
    this.executionsArn = executionsOf(machine, region, account);
    this.completionRuleArn = pulumi.interpolate`arn:aws:events:${region}:${account}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule`;
    this.triggerGrants = [grantStart(this.arn)];
    this.registerOutputs({ arn: this.arn, targetArn: this.targetArn, versionArn: this.versionArn });
  }
}

const TRACING_POLICY = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";

const named = (workflowName: string | undefined, name: string) =>
  workflowName ? { name: `/aws/vendedlogs/states/${workflowName}` } : { namePrefix: `/aws/vendedlogs/states/${name}-` };

function routes(component: string, version: pulumi.Output<string>, previous?: PreviousVersion) {
  const current = { stateMachineVersionArn: version, weight: 100 - (previous?.weight ?? 0) };
  if (!previous) return [current];
  const stateMachineVersionArn = checkedArn(component, "previous.versionArn", previous.versionArn, "states");
  return [current, { stateMachineVersionArn, weight: previous.weight }];
}

function checkSize(component: string, definition: string): void {
  const bytes = Buffer.byteLength(definition);
  if (bytes <= 1_048_576) return;
  throw new InvalidArgumentError(
    component,
    "definition",
    `${bytes} bytes`,
    "AWS takes at most 1 MiB; start another workflow",
  );
}

function validate(component: string, args: WorkflowArgs): void {
  const { type = "standard", queryLanguage = "JSONata" } = args;
  checkForm(component, "workflowName", args.workflowName, /^[\w-]{1,80}$/, "1 to 80 letters, digits, - or _");
  // A number alone would be taken for a version.
  checkForm(
    component,
    "alias",
    args.alias,
    /^(?!\d+$)[\w.-]{1,80}$/,
    "1 to 80 letters, digits, _, . or -, not a number",
  );
  checkRange(component, "timeoutSeconds", args.timeoutSeconds, 1, type === "express" ? 300 : 31_536_000);
  checkRetention(component, "logs.retentionDays", args.logs?.retentionDays);
  checkRange(component, "previous.weight", args.previous?.weight, 1, 99);
  if (!args.definition?.States) {
    throw new InvalidArgumentError(component, "definition", args.definition, "give flow({ StartAt, States })");
  }
  checkFlow({ component, type, queryLanguage }, args.definition);
}
