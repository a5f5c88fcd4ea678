/** Rotation by a function, batches, filters and policies of secrets, through the unmodified SDK client. */
import { AddPermissionCommand, UpdateFunctionCodeCommand } from "@aws-sdk/client-lambda";
import {
  BatchGetSecretValueCommand,
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DescribeSecretCommand,
  type Filter,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutResourcePolicyCommand,
  ReplicateSecretToRegionsCommand,
  RotateSecretCommand,
  type RotateSecretCommandInput,
  SecretsManagerClient,
  ValidateResourcePolicyCommand,
} from "@aws-sdk/client-secrets-manager";
import { secretsManager } from "../../../local/services/secrets-manager/index.ts";
import { create, zip } from "../lambda/api-fixture.ts";
import { eventually, type LambdaCloud, startLambda } from "../lambda/fixture.ts";
import { functionArn } from "../lambda/resources.ts";
import { roleWith } from "../role-with.ts";

let cloud: LambdaCloud;
let client: SecretsManagerClient;

beforeEach(async () => {
  cloud = await startLambda({ secretsmanager: secretsManager });
  client = new SecretsManagerClient({ ...cloud.running.client(), maxAttempts: 1 });
  await client.send(new CreateSecretCommand({ Name: "db", SecretString: "first" }));
});

afterEach(async () => {
  client.destroy();
  await cloud.stop();
});

const failure = (sent: Promise<unknown>) =>
  sent.then(
    () => "succeeded",
    (error: Error) => `${error.name}: ${error.message}`,
  );
const value = async (VersionStage = "AWSCURRENT") =>
  (await client.send(new GetSecretValueCommand({ SecretId: "db", VersionStage }))).SecretString;
const described = () => client.send(new DescribeSecretCommand({ SecretId: "db" }));
const rotate = (more: Partial<RotateSecretCommandInput> = {}) =>
  client.send(new RotateSecretCommand({ SecretId: "db", RotationLambdaARN: functionArn("rotate"), ...more }));

/** A rotation function as AWS's templates are written; `fault` is thrown in the step it names. */
const source = (fault = "") => `
  import * as sm from "${import.meta.resolve("@aws-sdk/client-secrets-manager")}";
  const client = new sm.SecretsManagerClient({ maxAttempts: 1 });
  export const handler = async ({ Step, SecretId, ClientRequestToken: token }) => {
    if (Step === ${JSON.stringify(fault)}) throw new Error("no luck in " + Step);
    const { VersionIdsToStages: stages } = await client.send(new sm.DescribeSecretCommand({ SecretId }));
    if (!stages[token]) throw new Error("no stage for the rotation");
    if (stages[token].includes("AWSCURRENT")) return;
    if (!stages[token].includes("AWSPENDING")) throw new Error("not pending");
    const pending = { SecretId, VersionId: token, VersionStage: "AWSPENDING" };
    if (Step === "createSecret") {
      const found = await client.send(new sm.GetSecretValueCommand(pending)).catch((error) => error.name);
      if (found !== "ResourceNotFoundException") return;
      const { SecretString } = await client.send(new sm.GetSecretValueCommand({ SecretId }));
      await client.send(new sm.PutSecretValueCommand({ SecretId, ClientRequestToken: token,
        SecretString: SecretString + "+", VersionStages: ["AWSPENDING"] }));
    }
    if (Step === "finishSecret") {
      const [current] = Object.entries(stages).find(([, names]) => names.includes("AWSCURRENT"));
      await client.send(new sm.UpdateSecretVersionStageCommand({ SecretId, VersionStage: "AWSCURRENT",
        MoveToVersionId: token, RemoveFromVersionId: current }));
    }
    console.log("did " + Step);
  };`;

async function deploy(fault?: string): Promise<void> {
  await create(cloud, "rotate", source(fault), { Timeout: 20 });
  await cloud.client.send(
    new AddPermissionCommand({
      ...{ FunctionName: "rotate", StatementId: "rotation", Action: "lambda:InvokeFunction" },
      Principal: "secretsmanager.amazonaws.com",
    }),
  );
}

