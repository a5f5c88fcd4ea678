import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

const token = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:pulumi-abc123";
const deployPolicyArns = ["arn:aws:iam::aws:policy/PowerUserAccess"];
const key = "arn:aws:kms:eu-west-1:000000000000:key/1";

const pipeline =
  (args: Partial<terrace.PipelineArgs> = {}, name = "deploy") =>
  () =>
    new terrace.Pipeline(name, {
      repository: "acme/platform",
      stack: "prod",
      state: { accessTokenSecretArn: token },
      deployPolicyArns,
      ...args,
    });

interface Action {
  name: string;
  provider: string;
  configuration: Record<string, string>;
  inputArtifacts?: string[];
  outputArtifacts?: string[];
}
const stages = (stack: Deployment) =>
  stack.resource("aws:codepipeline/pipeline:Pipeline").inputs.stages as unknown as {
    name: string;
    actions: Action[];
  }[];
const project = (stack: Deployment, name: string) => stack.resource("aws:codebuild/project:Project", name);
const spec = (stack: Deployment, name: string) =>
  JSON.parse((project(stack, name).inputs.source as { buildspec: string }).buildspec);
const granted = (stack: Deployment, name: string): { Action: string[]; Resource: string[] }[] =>
  JSON.parse(String(stack.resource("aws:iam/rolePolicy:RolePolicy", name).inputs.policy)).Statement;

