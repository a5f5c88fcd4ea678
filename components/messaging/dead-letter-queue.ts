import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { checkForm, InvalidArgumentError } from "../invalid-argument.ts";
import { policyDocument } from "../policy-documents.ts";
import type { Tags } from "../tags.ts";
import { acceptPolicy, demandTls } from "./queue-policy.ts";

export interface DeadLetterQueueArgs {
  /** Physical name. @default Pulumi's autonaming */
  queueName?: string;
  /** An AWS service that sends by the queue's policy, not by a role: `events.amazonaws.com`. @default none */
  service?: string;
  /** Pattern of the resources that the service may send for; required with `service`. */
  sourceArn?: pulumi.Input<string>;
  tags?: Tags;
}

/**
 * Where a service puts what it could not deliver: kept for 14 days, the longest there is, for people to look at.
 *
 * ```ts
 * const failures = new DeadLetterQueue("orders-failures");
 * ```
 */
export class DeadLetterQueue extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly queueName: pulumi.Output<string>;
  /** What whoever reads this queue's policy has to wait for. */
  readonly policy: aws.sqs.QueuePolicy;

  constructor(name: string, args: DeadLetterQueueArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:messaging:DeadLetterQueue", name, {}, options);
    checkArgs("DeadLetterQueue", name, args);
    const component = `DeadLetterQueue "${name}"`;
    checkForm(component, "queueName", args.queueName, /^[\w-]{1,80}$/, "1 to 80 letters, digits, - or _");
    if (args.service && args.sourceArn === undefined) {
      throw new InvalidArgumentError(component, "sourceArn", undefined, "say for which ARN the service may send");
    }
    const child = { parent: this };
    const queue = new aws.sqs.Queue(
      name,
      { name: args.queueName, messageRetentionSeconds: 1_209_600, sqsManagedSseEnabled: true, tags: args.tags },
      child,
    );
    const { service, sourceArn } = args;
    const policy = service
      ? acceptPolicy(queue.arn, service, sourceArn, aws.getCallerIdentityOutput({}, child).accountId, "ArnLike")
      : policyDocument([demandTls(queue.arn)]);
    this.policy = new aws.sqs.QueuePolicy(`${name}-policy`, { queueUrl: queue.url, policy }, child);
    this.arn = queue.arn;
    this.url = queue.url;
    this.queueName = queue.name;
    this.registerOutputs({ arn: this.arn, url: this.url, queueName: this.queueName });
  }
}
