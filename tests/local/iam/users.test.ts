/** Users, groups, access keys and versions of policies, through the unmodified SDK client. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteGroupCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteUserCommand,
  DetachUserPolicyCommand,
  GetGroupCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListEntitiesForPolicyCommand,
  ListGroupsForUserCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListUsersCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  RemoveUserFromGroupCommand,
  SetDefaultPolicyVersionCommand,
  SimulateCustomPolicyCommand,
  SimulatePrincipalPolicyCommand,
  TagUserCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { CreateQueueCommand, GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { services } from "../../../local/services/index.ts";

let directory: string;
let cloud: RunningCloud;
let iam: IAMClient;

const start = async () => {
  cloud = await startCloud({ directory, services });
  iam = new IAMClient({ ...cloud.client(), maxAttempts: 1 });
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "terrace-iam-"));
  await start();
});

afterEach(async () => {
  await cloud.stop();
  rmSync(directory, { recursive: true, force: true });
});

const document = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const allow = (Action: string | string[], Resource = "*") => document({ Effect: "Allow", Action, Resource });
const ada = { UserName: "ada" };
const failure = (sent: Promise<unknown>) =>
  sent.then(
    () => "succeeded",
    (error: Error) => `${error.name}: ${error.message}`,
  );

/** What a client that acts with a user's key is made with. */
async function keysOf(UserName: string) {
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = AccessKey!;
  const { endpoint, region } = cloud.client();
  return {
    endpoint,
    region,
    maxAttempts: 1,
    credentials: { accessKeyId: accessKeyId!, secretAccessKey: secretAccessKey! },
  };
}

async function policy(PolicyName: string, PolicyDocument: string): Promise<string> {
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument }));
  return Policy!.Arn!;
}

