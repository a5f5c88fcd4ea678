/** Who else may reach a bucket: a policy that demands TLS of everybody and lets AWS services in, each for this account. */
import * as pulumi from "@pulumi/pulumi";
import { type PolicyStatement, policyDocument, tlsOnly } from "../policy-documents.ts";

/** A statement of a bucket's policy. */
export type BucketStatement = PolicyStatement;

/** `s3`: access logs of buckets. `delivery`: logs of CloudFront, VPCs and what else speaks CloudWatch's vended logs. */
export type LogSource = "s3" | "delivery";

export function bucketPolicy(
  arn: pulumi.Output<string>,
  statements: pulumi.Input<BucketStatement>[],
): pulumi.Output<string> {
  return policyDocument([tlsOnly("s3:*", [arn, pulumi.interpolate`${arn}/*`]), ...statements]);
}

/** Lets a service of AWS put this account's logs. */
export function logStatement(
  source: LogSource,
  arn: pulumi.Output<string>,
  account: pulumi.Output<string>,
): BucketStatement {
  if (source === "s3") {
    return {
      Sid: "AccessLogs",
      Effect: "Allow",
      Principal: { Service: "logging.s3.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: pulumi.interpolate`${arn}/*`,
      Condition: { StringEquals: { "aws:SourceAccount": account } },
    };
  }
  return {
    Sid: "DeliveredLogs",
    Effect: "Allow",
    Principal: { Service: "delivery.logs.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: pulumi.interpolate`${arn}/AWSLogs/${account}/*`,
    Condition: {
      StringEquals: { "s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": account },
      ArnLike: { "aws:SourceArn": pulumi.interpolate`arn:aws:logs:*:${account}:delivery-source:*` },
    },
  };
}
