/** A rule of an event bus: what it is given, and what each kind of target needs so that EventBridge may reach it. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Function } from "../compute/function.ts";
import type { Workflow } from "../compute/workflow.ts";
import type { Delivery } from "../insight/delivery.ts";
import { checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import { policyOf, trustOfSource } from "../policy-documents.ts";
import type { Tags } from "../tags.ts";
import { checkEventPattern, type EventPattern } from "./event-pattern.ts";
import type { Queue } from "./queue.ts";
import type { Stream } from "./stream.ts";
import type { Topic } from "./topic.ts";

export type RuleTarget =
  | { function: Function }
  | { workflow: Workflow }
  | { topic: Topic }
  /** `partitionKeyPath`: keeps the events of one key in order. */
  | { stream: Stream; partitionKeyPath?: string }
  | { delivery: Delivery }
  /** `messageGroupId`: of a FIFO queue, or of the tenant in a fair one; a path such as `$.detail.tenantId` too. */
  | { queue: Queue; messageGroupId?: string };

/** What the target receives. */
export type RuleInput =
  | { /** The same for every event. */ constant: object }
  | { /** A part of the event: `$.detail`. */ path: string }
  | {
      /** Parts of the event by name: `{ id: "$.detail.id" }`. */
      paths: Record<string, string>;
      /** Text with `<name>` where a part goes: `{"order": <id>}`. */
      template: string;
    };

export interface RuleArgs {
  /** Which events. */
  pattern: EventPattern;
  target: RuleTarget;
  description?: string;
  /** @default the event as it is */
  input?: RuleInput;
  /** Of a failed delivery, 0 to 185. @default 185 */
  maximumRetries?: number;
  /** Seconds after which a delivery is given up, 60 to 86400. @default 86400 */
  maximumEventAgeSeconds?: number;
  /** Queue for what could not be delivered; its policy has to let EventBridge send. @default the bus's own */
  deadLetterArn?: pulumi.Input<string>;
  /** @default false */
  disabled?: boolean;
}

interface RuleScope {
  bus: pulumi.Resource;
  rule: aws.cloudwatch.EventRule;
  rules: pulumi.Output<string>;
  account: pulumi.Output<string>;
  /** Queues that accept from this bus already: each has one policy. */
  accepted: Map<Queue, pulumi.Resource>;
  tags: Tags | undefined;
}

interface Reached {
  arn: pulumi.Output<string>;
  allowed: pulumi.Resource[];
  roleArn?: pulumi.Output<string>;
  sqsTarget?: { messageGroupId: string };
  kinesisTarget?: { partitionKeyPath: string };
}

/** Whom a target lets in. */
export const SERVICE = "events.amazonaws.com";

/** Functions, queues and topics let the rule in by a policy of theirs; the others are reached in a role. */
export function targetOf(name: string, target: RuleTarget, scope: RuleScope): Reached {
  const { bus, rule, rules, account, accepted, tags } = scope;
  if ("function" in target) {
    return {
      arn: target.function.targetArn,
      allowed: [target.function.allowInvoke(`${name}-invoke`, SERVICE, rule.arn)],
    };
  }
  if ("workflow" in target || "stream" in target || "delivery" in target) {
    const { arn, grants, kinesisTarget } = byRole(target);
    const assumeRolePolicy = trustOfSource(SERVICE, account, rule.arn);
    const role = new aws.iam.Role(`${name}-role`, { assumeRolePolicy, tags }, { parent: bus });
    const policy = new aws.iam.RolePolicy(
      `${name}-start`,
      { role: role.name, policy: policyOf(grants) },
      { parent: bus },
    );
    return { arn, allowed: [policy], roleArn: role.arn, kinesisTarget };
  }
  // A topic has its policy since it was made; checkRule saw that it lets EventBridge in.
  if ("topic" in target) return { arn: target.topic.arn, allowed: [] };
  const { queue, messageGroupId } = target;
  const policy = accepted.get(queue) ?? queue.acceptFrom(name, SERVICE, rules, account);
  accepted.set(queue, policy);
  return { arn: queue.arn, allowed: [policy], sqsTarget: messageGroupId ? { messageGroupId } : undefined };
}

