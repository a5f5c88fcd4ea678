import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs, checkMethodArgs } from "../check-args.ts";
import type { Function } from "../compute/function.ts";
import type { Link } from "../compute/link.ts";
import { type Grant, grantConsume, grantSend } from "../grants.ts";
import { checkedKey, InvalidArgumentError } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";
import type { Pattern } from "./event-pattern.ts";
import { checkConsumer, checkQueue, checkVisibility } from "./queue-check.ts";
import { acceptPolicy } from "./queue-policy.ts";

/** A queue of this account that is there already, and where it puts what cannot be processed. */
export interface ExistingQueueArgs {
  /** With `.fifo` where it is one. */
  queueName: pulumi.Input<string>;
  /** Its dead-letter queue. */
  deadLetterName: pulumi.Input<string>;
  /** @default false */
  fifo?: boolean;
  /** What it has; a consumer may run a sixth of it. @default 30, as SQS makes queues */
  visibilityTimeoutSeconds?: number;
}

export interface QueueArgs {
  /** A queue to use as it is: nothing about it is changed, and other arguments do not go with it. @default a new one */
  existing?: ExistingQueueArgs;
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
  /** Seconds until a new message can be received, 0 to 900. @default at once */
  delaySeconds?: number;
  /** Bytes of a message, 1024 to 1048576. @default AWS's own */
  maxMessageBytes?: number;
  /** KMS key, for both queues. Services that send need to be let in by its policy. @default SQS's own key */
  kmsKeyId?: pulumi.Input<string>;
  /** FIFO: the body tells whether two messages are the same, where the sender gives no id. @default false, and of FIFO queues only */
  contentBasedDeduplication?: boolean;
  /** FIFO: order and identity by message group, such as a tenant, each with a throughput of its own. @default by queue */
  perMessageGroup?: boolean;
  tags?: Tags;
}

export interface ConsumerArgs {
  /** Messages a call. @default 10 */
  batchSize?: number;
  /** Seconds to wait for a full batch; at least 1 for more than 10 messages. @default 0 */
  batchWindowSeconds?: number;
  /** Only messages that match one of the patterns reach the function; others are deleted. @default every message */
  filters?: Pattern[];
  /** Parallel calls, 2 to 1000: keeps a flood from one queue off the rest. @default unbounded */
  maximumConcurrency?: number;
}

/**
 * An encrypted SQS queue with long polling and a dead-letter queue of its own.
 *
 * ```ts
 * const queue = new Queue("orders", { visibilityTimeoutSeconds: 90 });
 * const consumer = new Function("orders", { entry: "functions/orders", grants: [grantConsume(queue.arn)] });
 * queue.consume("orders", consumer, { batchSize: 20, batchWindowSeconds: 5 });
 * ```
 */