describe("a user", () => {
  beforeEach(() => iam.send(new CreateUserCommand({ ...ada, Path: "/people/", Tags: [{ Key: "Team", Value: "a" }] })));

  it("acts with its access key as far as its own policies and those of its groups go", async () => {
    const queues = new SQSClient(await keysOf("ada"));
    const createQueue = () => failure(queues.send(new CreateQueueCommand({ QueueName: "jobs" })));
    const find = () => failure(queues.send(new GetQueueUrlCommand({ QueueName: "jobs" })));
    const arn = `arn:aws:iam::${cloud.account}:user/people/ada`;
    expect(await createQueue()).toMatch(`User: ${arn} is not authorized to perform: sqs:CreateQueue`);
    await iam.send(new PutUserPolicyCommand({ ...ada, PolicyName: "make", PolicyDocument: allow("sqs:CreateQueue") }));
    expect(await createQueue()).toBe("succeeded");
    expect(await find()).toMatch(/not authorized to perform: sqs:GetQueueUrl/);
    await iam.send(new CreateGroupCommand({ GroupName: "readers" }));
    const PolicyArn = await policy("read", allow("sqs:Get*"));
    await iam.send(new AttachGroupPolicyCommand({ GroupName: "readers", PolicyArn }));
    await iam.send(new AddUserToGroupCommand({ ...ada, GroupName: "readers" }));
    expect(await find()).toBe("succeeded");
    await iam.send(new RemoveUserFromGroupCommand({ ...ada, GroupName: "readers" }));
    expect(await find()).toMatch(/not authorized/);
  });

  it("goes no further than its boundary, and tags of its own count in conditions", async () => {
    const sts = new STSClient(await keysOf("ada"));
    const iamAsAda = new IAMClient(await keysOf("ada"));
    const own = document({
      Effect: "Allow",
      Action: "iam:*",
      Resource: "*",
      Condition: { StringEquals: { "aws:PrincipalTag/Team": "a", "aws:username": "ada" } },
    });
    await iam.send(new PutUserPolicyCommand({ ...ada, PolicyName: "own", PolicyDocument: own }));
    expect(await failure(iamAsAda.send(new ListUsersCommand({})))).toBe("succeeded");
    await iam.send(new TagUserCommand({ ...ada, Tags: [{ Key: "Team", Value: "b" }] }));
    expect(await failure(iamAsAda.send(new ListUsersCommand({})))).toMatch(/not authorized/);
    await iam.send(new TagUserCommand({ ...ada, Tags: [{ Key: "Team", Value: "a" }] }));
    const PermissionsBoundary = await policy("bound", allow("iam:GetUser"));
    await iam.send(new PutUserPermissionsBoundaryCommand({ ...ada, PermissionsBoundary }));
    expect(await failure(iamAsAda.send(new ListUsersCommand({})))).toMatch(/no permissions boundary allows/);
    // Without a name it is about the caller.
    expect((await iamAsAda.send(new GetUserCommand({}))).User).toMatchObject({
      UserName: "ada",
      Tags: [{ Key: "Team", Value: "a" }],
      PermissionsBoundary: { PermissionsBoundaryArn: PermissionsBoundary },
    });
    const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
    expect(Arn).toBe(`arn:aws:iam::${cloud.account}:user/people/ada`);
  });

  it("is locked out by a key that is inactive or deleted, and has two keys at most", async () => {
    const config = await keysOf("ada");
    const { accessKeyId: AccessKeyId } = config.credentials;
    const identity = () => failure(new STSClient(config).send(new GetCallerIdentityCommand({})));
    expect(await identity()).toBe("succeeded");
    await iam.send(new UpdateAccessKeyCommand({ ...ada, AccessKeyId, Status: "Inactive" }));
    expect(await identity()).toMatch(/^InvalidClientTokenId/);
    await iam.send(new UpdateAccessKeyCommand({ ...ada, AccessKeyId, Status: "Active" }));
    expect(await identity()).toBe("succeeded");
    await keysOf("ada");
    expect(await failure(keysOf("ada"))).toMatch(/^LimitExceeded.*AccessKeysPerUser: 2/);
    await iam.send(new DeleteAccessKeyCommand({ ...ada, AccessKeyId }));
    expect(await identity()).toMatch(/^InvalidClientTokenId/);
    const { AccessKeyMetadata } = await iam.send(new ListAccessKeysCommand(ada));
    expect(AccessKeyMetadata).toEqual([expect.objectContaining({ UserName: "ada", Status: "Active" })]);
    expect(AccessKeyMetadata![0]).not.toHaveProperty("SecretAccessKey");
  });

  it("keeps key, groups and policies over a restart", async () => {
    const { credentials } = await keysOf("ada");
    await iam.send(new CreateGroupCommand({ GroupName: "makers" }));
    const PolicyArn = await policy("make", allow("sqs:CreateQueue"));
    await iam.send(new AttachGroupPolicyCommand({ GroupName: "makers", PolicyArn }));
    await iam.send(new AddUserToGroupCommand({ ...ada, GroupName: "makers" }));
    await cloud.stop();
    await start();
    // Without a word to IAM before.
    const queues = new SQSClient({ ...cloud.client(), credentials, maxAttempts: 1 });
    expect(await failure(queues.send(new CreateQueueCommand({ QueueName: "jobs" })))).toBe("succeeded");
    expect((await iam.send(new ListGroupsForUserCommand(ada))).Groups!.map(({ GroupName }) => GroupName)).toEqual([
      "makers",
    ]);
    expect(
      (await iam.send(new GetGroupCommand({ GroupName: "makers" }))).Users!.map(({ UserName }) => UserName),
    ).toEqual(["ada"]);
  });

  it("is deleted only when nothing hangs on it, and so is a group", async () => {
    const { credentials } = await keysOf("ada");
    await iam.send(new CreateGroupCommand({ GroupName: "readers" }));
    await iam.send(new AddUserToGroupCommand({ ...ada, GroupName: "readers" }));
    const remove = () => failure(iam.send(new DeleteUserCommand(ada)));
    expect(await remove()).toMatch(/^DeleteConflict.*delete access keys first/);
    await iam.send(new DeleteAccessKeyCommand({ ...ada, AccessKeyId: credentials.accessKeyId }));
    expect(await remove()).toMatch(/^DeleteConflict.*remove users from group first/);
    expect(await failure(iam.send(new DeleteGroupCommand({ GroupName: "readers" })))).toMatch(/^DeleteConflict/);
    await iam.send(new RemoveUserFromGroupCommand({ ...ada, GroupName: "readers" }));
    await iam.send(new DeleteGroupCommand({ GroupName: "readers" }));
    expect(await remove()).toBe("succeeded");
    expect(await failure(iam.send(new GetUserCommand(ada)))).toMatch(/^NoSuchEntity.*ada/);
  });

  it("assumes a role that trusts the account when its policies and its boundary both allow it", async () => {
    const trust = document({
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${cloud.account}:root` },
      Action: "sts:AssumeRole",
    });
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "worker", AssumeRolePolicyDocument: trust }));
    const sts = new STSClient(await keysOf("ada"));
    const assume = () => failure(sts.send(new AssumeRoleCommand({ RoleArn: Role!.Arn, RoleSessionName: "ada" })));
    expect(await assume()).toMatch(/^AccessDenied.*sts:AssumeRole/);
    await iam.send(
      new PutUserPolicyCommand({ ...ada, PolicyName: "assume", PolicyDocument: allow("sts:AssumeRole", Role!.Arn) }),
    );
    expect(await assume()).toBe("succeeded");
    const PermissionsBoundary = await policy("bound", allow("sqs:*"));
    await iam.send(new PutUserPermissionsBoundaryCommand({ ...ada, PermissionsBoundary }));
    expect(await assume()).toMatch(/^AccessDenied.*boundary/);
    const before = Date.now();
    const { Credentials } = await sts.send(new GetSessionTokenCommand({ DurationSeconds: 900 }));
    // In whole seconds.
    expect(Credentials!.Expiration!.getTime()).toBeGreaterThan(before + 898_000);
  });
});

describe("a policy's versions", () => {
  const read = { RoleName: "worker" };
  let PolicyArn: string;

  beforeEach(async () => {
    const trust = document({
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${cloud.account}:root` },
      Action: "sts:AssumeRole",
    });
    await iam.send(new CreateRoleCommand({ ...read, AssumeRolePolicyDocument: trust }));
    PolicyArn = await policy("work", allow("sqs:GetQueueUrl"));
    await iam.send(new AttachRolePolicyCommand({ ...read, PolicyArn }));
  });

  const addVersion = (Action: string, SetAsDefault?: boolean) =>
    iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: allow(Action), SetAsDefault }));

  it("count from the moment one is the default, wherever the policy is attached", async () => {
    const queues = new SQSClient({ ...cloud.client(`arn:aws:iam::${cloud.account}:role/worker`), maxAttempts: 1 });
    const createQueue = () => failure(queues.send(new CreateQueueCommand({ QueueName: "jobs" })));
    expect(await createQueue()).toMatch(/not authorized/);
    await addVersion("sqs:CreateQueue");
    expect(await createQueue()).toMatch(/not authorized/);
    await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
    expect(await createQueue()).toBe("succeeded");
    expect((await iam.send(new GetPolicyCommand({ PolicyArn }))).Policy).toMatchObject({
      DefaultVersionId: "v2",
      AttachmentCount: 1,
    });
    const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
    expect(PolicyVersion).toMatchObject({ IsDefaultVersion: false });
    expect(decodeURIComponent(PolicyVersion!.Document!)).toBe(allow("sqs:GetQueueUrl"));
  });

  it("are five at most, never the same number twice, and the default one stays", async () => {
    for (const _ of Array(4)) await addVersion("sqs:ListQueues");
    expect(await failure(addVersion("sqs:ListQueues"))).toMatch(/^LimitExceeded.*up to 5 versions/);
    expect(await failure(iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v1" })))).toMatch(
      /^DeleteConflict.*default/,
    );
    await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v5" }));
    await addVersion("sqs:ListQueues", true);
    const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
    expect(Versions!.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion])).toEqual([
      ["v6", true],
      ["v4", false],
      ["v3", false],
      ["v2", false],
      ["v1", false],
    ]);
    expect(await failure(iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v5" })))).toMatch(
      /^NoSuchEntity.*v5/,
    );
  });

  it("go before the policy goes, and who has it can be asked", async () => {
    await iam.send(new CreateUserCommand(ada));
    await iam.send(new AttachUserPolicyCommand({ ...ada, PolicyArn }));
    const { PolicyRoles, PolicyUsers } = await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }));
    expect([PolicyRoles![0]!.RoleName, PolicyUsers![0]!.UserName]).toEqual(["worker", "ada"]);
    await iam.send(new DetachUserPolicyCommand({ ...ada, PolicyArn }));
    const spare = await policy("spare", allow("sqs:ListQueues"));
    await iam.send(new CreatePolicyVersionCommand({ PolicyArn: spare, PolicyDocument: allow("s3:*") }));
    expect(await failure(iam.send(new DeletePolicyCommand({ PolicyArn: spare })))).toMatch(
      /^DeleteConflict.*more than one version/,
    );
    await iam.send(new DeletePolicyVersionCommand({ PolicyArn: spare, VersionId: "v2" }));
    expect(await failure(iam.send(new DeletePolicyCommand({ PolicyArn: spare })))).toBe("succeeded");
  });

  it("can be read of what AWS manages, and not changed", async () => {
    const PolicyArn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
    expect(decodeURIComponent(PolicyVersion!.Document!)).toContain("logs:PutLogEvents");
    const { Policies } = await iam.send(new ListPoliciesCommand({ Scope: "AWS", PathPrefix: "/service-role/" }));
    expect(Policies!.map(({ Arn }) => Arn)).toContain(PolicyArn);
    await iam.send(new CreateUserCommand(ada));
    await iam.send(new AttachUserPolicyCommand({ ...ada, PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess" }));
    const asAda = new IAMClient(await keysOf("ada"));
    expect(await failure(asAda.send(new ListUsersCommand({})))).toBe("succeeded");
    const change = new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: allow("s3:*") });
    expect(await failure(iam.send(change))).toMatch(/^NoSuchEntity/);
  });
});

