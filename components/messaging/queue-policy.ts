import type * as pulumi from "@pulumi/pulumi";
import { policyDocument, tlsOnly } from "../policy-documents.ts";

/**
 * Lets one AWS service send for sources of this account, and demands TLS of everybody.
 *
 * @param match `ArnLike` where `sourceArn` is a pattern
 */
export const acceptPolicy = (
  queueArn: pulumi.Output<string>,
  service: string,
  sourceArn: pulumi.Input<string> | undefined,
  account: pulumi.Input<string>,
  match: "ArnEquals" | "ArnLike" = "ArnEquals",
): pulumi.Output<string> =>
  policyDocument([
    {
      Sid: "Source",
      Effect: "Allow",
      Principal: { Service: service },
      Action: "sqs:SendMessage",
      Resource: queueArn,
      Condition: { [match]: { "aws:SourceArn": sourceArn }, StringEquals: { "aws:SourceAccount": account } },
    },
    demandTls(queueArn),
  ]);

export const demandTls = (queueArn: pulumi.Output<string>) => tlsOnly("sqs:*", queueArn);
