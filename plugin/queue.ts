import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";
import { functionOf } from "./function.ts";
import type { FunctionArgs } from "./function-args.ts";
import type { Pattern } from "./pattern.ts";

/** A function that the queue feeds; what reading takes is granted. */
export interface QueueConsumerArgs {
  function: FunctionArgs;
  /** Messages a call; 10 by default. */
  batchSize?: number;
  /** Seconds to wait for a full batch; 0 by default. */
  batchWindowSeconds?: number;
  /** Only messages that match one of the patterns reach the function; others are deleted. */
  filters?: Pattern[];
  /** Parallel calls, 2 to 1000. */
  maximumConcurrency?: number;
}

/** A queue of this account that is there already, and where it puts what cannot be processed. */
export interface ExistingQueueArgs {
  /** With .fifo where it is one. */
  queueName: pulumi.Input<string>;
  deadLetterName: pulumi.Input<string>;
  fifo?: boolean;
  /** What it has; 30 by default, as SQS makes queues. */
  visibilityTimeoutSeconds?: number;
}

export interface QueueSettingsArgs {
  /** A queue to use as it is: nothing about it is changed. A new one by default. */
  existing?: ExistingQueueArgs;
  /** Physical name, without .fifo. Pulumi's autonaming by default. */
  queueName?: string;
  fifo?: boolean;
  /** Seconds a received message stays hidden, at least 6 times the consumer's timeout; 60 by default. */
  visibilityTimeoutSeconds?: number;
  /** 345600 (4 days) by default. */
  retentionSeconds?: number;
  /** Deliveries before a message goes to the dead-letter queue; 5 by default. */
  maxReceiveCount?: number;
  /** Seconds until a new message can be received, 0 to 900. */
  delaySeconds?: number;
  /** Bytes of a message, 1024 to 1048576. */
  maxMessageBytes?: number;
  /** KMS key, for both queues; SQS's own by default. */
  kmsKeyId?: pulumi.Input<string>;
  /** FIFO: the body tells whether two messages are the same, where the sender gives no id. */
  contentBasedDeduplication?: boolean;
  /** FIFO: order and identity by message group, each with a throughput of its own. */
  perMessageGroup?: boolean;
  tags?: Record<string, string>;
}

export interface QueueArgs extends QueueSettingsArgs {
  consumer?: QueueConsumerArgs;
}

/** An encrypted SQS queue with long polling and a dead-letter queue of its own. */
export class Queue extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly deadLetterArn: pulumi.Output<string>;

  constructor(name: string, args: QueueArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Queue", name, {}, options);
    const { consumer, ...rest } = args;
    const queue = new terrace.Queue(name, rest, { parent: this });
    if (consumer) {
      const { function: consumes, ...settings } = consumer;
      queue.consume(name, functionOf(`${name}-consumer`, consumes, this, [terrace.grantConsume(queue.arn)]), settings);
    }
    this.arn = queue.arn;
    this.url = queue.url;
    this.deadLetterArn = queue.deadLetterArn;
    this.registerOutputs({ arn: this.arn, url: this.url, deadLetterArn: this.deadLetterArn });
  }
}
