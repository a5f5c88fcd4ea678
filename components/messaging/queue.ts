import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Function } from "../compute/function.ts";
import { checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";

export interface QueueArgs {
  /** Physical name, without `.fifo`. @default Pulumi's autonaming */
  queueName?: string;
  /** @default false */
  fifo?: boolean;
  /** Seconds a received message stays hidden: at least 6 × the consumer's timeout. @default 60 */
  visibilityTimeoutSeconds?: number;
  /** @default 345600 (4 days) */
  retentionSeconds?: number;
  /** Deliveries before a message goes to the dead-letter queue. @default 5 */
  maxReceiveCount?: number;
  tags?: Tags;
}

export interface ConsumerArgs {
  /** Messages a call. @default 10 */
  batchSize?: number;
  /** Seconds to wait for a full batch. @default 0 */
  batchWindowSeconds?: number;
  /** Parallel calls, 2 to 1000: keeps a flood from one queue off the rest. @default unbounded */
  maximumConcurrency?: number;
}

/**
 * An encrypted SQS queue with long polling and a dead-letter queue of its own.
 *
 * ```ts
 * const queue = new Queue("orders", { visibilityTimeoutSeconds: 90 });
 * queue.consume("orders", consumer, { batchSize: 20 });
 * ```
 */
export class Queue extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly deadLetterArn: pulumi.Output<string>;
  readonly deadLetterUrl: pulumi.Output<string>;
  readonly visibilityTimeoutSeconds: number;
  readonly #name: string;

  constructor(name: string, args: QueueArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:messaging:Queue", name, {}, options);
    validate(name, args);
    this.#name = name;
    this.visibilityTimeoutSeconds = args.visibilityTimeoutSeconds ?? 60;
    const child = { parent: this };
    const suffix = args.fifo ? ".fifo" : "";
    const common = { sqsManagedSseEnabled: true, fifoQueue: args.fifo || undefined, tags: args.tags };
    const named = (end: string) => (args.queueName ? `${args.queueName}${end}${suffix}` : undefined);

    const deadLetters = new aws.sqs.Queue(
      `${name}-dlq`,
      // The longest there is: dead letters wait for people.
      { ...common, name: named("-dlq"), messageRetentionSeconds: 1_209_600 },
      child,
    );
    const queue = new aws.sqs.Queue(
      name,
      {
        ...common,
        name: named(""),
        visibilityTimeoutSeconds: this.visibilityTimeoutSeconds,
        messageRetentionSeconds: args.retentionSeconds ?? 345_600,
        receiveWaitTimeSeconds: 20,
        redrivePolicy: pulumi.jsonStringify({
          deadLetterTargetArn: deadLetters.arn,
          maxReceiveCount: args.maxReceiveCount ?? 5,
        }),
      },
      child,
    );
    new aws.sqs.RedriveAllowPolicy(
      `${name}-dlq-sources`,
      {
        queueUrl: deadLetters.url,
        redriveAllowPolicy: pulumi.jsonStringify({ redrivePermission: "byQueue", sourceQueueArns: [queue.arn] }),
      },
      child,
    );

    this.arn = queue.arn;
    this.url = queue.url;
    this.deadLetterArn = deadLetters.arn;
    this.deadLetterUrl = deadLetters.url;
    this.registerOutputs({ arn: this.arn, url: this.url, deadLetterArn: this.deadLetterArn });
  }

  /** Feeds the queue to a function, with partial batch failures. The function needs `grantConsume(queue.arn)`. */
  consume(name: string, consumer: Function, args: ConsumerArgs = {}): aws.lambda.EventSourceMapping {
    const component = `Queue "${this.#name}"`;
    checkRange(component, "batchSize", args.batchSize, 1, 10_000);
    checkRange(component, "maximumConcurrency", args.maximumConcurrency, 2, 1000);
    consumer.checkSource(component);
    if (this.visibilityTimeoutSeconds < 6 * consumer.timeoutSeconds) {
      throw new InvalidArgumentError(
        component,
        "visibilityTimeoutSeconds",
        this.visibilityTimeoutSeconds,
        `its consumer "${name}" may run ${consumer.timeoutSeconds} s, so it has to be at least ${6 * consumer.timeoutSeconds}`,
      );
    }
    return new aws.lambda.EventSourceMapping(
      `${name}-source`,
      {
        eventSourceArn: this.arn,
        functionName: consumer.targetArn,
        batchSize: args.batchSize ?? 10,
        maximumBatchingWindowInSeconds: args.batchWindowSeconds ?? 0,
        functionResponseTypes: ["ReportBatchItemFailures"],
        scalingConfig: args.maximumConcurrency ? { maximumConcurrency: args.maximumConcurrency } : undefined,
      },
      // Lambda checks at creation that the role may read the queue.
      { parent: this, dependsOn: [consumer] },
    );
  }

  /** Lets one AWS service send for one source of this account, and demands TLS of everybody. A queue has one policy. */
  acceptFrom(
    name: string,
    service: string,
    sourceArn: pulumi.Input<string>,
    account: pulumi.Input<string>,
  ): aws.sqs.QueuePolicy {
    const policy = pulumi.jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "Source",
          Effect: "Allow",
          Principal: { Service: service },
          Action: "sqs:SendMessage",
          Resource: this.arn,
          Condition: { ArnEquals: { "aws:SourceArn": sourceArn }, StringEquals: { "aws:SourceAccount": account } },
        },
        {
          Sid: "TlsOnly",
          Effect: "Deny",
          Principal: "*",
          Action: "sqs:*",
          Resource: this.arn,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    });
    return new aws.sqs.QueuePolicy(`${name}-policy`, { queueUrl: this.url, policy }, { parent: this });
  }
}

function validate(name: string, args: QueueArgs): void {
  const component = `Queue "${name}"`;
  // 80 characters, less `-dlq` and `.fifo`.
  checkForm(component, "queueName", args.queueName, /^[\w-]{1,71}$/, "1 to 71 letters, digits, - or _");
  checkRange(component, "visibilityTimeoutSeconds", args.visibilityTimeoutSeconds, 0, 43_200);
  checkRange(component, "retentionSeconds", args.retentionSeconds, 60, 1_209_600);
  checkRange(component, "maxReceiveCount", args.maxReceiveCount, 1, 1000);
}
