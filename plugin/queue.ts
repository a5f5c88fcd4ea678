import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";
import { type FunctionArgs, functionOf } from "./function.ts";

/** A function that the queue feeds; what reading takes is granted. */
export interface QueueConsumerArgs {
  function: FunctionArgs;
  /** Messages a call; 10 by default. */
  batchSize?: number;
  /** Seconds to wait for a full batch; 0 by default. */
  batchWindowSeconds?: number;
  /** Parallel calls, 2 to 1000. */
  maximumConcurrency?: number;
}

export interface QueueArgs {
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
  /** KMS key, for both queues; SQS's own by default. */
  kmsKeyId?: pulumi.Input<string>;
  consumer?: QueueConsumerArgs;
  tags?: Record<string, string>;
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
