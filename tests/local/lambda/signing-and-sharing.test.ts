/** Code signing configurations, who else may use a layer, and tags of what is no function. */
import {
  AddLayerVersionPermissionCommand,
  CreateCodeSigningConfigCommand,
  CreateEventSourceMappingCommand,
  DeleteCodeSigningConfigCommand,
  DeleteFunctionCodeSigningConfigCommand,
  GetCodeSigningConfigCommand,
  GetFunctionCodeSigningConfigCommand,
  GetLayerVersionPolicyCommand,
  ListCodeSigningConfigsCommand,
  ListFunctionsByCodeSigningConfigCommand,
  ListTagsCommand,
  PublishLayerVersionCommand,
  PutFunctionCodeSigningConfigCommand,
  RemoveLayerVersionPermissionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateCodeSigningConfigCommand,
  UpdateFunctionCodeCommand,
} from "@aws-sdk/client-lambda";
import { sqs } from "../../../local/services/sqs/index.ts";
import { codeOf } from "../messaging-cloud.ts";
import { answering, create, zip } from "./api-fixture.ts";
import { type LambdaCloud, startLambda } from "./fixture.ts";
import { functionArn, resource } from "./resources.ts";
import { queueIn } from "./stream-fixture.ts";

let cloud: LambdaCloud;
beforeEach(async () => {
  cloud = await startLambda({ sqs });
});
afterEach(() => cloud.stop());

const PROFILE = "arn:aws:signer:eu-west-1:000000000000:/signing-profiles/release/abcdef1234";
const SIGNED = { "index.mjs": answering("1"), "META-INF/aws_signer_signature_v1.0.SF": "…" };

async function signingConfig(UntrustedArtifactOnDeployment?: "Warn" | "Enforce"): Promise<string> {
  const { CodeSigningConfig } = await cloud.client.send(
    new CreateCodeSigningConfigCommand({
      AllowedPublishers: { SigningProfileVersionArns: [PROFILE] },
      ...(UntrustedArtifactOnDeployment && { CodeSigningPolicies: { UntrustedArtifactOnDeployment } }),
    }),
  );
  return CodeSigningConfig!.CodeSigningConfigArn!;
}

describe("a code signing configuration that enforces", () => {
  it("lets no package in that is not signed, when the function is made or when its code changes", async () => {
    const CodeSigningConfigArn = await signingConfig("Enforce");
    expect(await codeOf(create(cloud, "hello", answering("1"), { CodeSigningConfigArn }))).toBe(
      "CodeVerificationFailedException",
    );
    await create(cloud, "hello", "", { CodeSigningConfigArn, Code: { ZipFile: zip(SIGNED) } });
    expect((await cloud.invoke("hello")).payload).toBe(1);
    const unsigned = new UpdateFunctionCodeCommand({
      FunctionName: "hello",
      ZipFile: zip({ "index.mjs": answering("2") }),
    });
    await expect(cloud.client.send(unsigned)).rejects.toThrow(/set UntrustedArtifactOnDeployment to Warn/);
    expect((await cloud.invoke("hello")).payload).toBe(1);
  });

  it("is a function's until it is taken away, and is not deleted before, over a restart too", async () => {
    const CodeSigningConfigArn = await signingConfig("Enforce");
    await create(cloud, "hello", answering("1"));
    const FunctionName = "hello";
    await cloud.client.send(new PutFunctionCodeSigningConfigCommand({ FunctionName, CodeSigningConfigArn }));
    await cloud.restart();
    const get = new GetFunctionCodeSigningConfigCommand({ FunctionName });
    expect(await cloud.client.send(get)).toMatchObject({ CodeSigningConfigArn, FunctionName });
    const list = new ListFunctionsByCodeSigningConfigCommand({ CodeSigningConfigArn });
    expect((await cloud.client.send(list)).FunctionArns).toEqual([functionArn("hello")]);
    const remove = new DeleteCodeSigningConfigCommand({ CodeSigningConfigArn });
    expect(await codeOf(cloud.client.send(remove))).toBe("ResourceConflictException");
    await cloud.client.send(new DeleteFunctionCodeSigningConfigCommand({ FunctionName }));
    await cloud.client.send(remove);
    expect((await cloud.client.send(get)).CodeSigningConfigArn).toBeUndefined();
    expect(await codeOf(cloud.client.send(new GetCodeSigningConfigCommand({ CodeSigningConfigArn })))).toBe(
      "CodeSigningConfigNotFoundException",
    );
  });
});