it("makes roles only with the boundary that a policy demands, by iam:PermissionsBoundary", async () => {
  const bound = await policy("bound", allow("sqs:*"));
  await iam.send(new CreateUserCommand(ada));
  const delegated = document({
    ...{ Effect: "Allow", Action: ["iam:CreateRole", "iam:PutRolePolicy"], Resource: "*" },
    Condition: { StringEquals: { "iam:PermissionsBoundary": bound } },
  });
  await iam.send(new PutUserPolicyCommand({ ...ada, PolicyName: "delegated", PolicyDocument: delegated }));
  const asAda = new IAMClient(await keysOf("ada"));
  const AssumeRolePolicyDocument = document({
    Effect: "Allow",
    Principal: { Service: "lambda.amazonaws.com" },
    Action: "sts:AssumeRole",
  });
  const create = (RoleName: string, PermissionsBoundary?: string) =>
    failure(asAda.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument, PermissionsBoundary })));
  expect(await create("free")).toMatch(/not authorized to perform: iam:CreateRole/);
  expect(await create("bounded", bound)).toBe("succeeded");
  const put = (RoleName: string) =>
    failure(asAda.send(new PutRolePolicyCommand({ RoleName, PolicyName: "p", PolicyDocument: allow("sqs:*") })));
  expect(await put("bounded")).toBe("succeeded");
  await iam.send(new CreateRoleCommand({ RoleName: "free", AssumeRolePolicyDocument }));
  expect(await put("free")).toMatch(/not authorized/);
});

