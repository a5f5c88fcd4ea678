/** IAM's own API, through the unmodified SDK client. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  DeletePolicyCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  SimulatePrincipalPolicyCommand,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { CreateQueueCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import type { LogLine } from "../../../local/service.ts";
import { services } from "../../../local/services/index.ts";
import { resource } from "../resource.ts";

let directory: string;
let cloud: RunningCloud;
let iam: IAMClient;

async function start(): Promise<void> {
  cloud = await startCloud({ directory, services });
  iam = new IAMClient({ ...cloud.client(), maxAttempts: 1 });
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "terrace-iam-"));
  await start();
});

afterEach(async () => {
  await cloud.stop();
  rmSync(directory, { recursive: true, force: true });
});

const document = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const trust = () =>
  document({ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${cloud.account}:root` }, Action: "sts:AssumeRole" });
const allow = (Action: string, Resource: string) => document({ Effect: "Allow", Action, Resource });
const worker = { RoleName: "worker" };

async function createRole(): Promise<string> {
  const input = { ...worker, AssumeRolePolicyDocument: trust(), Path: "/jobs/", Tags: [{ Key: "Cell", Value: "a" }] };
  const { Role } = await iam.send(new CreateRoleCommand(input));
  return Role!.Arn!;
}

const failure = (sent: Promise<unknown>) =>
  sent.then(
    () => "succeeded",
    (error: Error) => `${error.name}: ${error.message}`,
  );

it("makes roles whose sessions may do what their policies say, and no more", async () => {
  const arn = await createRole();
  const queues = new SQSClient(cloud.client());
  const [jobs, other] = await Promise.all(
    ["jobs", "other"].map((QueueName) => queues.send(new CreateQueueCommand({ QueueName }))),
  );
  const queueArn = `arn:aws:sqs:${cloud.region}:${cloud.account}:jobs`;
  await iam.send(
    new PutRolePolicyCommand({ ...worker, PolicyName: "send", PolicyDocument: allow("sqs:SendMessage", queueArn) }),
  );
  const sts = new STSClient(cloud.client());
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: "test" }));
  const { endpoint, region } = cloud.client();
  const session = new SQSClient({
    ...{ endpoint, region, maxAttempts: 1 },
    credentials: {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    },
  });
  const send = (QueueUrl?: string) => session.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
  await expect(send(jobs!.QueueUrl)).resolves.toHaveProperty("MessageId");
  await expect(send(other!.QueueUrl)).rejects.toThrow(/not authorized to perform: sqs:SendMessage/);
  // A change counts at once.
  await iam.send(new DeleteRolePolicyCommand({ ...worker, PolicyName: "send" }));
  await expect(send(jobs!.QueueUrl)).rejects.toThrow(/not authorized/);
});

it("describes a role as it was made, and lists roles by path", async () => {
  await createRole();
  await iam.send(new TagRoleCommand({ ...worker, Tags: [{ Key: "Owner", Value: "ada" }] }));
  const { Role } = await iam.send(new GetRoleCommand(worker));
  expect(Role).toMatchObject({
    Path: "/jobs/",
    Arn: `arn:aws:iam::${cloud.account}:role/jobs/worker`,
    Tags: [
      { Key: "Cell", Value: "a" },
      { Key: "Owner", Value: "ada" },
    ],
  });
  expect(decodeURIComponent(Role!.AssumeRolePolicyDocument!)).toBe(trust());
  const { Roles } = await iam.send(new ListRolesCommand({ PathPrefix: "/jobs/" }));
  expect(Roles!.map(({ RoleName }) => RoleName)).toEqual(["worker"]);
});

it("attaches managed policies, AWS's own and one's own, and deletes neither while it is attached", async () => {
  await createRole();
  const { Policy } = await iam.send(
    new CreatePolicyCommand({ PolicyName: "read", PolicyDocument: allow("s3:GetObject", "arn:aws:s3:::photos/*") }),
  );
  const PolicyArn = Policy!.Arn!;
  await iam.send(new AttachRolePolicyCommand({ ...worker, PolicyArn }));
  const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand(worker));
  expect(AttachedPolicies).toEqual([{ PolicyName: "read", PolicyArn }]);
  expect((await iam.send(new ListRolePoliciesCommand(worker))).PolicyNames ?? []).toEqual([]);
  const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
  expect(decodeURIComponent(PolicyVersion!.Document!)).toContain("s3:GetObject");
  expect(await failure(iam.send(new DeletePolicyCommand({ PolicyArn })))).toMatch(/^DeleteConflict/);
  expect(await failure(iam.send(new DeleteRoleCommand(worker)))).toMatch(/^DeleteConflict.*must delete policies first/);
  await iam.send(new DetachRolePolicyCommand({ ...worker, PolicyArn }));
  await iam.send(new DeletePolicyCommand({ PolicyArn }));
  await iam.send(new DeleteRoleCommand(worker));
  expect(await failure(iam.send(new GetRoleCommand(worker)))).toMatch(/^NoSuchEntity/);
});

it("a program's role has nothing of a policy of AWS that is not here, and the log says so; one's own has to be there", async () => {
  const lines: LogLine[] = [];
  const own = await startCloud({ services, log: (line) => lines.push(line) });
  try {
    const { resources } = await own.service("iam");
    const attach = (policyArn: string) =>
      resources["aws:iam/rolePolicyAttachment:RolePolicyAttachment"]!(
        resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "a", { role: "worker", policyArn }),
      );
    await resources["aws:iam/role:Role"]!(
      resource("aws:iam/role:Role", "worker", { name: "worker", assumeRolePolicy: trust() }),
    );
    await attach("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess");
    const { AttachedPolicies } = await own.call("iam", "ListAttachedRolePolicies", { RoleName: "worker" });
    expect(AttachedPolicies).toEqual([]);
    expect(lines).toEqual([
      expect.objectContaining({
        level: "warn",
        source: "iam",
        message: expect.stringMatching(/ViewOnlyAccess is not among the policies of AWS that are on this machine/),
      }),
    ]);
    expect(() => attach("arn:aws:iam::000000000000:policy/gone")).toThrow("does not exist or is not attachable");
  } finally {
    await own.stop();
  }
});

it("keeps what it made over a restart", async () => {
  await createRole();
  await iam.send(
    new PutRolePolicyCommand({ ...worker, PolicyName: "send", PolicyDocument: allow("sqs:SendMessage", "*") }),
  );
  await cloud.stop();
  await start();
  const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ ...worker, PolicyName: "send" }));
  expect(decodeURIComponent(PolicyDocument!)).toBe(allow("sqs:SendMessage", "*"));
});

it("simulates what a role may do, tags and boundaries included", async () => {
  const arn = await createRole();
  const own = document(
    {
      ...{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::photos/${aws:PrincipalTag/TenantId}/*" },
    },
    { Effect: "Deny", Action: "s3:DeleteObject", Resource: "*" },
  );
  await iam.send(new PutRolePolicyCommand({ ...worker, PolicyName: "own", PolicyDocument: own }));
  const ask = async (action: string, resource: string) => {
    const { EvaluationResults } = await iam.send(
      new SimulatePrincipalPolicyCommand({
        ...{ PolicySourceArn: arn, ActionNames: [action], ResourceArns: [resource] },
        ContextEntries: [
          { ContextKeyName: "aws:PrincipalTag/TenantId", ContextKeyType: "string", ContextKeyValues: ["acme"] },
        ],
      }),
    );
    const [{ EvalDecision, MatchedStatements } = {}] = EvaluationResults!;
    return [EvalDecision, MatchedStatements?.map(({ SourcePolicyId }) => SourcePolicyId) ?? []];
  };
  expect(await ask("s3:GetObject", "arn:aws:s3:::photos/acme/1")).toEqual(["allowed", ["own"]]);
  expect(await ask("s3:GetObject", "arn:aws:s3:::photos/globex/1")).toEqual(["implicitDeny", []]);
  expect(await ask("s3:DeleteObject", "arn:aws:s3:::photos/acme/1")).toEqual(["explicitDeny", ["own"]]);
  const { Policy } = await iam.send(
    new CreatePolicyCommand({ PolicyName: "bound", PolicyDocument: allow("sqs:*", "*") }),
  );
  await iam.send(new PutRolePermissionsBoundaryCommand({ ...worker, PermissionsBoundary: Policy!.Arn }));
  expect(await ask("s3:GetObject", "arn:aws:s3:::photos/acme/1")).toEqual(["implicitDeny", []]);
});

describe("refuses", () => {
  beforeEach(() => createRole());

  it.each([
    ["a name that is taken", () => createRole(), /^EntityAlreadyExists/],
    [
      "a name with a blank",
      () => iam.send(new CreateRoleCommand({ RoleName: "a b", AssumeRolePolicyDocument: trust() })),
      /^ValidationError.*roleName/,
    ],
    [
      "a trust policy without a principal",
      () =>
        iam.send(
          new UpdateAssumeRolePolicyCommand({
            ...worker,
            PolicyDocument: document({ Effect: "Allow", Action: "sts:AssumeRole" }),
          }),
        ),
      /^MalformedPolicyDocument.*must contain principals/,
    ],
    [
      "a policy with a principal",
      () => iam.send(new PutRolePolicyCommand({ ...worker, PolicyName: "p", PolicyDocument: trust() })),
      /^MalformedPolicyDocument/,
    ],
    [
      "a policy that is not JSON",
      () => iam.send(new PutRolePolicyCommand({ ...worker, PolicyName: "p", PolicyDocument: "{" })),
      /^MalformedPolicyDocument.*not valid JSON/,
    ],
    [
      "a policy that does not exist",
      () => iam.send(new AttachRolePolicyCommand({ ...worker, PolicyArn: "arn:aws:iam::000000000000:policy/nope" })),
      /^NoSuchEntity/,
    ],
    [
      "an unknown role",
      () => iam.send(new GetRolePolicyCommand({ RoleName: "nobody", PolicyName: "p" })),
      /^NoSuchEntity.*nobody/,
    ],
  ])("%s", async (_what, attempt, message) => {
    expect(await failure(attempt())).toMatch(message);
  });
});
