import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { checkForm } from "../invalid-argument.ts";
import { Topic } from "../messaging/topic.ts";
import { keyAdministration, policyDocument } from "../policy-documents.ts";
import type { Tags } from "../tags.ts";

export interface AlarmTopicArgs {
  /** People who are told, once they have confirmed a message. @default none: subscribe what pages them */
  emails?: string[];
  tags?: Tags;
}

/**
 * Where alarms and budgets speak up: an encrypted topic that CloudWatch and Budgets of this account may publish to, and
 * nobody else. With a KMS key of its own ($1 a month): SNS's own key lets neither in, and their messages would be lost.
 *
 * ```ts
 * const topic = new AlarmTopic("alarms", { emails: ["operations@example.com"] });
 * ```
 */
export class AlarmTopic extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly keyArn: pulumi.Output<string>;

  constructor(name: string, args: AlarmTopicArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:insight:AlarmTopic", name, {}, options);
    checkArgs("AlarmTopic", name, args);
    const component = `AlarmTopic "${name}"`;
    for (const [index, email] of (args.emails ?? []).entries()) {
      checkForm(component, `emails[${index}]`, email, EMAIL, "an address such as operations@example.com");
    }
    const child = { parent: this };
    const account = aws.getCallerIdentityOutput({}, child).accountId;
    const region = aws.getRegionOutput({}, child).region;

    const key = new aws.kms.Key(
      `${name}-key`,
      { description: "Alarms and budgets", enableKeyRotation: true, policy: keyPolicy(account), tags: args.tags },
      child,
    );
    const topic = new Topic(
      name,
      {
        kmsKeyId: key.arn,
        publishers: [
          {
            service: "cloudwatch.amazonaws.com",
            sourceArn: pulumi.interpolate`arn:aws:cloudwatch:${region}:${account}:alarm:*`,
          },
          { service: "budgets.amazonaws.com", sourceArn: pulumi.interpolate`arn:aws:budgets::${account}:*` },
        ],
        tags: args.tags,
      },
      child,
    );
    for (const [index, endpoint] of (args.emails ?? []).entries()) {
      new aws.sns.TopicSubscription(`${name}-email-${index}`, { topic: topic.arn, protocol: "email", endpoint }, child);
    }
    this.arn = topic.arn;
    this.keyArn = key.arn;
    this.registerOutputs({ arn: this.arn, keyArn: this.keyArn });
  }
}

export const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** In a key's policy `*` is the key itself; there is no other way to write it. */
const keyPolicy = (account: pulumi.Output<string>): pulumi.Output<string> =>
  policyDocument([
    keyAdministration(account),
    {
      Sid: "Publishers",
      Effect: "Allow",
      Principal: { Service: ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] },
      Action: ["kms:GenerateDataKey*", "kms:Decrypt"],
      Resource: "*",
      Condition: {
        StringEquals: { "aws:SourceAccount": account },
        ArnLike: {
          "aws:SourceArn": [
            pulumi.interpolate`arn:*:cloudwatch:*:${account}:alarm:*`,
            pulumi.interpolate`arn:*:budgets::${account}:*`,
          ],
        },
      },
    },
  ]);
