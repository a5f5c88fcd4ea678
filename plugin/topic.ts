import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";

export interface TopicArgs {
  /** Physical name, without .fifo. Pulumi's autonaming by default. */
  topicName?: string;
  fifo?: boolean;
  /** KMS key; AWS's own for SNS by default. */
  kmsKeyId?: pulumi.Input<string>;
  /** Days that messages of a FIFO topic stay replayable, 1 to 365. */
  archiveDays?: number;
  tags?: Record<string, string>;
}

/** An SNS topic that takes messages over TLS only. Its consumers come with FanOut. */
export class Topic extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly topicName: pulumi.Output<string>;

  constructor(name: string, args: TopicArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Topic", name, {}, options);
    const topic = new terrace.Topic(name, args, { parent: this });
    this.arn = topic.arn;
    this.topicName = topic.topicName;
    this.registerOutputs({ arn: this.arn, topicName: this.topicName });
  }
}
