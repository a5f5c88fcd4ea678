import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { Bucket } from "../data/bucket.ts";
import { type Grant, grantEncrypt, grantPublish } from "../grants.ts";
import { checkedArn } from "../invalid-argument.ts";
import { policyOf, trustOfSource } from "../policy-documents.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";
import { type BuildProject, buildProject } from "./build-project.ts";
import { checkPipeline, policies } from "./pipeline-check.ts";
import { pipelineStages } from "./pipeline-stages.ts";
import { previewSpec, upSpec } from "./pulumi-builds.ts";
import { sourceGrant, startOnPush } from "./source.ts";
import { type StateArgs, stateGrants } from "./state.ts";

export interface PipelineArgs {
  /** `"owner/name"`; of CodeCommit the name alone. */
  repository: string;
  /** @default "main" */
  branch?: string;
  /** Only commits that touch one of these start it: `["components/**"]`; at most 8. @default every commit */
  filePaths?: string[];
  /** Connection to the repository's host that somebody has accepted. @default a new one, which waits for that in the console */
  connectionArn?: pulumi.Input<string>;
  /** Host of the repository: for a new connection, or AWS's own, which needs none. @default "GitHub" */
  provider?: "GitHub" | "GitLab" | "Bitbucket" | "CodeCommit";
  /** Pulumi stack that is deployed: `"prod"`. */
  stack: string;
  /** Where Pulumi keeps the stack's state, and what opens it. */
  state: StateArgs;
  /** Managed policies of what `up` may do. There is no default: it has to be said. */
  deployPolicyArns: pulumi.Input<string>[];
  /** Managed policies of what `preview` may do. @default AWS's ViewOnlyAccess: names and settings, no data */
  previewPolicyArns?: pulumi.Input<string>[];
  /** `none` deploys what the preview found without asking. @default "manual" */
  approval?: "manual" | "none";
  /** SNS topic that is told when somebody has to approve. @default nobody is told */
  approvalTopicArn?: pulumi.Input<string>;
  /** Brings the program's packages. @default ["npm ci"] */
  installCommands?: string[];
  /** Major version. @default "24" */
  nodeVersion?: string;
  /** Of Pulumi's command line. @default "3.270.0" */
  pulumiVersion?: string;
  /** 5 to 480. @default 60 */
  timeoutMinutes?: number;
  /** KMS key for artifacts. @default S3's own key */
  kmsKeyArn?: pulumi.Input<string>;
  /** @default 90 */
  logRetentionDays?: number;
  /** @default "protected" */
  protection?: Protection;
  tags?: Tags;
}

/**
 * Deploys a Pulumi stack from a repository: source, preview, approval, up. The preview's plan is what is approved, and `up`
 * carries out that plan or nothing. Each step has a role of its own. It costs nothing when idle.
 *
 * ```ts
 * new Pipeline("deploy-prod", {
 *   repository: "acme/platform",
 *   stack: "prod",
 *   state: { accessTokenSecretArn: token.arn },
 *   deployPolicyArns: ["arn:aws:iam::aws:policy/PowerUserAccess"],
 * });
 * ```
 */
