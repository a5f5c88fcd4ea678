import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { grantQuery } from "../grants.ts";
import { policyDocument } from "../policy-documents.ts";
import type { Tags } from "../tags.ts";

export interface TenantRoleArgs {
  environment: string;
  account: pulumi.Input<string>;
  region: pulumi.Input<string>;
  clusterArn: pulumi.Input<string>;
  bucketArn: pulumi.Input<string>;
  tags: Tags;
}

/** Functions that act for tenants: only their roles may become the tenant role. */
export const TENANT_FUNCTIONS = ["api", "thumbnailer", "outbox", "audit", "usage", "webhooks"] as const;

/**
 * The role in which functions act for one tenant: they assume it with the session tag TenantId, and every statement is
 * bound to that tag. IAM, not application code, decides whose secret, objects and parameters a call reaches.
 *
 * @returns the role's ARN
 */
export function tenantRole(
  parent: pulumi.ComponentResource,
  name: string,
  args: TenantRoleArgs,
): pulumi.Output<string> {
  const { environment, account, region, clusterArn, bucketArn } = args;
  const role = new aws.iam.Role(
    `${name}-tenant-role`,
    {
      // An hour is also the most that a chained session may last.
      maxSessionDuration: 3600,
      assumeRolePolicy: policyDocument([
        {
          Effect: "Allow",
          Principal: { AWS: pulumi.interpolate`arn:aws:iam::${account}:root` },
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Condition: {
            // By name: the functions' policies name this role, so it can't name theirs in turn.
            ArnLike: {
              "aws:PrincipalArn": TENANT_FUNCTIONS.map(
                (fn) => pulumi.interpolate`arn:aws:iam::${account}:role/${name}-${fn}-role-*`,
              ),
            },
            StringLike: { "aws:RequestTag/TenantId": "?*" },
            "ForAllValues:StringEquals": { "aws:TagKeys": ["TenantId"] },
          },
        },
      ]),
      tags: args.tags,
    },
    { parent },
  );
  const { actions: dataApiActions } = grantQuery(clusterArn);
  new aws.iam.RolePolicy(
    `${name}-tenant-policy`,
    {
      role: role.name,
      policy: policyDocument([
        { Sid: "Database", Effect: "Allow", Action: dataApiActions, Resource: clusterArn },
        {
          Sid: "OwnSecret",
          Effect: "Allow",
          Action: "secretsmanager:GetSecretValue",
          Resource: pulumi.interpolate`arn:aws:secretsmanager:${region}:${account}:secret:terrace/${environment}/*`,
          // Plain StringEquals: ForAllValues would be true for a secret without the tag.
          Condition: { StringEquals: { "secretsmanager:ResourceTag/TenantId": "${aws:PrincipalTag/TenantId}" } },
        },
        {
          Sid: "OwnObjects",
          Effect: "Allow",
          Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
          Resource: pulumi.interpolate`${bucketArn}/tenants/$\{aws:PrincipalTag/TenantId}/*`,
        },
        {
          Sid: "OwnParameters",
          Effect: "Allow",
          Action: ["ssm:GetParameter", "ssm:GetParametersByPath"],
          Resource: pulumi.interpolate`arn:aws:ssm:${region}:${account}:parameter/terrace/${environment}/tenants/$\{aws:PrincipalTag/TenantId}/*`,
        },
      ]),
    },
    { parent },
  );
  return role.arn;
}
