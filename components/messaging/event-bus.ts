import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs, checkMethodArgs } from "../check-args.ts";
import { checkedArn, checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import { nameOf } from "../names.ts";
import { policyDocument } from "../policy-documents.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";
import { DeadLetterQueue } from "./dead-letter-queue.ts";
import { checkEventPattern, type EventPattern } from "./event-pattern.ts";
import { checkRule, inputOf, type RuleArgs, SERVICE, targetOf } from "./event-rule.ts";
import type { Queue } from "./queue.ts";
import type { ServicePublisher } from "./topic.ts";

export interface ArchiveArgs {
  /** Days that events stay replayable; 0 keeps them for good. */
  days: number;
  /** @default every event of the bus */
  pattern?: EventPattern;
}

export interface PublisherArgs {
  /** The other account, 12 digits. */
  account: string;
  /** What the `source` of its events may be. */
  sources: string[];
}

export interface EventBusArgs {
  /** Physical name. @default Pulumi's autonaming */
  busName?: string;
  description?: string;
  /** What can be replayed. @default a week of everything where the bus is protected, else nothing */
  archive?: ArchiveArgs | false;
  /** Other accounts that may put events on the bus. @default this account alone, by its own roles */
  publishers?: PublisherArgs[];
  /** KMS key. @default AWS's own */
  kmsKeyArn?: pulumi.Input<string>;
  /** @default "protected" */
  protection?: Protection;
  tags?: Tags;
}

/**
 * An EventBridge bus. What a rule cannot deliver goes to the bus's dead-letter queue, with the reason.
 *
 * ```ts
 * const orders = new EventBus("orders");
 * orders.rule("paid", { pattern: { "detail-type": ["order.paid"] }, target: { function: ship } });
 * new Function("shop", { entry: "functions/shop", grants: [grantPutEvents(orders.arn, ["shop"])] });
 * ```
 */
export class EventBus extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly busName: pulumi.Output<string>;
  /** Of the archive, for a replay; undefined where nothing is kept. */
  readonly archiveArn: pulumi.Output<string> | undefined;
  readonly deadLetterArn: pulumi.Output<string>;
  readonly deadLetterUrl: pulumi.Output<string>;
  /** For `publishers` of a topic that rules of this bus bring events to. */
  readonly publisher: ServicePublisher;
  readonly #component: string;
  readonly #tags: Tags | undefined;
  readonly #deadLetters: DeadLetterQueue;
  /** Pattern of the ARNs of this bus's rules. */
  readonly #rules: pulumi.Output<string>;
  readonly #account: pulumi.Output<string>;
  readonly #accepted = new Map<Queue, pulumi.Resource>();

  constructor(name: string, args: EventBusArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:messaging:EventBus", name, {}, options);
    checkArgs("EventBus", name, args);
    this.#component = `EventBus "${name}"`;
    this.#tags = args.tags;
    validate(this.#component, args);
    const child = { parent: this };
    const isProtected = (args.protection ?? "protected") === "protected";
    const bus = new aws.cloudwatch.EventBus(
      name,
      {
        name: args.busName,
        description: args.description,
        kmsKeyIdentifier: checkedArn(this.#component, "kmsKeyArn", args.kmsKeyArn, "kms"),
        tags: args.tags,
      },
      { parent: this, protect: isProtected },
    );
    this.#account = aws.getCallerIdentityOutput({}, child).accountId;
    const region = aws.getRegionOutput({}, child).region;
    this.#rules = pulumi.interpolate`arn:aws:events:${region}:${this.#account}:rule/${bus.name}/*`;
    this.#deadLetters = new DeadLetterQueue(
      `${name}-dlq`,
      { service: SERVICE, sourceArn: this.#rules, tags: args.tags },
      child,
    );
    if (args.publishers?.length) {
      const policy = policyDocument(args.publishers.map((publisher) => publisherStatement(publisher, bus.arn)));
      new aws.cloudwatch.EventBusPolicy(`${name}-policy`, { eventBusName: bus.name, policy }, child);
    }
    const kept = args.archive ?? (isProtected ? { days: 7 } : false);
    const archive = kept
      ? new aws.cloudwatch.EventArchive(
          `${name}-archive`,
          {
            name: args.busName && nameOf("archive", [args.busName, "archive"]).replaceAll("/", "-"),
            eventSourceArn: bus.arn,
            retentionDays: kept.days,
            eventPattern: kept.pattern && JSON.stringify(kept.pattern),
          },
          child,
        )
      : undefined;

    this.arn = bus.arn;
    this.busName = bus.name;
    this.publisher = { service: SERVICE, sourceArn: this.#rules };
    this.archiveArn = archive?.arn;
    this.deadLetterArn = this.#deadLetters.arn;
    this.deadLetterUrl = this.#deadLetters.url;
    this.registerOutputs({ arn: this.arn, busName: this.busName, deadLetterArn: this.deadLetterArn });
  }

  /** Brings the events that match to a function, workflow, queue, topic, stream or delivery, and allows the bus what that takes. */
  rule(name: string, args: RuleArgs): aws.cloudwatch.EventRule {
    checkMethodArgs(this.#component, "RuleArgs", args, `rule "${name}" `);
    checkRule(this.#component, name, args);
    const child = { parent: this };
    const rule = new aws.cloudwatch.EventRule(
      `${name}-rule`,
      {
        eventBusName: this.busName,
        description: args.description,
        eventPattern: JSON.stringify(args.pattern),
        state: args.disabled ? "DISABLED" : "ENABLED",
        tags: this.#tags,
      },
      child,
    );
    const { allowed, ...reached } = targetOf(name, args.target, {
      ...{ bus: this, rule, rules: this.#rules, account: this.#account, accepted: this.#accepted, tags: this.#tags },
    });
    new aws.cloudwatch.EventTarget(
      `${name}-target`,
      {
        eventBusName: this.busName,
        rule: rule.name,
        ...reached,
        ...inputOf(args.input),
        retryPolicy: {
          maximumRetryAttempts: args.maximumRetries ?? 185,
          maximumEventAgeInSeconds: args.maximumEventAgeSeconds ?? 86_400,
        },
        deadLetterConfig: { arn: args.deadLetterArn ?? this.deadLetterArn },
      },
      // An event that comes before it may be delivered is lost to the dead letters.
      { parent: this, dependsOn: [...allowed, this.#deadLetters] },
    );
    return rule;
  }
}

const publisherStatement = ({ account, sources }: PublisherArgs, bus: pulumi.Output<string>) => ({
  Sid: `From${account}`,
  Effect: "Allow",
  Principal: { AWS: `arn:aws:iam::${account}:root` },
  Action: "events:PutEvents",
  Resource: bus,
  Condition: { StringEquals: { "events:source": sources } },
});

function validate(component: string, args: EventBusArgs): void {
  // `default` is the account's own bus; the rest is EventBridge's form.
  checkForm(
    component,
    "busName",
    args.busName,
    /^(?!default$)[\w./-]{1,256}$/,
    "1 to 256 letters, digits, ., _, / or -, not default",
  );
  checkForm(component, "description", args.description, /^[\s\S]{0,512}$/, "at most 512 characters");
  if (args.archive) {
    checkRange(component, "archive.days", args.archive.days, 0, 36_500);
    if (args.archive.pattern) checkEventPattern(component, "archive.pattern", args.archive.pattern);
  }
  args.publishers?.forEach(({ account, sources }, index) => {
    const at = `publishers[${index}]`;
    checkForm(
      component,
      `${at}.account`,
      account,
      /^\d{12}$/,
      "an account of 12 digits; nobody puts events from everywhere",
    );
    if (!sources?.length || sources.some((source) => source.includes("*"))) {
      throw new InvalidArgumentError(component, `${at}.sources`, sources, "name the sources that the account may use");
    }
  });
  const accounts = args.publishers?.map(({ account }) => account) ?? [];
  const twice = accounts.find((account, index) => accounts.indexOf(account) !== index);
  if (twice)
    throw new InvalidArgumentError(component, "publishers", twice, "name an account once, with all its sources");
}
