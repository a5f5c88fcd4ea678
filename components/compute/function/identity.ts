/** As whom a function acts: its role, what that may do, and the log group that it writes to. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Grant } from "../../grants.ts";
import { policyOf, trustOf } from "../../policy-documents.ts";
import type { FunctionArgs } from "../function.ts";

export interface Identity {
  role: aws.iam.Role;
  logGroup: aws.cloudwatch.LogGroup;
  /** A function that starts before it has them loses its first logs. */
  permissions: pulumi.Resource[];
}

const TRACING_POLICY = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";

export function actAs(parent: pulumi.Resource, name: string, args: FunctionArgs, grants: Grant[]): Identity {
  const child = { parent };
  const { functionName, tags, tracing = true } = args;
  const role = new aws.iam.Role(`${name}-role`, { assumeRolePolicy: trustOf("lambda.amazonaws.com"), tags }, child);
  const logGroup = new aws.cloudwatch.LogGroup(
    `${name}-logs`,
    {
      // Named after the function where that has a name: Lambda then finds it without being told.
      name: functionName && `/aws/lambda/${functionName}`,
      retentionInDays: args.logRetentionDays ?? 30,
      tags,
    },
    child,
  );
  const document = policyOf([writeLogs(logGroup.arn), ...grants]);
  const policy = new aws.iam.RolePolicy(`${name}-policy`, { role: role.name, policy: document }, child);
  if (!tracing) return { role, logGroup, permissions: [policy] };
  // PutTraceSegments has no resource to name: AWS's own policy is the narrowest there is.
  const traces = { role: role.name, policyArn: TRACING_POLICY };
  return {
    role,
    logGroup,
    permissions: [policy, new aws.iam.RolePolicyAttachment(`${name}-tracing`, traces, child)],
  };
}

const writeLogs = (logGroup: pulumi.Input<string>): Grant => ({
  actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
  resources: [pulumi.interpolate`${logGroup}:*`],
});
