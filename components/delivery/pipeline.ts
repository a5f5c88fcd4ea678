import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { Bucket } from "../data/bucket.ts";
import { type Grant, grantEncrypt, grantPublish, policyOf, trustOfSource } from "../grants.ts";
import {
  checked,
  checkedArn,
  checkForm,
  checkRange,
  checkRetention,
  InvalidArgumentError,
} from "../invalid-argument.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";
import { type BuildProject, buildProject } from "./build-project.ts";
import { pipelineStages } from "./pipeline-stages.ts";
import { previewSpec, upSpec } from "./pulumi-builds.ts";
import { type StateArgs, stateGrants } from "./state.ts";

export interface PipelineArgs {
  /** `"owner/name"`. */
  repository: string;
  /** @default "main" */
  branch?: string;
  /** Only commits that touch one of these start it: `["components/**"]`; at most 8. @default every commit */
  filePaths?: string[];
  /** Connection to the repository's host that somebody has accepted. @default a new one, which waits for that in the console */
  connectionArn?: pulumi.Input<string>;
  /** Host of the repository, for a new connection. @default "GitHub" */
  provider?: "GitHub" | "GitLab" | "Bitbucket";
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
  readonly connectionArn: pulumi.Output<string>;
  readonly previewRoleArn: pulumi.Output<string>;
  readonly deployRoleArn: pulumi.Output<string>;
  readonly artifactBucketName: pulumi.Output<string>;

  constructor(name: string, args: PipelineArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:delivery:Pipeline", name, {}, options);
    checkArgs("Pipeline", name, args);
    const component = `Pipeline "${name}"`;
    validate(component, name, args);
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
    this.connectionArn =
      checkedArn(component, "connectionArn", args.connectionArn, "(codeconnections|codestar-connections)") ??
      new aws.codeconnections.Connection(`${name}-connection`, { providerType: args.provider ?? "GitHub", tags }, child)
        .arn;

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
    const role = this.#role(name, { artifacts, builds: [preview, up], topicArn, key, account, region, tags });
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
    this.arn = pipeline.arn;
    this.pipelineName = pipeline.name;
    this.previewRoleArn = preview.role.arn;
    this.deployRoleArn = up.role.arn;
    this.artifactBucketName = artifacts.bucketName;
    this.registerOutputs({
      arn: this.arn,
      pipelineName: this.pipelineName,
      connectionArn: this.connectionArn,
      previewRoleArn: this.previewRoleArn,
      deployRoleArn: this.deployRoleArn,
      artifactBucketName: this.artifactBucketName,
    });
  }

  /** What moves artifacts from one step to the next, and starts the builds; it deploys nothing itself. */
  #role(name: string, { artifacts, builds, topicArn, key, account, region, tags }: RoleParts): aws.iam.Role {
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
      // The service has two names, and which one an ARN bears depends on when it was made.
      {
        actions: ["codeconnections:UseConnection", "codestar-connections:UseConnection"],
        resources: [this.connectionArn],
      },
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

const policies = (component: string, argument: string, arns: pulumi.Input<string>[]) =>
  arns.map((arn, index) =>
    checked(arn, (plain) =>
      checkForm(
        component,
        `${argument}[${index}]`,
        plain,
        /^arn:aws[a-z-]*:iam::(aws|\d{12}):policy\//,
        "a policy's ARN",
      ),
    ),
  );

function validate(component: string, name: string, args: PipelineArgs): void {
  // The longest child's name is that of a role, `<name>-preview-role`, in 64 characters with Pulumi's suffix.
  if (name.length > 40) throw new InvalidArgumentError(component, "name", name, "it may have 40 characters");
  checkForm(component, "repository", args.repository ?? "", /^[\w.-]+(\/[\w.-]+)+$/, "owner/name");
  checkForm(component, "branch", args.branch, /^[\w./-]{1,255}$/, "the name of a branch");
  checkForm(component, "stack", args.stack ?? "", /^[\w./-]{1,300}$/, "the name of a Pulumi stack, such as prod");
  checkForm(component, "provider", args.provider, /^(GitHub|GitLab|Bitbucket)$/, "GitHub, GitLab or Bitbucket");
  checkForm(component, "approval", args.approval, /^(manual|none)$/, "manual or none");
  checkForm(component, "nodeVersion", args.nodeVersion, /^\d{2}$/, "a major version such as 24");
  checkForm(component, "pulumiVersion", args.pulumiVersion, /^3\.\d+\.\d+$/, "a version such as 3.270.0");
  checkRange(component, "timeoutMinutes", args.timeoutMinutes, 5, 480);
  checkRetention(component, "logRetentionDays", args.logRetentionDays);
  if (args.filePaths && (args.filePaths.length < 1 || args.filePaths.length > 8)) {
    throw new InvalidArgumentError(
      component,
      "filePaths",
      args.filePaths,
      "CodePipeline takes 1 to 8; leave it out for all",
    );
  }
  if (!args.deployPolicyArns?.length) {
    throw new InvalidArgumentError(component, "deployPolicyArns", args.deployPolicyArns, "say what up may do");
  }
  if (args.approval === "none" && args.approvalTopicArn !== undefined) {
    throw new InvalidArgumentError(
      component,
      "approval",
      args.approval,
      "nobody has to approve; leave out approvalTopicArn",
    );
  }
  if (args.connectionArn !== undefined && args.provider !== undefined) {
    throw new InvalidArgumentError(
      component,
      "provider",
      args.provider,
      "the connection has one already; leave it out",
    );
  }
}
