import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { manualClock } from "../../../local/clock.ts";
import { type ClientConfig, type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { ssm } from "../../../local/services/ssm/index.ts";
import { sts } from "../../../local/services/sts.ts";
import { roleWith } from "../role-with.ts";

describe("STS", () => {
  let cloud: RunningCloud;
  let callerArn: string;
  const clock = manualClock(Date.now());

  beforeAll(async () => {
    cloud = await startCloud({ clock, services: { sts, ssm } });
    callerArn = await roleWith(cloud, "caller", {
      Effect: "Allow",
      Action: "sts:AssumeRole",
      Resource: "*/by-account",
    });
    for (const name of ["a", "b"]) {
      await cloud.call("ssm", "PutParameter", { Name: `/${name}`, Value: name, Type: "String" });
    }
  });
  afterAll(() => cloud.stop());

  /** A role with a trust policy of its own. */
  async function role(name: string, trust: object | object[], ...statements: object[]): Promise<string> {
    const arn = await roleWith(cloud, name, ...statements);
    cloud.iam.roles.get(arn)!.trustPolicy = JSON.stringify({ Version: "2012-10-17", Statement: [trust].flat() });
    cloud.iam.changed();
    return arn;
  }
  const trusting = (AWS: string, Action: string | string[], more: object = {}) => ({
    Effect: "Allow",
    Principal: { AWS },
    Action,
    ...more,
  });

  async function assume(from: ClientConfig, input: Partial<AssumeRoleCommandInput> & { RoleArn: string }) {
    const client = new STSClient({ ...from, maxAttempts: 1 });
    try {
      const command = new AssumeRoleCommand({ RoleSessionName: "acme", ...input });
      const { Credentials: given, AssumedRoleUser } = await client.send(command);
      const credentials = {
        accessKeyId: given!.AccessKeyId!,
        secretAccessKey: given!.SecretAccessKey!,
        sessionToken: given!.SessionToken!,
      };
      return { ...from, credentials, expiration: given!.Expiration!, arn: AssumedRoleUser!.Arn };
    } finally {
      client.destroy();
    }
  }
  async function read(from: ClientConfig, Name: string): Promise<string> {
    const client = new SSMClient({ ...from, maxAttempts: 1 });
    try {
      return (await client.send(new GetParameterCommand({ Name }))).Parameter!.Value!;
    } catch (error) {
      return (error as Error).name;
    } finally {
      client.destroy();
    }
  }
  const everything = { Effect: "Allow", Action: "ssm:*", Resource: "*" };

  it("hands a role to whom its trust policy names, and the session says who it is", async () => {
    const RoleArn = await role("trusting", trusting(callerArn, "sts:AssumeRole"), everything);
    const session = await assume(cloud.client(callerArn), { RoleArn });
    expect(session.arn).toBe("arn:aws:sts::000000000000:assumed-role/trusting/acme");
    expect(session.credentials.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(await read(session, "/a")).toBe("a");
    const client = new STSClient(session);
    expect(await client.send(new GetCallerIdentityCommand())).toMatchObject({
      Account: "000000000000",
      Arn: session.arn,
      UserId: expect.stringMatching(/:acme$/),
    });
    client.destroy();
  });

  it("refuses whom the trust policy does not name, and a role that is not there, alike", async () => {
    const RoleArn = await role("distrusting", trusting("arn:aws:iam::000000000000:role/other", "sts:AssumeRole"));
    for (const arn of [RoleArn, "arn:aws:iam::000000000000:role/none"]) {
      await expect(assume(cloud.client(callerArn), { RoleArn: arn })).rejects.toMatchObject({
        name: "AccessDenied",
        message: expect.stringContaining(`not authorized to perform: sts:AssumeRole on resource: ${arn}`),
      });
    }
  });

  it("asks the caller's own policies where the trust policy names only the account", async () => {
    const root = "arn:aws:iam::000000000000:root";
    const granted = await role("by-account", trusting(root, "sts:AssumeRole"), everything);
    const other = await role("by-account-too", trusting(root, "sts:AssumeRole"), everything);
    expect(await read(await assume(cloud.client(callerArn), { RoleArn: granted }), "/a")).toBe("a");
    await expect(assume(cloud.client(callerArn), { RoleArn: other })).rejects.toMatchObject({ name: "AccessDenied" });
  });

  it("takes session tags only with sts:TagSession, and policies see them", async () => {
    const own = {
      Effect: "Allow",
      Action: "ssm:GetParameter",
      Resource: "arn:aws:ssm:*:*:parameter/${aws:PrincipalTag/TenantId}",
    };
    const Tags = [{ Key: "TenantId", Value: "a" }];
    const untaggable = await role("untaggable", trusting(callerArn, "sts:AssumeRole"), own);
    await expect(assume(cloud.client(callerArn), { RoleArn: untaggable, Tags })).rejects.toMatchObject({
      name: "AccessDenied",
      message: expect.stringContaining("sts:TagSession"),
    });
    const demanding = trusting(callerArn, ["sts:AssumeRole", "sts:TagSession"], {
      Condition: { StringLike: { "aws:RequestTag/TenantId": "?*" } },
    });
    const RoleArn = await role("taggable", demanding, own);
    const session = await assume(cloud.client(callerArn), { RoleArn, Tags });
    expect([await read(session, "/a"), await read(session, "/b")]).toEqual(["a", "AccessDeniedException"]);
    await expect(assume(cloud.client(callerArn), { RoleArn })).rejects.toMatchObject({ name: "AccessDenied" });
  });

  it("narrows a session by the policy it is given, never widens it", async () => {
    const RoleArn = await role("narrowed", trusting(callerArn, "sts:AssumeRole"), {
      ...everything,
      Resource: "arn:aws:ssm:*:*:parameter/a",
    });
    const policyOn = (name: string) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ ...everything, Resource: `arn:aws:ssm:*:*:parameter/${name}` }],
      });
    const same = await assume(cloud.client(callerArn), { RoleArn, Policy: policyOn("a") });
    const wider = await assume(cloud.client(callerArn), { RoleArn, Policy: policyOn("b") });
    expect([await read(same, "/a"), await read(same, "/b")]).toEqual(["a", "AccessDeniedException"]);
    expect([await read(wider, "/a"), await read(wider, "/b")]).toEqual([
      "AccessDeniedException",
      "AccessDeniedException",
    ]);
    const malformed = assume(cloud.client(callerArn), { RoleArn, Policy: "{" });
    await expect(malformed).rejects.toMatchObject({ name: "MalformedPolicyDocumentException" });
  });

  it("holds a session to its duration, and the duration to the role's and to an hour when chained", async () => {
    const RoleArn = await role("brief", trusting(callerArn, "sts:AssumeRole"), everything);
    cloud.iam.roles.get(RoleArn)!.maxSessionSeconds = 7200;
    const session = await assume(cloud.client(callerArn), { RoleArn, DurationSeconds: 900 });
    expect(session.expiration.getTime() - clock.now()).toBeLessThanOrEqual(900_000);
    for (const DurationSeconds of [899, 3601]) {
      await expect(assume(cloud.client(callerArn), { RoleArn, DurationSeconds })).rejects.toMatchObject({
        name: "ValidationError",
      });
    }
    await clock.advance(901_000);
    expect(await read(session, "/a")).toBe("ExpiredTokenException");
  });

  it.each(["x", "has space", "a".repeat(65)])("refuses the session name %j", async (RoleSessionName) => {
    const RoleArn = await role("named", trusting(callerArn, "sts:AssumeRole"));
    const asked = assume(cloud.client(callerArn), { RoleArn, RoleSessionName });
    await expect(asked).rejects.toMatchObject({ name: "ValidationError" });
  });

  it("says to a denied caller which statement is missing", async () => {
    const client = new SSMClient({ ...cloud.client(callerArn), maxAttempts: 1 });
    const put = client.send(new PutParameterCommand({ Name: "/c", Value: "c", Type: "String" }));
    await expect(put).rejects.toMatchObject({
      name: "AccessDeniedException",
      message:
        "User: arn:aws:sts::000000000000:assumed-role/caller/test is not authorized to perform: ssm:PutParameter on resource: " +
        "arn:aws:ssm:eu-west-1:000000000000:parameter/c because no identity-based policy allows the ssm:PutParameter action. " +
        'Missing: {"Effect":"Allow","Action":"ssm:PutParameter","Resource":"arn:aws:ssm:eu-west-1:000000000000:parameter/c"}',
    });
    client.destroy();
  });
});