it("a code signing configuration that warns takes every package, and the log says so", async () => {
  const CodeSigningConfigArn = await signingConfig();
  await create(cloud, "hello", answering("1"), { CodeSigningConfigArn });
  expect((await cloud.invoke("hello")).payload).toBe(1);
  expect(cloud.lines.map(({ message }) => message).join()).toContain("the package is not signed by a profile");
});

it("code signing configurations are described, listed, changed, and refused where they name no profile", async () => {
  const CodeSigningConfigArn = await signingConfig();
  const change = new UpdateCodeSigningConfigCommand({
    ...{ CodeSigningConfigArn, Description: "releases" },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Enforce" },
  });
  await cloud.client.send(change);
  const { CodeSigningConfigs } = await cloud.client.send(new ListCodeSigningConfigsCommand({}));
  expect(CodeSigningConfigs).toMatchObject([
    {
      ...{ CodeSigningConfigArn, Description: "releases" },
      AllowedPublishers: { SigningProfileVersionArns: [PROFILE] },
      CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Enforce" },
    },
  ]);
  const nobody = new CreateCodeSigningConfigCommand({ AllowedPublishers: { SigningProfileVersionArns: [] } });
  expect(await codeOf(cloud.client.send(nobody))).toBe("InvalidParameterValueException");
  const unknown = new PutFunctionCodeSigningConfigCommand({ FunctionName: "hello", CodeSigningConfigArn: "arn:none" });
  expect(await codeOf(cloud.client.send(unknown))).toBe("CodeSigningConfigNotFoundException");
});

describe("a layer's permissions", () => {
  const version = { LayerName: "words", VersionNumber: 1 };
  const permit = (more: object = {}) =>
    cloud.client.send(
      new AddLayerVersionPermissionCommand({
        ...{ ...version, StatementId: "partner", Action: "lambda:GetLayerVersion", Principal: "111111111111" },
        ...more,
      }),
    );

  beforeEach(async () => {
    const Content = { ZipFile: zip({ "nodejs/node_modules/words/index.js": "" }) };
    await cloud.client.send(new PublishLayerVersionCommand({ LayerName: "words", Content }));
  });

  it("are kept over a restart and taken away one by one", async () => {
    const { Statement } = await permit();
    expect(JSON.parse(Statement!)).toEqual({
      ...{ Sid: "partner", Effect: "Allow", Principal: { AWS: "arn:aws:iam::111111111111:root" } },
      ...{ Action: "lambda:GetLayerVersion", Resource: "arn:aws:lambda:eu-west-1:000000000000:layer:words:1" },
    });
    await permit({ StatementId: "all", Principal: "*", OrganizationId: "o-abcdefghij" });
    await cloud.restart();
    const get = new GetLayerVersionPolicyCommand(version);
    const { Policy, RevisionId } = await cloud.client.send(get);
    expect(JSON.parse(Policy!).Statement).toMatchObject([
      { Sid: "partner" },
      { Principal: "*", Condition: { StringEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } } },
    ]);
    const remove = (StatementId: string, more = {}) =>
      cloud.client.send(new RemoveLayerVersionPermissionCommand({ ...version, StatementId, ...more }));
    expect(await codeOf(remove("all", { RevisionId: "older" }))).toBe("PreconditionFailedException");
    await remove("all", { RevisionId });
    await remove("partner");
    expect(await codeOf(cloud.client.send(get))).toBe("ResourceNotFoundException");
    expect(await codeOf(remove("partner"))).toBe("ResourceNotFoundException");
  });

  it("are refused twice, for other actions, for nobody, and for versions that are not there", async () => {
    await permit();
    expect(await codeOf(permit())).toBe("ResourceConflictException");
    expect(await codeOf(permit({ StatementId: "b", Action: "lambda:*" }))).toBe("ValidationException");
    expect(await codeOf(permit({ StatementId: "b", Principal: "somebody" }))).toBe("ValidationException");
    expect(await codeOf(permit({ StatementId: "b", OrganizationId: "o-abcdefghij" }))).toBe(
      "InvalidParameterValueException",
    );
    expect(await codeOf(permit({ VersionNumber: 2 }))).toBe("ResourceNotFoundException");
  });
});

