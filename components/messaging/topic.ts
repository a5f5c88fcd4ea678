import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs, checkMethodArgs } from "../check-args.ts";
import type { Link } from "../compute/link.ts";
import { type Grant, grantPublish } from "../grants.ts";
import { checkedArn, checkedKey } from "../invalid-argument.ts";
import { policyDocument, policyOf, tlsOnly, trustOfSource } from "../policy-documents.ts";
import type { Tags } from "../tags.ts";
import type { Pattern } from "./event-pattern.ts";
import type { Queue } from "./queue.ts";
import { checkSubscription, checkTopic } from "./topic-check.ts";

/** An AWS service that publishes for resources of this account: `bus.publisher`, a bucket's notifications. */
export interface ServicePublisher {
  /** `events.amazonaws.com`. */
  service: string;
  /** Pattern of the resources that it publishes for. */
  sourceArn: pulumi.Input<string>;
}

/** A topic that is there already, of this account or another one. */
export interface ExistingTopicArgs {
  /** Its ARN. */
  arn: pulumi.Input<string>;
  /** @default false */
  fifo?: boolean;
}

export interface TopicArgs {
  /** A topic to use as it is: nothing about it is changed, and other arguments do not go with it. @default a new one */
  existing?: ExistingTopicArgs;
  /** Physical name, without `.fifo`. @default Pulumi's autonaming */
  topicName?: string;
  /** @default false */
  fifo?: boolean;
  /** KMS key. @default AWS's own key for SNS */
  kmsKeyId?: pulumi.Input<string>;
  /** AWS services that may publish. They need a `kmsKeyId` whose policy lets them in. @default none: roles of this account alone */
  publishers?: ServicePublisher[];
  /** Days that messages of a FIFO topic stay replayable, 1 to 365. @default none are kept */
  archiveDays?: number;
  /** Percent of the successful deliveries to queues and functions that are logged, 0 to 100; failures are then always. @default no logs */
  deliveryLogs?: number;
  tags?: Tags;
}

export interface SubscriptionArgs {
  /** Only messages that match. @default every message */
  filter?: Pattern;
  /** What the filter looks at. @default "MessageAttributes" */
  filterScope?: "MessageAttributes" | "MessageBody";
  /** Receives again what the topic has archived, from this time on (ISO 8601). @default new messages only */
  replayFrom?: string;
}

/**
 * An SNS topic that takes messages over TLS only.
 *
 * ```ts
 * const topic = new Topic("events");
 * topic.subscribe("audit", queue, { filter: { type: ["order.placed"] } });
 * ```
 */
