import * as pulumi from "@pulumi/pulumi";

/** Lets one AWS service send for one source of this account, and demands TLS of everybody. */
export const acceptPolicy = (
  queueArn: pulumi.Output<string>,
  service: string,
  sourceArn: pulumi.Input<string>,
  account: pulumi.Input<string>,
): pulumi.Output<string> =>
  pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "Source",
        Effect: "Allow",
        Principal: { Service: service },
        Action: "sqs:SendMessage",
        Resource: queueArn,
        Condition: { ArnEquals: { "aws:SourceArn": sourceArn }, StringEquals: { "aws:SourceAccount": account } },
      },
      {
        Sid: "TlsOnly",
        Effect: "Deny",
        Principal: "*",
        Action: "sqs:*",
        Resource: queueArn,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