export class Queue extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly deadLetterArn: pulumi.Output<string>;
  readonly deadLetterUrl: pulumi.Output<string>;
  readonly queueName: pulumi.Output<string>;
  readonly deadLetterName: pulumi.Output<string>;
  /** The queue itself, as schedules name their targets. */
  readonly targetArn: pulumi.Output<string>;
  readonly visibilityTimeoutSeconds: number;
  readonly fifo: boolean;
  /** What a schedule needs to send. */
  readonly triggerGrants: Grant[];
  readonly #name: string;
  readonly #adopted: boolean;
  #source: string | undefined;

  /**
   * A queue that is there already: nothing about it is changed, its policy neither.
   *
   * ```ts
   * const jobs = Queue.get("jobs", { queueName: "jobs", deadLetterName: "jobs-dlq", visibilityTimeoutSeconds: 90 });
   * ```
   */
  static get(name: string, existing: ExistingQueueArgs, options?: pulumi.ComponentResourceOptions): Queue {
    return new Queue(name, { existing }, options);
  }

  constructor(name: string, args: QueueArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:messaging:Queue", name, {}, options);
    checkArgs("Queue", name, args);
    checkQueue(name, args);
    this.#name = name;
    this.#adopted = args.existing !== undefined;
    this.fifo = (args.existing ?? args).fifo ?? false;
    this.visibilityTimeoutSeconds = args.existing
      ? (args.existing.visibilityTimeoutSeconds ?? 30)
      : (args.visibilityTimeoutSeconds ?? 60);
    const { queue, deadLetters } = args.existing ? this.#find(args.existing) : this.#create(name, args);
    this.arn = queue.arn;
    this.targetArn = queue.arn;
    this.url = queue.url;
    this.queueName = queue.name;
    this.deadLetterName = deadLetters.name;
    this.deadLetterArn = deadLetters.arn;
    this.deadLetterUrl = deadLetters.url;
    this.triggerGrants = [grantSend(this.arn)];
    this.registerOutputs({ arn: this.arn, url: this.url, deadLetterArn: this.deadLetterArn });
  }

  #find({ queueName, deadLetterName }: ExistingQueueArgs): Found {
    const find = (name: pulumi.Input<string>) => aws.sqs.getQueueOutput({ name }, { parent: this });
    return { queue: find(queueName), deadLetters: find(deadLetterName) };
  }

  #create(name: string, args: QueueArgs): Found {
    const child = { parent: this };
    const suffix = args.fifo ? ".fifo" : "";
    const key = checkedKey(`Queue "${name}"`, "kmsKeyId", args.kmsKeyId);
    const encryption = key ? { kmsMasterKeyId: key } : { sqsManagedSseEnabled: true };
    const common = { ...encryption, fifoQueue: args.fifo || undefined, tags: args.tags };
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
        delaySeconds: args.delaySeconds,
        maxMessageSize: args.maxMessageBytes,
        contentBasedDeduplication: args.contentBasedDeduplication,
        ...(args.perMessageGroup
          ? { deduplicationScope: "messageGroup", fifoThroughputLimit: "perMessageGroupId" }
          : {}),
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
    return { queue, deadLetters };
  }

  /** For `link`: put messages in. */
  send(): Link {
    return { values: { queueUrl: this.url }, grants: [grantSend(this.arn)] };
  }

  /** For `link`: take messages out by hand; what `consume` feeds needs `grantConsume` alone. */
  receive(): Link {
    return { values: { queueUrl: this.url }, grants: [grantConsume(this.arn)] };
  }

  /** Feeds the queue to a function, with partial batch failures. The function needs `grantConsume(queue.arn)`. */
  consume(name: string, consumer: Function, args: ConsumerArgs = {}): aws.lambda.EventSourceMapping {
    const component = `Queue "${this.#name}"`;
    checkMethodArgs(component, "ConsumerArgs", args);
    checkConsumer(component, this.fifo, args);
    consumer.checkTrigger(component, 900);
    checkVisibility(component, this.visibilityTimeoutSeconds, name, consumer.timeoutSeconds);
    return new aws.lambda.EventSourceMapping(
      `${name}-source`,
      {
        eventSourceArn: this.arn,
        functionName: consumer.targetArn,
        batchSize: args.batchSize ?? 10,
        maximumBatchingWindowInSeconds: args.batchWindowSeconds ?? 0,
        functionResponseTypes: ["ReportBatchItemFailures"],
        filterCriteria: args.filters && {
          filters: args.filters.map((pattern) => ({ pattern: JSON.stringify(pattern) })),
        },
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
    this.#checkPolicy(service);
    if (this.#source !== undefined) {
      throw new InvalidArgumentError(
        `Queue "${this.#name}"`,
        "source",
        name,
        `a queue has one policy, and it lets "${this.#source}" send; give "${name}" a queue of its own`,
      );
    }
    this.#source = name;
    const policy = acceptPolicy(this.arn, service, sourceArn, account);
    return new aws.sqs.QueuePolicy(`${name}-policy`, { queueUrl: this.url, policy }, { parent: this });
  }

  /** Lets the same service put what it could not deliver with the dead letters. */
  acceptDeadLetters(
    name: string,
    service: string,
    sourceArn: pulumi.Input<string>,
    account: pulumi.Input<string>,
  ): aws.sqs.QueuePolicy {
    this.#checkPolicy(service);
    const policy = acceptPolicy(this.deadLetterArn, service, sourceArn, account);
    return new aws.sqs.QueuePolicy(`${name}-dlq-policy`, { queueUrl: this.deadLetterUrl, policy }, { parent: this });
  }

  /** A queue has one policy: setting it would undo somebody else's. */
  #checkPolicy(service: string): void {
    if (!this.#adopted) return;
    const remedy = `an existing queue's policy is whose it is; let ${service} send to a new Queue`;
    throw new InvalidArgumentError(`Queue "${this.#name}"`, "existing", "given", remedy);
  }
}

interface Found {
  queue: Pick<aws.sqs.Queue, "arn" | "url" | "name">;
  deadLetters: Pick<aws.sqs.Queue, "arn" | "url" | "name">;
}
