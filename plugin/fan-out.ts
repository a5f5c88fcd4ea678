import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";
import { type FunctionArgs, functionOf } from "./function.ts";

/** A function with a queue, a dead-letter queue and a subscription of its own. */
export interface FanOutConsumerArgs {
  function: FunctionArgs;
  /** Values of message attributes, by name: only messages that have one of each. */
  filter?: Record<string, string[]>;
  /** Messages a call; 10 by default. */
  batchSize?: number;
  /** Parallel calls, 2 to 1000. */
  maximumConcurrency?: number;
  /** At least 6 times the function's timeout; 60 by default. */
  visibilityTimeoutSeconds?: number;
}

export interface FanOutArgs {
  topicName?: string;
  fifo?: boolean;
  /** By name. */
  consumers: Record<string, FanOutConsumerArgs>;
  tags?: Record<string, string>;
}

/** One topic, a queue per consumer: a consumer that fails or is slow holds up nobody else. */
export class FanOut extends pulumi.ComponentResource {
  readonly topicArn: pulumi.Output<string>;
  readonly queueArns: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: FanOutArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:FanOut", name, {}, options);
    const consumers = Object.entries(args.consumers).map(
      ([id, { function: consumes, visibilityTimeoutSeconds, ...rest }]) => [
        id,
        {
          ...rest,
          queue: { visibilityTimeoutSeconds },
          function: (queue: terrace.Queue) =>
            functionOf(`${name}-${id}-consumer`, consumes, this, [terrace.grantConsume(queue.arn)]),
        },
      ],
    );
    const { topicName, fifo, tags } = args;
    const fanOut = new terrace.FanOut(
      name,
      { topicName, topic: { fifo }, tags, consumers: Object.fromEntries(consumers) },
      { parent: this },
    );
    this.topicArn = fanOut.topic.arn;
    const queues = Object.entries(fanOut.queues).map(([id, queue]) => [id, queue.arn]);
    this.queueArns = pulumi.output(Object.fromEntries(queues) as Record<string, pulumi.Output<string>>);
    this.registerOutputs({ topicArn: this.topicArn, queueArns: this.queueArns });
  }
}