export class Topic extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly topicName: pulumi.Output<string>;
  /** What a schedule needs to publish. */
  readonly triggerGrants: Grant[];
  /** The topic itself, as schedules name their targets. */
  readonly targetArn: pulumi.Output<string>;
  readonly #account: pulumi.Output<string>;
  readonly #component: string;
  readonly #args: TopicArgs;

  /**
   * A topic that is there already, of this account or another one: nothing about it is changed.
   *
   * ```ts
   * const orders = Topic.get("orders", { arn: "arn:aws:sns:eu-west-1:111122223333:orders" });
   * ```
   */
  static get(name: string, existing: ExistingTopicArgs, options?: pulumi.ComponentResourceOptions): Topic {
    return new Topic(name, { existing }, options);
  }

  constructor(name: string, args: TopicArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:messaging:Topic", name, {}, options);
    checkArgs("Topic", name, args);
    this.#component = `Topic "${name}"`;
    this.#args = args;
    checkTopic(this.#component, args);
    if (args.existing) {
      this.arn = checkedArn(this.#component, "existing.arn", args.existing.arn, "sns");
      const parts = this.arn.apply((arn) => arn.split(":"));
      this.targetArn = this.arn;
      this.topicName = parts.apply((all) => all.at(-1)!);
      this.#account = parts.apply((all) => all[4]!);
      this.triggerGrants = [grantPublish(this.arn)];
      this.registerOutputs({ arn: this.arn });
      return;
    }
    const child = { parent: this };
    this.#account = aws.getCallerIdentityOutput({}, child).accountId;
    const topic = new aws.sns.Topic(
      name,
      {
        name: args.topicName && `${args.topicName}${args.fifo ? ".fifo" : ""}`,
        fifoTopic: args.fifo || undefined,
        contentBasedDeduplication: args.fifo || undefined,
        kmsMasterKeyId: checkedKey(this.#component, "kmsKeyId", args.kmsKeyId) ?? "alias/aws/sns",
        archivePolicy:
          args.archiveDays === undefined
            ? undefined
            : JSON.stringify({ MessageRetentionPeriod: String(args.archiveDays) }),
        ...(args.deliveryLogs === undefined ? {} : this.#logDeliveries(name, args.deliveryLogs)),
        tags: args.tags,
      },
      child,
    );
    const allowed = (args.publishers ?? []).map((publisher) => allow(publisher, topic.arn, this.#account));
    new aws.sns.TopicPolicy(
      `${name}-policy`,
      {
        arn: topic.arn,
        policy: policyDocument([...allowed, tlsOnly("sns:Publish", topic.arn)]),
      },
      child,
    );
    this.arn = topic.arn;
    this.targetArn = topic.arn;
    this.topicName = topic.name;
    this.triggerGrants = [grantPublish(this.arn)];
    this.registerOutputs({ arn: this.arn });
  }

  /** For `link`: publish. */
  publish(): Link {
    return { values: { topicArn: this.arn }, grants: [grantPublish(this.arn)] };
  }

  /** Whether the topic's policy lets an AWS service publish; an existing one's is whose it is, and taken to. */
  accepts(service: string): boolean {
    if (this.#args.existing) return true;
    return this.#args.publishers?.some((publisher) => publisher.service === service) ?? false;
  }

  /** Delivers to a queue as the plain message (raw); what cannot be delivered goes to the queue's dead letters. */
  subscribe(name: string, queue: Queue, args: SubscriptionArgs = {}): aws.sns.TopicSubscription {
    checkMethodArgs(this.#component, "SubscriptionArgs", args, `subscription "${name}" `);
    checkSubscription(this.#component, name, { topic: this.#args, fifo: queue.fifo, ...args });
    const policy = queue.acceptFrom(name, "sns.amazonaws.com", this.arn, this.#account);
    const deadLetters = queue.acceptDeadLetters(name, "sns.amazonaws.com", this.arn, this.#account);
    return new aws.sns.TopicSubscription(
      `${name}-subscription`,
      {
        topic: this.arn,
        protocol: "sqs",
        endpoint: queue.arn,
        rawMessageDelivery: true,
        filterPolicy: args.filter && JSON.stringify(args.filter),
        filterPolicyScope: args.filter && (args.filterScope ?? "MessageAttributes"),
        redrivePolicy: pulumi.jsonStringify({ deadLetterTargetArn: queue.deadLetterArn }),
        replayPolicy: args.replayFrom && JSON.stringify({ PointType: "Timestamp", StartingPoint: args.replayFrom }),
      },
      { parent: this, dependsOn: [policy, deadLetters] },
    );
  }

  #logDeliveries(name: string, percent: number): aws.sns.TopicArgs {
    const child = { parent: this };
    const region = aws.getRegionOutput({}, child).region;
    const topics = pulumi.interpolate`arn:aws:sns:${region}:${this.#account}:*`;
    const role = new aws.iam.Role(
      `${name}-logging`,
      { assumeRolePolicy: trustOfSource("sns.amazonaws.com", this.#account, topics), tags: this.#args.tags },
      child,
    );
    const policy = policyOf([
      {
        actions: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        resources: [
          pulumi.interpolate`arn:aws:logs:${region}:${this.#account}:log-group:sns/${region}/${this.#account}/*`,
        ],
      },
    ]);
    new aws.iam.RolePolicy(`${name}-logging-policy`, { role: role.name, policy }, child);
    return {
      sqsSuccessFeedbackRoleArn: role.arn,
      sqsFailureFeedbackRoleArn: role.arn,
      sqsSuccessFeedbackSampleRate: percent,
      lambdaSuccessFeedbackRoleArn: role.arn,
      lambdaFailureFeedbackRoleArn: role.arn,
      lambdaSuccessFeedbackSampleRate: percent,
    };
  }
}

const allow = (publisher: ServicePublisher, topic: pulumi.Output<string>, account: pulumi.Output<string>) => ({
  Effect: "Allow",
  Principal: { Service: publisher.service },
  Action: "sns:Publish",
  Resource: topic,
  Condition: {
    ArnLike: { "aws:SourceArn": publisher.sourceArn },
    StringEquals: { "aws:SourceAccount": account },
  },
});
