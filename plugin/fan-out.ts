import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";
import { functionOf } from "./function.ts";
import type { FunctionArgs } from "./function-args.ts";
import type { Pattern } from "./pattern.ts";
import type { QueueSettingsArgs } from "./queue.ts";
import type { TopicSettingsArgs } from "./topic.ts";

/** A function with a queue, a dead-letter queue and a subscription of its own. */
export interface FanOutConsumerArgs {
  function: FunctionArgs;
  /** Of its queue: a visibility timeout of at least 6 times the function's, a key. */
  queue?: QueueSettingsArgs;
  /** Only messages that match. */
  filter?: Pattern;
  /** What the filter looks at: "MessageAttributes" (by default) or "MessageBody". */
  filterScope?: string;
  /** Receives again what the topic has archived, from this time on (ISO 8601). */
  replayFrom?: string;
  /** Messages a call; 10 by default. */
  batchSize?: number;
  /** Seconds to wait for a full batch; 0 by default. */
  batchWindowSeconds?: number;
  /** Only messages that match one of the patterns reach the function; others are deleted from the queue. */
  filters?: Pattern[];
  /** Parallel calls, 2 to 1000. */
  maximumConcurrency?: number;
}

export interface FanOutArgs {
  topicName?: string;
  /** Of the topic: FIFO (the queues then are too), a key, an archive, delivery logs. */
  topic?: TopicSettingsArgs;
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
    const consumers = Object.entries(args.consumers).map(([id, { function: consumes, ...rest }]) => {
      const make = (queue: terrace.Queue) =>
        functionOf(`${name}-${id}-consumer`, consumes, this, [terrace.grantConsume(queue.arn)]);
      return [id, { ...rest, function: make }];
    });
    const fanOut = new terrace.FanOut(
      name,
      { ...args, consumers: Object.fromEntries(consumers) } as terrace.FanOutArgs,
      { parent: this },
    );
    this.topicArn = fanOut.topic.arn;
    const queues = Object.entries(fanOut.queues).map(([id, queue]) => [id, queue.arn]);
    this.queueArns = pulumi.output(Object.fromEntries(queues) as Record<string, pulumi.Output<string>>);
    this.registerOutputs({ topicArn: this.topicArn, queueArns: this.queueArns });
  }
}