type RoleTarget = Exclude<RuleTarget, { function: Function } | { queue: Queue } | { topic: Topic }>;

function byRole(target: RoleTarget) {
  if ("workflow" in target) return { arn: target.workflow.targetArn, grants: target.workflow.triggerGrants };
  if ("delivery" in target) return { arn: target.delivery.arn, grants: target.delivery.putGrants };
  const { stream, partitionKeyPath } = target;
  const kinesisTarget = partitionKeyPath ? { partitionKeyPath } : undefined;
  return { arn: stream.arn, grants: stream.writeGrants, kinesisTarget };
}

export function inputOf(input: RuleInput | undefined): Partial<aws.cloudwatch.EventTargetArgs> {
  if (!input) return {};
  if ("constant" in input) return { input: JSON.stringify(input.constant) };
  if ("path" in input) return { inputPath: input.path };
  return { inputTransformer: { inputPaths: input.paths, inputTemplate: input.template } };
}

/** A path of EventBridge's own small language: `$.detail.items[0].id`. */
const PATH = /^\$(\.[\w-]+|\[\d+\]|\['[^']+'\])*$/;

export function checkRule(component: string, name: string, args: RuleArgs): void {
  const of = `rule "${name}" `;
  checkEventPattern(component, `${of}pattern`, args.pattern);
  checkRange(component, `${of}maximumRetries`, args.maximumRetries, 0, 185);
  checkRange(component, `${of}maximumEventAgeSeconds`, args.maximumEventAgeSeconds, 60, 86_400);
  checkForm(component, `${of}description`, args.description, /^[\s\S]{0,512}$/, "at most 512 characters");
  const kinds = ["function", "workflow", "topic", "queue", "stream", "delivery"].filter(
    (kind) => kind in (args.target ?? {}),
  );
  if (kinds.length !== 1) {
    throw new InvalidArgumentError(
      component,
      `${of}target`,
      kinds,
      "name one function, workflow, queue, topic, stream or delivery",
    );
  }
  if ("function" in args.target) args.target.function.checkTrigger(component);
  if ("queue" in args.target && args.target.queue.fifo && args.target.messageGroupId === undefined) {
    const remedy = "a FIFO queue takes messages of a group; name it";
    throw new InvalidArgumentError(component, `${of}target.messageGroupId`, undefined, remedy);
  }
  if ("stream" in args.target) {
    const path = args.target.partitionKeyPath;
    checkForm(component, `${of}target.partitionKeyPath`, path, PATH, "a path such as $.detail.tenantId");
  }
  if ("topic" in args.target && !args.target.topic.accepts(SERVICE)) {
    const remedy = "the topic's policy does not let EventBridge publish; make it with publishers: [bus.publisher]";
    throw new InvalidArgumentError(component, `${of}target.topic`, SERVICE, remedy);
  }
  if (args.input) checkInput(component, `${of}input`, args.input);
}

function checkInput(component: string, at: string, input: RuleInput): void {
  if ("path" in input) checkForm(component, `${at}.path`, input.path, PATH, "a path such as $.detail");
  if (!("template" in input)) return;
  const names = Object.keys(input.paths);
  if (names.length > 100)
    throw new InvalidArgumentError(component, `${at}.paths`, names.length, "AWS takes at most 100");
  for (const [key, path] of Object.entries(input.paths)) {
    checkForm(
      component,
      `${at}.paths.${key}`,
      key,
      /^(?!aws\.)[\w-]+$/i,
      "a name of letters, digits, _ and -, not AWS's",
    );
    checkForm(component, `${at}.paths.${key}`, path, PATH, "a path such as $.detail.id");
  }
  const stranger = [...input.template.matchAll(/<([^<>\s]+)>/g)]
    .map((match) => match[1]!)
    .find((placeholder) => !names.includes(placeholder) && !placeholder.startsWith("aws.events."));
  if (stranger) {
    throw new InvalidArgumentError(
      component,
      `${at}.template`,
      `<${stranger}>`,
      `paths names ${names.join(", ") || "nothing"}`,
    );
  }
}