/** Waits for what a rotation leads to: it goes on after RotateSecret has answered. */
const until = (holds: () => Promise<boolean>) => eventually(holds, Boolean);
const reports = async () => (await cloud.logOf("rotate")).filter((line) => line.startsWith("REPORT")).length;
const failed = (name: string) =>
  until(async () => cloud.lines.some(({ message }) => message.includes(`failed in ${name}`)));

describe("rotation", () => {
  it("calls the function's four steps in order, and moves AWSCURRENT and AWSPREVIOUS", async () => {
    await deploy();
    const { VersionId } = await rotate();
    await until(async () => (await described()).LastRotatedDate !== undefined);
    expect([await value(), await value("AWSPREVIOUS")]).toEqual(["first+", "first"]);
    const after = await described();
    expect(after).toMatchObject({ RotationEnabled: true, RotationLambdaARN: functionArn("rotate") });
    expect(after.VersionIdsToStages![VersionId!]).toContain("AWSCURRENT");
    const steps = async () => (await cloud.logOf("rotate")).flatMap((line) => /did (\w+)/.exec(line)?.[1] ?? []);
    await until(async () => (await steps()).length >= 4);
    expect(await steps()).toEqual(["createSecret", "setSecret", "testSecret", "finishSecret"]);
  });

  it("leaves the secret as it was when a step fails, says which, and tries that version again", async () => {
    await deploy("testSecret");
    const { VersionId } = await rotate();
    await failed("testSecret");
    expect(cloud.lines.map(({ message }) => message).join()).toContain("no luck in testSecret");
    expect([await value(), await value("AWSPENDING")]).toEqual(["first", "first+"]);
    await cloud.client.send(
      new UpdateFunctionCodeCommand({ FunctionName: "rotate", ZipFile: zip({ "index.mjs": source() }) }),
    );
    expect(await failure(rotate())).toMatch(/^InvalidRequestException.*previous rotation isn't complete/);
    await until(async () => (await value()) === "first+");
    expect((await described()).VersionIdsToStages![VersionId!]).toContain("AWSCURRENT");
  });

  it("announces the next version without a value", async () => {
    await deploy("createSecret");
    const { VersionId } = await rotate();
    await failed("createSecret");
    expect((await described()).VersionIdsToStages![VersionId!]).toEqual(["AWSPENDING"]);
    expect(await failure(value("AWSPENDING"))).toMatch(/^ResourceNotFoundException.*staging label: AWSPENDING/);
  });

  it("comes again by its rules: after days, or as a schedule says, also after a restart", async () => {
    await deploy();
    await rotate({ RotationRules: { AutomaticallyAfterDays: 30 }, RotateImmediately: false });
    const { NextRotationDate } = await described();
    expect(NextRotationDate!.getTime() - cloud.clock.now()).toBe(30 * 86_400_000);
    expect(await value()).toBe("first");
    await until(async () => (await reports()) === 1);
    await cloud.restart();
    client.destroy();
    client = new SecretsManagerClient({ ...cloud.running.client(), maxAttempts: 1 });
    await described();
    await cloud.clock.advance(NextRotationDate!.getTime() - cloud.clock.now() - 1000);
    expect(await value()).toBe("first");
    await cloud.clock.advance(1000);
    await until(async () => (await value()) === "first+");
    await until(async () => (await described()).LastRotatedDate !== undefined);
    await rotate({ RotationRules: { ScheduleExpression: "rate(10 hours)" }, RotateImmediately: false });
    // A step that still ran would time out as the clock goes on.
    await until(async () => (await reports()) === 6);
    const next = (await described()).NextRotationDate!.getTime();
    expect(next - cloud.clock.now()).toBeLessThanOrEqual(10 * 3_600_000);
    await cloud.clock.advance(next - cloud.clock.now());
    await until(async () => (await value()) === "first++");
    expect((await described()).NextRotationDate!.getTime()).toBeGreaterThan(next);
  });

  it("ends with CancelRotateSecret", async () => {
    await deploy();
    await rotate({ RotationRules: { AutomaticallyAfterDays: 1 }, RotateImmediately: false });
    await client.send(new CancelRotateSecretCommand({ SecretId: "db" }));
    expect(await described()).toMatchObject({ RotationEnabled: false });
    expect((await described()).NextRotationDate).toBeUndefined();
    await cloud.clock.advance(3 * 86_400_000);
    expect(await value()).toBe("first");
  });

  it("is refused without a function, without its permission, and with rules that contradict", async () => {
    expect(await failure(rotate({ RotationLambdaARN: undefined }))).toMatch(
      /^InvalidRequestException.*No Lambda rotation function/,
    );
    expect(await failure(rotate())).toMatch(/^AccessDeniedException.*cannot invoke the specified Lambda function/);
    await create(cloud, "rotate", source());
    expect(await failure(rotate())).toMatch(/^AccessDeniedException.*secretsmanager.amazonaws.com/);
    expect((await described()).RotationEnabled).toBeUndefined();
    const rules = (RotationRules: object) => failure(rotate({ RotationRules }));
    expect(await rules({ AutomaticallyAfterDays: 1, ScheduleExpression: "rate(1 day)" })).toMatch(
      /^InvalidParameterException.*both/,
    );
    expect(await rules({ AutomaticallyAfterDays: 1001 })).toMatch(/^InvalidParameterException.*1000/);
    expect(await rules({ ScheduleExpression: "rate(1 hour)" })).toMatch(/^InvalidParameterException.*4 hours/);
    expect(await rules({ ScheduleExpression: "daily" })).toMatch(/^InvalidParameterException.*daily/);
    expect(await rules({ Duration: "soon", AutomaticallyAfterDays: 2 })).toMatch(
      /^InvalidParameterException.*Duration/,
    );
  });

  it("takes lambda:InvokeFunction of who sets the function, beside RotateSecret", async () => {
    await deploy();
    const operator = await roleWith(cloud.running, "operator", {
      Effect: "Allow",
      Action: "secretsmanager:*",
      Resource: "*",
    });
    const asOperator = new SecretsManagerClient({ ...cloud.running.client(operator), maxAttempts: 1 });
    const attempt = asOperator.send(
      new RotateSecretCommand({ SecretId: "db", RotationLambdaARN: functionArn("rotate") }),
    );
    expect(await failure(attempt)).toMatch("not authorized to perform: lambda:InvokeFunction");
    asOperator.destroy();
  });
});

describe("many secrets at once", () => {
  beforeEach(async () => {
    for (const [Name, Key] of [
      ["app/a", "Team"],
      ["app/b", "Cell"],
    ] as const) {
      await client.send(
        new CreateSecretCommand({
          Name,
          SecretString: Name,
          Description: `Key of ${Name}`,
          Tags: [{ Key, Value: "x1" }],
        }),
      );
    }
  });

  const named = async (...Filters: Filter[]) =>
    (await client.send(new ListSecretsCommand({ Filters }))).SecretList!.map(({ Name }) => Name);

  it.each<[string, Filter, string[]]>([
    ["beginnings of names", { Key: "name", Values: ["app/"] }, ["app/a", "app/b"]],
    ["beginnings that a name does not have", { Key: "name", Values: ["!app/"] }, ["db"]],
    ["descriptions, without case", { Key: "description", Values: ["KEY OF APP/A"] }, ["app/a"]],
    ["keys of tags", { Key: "tag-key", Values: ["Team", "Cell"] }, ["app/a", "app/b"]],
    ["values of tags", { Key: "tag-value", Values: ["x"] }, ["app/a", "app/b"]],
    ["words anywhere", { Key: "all", Values: ["cell key"] }, ["app/b"]],
    ["the region", { Key: "primary-region", Values: ["us-east-1"] }, []],
  ])("are listed by %s", async (_what, filter, expected) => {
    expect(await named(filter)).toEqual(expected);
  });

  it("are listed where every filter holds, backwards when asked, and by no filter that there is none of", async () => {
    expect(await named({ Key: "name", Values: ["app/"] }, { Key: "tag-key", Values: ["Cell"] })).toEqual(["app/b"]);
    const { SecretList } = await client.send(new ListSecretsCommand({ SortOrder: "desc" }));
    expect(SecretList!.map(({ Name }) => Name)).toEqual(["db", "app/b", "app/a"]);
    expect(await failure(named({ Key: "color" as "name", Values: ["x"] }))).toMatch(
      /^InvalidParameterException.*color/,
    );
  });

  it("are read in one call, each with its value or with why there is none", async () => {
    const byId = await client.send(new BatchGetSecretValueCommand({ SecretIdList: ["app/a", "nope", "db"] }));
    expect(byId.SecretValues!.map(({ SecretString }) => SecretString)).toEqual(["app/a", "first"]);
    expect(byId.Errors).toEqual([
      { SecretId: "nope", ErrorCode: "ResourceNotFoundException", Message: expect.stringContaining("can't find") },
    ]);
    const filters = { Filters: [{ Key: "name" as const, Values: ["app/"] }], MaxResults: 1 };
    const first = await client.send(new BatchGetSecretValueCommand(filters));
    const second = await client.send(new BatchGetSecretValueCommand({ ...filters, NextToken: first.NextToken }));
    expect([...first.SecretValues!, ...second.SecretValues!].map(({ Name }) => Name)).toEqual(["app/a", "app/b"]);
    expect(await failure(client.send(new BatchGetSecretValueCommand({})))).toMatch(
      /^InvalidParameterException.*either/,
    );
  });

  it("are read in one call only as far as the caller may read each", async () => {
    const { ARN } = await client.send(new DescribeSecretCommand({ SecretId: "app/a" }));
    const reader = await roleWith(
      cloud.running,
      "reader",
      { Effect: "Allow", Action: "secretsmanager:BatchGetSecretValue", Resource: "*" },
      { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: ARN! },
    );
    const asReader = new SecretsManagerClient({ ...cloud.running.client(reader), maxAttempts: 1 });
    const read = await asReader.send(new BatchGetSecretValueCommand({ SecretIdList: ["app/a", "app/b"] }));
    expect(read.SecretValues!.map(({ Name }) => Name)).toEqual(["app/a"]);
    expect(read.Errors!.map(({ SecretId, ErrorCode }) => [SecretId, ErrorCode])).toEqual([
      ["app/b", "AccessDeniedException"],
    ]);
    asReader.destroy();
  });
});

it("refuses a policy that lets everybody in where that is to be blocked, and takes a policy away again", async () => {
  const policy = (Principal: unknown) =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Principal, Action: "secretsmanager:GetSecretValue", Resource: "*" },
    });
  const put = (ResourcePolicy: string) =>
    failure(client.send(new PutResourcePolicyCommand({ SecretId: "db", ResourcePolicy, BlockPublicPolicy: true })));
  expect(await put(policy("*"))).toMatch(/^PublicPolicyException/);
  expect(await put(policy({ AWS: "arn:aws:iam::000000000000:role/reader" }))).toBe("succeeded");
  const validated = await client.send(new ValidateResourcePolicyCommand({ ResourcePolicy: policy({ AWS: "*" }) }));
  expect([validated.PolicyValidationPassed, validated.ValidationErrors!.length]).toEqual([false, 1]);
  await client.send(new DeleteResourcePolicyCommand({ SecretId: "db" }));
  expect((await client.send(new GetResourcePolicyCommand({ SecretId: "db" }))).ResourcePolicy).toBeUndefined();
});

it("says that there is no other region to replicate to", async () => {
  const AddReplicaRegions = [{ Region: "us-east-1" }];
  const replicate = new ReplicateSecretToRegionsCommand({ SecretId: "db", AddReplicaRegions });
  expect(await failure(client.send(replicate))).toMatch(/^InvalidRequestException.*one region/);
  const create = new CreateSecretCommand({ Name: "two", SecretString: "x", AddReplicaRegions });
  expect(await failure(client.send(create))).toMatch(/^InvalidRequestException.*one region/);
});
