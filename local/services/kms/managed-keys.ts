/** AWS's own keys: one for each service, for everybody in the account, through that service alone. */
import { uuid } from "../../../engine/outputs/row.ts";

export function isManagedAlias(name: string): boolean {
  return /^alias\/aws\/[a-z][a-z0-9-]*$/.test(name);
}

/** The same as the one that the program is told of (`aws.kms.getAlias`). */
export function managedKeyId(alias: string): string {
  return uuid({ urn: alias });
}

export function managedPolicy(alias: string, region: string, account: string): string {
  const service = alias.slice("alias/aws/".length);
  return JSON.stringify({
    Version: "2012-10-17",
    Id: `auto-${service}-1`,
    Statement: [
      {
        Sid: `Allow access through ${service} for all principals in the account that are authorized to use it`,
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: [
          "kms:Encrypt",
          "kms:Decrypt",
          "kms:ReEncrypt*",
          "kms:GenerateDataKey*",
          "kms:CreateGrant",
          "kms:DescribeKey",
        ],
        Resource: "*",
        Condition: {
          StringEquals: { "kms:CallerAccount": account, "kms:ViaService": `${service}.${region}.amazonaws.com` },
        },
      },
      {
        Sid: "Allow direct access to key metadata to the account",
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
        Resource: "*",
      },
    ],
  });
}

/** What a key gets that is made without a policy: the account's IAM policies decide. */
export function defaultPolicy(account: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Id: "key-default-1",
    Statement: [
      {
        Sid: "Enable IAM User Permissions",
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: "kms:*",
        Resource: "*",
      },
    ],
  });
}
