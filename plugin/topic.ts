import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";

/** A topic that is there already, of this account or another one. */
export interface ExistingTopicArgs {
  arn: pulumi.Input<string>;
  fifo?: boolean;
}

/** An AWS service that publishes for resources of this account. */
export interface ServicePublisherArgs {
  /** events.amazonaws.com */
  service: string;
  /** Pattern of the resources that it publishes for. */
  sourceArn: pulumi.Input<string>;
}

export interface TopicSettingsArgs {
  /** A topic to use as it is: nothing about it is changed. A new one by default. */
  existing?: ExistingTopicArgs;
  fifo?: boolean;
  /** KMS key; AWS's own for SNS by default. */
  kmsKeyId?: pulumi.Input<string>;
  /** AWS services that may publish. They need a kmsKeyId whose policy lets them in. */
  publishers?: ServicePublisherArgs[];
  /** Days that messages of a FIFO topic stay replayable, 1 to 365. */
  archiveDays?: number;
  /** Percent of the successful deliveries that are logged, 0 to 100; failures are then always. */
  deliveryLogs?: number;
}

export interface TopicArgs extends TopicSettingsArgs {
  /** Physical name, without .fifo. Pulumi's autonaming by default. */
  topicName?: string;
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