describe("Pipeline", () => {
  it("goes from the source over a preview and an approval to up", async () => {
    const stack = await deploy(pipeline());
    expect(stack.resource("aws:codepipeline/pipeline:Pipeline").inputs).toMatchObject({
      pipelineType: "V2",
      executionMode: "SUPERSEDED",
    });
    expect(stages(stack).map(({ name, actions }) => [name, actions.map(({ provider }) => provider)])).toEqual([
      ["Source", ["CodeStarSourceConnection"]],
      ["Preview", ["CodeBuild"]],
      ["Approval", ["Manual"]],
      ["Up", ["CodeBuild"]],
    ]);
    expect(stages(stack)[0]!.actions[0]!.configuration).toMatchObject({
      ConnectionArn: stack.resource("Connection").outputs.arn,
      FullRepositoryId: "acme/platform",
      BranchName: "main",
    });
  });

  it("deploys the plan that was approved, or nothing", async () => {
    const stack = await deploy(pipeline());
    const [, preview, , up] = stages(stack).map(({ actions }) => actions[0]!);
    expect(preview!.outputArtifacts).toEqual(["Plan"]);
    expect(up!.inputArtifacts).toEqual(["Source", "Plan"]);
    expect(spec(stack, "deploy-preview").phases.build.commands[0]).toMatch(/^pulumi preview .*--save-plan plan\.json$/);
    expect(spec(stack, "deploy-preview").artifacts).toEqual({ files: ["plan.json"] });
    expect(spec(stack, "deploy-up").phases.build.commands[0]).toMatch(
      /^pulumi up .*--plan "\$CODEBUILD_SRC_DIR_Plan\/plan\.json"$/,
    );
  });

  it("lets the preview look at names and settings, and up do what it was given", async () => {
    const stack = await deploy(pipeline());
    const attached = stack.all("RolePolicyAttachment").map(({ name, inputs }) => [name, inputs.policyArn]);
    expect(attached).toEqual([
      ["deploy-preview-may-0", "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"],
      ["deploy-up-may-0", "arn:aws:iam::aws:policy/PowerUserAccess"],
    ]);
    expect(project(stack, "deploy-preview").inputs.serviceRole).not.toBe(
      project(stack, "deploy-up").inputs.serviceRole,
    );
  });

  it("hands secrets to builds by reference only", async () => {
    const { environment } = project(await deploy(pipeline()), "deploy-up").inputs as {
      environment: { environmentVariables: { name: string; type: string; value: string }[] };
    };
    expect(environment.environmentVariables).toEqual(
      expect.arrayContaining([
        { name: "STACK", type: "PLAINTEXT", value: "prod" },
        { name: "PULUMI_BACKEND_URL", type: "PLAINTEXT", value: "https://api.pulumi.com" },
        { name: "PULUMI_ACCESS_TOKEN", type: "SECRETS_MANAGER", value: token },
      ]),
    );
  });

  it("grants each step its own: no star, and nobody borrows its role", async () => {
    const approvalTopicArn = "arn:aws:sns:eu-west-1:000000000000:approvals";
    const stack = await deploy(pipeline({ kmsKeyArn: key, approvalTopicArn }));
    const artifacts = stack.resource("aws:s3/bucket:Bucket").outputs.arn;
    expect(granted(stack, "deploy-policy").map(({ Resource }) => Resource)).toEqual([
      [`${artifacts}/*`],
      [artifacts],
      [project(stack, "deploy-preview").outputs.arn, project(stack, "deploy-up").outputs.arn],
      [stack.resource("Connection").outputs.arn],
      [approvalTopicArn],
      [key],
    ]);
    expect(granted(stack, "deploy-up-policy").map(({ Resource }) => Resource)).toEqual([
      [`${stack.resource("LogGroup", "deploy-up-logs").outputs.arn}:*`],
      [`${artifacts}/*`],
      [`${artifacts}/*`],
      [`${artifacts}/*`],
      [token],
      [key],
    ]);
    for (const [name, source] of [
      ["deploy-role", "codepipeline:eu-west-1:000000000000:deploy-*"],
      ["deploy-preview-role", "codebuild:eu-west-1:000000000000:project/deploy-preview-*"],
      ["deploy-up-role", "codebuild:eu-west-1:000000000000:project/deploy-up-*"],
    ]) {
      const role = stack.resource("aws:iam/role:Role", name).inputs.assumeRolePolicy;
      expect(JSON.parse(String(role)).Statement[0].Condition).toEqual({
        StringEquals: { "aws:SourceAccount": "000000000000" },
        ArnLike: { "aws:SourceArn": `arn:aws:${source}` },
      });
    }
  });

  it("keeps artifacts encrypted and for a month, and logs for as long as it says", async () => {
    const stack = await deploy(pipeline({ kmsKeyArn: key, logRetentionDays: 365 }));
    expect(stack.resource("aws:codepipeline/pipeline:Pipeline").inputs.artifactStores).toEqual([
      {
        type: "S3",
        location: stack.resource("aws:s3/bucket:Bucket").outputs.bucket,
        encryptionKey: { type: "KMS", id: key },
      },
    ]);
    expect(stack.resource("BucketLifecycleConfiguration").inputs.rules).toMatchObject([
      {},
      { expiration: { days: 30 } },
    ]);
    expect(stack.all("LogGroup").map(({ inputs }) => inputs.retentionInDays)).toEqual([365, 365]);
    for (const name of ["deploy-preview", "deploy-up"]) {
      expect(project(stack, name).inputs).toMatchObject({
        encryptionKey: key,
        concurrentBuildLimit: 1,
        environment: { type: "ARM_CONTAINER" },
      });
    }
  });

  it("reads a state in a bucket for a preview, which changes its locks alone", async () => {
    const state = { bucketName: "acme-state", secretsKeyArn: key };
    const stack = await deploy(pipeline({ state }));
    const of = (name: string, action: string) =>
      granted(stack, name)
        .filter(({ Action, Resource }) => Action.includes(action) && String(Resource).includes("acme-state"))
        .flatMap(({ Resource }) => Resource);
    const bucket = "arn:aws:s3:::acme-state";
    expect(of("deploy-preview-policy", "s3:PutObject")).toEqual([`${bucket}/.pulumi/locks/*`]);
    expect(of("deploy-up-policy", "s3:PutObject")).toEqual([`${bucket}/.pulumi/*`]);
    expect(of("deploy-preview-policy", "s3:GetObject")).toEqual([`${bucket}/.pulumi/*`]);
    expect(granted(stack, "deploy-preview-policy").at(-1)).toMatchObject({ Action: ["kms:Decrypt"], Resource: [key] });
  });

  it("starts for some files only, uses an accepted connection, and asks nobody where told so", async () => {
    const connectionArn = "arn:aws:codeconnections:eu-west-1:000000000000:connection/1";
    const stack = await deploy(
      pipeline({ connectionArn, branch: "release", filePaths: ["infra/**"], approval: "none" }),
    );
    expect(stack.all("Connection")).toEqual([]);
    expect(stack.resource("aws:codepipeline/pipeline:Pipeline").inputs.triggers).toMatchObject([
      {
        gitConfiguration: { pushes: [{ branches: { includes: ["release"] }, filePaths: { includes: ["infra/**"] } }] },
      },
    ]);
    expect(stages(stack).map(({ name }) => name)).toEqual(["Source", "Preview", "Up"]);
  });

  it.each(
    byMessage<Partial<terrace.PipelineArgs>>([
      [{ repository: "platform" }, 'repository is "platform"; it has to be owner/name'],
      [{ branch: "a b" }, 'branch is "a b"'],
      [{ stack: "" }, 'stack is ""'],
      [{ stack: 'prod"; rm' }, "stack is"],
      [{ provider: "SVN" as never }, 'provider is "SVN"'],
      [{ approval: "maybe" as never }, 'approval is "maybe"; it has to be'],
      [{ nodeVersion: "v24" }, 'nodeVersion is "v24"'],
      [{ pulumiVersion: "latest" }, 'pulumiVersion is "latest"'],
      [{ timeoutMinutes: 481 }, "timeoutMinutes is 481"],
      [{ logRetentionDays: 0 }, "logRetentionDays is 0"],
      [{ filePaths: [] }, "filePaths is []; CodePipeline takes 1 to 8"],
      [{ deployPolicyArns: [] }, "deployPolicyArns is []; say what up may do"],
      [{ deployPolicyArns: ["PowerUserAccess"] }, 'deployPolicyArns[0] is "PowerUserAccess"'],
      [{ previewPolicyArns: [pulumi.output("ReadOnly")] }, 'previewPolicyArns[0] is "ReadOnly"'],
      [{ approval: "none", approvalTopicArn: "arn:aws:sns:x" }, "nobody has to approve"],
      [{ approvalTopicArn: pulumi.output("told") }, 'approvalTopicArn is "told"'],
      [{ connectionArn: "arn:aws:codeconnections:x", provider: "GitHub" }, "the connection has one already"],
      [{ connectionArn: pulumi.output("mine") }, 'connectionArn is "mine"'],
      [{ kmsKeyArn: pulumi.output("mine") }, 'kmsKeyArn is "mine"'],
      [{ state: {} }, "state is []; give either accessTokenSecretArn"],
      [{ state: { accessTokenSecretArn: token, bucketName: "acme-state" } }, "give either accessTokenSecretArn"],
      [{ state: { bucketName: "S" } }, 'state.bucketName is "S"'],
      [
        { state: { accessTokenSecretArn: pulumi.output("pul-123") } },
        'state.accessTokenSecretArn is "no ARN"; name the secret',
      ],
    ]),
  )("refuses: %s", async (message, args) => {
    const error = await refused(pipeline(args));
    expect(error).toContain('Pipeline "deploy": ');
    expect(error).toContain(message);
  });

  it("does not repeat a token that was given in place of its ARN", async () => {
    for (const value of ["pul-123", pulumi.output("pul-123")]) {
      expect(await refused(pipeline({ state: { accessTokenSecretArn: value } }))).not.toContain("pul-123");
    }
  });

  it("refuses a name that leaves roles no room", async () => {
    expect(await refused(pipeline({}, "d".repeat(41)))).toContain("it may have 40 characters");
  });
});

