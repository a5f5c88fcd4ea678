/** Sessions that open sessions: which tags go along, what a session may still assume, who is behind it. */
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetAccessKeyInfoCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { type ClientConfig, type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { services } from "../../../local/services/index.ts";

let cloud: RunningCloud;
let iam: IAMClient;

beforeEach(async () => {
  cloud = await startCloud({ services });
  iam = new IAMClient(cloud.client());
  for (const name of ["first", "second"]) await role(name, { Team: "own" });
  await allow("first", { Action: ["sts:AssumeRole", "sts:TagSession"], Resource: arnOf("second") });
});

afterEach(async () => {
  iam.destroy();
  await cloud.stop();
});

const arnOf = (name: string) => `arn:aws:iam::000000000000:role/${name}`;
const document = (statement: object) =>
  JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", ...statement } });
const role = (RoleName: string, tags: Record<string, string>) =>
  iam.send(
    new CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: document({
        Principal: { AWS: "arn:aws:iam::000000000000:root" },
        Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
      }),
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    }),
  );
const allow = (RoleName: string, statement: object) =>
  iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument: document(statement) }));
const failure = (sent: Promise<unknown>) =>
  sent.then(
    () => "succeeded",
    (error: Error) => `${error.name}: ${error.message}`,
  );

async function assume(name: string, more: Partial<AssumeRoleCommandInput> = {}, as: ClientConfig = cloud.client()) {
  const client = new STSClient({ ...as, maxAttempts: 1 });
  const { Credentials } = await client.send(
    new AssumeRoleCommand({ RoleArn: arnOf(name), RoleSessionName: "test", ...more }),
  );
  client.destroy();
  const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials!;
  const credentials = { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! };
  return { ...cloud.client(), credentials };
}

/** Whether a session may make a queue of this name. */
const makes = (QueueName: string, as: ClientConfig) =>
  failure(new SQSClient({ ...as, maxAttempts: 1 }).send(new CreateQueueCommand({ QueueName })));

it("a role's own tags count, and a session's go before them", async () => {
  await allow("first", { Action: "sqs:CreateQueue", Resource: "arn:aws:sqs:*:*:${aws:PrincipalTag/Team}" });
  const plain = await assume("first");
  const tagged = await assume("first", { Tags: [{ Key: "Team", Value: "session" }] });
  expect([await makes("own", plain), await makes("session", tagged)]).toEqual(["succeeded", "succeeded"]);
  expect(await makes("own", tagged)).toMatch(/not authorized/);
});

it("transitive tags go along to the next role, others stay behind, and none of them can be replaced", async () => {
  await allow("second", {
    Action: "sqs:CreateQueue",
    Resource: "arn:aws:sqs:*:*:${aws:PrincipalTag/Tenant}-${aws:PrincipalTag/Shift, 'none'}",
  });
  const Tags = [
    { Key: "Tenant", Value: "acme" },
    { Key: "Shift", Value: "night" },
  ];
  const first = await assume("first", { Tags, TransitiveTagKeys: ["Tenant"] });
  expect(await makes("acme-none", await assume("second", {}, first))).toBe("succeeded");
  const replaced = assume("second", { Tags: [{ Key: "Tenant", Value: "globex" }] }, first);
  expect(await failure(replaced)).toMatch(/^InvalidParameterValue.*Tenant is inherited/);
  expect(await failure(assume("first", { TransitiveTagKeys: ["Tenant"] }))).toMatch(
    /^InvalidParameterValue.*Tenant is not among/,
  );
  const twice = [...Tags, { Key: "tenant", Value: "x" }];
  expect(await failure(assume("first", { Tags: twice }))).toMatch(/^InvalidParameterValue.*Duplicate tag keys/);
});

it("a session whose policy does not allow it assumes nothing, whatever its role may do", async () => {
  const Policy = document({ Action: "sqs:*", Resource: "*" });
  const narrowed = await assume("first", { Policy });
  expect(await failure(assume("second", {}, narrowed))).toMatch(/^AccessDenied.*no session policy/);
  expect(await failure(assume("second", {}, await assume("first")))).toBe("succeeded");
});

it("who is behind a session stays known to the sessions that it opens", async () => {
  await allow("second", {
    ...{ Action: "sqs:CreateQueue", Resource: "*" },
    Condition: { StringEquals: { "aws:SourceIdentity": "ada" } },
  });
  const first = await assume("first", { SourceIdentity: "ada" });
  expect(await makes("jobs", await assume("second", {}, first))).toBe("succeeded");
  expect(await makes("jobs2", await assume("second", {}, await assume("first")))).toMatch(/not authorized/);
});

it("tells whose account a key is, and that a text is no key", async () => {
  const sts = new STSClient(cloud.client());
  const ask = (AccessKeyId: string) => sts.send(new GetAccessKeyInfoCommand({ AccessKeyId }));
  expect((await ask(cloud.client().credentials.accessKeyId)).Account).toBe("000000000000");
  expect(await failure(ask("0123456789abcdef0123"))).toMatch(/^ValidationError/);
  sts.destroy();
});
