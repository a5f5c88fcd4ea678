import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import type { Function } from "../compute/function.ts";
import { checkForm, InvalidArgumentError } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";
import { type ConsumerArgs, Queue, type QueueArgs } from "./queue.ts";
import { type SubscriptionArgs, Topic, type TopicArgs } from "./topic.ts";

export interface FanOutConsumer extends SubscriptionArgs, ConsumerArgs {
  /** Built with the consumer's queue in hand, so that its grants can name it. */
  function: (queue: Queue) => Function;
  queue?: QueueArgs;
}

export interface FanOutArgs {
  topicName?: string;
  /** Of the topic: FIFO (the queues then are too), a key, an archive, delivery logs. @default a standard topic */
  topic?: Omit<TopicArgs, "topicName" | "tags">;
  /** By name: each gets a queue, a dead-letter queue and a subscription of its own. */
  consumers: Record<string, FanOutConsumer>;
  tags?: Tags;
}

/**
 * One topic, a queue per consumer: a consumer that fails or is slow holds up nobody else.
 *
 * ```ts
 * new FanOut("events", {
 *   consumers: {
 *     audit: { function: (queue) => new Function("audit", { entry: "functions/audit", grants: [grantConsume(queue.arn)] }) },
 *   },
 * });
 * ```
 */
export class FanOut extends pulumi.ComponentResource {
  readonly topic: Topic;
  readonly queues: Record<string, Queue> = {};
  readonly functions: Record<string, Function> = {};

  constructor(name: string, args: FanOutArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:messaging:FanOut", name, {}, options);
    checkArgs("FanOut", name, args);
    if (Object.keys(args.consumers).length === 0) {
      throw new InvalidArgumentError(`FanOut "${name}"`, "consumers", {}, "name at least one consumer");
    }
    const child = { parent: this };
    this.topic = new Topic(`${name}-topic`, { ...args.topic, topicName: args.topicName, tags: args.tags }, child);
    const common = { tags: args.tags, ...(args.topic?.fifo ? { fifo: true } : {}) };
    for (const consumer of Object.keys(args.consumers)) {
      checkForm(`FanOut "${name}"`, "consumers", consumer, /^[\w-]{1,40}$/, "names of letters, digits, - and _");
    }
    for (const [consumer, { function: make, queue: queueArgs, ...rest }] of Object.entries(args.consumers)) {
      if (typeof make !== "function") {
        const argument = `consumers.${consumer}.function`;
        throw new InvalidArgumentError(`FanOut "${name}"`, argument, make, "pass (queue) => new Function(…)");
      }
      const queue = new Queue(`${name}-${consumer}`, { ...common, ...queueArgs }, child);
      const handler = make(queue);
      queue.consume(`${name}-${consumer}`, handler, rest);
      this.topic.subscribe(`${name}-${consumer}`, queue, rest);
      this.queues[consumer] = queue;
      this.functions[consumer] = handler;
    }
    this.registerOutputs({ topicArn: this.topic.arn });
  }
}
