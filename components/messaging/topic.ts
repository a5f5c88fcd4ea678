import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkForm } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";
import type { Queue } from "./queue.ts";

export interface TopicArgs {
  /** Physical name, without `.fifo`. @default Pulumi's autonaming */
  topicName?: string;
  /** @default false */
  fifo?: boolean;
  /** KMS key. @default AWS's own key for SNS */
  kmsKeyId?: pulumi.Input<string>;
  tags?: Tags;
}

export interface SubscriptionArgs {
  /** Only messages whose attributes match. @default every message */
  filter?: Record<string, unknown[]>;
  /** What the filter looks at. @default "MessageAttributes" */
  filterScope?: "MessageAttributes" | "MessageBody";
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
  readonly #account: pulumi.Output<string>;

  constructor(name: string, args: TopicArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:messaging:Topic", name, {}, options);
    checkForm(`Topic "${name}"`, "topicName", args.topicName, /^[\w-]{1,250}$/, "1 to 250 letters, digits, - or _");
    const child = { parent: this };
    const topic = new aws.sns.Topic(
      name,
      {
        name: args.topicName && `${args.topicName}${args.fifo ? ".fifo" : ""}`,
        fifoTopic: args.fifo || undefined,
        contentBasedDeduplication: args.fifo || undefined,
        kmsMasterKeyId: args.kmsKeyId ?? "alias/aws/sns",
        tags: args.tags,
      },
      child,
    );
    this.#account = aws.getCallerIdentityOutput({}, child).accountId;
    new aws.sns.TopicPolicy(
      `${name}-policy`,
      {
        arn: topic.arn,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            {
              Sid: "TlsOnly",
              Effect: "Deny",
              Principal: "*",
              Action: "sns:Publish",
              Resource: topic.arn,
              Condition: { Bool: { "aws:SecureTransport": "false" } },
            },
          ],
        }),
      },
      child,
    );
    this.arn = topic.arn;
    this.registerOutputs({ arn: this.arn });
  }

  /** Delivers to a queue as the plain message (raw); what cannot be delivered goes to the queue's dead letters. */
  subscribe(name: string, queue: Queue, args: SubscriptionArgs = {}): aws.sns.TopicSubscription {
    const policy = queue.acceptFrom(name, "sns.amazonaws.com", this.arn, this.#account);
    return new aws.sns.TopicSubscription(
      `${name}-subscription`,
      {
        topic: this.arn,
        protocol: "sqs",
        endpoint: queue.arn,
        rawMessageDelivery: true,
        filterPolicy: args.filter && JSON.stringify(args.filter),
        filterPolicyScope: args.filter && (args.filterScope ?? "MessageAttributes"),
      },
      { parent: this, dependsOn: [policy] },
    );
  }
}
