import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";

export interface DeadLetterQueueArgs {
  /** Physical name. Pulumi's autonaming by default. */
  queueName?: string;
  /** An AWS service that sends by the queue's policy, not by a role: events.amazonaws.com. */
  service?: string;
  /** Pattern of the resources that the service may send for; required with service. */
  sourceArn?: pulumi.Input<string>;
  tags?: Record<string, string>;
}

/** Where a service puts what it could not deliver: kept for 14 days, for people to look at. */
export class DeadLetterQueue extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly queueName: pulumi.Output<string>;

  constructor(name: string, args: DeadLetterQueueArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:DeadLetterQueue", name, {}, options);
    const queue = new terrace.DeadLetterQueue(name, args, { parent: this });
    this.arn = queue.arn;
    this.url = queue.url;
    this.queueName = queue.queueName;
    this.registerOutputs({ arn: this.arn, url: this.url, queueName: this.queueName });
  }
}