it("a program declares both: what may be deployed, and who may use a layer", async () => {
  const arn = "arn:aws:lambda:eu-west-1:000000000000:code-signing-config:csc-0123456789abcdef0";
  const layerArn = "arn:aws:lambda:eu-west-1:000000000000:layer:shared:1";
  await cloud.provision(
    resource(
      "aws:lambda/codeSigningConfig:CodeSigningConfig",
      "releases",
      {
        allowedPublishers: { signingProfileVersionArns: [PROFILE] },
        policies: { untrustedArtifactOnDeployment: "Enforce" },
      },
      { arn, configId: "csc-0123456789abcdef0" },
    ),
    resource(
      "aws:lambda/layerVersion:LayerVersion",
      "shared",
      { layerName: "shared", code: { $asset: "archive", assets: { "nodejs/x.js": { $asset: "string", text: "" } } } },
      { arn: layerArn },
    ),
    resource("aws:lambda/layerVersionPermission:LayerVersionPermission", "partner", {
      ...{ layerName: "shared", versionNumber: 1, statementId: "partner" },
      ...{ action: "lambda:GetLayerVersion", principal: "111111111111" },
    }),
  );
  const get = new GetCodeSigningConfigCommand({ CodeSigningConfigArn: arn });
  const { CodeSigningConfig } = await cloud.client.send(get);
  expect(CodeSigningConfig).toMatchObject({ CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Enforce" } });
  const policy = new GetLayerVersionPolicyCommand({ LayerName: "shared", VersionNumber: 1 });
  expect(JSON.parse((await cloud.client.send(policy)).Policy!).Statement).toMatchObject([{ Sid: "partner" }]);
});

it("mappings and code signing configurations have tags, from the start and later, over a restart", async () => {
  await create(cloud, "hello", answering("1"));
  const EventSourceArn = await queueIn(cloud, "jobs");
  const { EventSourceMappingArn: Resource } = await cloud.client.send(
    new CreateEventSourceMappingCommand({ FunctionName: "hello", EventSourceArn, Enabled: false, Tags: { team: "a" } }),
  );
  await cloud.client.send(new TagResourceCommand({ Resource, Tags: { stage: "dev" } }));
  await cloud.restart();
  const tags = async (arn = Resource) => (await cloud.client.send(new ListTagsCommand({ Resource: arn }))).Tags;
  expect(await tags()).toEqual({ team: "a", stage: "dev" });
  await cloud.client.send(new UntagResourceCommand({ Resource, TagKeys: ["team"] }));
  expect(await tags()).toEqual({ stage: "dev" });
  const config = await signingConfig();
  await cloud.client.send(new TagResourceCommand({ Resource: config, Tags: { owner: "security" } }));
  expect(await tags(config)).toEqual({ owner: "security" });
  expect(await codeOf(tags(`${functionArn("hello")}:1`))).toBe("InvalidParameterValueException");
  expect(await codeOf(tags(`${Resource}0`))).toBe("ResourceNotFoundException");
});
