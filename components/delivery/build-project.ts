import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Bucket } from "../data/bucket.ts";
import { type Grant, grantReadObjects, grantReadSecret, grantWriteObjects } from "../grants.ts";
import { policyOf, trustOfSource } from "../policy-documents.ts";
import type { Tags } from "../tags.ts";

export interface BuildProjectArgs {
  /** What happens, in CodeBuild's own form. */
  buildspec: object;
  /** Plain variables; secrets stand in `secrets`. */
  variables: Record<string, pulumi.Input<string>>;
  /** Variable → ARN of the secret that holds it: CodeBuild reads it, and neither log nor state has it. */
  secrets: Record<string, pulumi.Input<string>>;
  /** Managed policies of what the build does beyond fetching and putting artifacts. */
  policyArns: pulumi.Input<string>[];
  grants: Grant[];
  artifacts: Bucket;
  kmsKeyArn: pulumi.Input<string> | undefined;
  timeoutMinutes: number;
  logRetentionDays: number;
  account: pulumi.Output<string>;
  region: pulumi.Output<string>;
  tags: Tags | undefined;
}

export interface BuildProject {
  project: aws.codebuild.Project;
  role: aws.iam.Role;
}

/** A CodeBuild project of a pipeline: on arm64, one build at a time, with a role and a log group of its own. */
export function buildProject(parent: pulumi.Resource, name: string, args: BuildProjectArgs): BuildProject {
  const child = { parent };
  const { account, region, tags } = args;
  const logs = new aws.cloudwatch.LogGroup(`${name}-logs`, { retentionInDays: args.logRetentionDays, tags }, child);
  const project = pulumi.interpolate`arn:aws:codebuild:${region}:${account}:project/${name}-*`;
  const role = new aws.iam.Role(
    `${name}-role`,
    { assumeRolePolicy: trustOfSource("codebuild.amazonaws.com", account, project), tags },
    child,
  );
  const policy = new aws.iam.RolePolicy(
    `${name}-policy`,
    {
      role: role.name,
      policy: policyOf([
        { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [pulumi.interpolate`${logs.arn}:*`] },
        grantReadObjects(args.artifacts.arn),
        { actions: ["s3:GetObjectVersion"], resources: [pulumi.interpolate`${args.artifacts.arn}/*`] },
        grantWriteObjects(args.artifacts.arn),
        ...Object.values(args.secrets).map(grantReadSecret),
        ...args.grants,
      ]),
    },
    child,
  );
  const attached = args.policyArns.map(
    (policyArn, index) =>
      new aws.iam.RolePolicyAttachment(`${name}-may-${index}`, { role: role.name, policyArn }, child),
  );
  return {
    role,
    project: new aws.codebuild.Project(
      name,
      {
        serviceRole: role.arn,
        encryptionKey: args.kmsKeyArn,
        artifacts: { type: "CODEPIPELINE" },
        source: { type: "CODEPIPELINE", buildspec: JSON.stringify(args.buildspec) },
        environment: {
          type: "ARM_CONTAINER",
          computeType: "BUILD_GENERAL1_SMALL",
          image: "aws/codebuild/amazonlinux-aarch64-standard:3.0",
          environmentVariables: [
            ...Object.entries(args.variables).map(([key, value]) => ({ name: key, value, type: "PLAINTEXT" })),
            ...Object.entries(args.secrets).map(([key, value]) => ({ name: key, value, type: "SECRETS_MANAGER" })),
          ],
        },
        buildTimeout: args.timeoutMinutes,
        // Two at once would wait for one another's lock of the stack.
        concurrentBuildLimit: 1,
        logsConfig: { cloudwatchLogs: { groupName: logs.name } },
        tags,
      },
      { parent, dependsOn: [policy, ...attached] },
    ),
  };
}