export class Pipeline extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly pipelineName: pulumi.Output<string>;
  /** Undefined where the repository is CodeCommit's. */
  readonly connectionArn: pulumi.Output<string> | undefined;
  readonly previewRoleArn: pulumi.Output<string>;
  readonly deployRoleArn: pulumi.Output<string>;
  readonly artifactBucketName: pulumi.Output<string>;

  constructor(name: string, args: PipelineArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:delivery:Pipeline", name, {}, options);
    checkArgs("Pipeline", name, args);
    const component = `Pipeline "${name}"`;
    checkPipeline(component, name, args);
    const child = { parent: this };
    const { protection, tags } = args;
    const account = aws.getCallerIdentityOutput({}, child).accountId;
    const region = aws.getRegionOutput({}, child).region;
    const kmsKeyArn = checkedArn(component, "kmsKeyArn", args.kmsKeyArn, "kms");
    const topicArn = checkedArn(component, "approvalTopicArn", args.approvalTopicArn, "sns");

    const artifacts = new Bucket(
      `${name}-artifacts`,
      // What a run leaves behind is of no use after it.
      { protection, kmsKeyArn, tags, cleanUpAfterDays: 7, lifecycle: { runs: { expireAfterDays: 30 } } },
      child,
    );
    const key: Grant[] = kmsKeyArn ? [grantEncrypt(kmsKeyArn, "s3", region)] : [];
    const inCodeCommit = args.provider === "CodeCommit";
    this.connectionArn = inCodeCommit
      ? undefined
      : (checkedArn(component, "connectionArn", args.connectionArn, "(codeconnections|codestar-connections)") ??
        new aws.codeconnections.Connection(
          `${name}-connection`,
          { providerType: args.provider ?? "GitHub", tags },
          child,
        ).arn);

    const builds = {
      ...{ artifacts, kmsKeyArn, account, region, tags },
      timeoutMinutes: args.timeoutMinutes ?? 60,
      logRetentionDays: args.logRetentionDays ?? 90,
    };
    const versions = {
      installCommands: args.installCommands ?? ["npm ci"],
      nodeVersion: args.nodeVersion ?? "24",
      pulumiVersion: args.pulumiVersion ?? "3.270.0",
    };
    const { variables, secrets, previewGrants, upGrants } = stateGrants(component, args.state, args.stack);
    const preview = buildProject(this, `${name}-preview`, {
      ...{ ...builds, variables, secrets, buildspec: previewSpec(versions) },
      policyArns: policies(component, "previewPolicyArns", args.previewPolicyArns ?? [VIEW_ONLY]),
      grants: [...key, ...previewGrants],
    });
    const up = buildProject(this, `${name}-up`, {
      ...{ ...builds, variables, secrets, buildspec: upSpec(versions) },
      policyArns: policies(component, "deployPolicyArns", args.deployPolicyArns),
      grants: [...key, ...upGrants],
    });
    const role = this.#role(name, args.repository, {
      artifacts,
      builds: [preview, up],
      topicArn,
      key,
      account,
      region,
      tags,
    });
    const pipeline = new aws.codepipeline.Pipeline(
      name,
      {
        pipelineType: "V2",
        // A later commit waits, and takes the place of one that waits already.
        executionMode: "SUPERSEDED",
        roleArn: role.arn,
        artifactStores: [
          {
            type: "S3",
            location: artifacts.bucketName,
            encryptionKey: kmsKeyArn ? { type: "KMS", id: kmsKeyArn } : undefined,
          },
        ],
        ...pipelineStages(args, { connectionArn: this.connectionArn, topicArn, preview, up }),
        tags,
      },
      child,
    );
    if (inCodeCommit) startOnPush(this, name, pipeline, args, { account, region });
    this.arn = pipeline.arn;
    this.pipelineName = pipeline.name;
    this.previewRoleArn = preview.role.arn;
    this.deployRoleArn = up.role.arn;
    this.artifactBucketName = artifacts.bucketName;
    this.registerOutputs({
      arn: this.arn,
      pipelineName: this.pipelineName,
      ...(this.connectionArn ? { connectionArn: this.connectionArn } : {}),
      previewRoleArn: this.previewRoleArn,
      deployRoleArn: this.deployRoleArn,
      artifactBucketName: this.artifactBucketName,
    });
  }

  /** What moves artifacts from one step to the next, and starts the builds; it deploys nothing itself. */
  #role(
    name: string,
    repository: string,
    { artifacts, builds, topicArn, key, account, region, tags }: RoleParts,
  ): aws.iam.Role {
    const child = { parent: this };
    const pipelines = pulumi.interpolate`arn:aws:codepipeline:${region}:${account}:${name}-*`;
    const role = new aws.iam.Role(
      `${name}-role`,
      { assumeRolePolicy: trustOfSource("codepipeline.amazonaws.com", account, pipelines), tags },
      child,
    );
    const policy = policyOf([
      {
        actions: ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
        resources: [pulumi.interpolate`${artifacts.arn}/*`],
      },
      { actions: ["s3:GetBucketVersioning", "s3:GetBucketLocation"], resources: [artifacts.arn] },
      {
        actions: ["codebuild:StartBuild", "codebuild:BatchGetBuilds", "codebuild:StopBuild"],
        resources: builds.map(({ project }) => project.arn),
      },
      sourceGrant(this.connectionArn, repository, { account, region }),
      ...(topicArn ? [grantPublish(topicArn)] : []),
      ...key,
    ]);
    new aws.iam.RolePolicy(`${name}-policy`, { role: role.name, policy }, child);
    return role;
  }
}

interface RoleParts {
  artifacts: Bucket;
  builds: BuildProject[];
  topicArn: pulumi.Output<string> | undefined;
  key: Grant[];
  account: pulumi.Output<string>;
  region: pulumi.Output<string>;
  tags: Tags | undefined;
}

/** Not ReadOnlyAccess: that reads the tenants' objects, rows and messages too. */
const VIEW_ONLY = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess";