describe("a pipeline of CodeCommit", () => {
  const codeCommit = (args: object = {}) =>
    new terrace.Pipeline("deploy", {
      ...{ repository: "shop", provider: "CodeCommit", stack: "prod" },
      state: { accessTokenSecretArn: "arn:aws:secretsmanager:eu-west-1:000000000000:secret:token-AbCdEf" },
      deployPolicyArns: ["arn:aws:iam::aws:policy/PowerUserAccess"],
      ...args,
    });

  it("starts when its branch is pushed to, without asking every minute", async () => {
    const stack = await deploy(() => codeCommit({ branch: "release" }));
    const pipeline = stack.resource("aws:codepipeline/pipeline:Pipeline");
    const [source] = pipeline.inputs.stages as { actions: { provider: string; configuration: object }[] }[];
    expect(source!.actions[0]).toMatchObject({
      provider: "CodeCommit",
      configuration: { RepositoryName: "shop", BranchName: "release", PollForSourceChanges: "false" },
    });
    expect(JSON.parse(String(stack.resource("EventRule").inputs.eventPattern))).toMatchObject({
      resources: ["arn:aws:codecommit:eu-west-1:000000000000:shop"],
      detail: { referenceName: ["release"] },
    });
    expect(stack.resource("EventTarget").inputs.arn).toBe(pipeline.outputs.arn);
    expect(stack.all("aws:codeconnections/connection:Connection")).toEqual([]);
  });

  it("may fetch this repository and no other", async () => {
    const stack = await deploy(() => codeCommit());
    const { Statement } = JSON.parse(
      String(stack.resource("aws:iam/rolePolicy:RolePolicy", "deploy-policy").inputs.policy),
    );
    const own = Statement.filter(({ Action }: { Action: string[] }) => Action[0]!.startsWith("codecommit:"));
    expect(own.map(({ Resource }: { Resource: string[] }) => Resource)).toEqual([
      ["arn:aws:codecommit:eu-west-1:000000000000:shop"],
    ]);
  });

  it.each([
    [{ repository: "acme/shop" }, 'repository is "acme/shop"; it has to be a name'],
    [{ filePaths: ["components/**"] }, "CodeCommit says which branch changed, and not which files"],
  ])("refuses %j", async (args, message) => {
    expect(await refused(() => codeCommit(args))).toContain(message);
  });
});