it("hands a role to a rule's target only with iam:PassRole on it, to the service that the policy names", async () => {
  await iam.send(new CreateUserCommand(ada));
  const Arn = "arn:aws:lambda:eu-west-1:000000000000:function:f";
  const RoleArn = "arn:aws:iam::000000000000:role/invoker";
  const events = new EventBridgeClient(await keysOf("ada"));
  const grant = (...statements: object[]) =>
    iam.send(
      new PutUserPolicyCommand({
        ...{ ...ada, PolicyName: "own" },
        PolicyDocument: document({ Effect: "Allow", Action: "events:*", Resource: "*" }, ...statements),
      }),
    );
  const put = () => failure(events.send(new PutTargetsCommand({ Rule: "r", Targets: [{ Id: "1", Arn, RoleArn }] })));
  await grant();
  await events.send(new PutRuleCommand({ Name: "r", ScheduleExpression: "rate(1 day)" }));
  expect(await put()).toMatch(`not authorized to perform: iam:PassRole on resource: ${RoleArn}`);
  const pass = (service: string) => ({
    ...{ Effect: "Allow", Action: "iam:PassRole", Resource: RoleArn },
    Condition: { StringEquals: { "iam:PassedToService": service } },
  });
  await grant(pass("lambda.amazonaws.com"));
  expect(await put()).toMatch(/iam:PassRole/);
  await grant(pass("events.amazonaws.com"));
  expect(await put()).toBe("succeeded");
  events.destroy();
});

it("simulates users with their groups, and policies that are not attached to anybody", async () => {
  await iam.send(new CreateUserCommand(ada));
  await iam.send(new CreateGroupCommand({ GroupName: "readers" }));
  await iam.send(
    new AttachGroupPolicyCommand({ GroupName: "readers", PolicyArn: await policy("read", allow("sqs:Get*")) }),
  );
  await iam.send(new AddUserToGroupCommand({ ...ada, GroupName: "readers" }));
  const { EvaluationResults } = await iam.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: `arn:aws:iam::${cloud.account}:user/ada`,
      ActionNames: ["sqs:GetQueueUrl", "sqs:SendMessage"],
    }),
  );
  expect(EvaluationResults!.map(({ EvalDecision }) => EvalDecision)).toEqual(["allowed", "implicitDeny"]);
  const custom = await iam.send(
    new SimulateCustomPolicyCommand({
      PolicyInputList: [allow("s3:GetObject")],
      ActionNames: ["s3:GetObject", "s3:PutObject"],
    }),
  );
  expect(custom.EvaluationResults!.map(({ EvalDecision }) => EvalDecision)).toEqual(["allowed", "implicitDeny"]);
});
