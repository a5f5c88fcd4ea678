import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { manualClock } from "../../../local/clock.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { secretsManager } from "../../../local/services/secrets-manager/index.ts";
import { roleWith } from "../role-with.ts";

describe("Secrets Manager", () => {
  let cloud: RunningCloud;
  let client: SecretsManagerClient;
  const clock = manualClock(Date.now());

  beforeAll(async () => {
    cloud = await startCloud({ clock, services: { secretsmanager: secretsManager } });
    client = new SecretsManagerClient(cloud.client());
  });
  afterAll(async () => {
    client.destroy();
    await cloud.stop();
  });

  it("keeps text and bytes, found by name, by ARN and by ARN without its suffix", async () => {
    const made = await client.send(new CreateSecretCommand({ Name: "app/database", SecretString: '{"a":1}' }));
    expect(made.ARN).toMatch(/^arn:aws:secretsmanager:eu-west-1:000000000000:secret:app\/database-[A-Za-z0-9]{6}$/);
    for (const SecretId of ["app/database", made.ARN!, made.ARN!.slice(0, -7)]) {
      expect((await client.send(new GetSecretValueCommand({ SecretId }))).SecretString).toBe('{"a":1}');
    }
    await client.send(new CreateSecretCommand({ Name: "bytes", SecretBinary: Uint8Array.of(0, 255, 7) }));
    const { SecretBinary } = await client.send(new GetSecretValueCommand({ SecretId: "bytes" }));
    expect([...SecretBinary!]).toEqual([0, 255, 7]);
  });

  it("moves AWSCURRENT and AWSPREVIOUS as values are put, and drops versions without a stage", async () => {
    await client.send(new CreateSecretCommand({ Name: "rotated", SecretString: "one" }));
    await client.send(new PutSecretValueCommand({ SecretId: "rotated", SecretString: "two" }));
    const { VersionId } = await client.send(new UpdateSecretCommand({ SecretId: "rotated", SecretString: "three" }));
    const value = async (VersionStage: string) =>
      (await client.send(new GetSecretValueCommand({ SecretId: "rotated", VersionStage }))).SecretString;
    expect([await value("AWSCURRENT"), await value("AWSPREVIOUS")]).toEqual(["three", "two"]);
    const { Versions } = await client.send(new ListSecretVersionIdsCommand({ SecretId: "rotated" }));
    expect(Versions!.map(({ VersionStages }) => VersionStages).sort()).toEqual([["AWSCURRENT"], ["AWSPREVIOUS"]]);

    const previous = Versions!.find(({ VersionStages }) => VersionStages![0] === "AWSPREVIOUS")!.VersionId!;
    const roll = { SecretId: "rotated", VersionStage: "AWSCURRENT", MoveToVersionId: previous };
    await expect(client.send(new UpdateSecretVersionStageCommand(roll))).rejects.toThrow(
      `attached to version ${VersionId}`,
    );
    await client.send(new UpdateSecretVersionStageCommand({ ...roll, RemoveFromVersionId: VersionId }));
    expect([await value("AWSCURRENT"), await value("AWSPREVIOUS")]).toEqual(["two", "three"]);
  });

  it("takes a retried request once, and refuses its token with another value", async () => {
    const input = { Name: "once", SecretString: "x", ClientRequestToken: "a".repeat(32) };
    const first = await client.send(new CreateSecretCommand(input));
    expect((await client.send(new CreateSecretCommand(input))).VersionId).toBe(first.VersionId);
    const other = { SecretId: "once", SecretString: "y", ClientRequestToken: "a".repeat(32) };
    await expect(client.send(new PutSecretValueCommand(other))).rejects.toMatchObject({
      name: "ResourceExistsException",
    });
  });

  it("answers what AWS answers: a missing secret, a taken name, a bad name, both kinds of value, too large a value", async () => {
    const missing = client.send(new GetSecretValueCommand({ SecretId: "nowhere" }));
    await expect(missing).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      $metadata: { httpStatusCode: 400 },
    });
    const create = (input: object) => client.send(new CreateSecretCommand({ Name: "errors", ...input }));
    await create({ SecretString: "x" });
    await expect(create({ SecretString: "z" })).rejects.toMatchObject({ name: "ResourceExistsException" });
    await expect(create({ Name: "no spaces" })).rejects.toMatchObject({ name: "ValidationException" });
    const both = { Name: "both", SecretString: "x", SecretBinary: Uint8Array.of(1) };
    await expect(create(both)).rejects.toMatchObject({ name: "InvalidParameterException" });
    const large = { Name: "large", SecretString: "x".repeat(65_537) };
    await expect(create(large)).rejects.toMatchObject({ name: "ValidationException" });
  });

  it("keeps a deleted secret for its recovery window, can restore it until then, and not after", async () => {
    await client.send(new CreateSecretCommand({ Name: "gone", SecretString: "x" }));
    await client.send(new DeleteSecretCommand({ SecretId: "gone", RecoveryWindowInDays: 7 }));
    const read = () => client.send(new GetSecretValueCommand({ SecretId: "gone" }));
    await expect(read()).rejects.toMatchObject({ name: "InvalidRequestException" });
    await client.send(new RestoreSecretCommand({ SecretId: "gone" }));
    expect((await read()).SecretString).toBe("x");
    await client.send(new DeleteSecretCommand({ SecretId: "gone", RecoveryWindowInDays: 7 }));
    await cloud.call("secretsmanager", "DescribeSecret", { SecretId: "gone" });
    await clock.advance(7 * 86_400_000);
    await expect(cloud.call("secretsmanager", "DescribeSecret", { SecretId: "gone" })).rejects.toMatchObject({
      code: "ResourceNotFoundException",
    });
  });

  it("lists by name, tag and page, without those that wait for their deletion", async () => {
    for (const name of ["list/a", "list/b", "list/c"]) {
      await cloud.call("secretsmanager", "CreateSecret", { Name: name, Tags: [{ Key: "Team", Value: name }] });
    }
    await cloud.call("secretsmanager", "DeleteSecret", { SecretId: "list/b" });
    const names = async (input: object) => {
      const { SecretList } = await cloud.call("secretsmanager", "ListSecrets", input);
      return SecretList.map(({ Name }: { Name: string }) => Name);
    };
    expect(await names({ Filters: [{ Key: "name", Values: ["list/"] }] })).toEqual(["list/a", "list/c"]);
    expect(await names({ Filters: [{ Key: "tag-value", Values: ["list/c"] }] })).toEqual(["list/c"]);
    const first = await cloud.call("secretsmanager", "ListSecrets", { MaxResults: 1 });
    const second = await cloud.call("secretsmanager", "ListSecrets", { MaxResults: 1, NextToken: first.NextToken });
    expect(second.SecretList[0].Name).not.toBe(first.SecretList[0].Name);
  });

  it("makes passwords of the asked-for classes and length", async () => {
    const { RandomPassword: password } = await cloud.call("secretsmanager", "GetRandomPassword", {
      PasswordLength: 20,
      ExcludePunctuation: true,
      ExcludeCharacters: "abc0",
    });
    expect(password).toMatch(/^[A-Zd-z1-9]{20}$/);
    expect([/[A-Z]/, /[d-z]/, /[1-9]/].every((kind) => kind.test(password))).toBe(true);
    const impossible = { PasswordLength: 2 };
    await expect(cloud.call("secretsmanager", "GetRandomPassword", impossible)).rejects.toMatchObject({
      code: "InvalidParameterException",
    });
  });

  it("lets a tenant's session read the secret tagged with its tenant and no other's", async () => {
    for (const tenant of ["acme", "globex"]) {
      const tags = [{ Key: "TenantId", Value: tenant }];
      await cloud.call("secretsmanager", "CreateSecret", { Name: `t/${tenant}`, SecretString: tenant, Tags: tags });
    }
    const roleArn = await roleWith(cloud, "tenant", {
      Effect: "Allow",
      Action: "secretsmanager:GetSecretValue",
      Resource: "*",
      Condition: { StringEquals: { "secretsmanager:ResourceTag/TenantId": "${aws:PrincipalTag/TenantId}" } },
    });
    const acme = new SecretsManagerClient({ ...cloud.client(roleArn, { TenantId: "acme" }), maxAttempts: 1 });
    expect((await acme.send(new GetSecretValueCommand({ SecretId: "t/acme" }))).SecretString).toBe("acme");
    await expect(acme.send(new GetSecretValueCommand({ SecretId: "t/globex" }))).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: expect.stringContaining("secretsmanager:GetSecretValue"),
    });
    // A tag that is gone takes the permission with it.
    await client.send(new TagResourceCommand({ SecretId: "t/acme", Tags: [{ Key: "TenantId", Value: "other" }] }));
    await expect(acme.send(new GetSecretValueCommand({ SecretId: "t/acme" }))).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
    acme.destroy();
  });

  it("holds a managed secret under the ARN it was given, one version for one value", async () => {
    const ARN = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:rds!cluster-1234-AbCdEf";
    const put = (SecretString: string) =>
      cloud.call("secretsmanager", "PutManagedSecret", { ARN, OwningService: "rds", SecretString });
    const first = await put("one");
    expect((await put("one")).VersionId).toBe(first.VersionId);
    await put("two");
    expect((await client.send(new GetSecretValueCommand({ SecretId: ARN }))).SecretString).toBe("two");
    expect((await client.send(new DescribeSecretCommand({ SecretId: ARN }))).OwningService).toBe("rds");
  });
});

it("keeps secrets over a restart, and never in plain on disk", async () => {
  const directory = mkdtempSync(join(tmpdir(), "terrace-secrets-"));
  const services = { secretsmanager: secretsManager };
  const first = await startCloud({ directory, services });
  await first.call("secretsmanager", "CreateSecret", { Name: "kept", SecretString: "correct horse battery staple" });
  await first.stop();
  const onDisk = readdirSync(directory).map((name) => readFileSync(join(directory, name), "latin1"));
  expect(onDisk.some((text) => text.includes("correct horse"))).toBe(false);
  const second = await startCloud({ directory, services });
  const { SecretString } = await second.call("secretsmanager", "GetSecretValue", { SecretId: "kept" });
  expect(SecretString).toBe("correct horse battery staple");
  await second.stop();
  rmSync(directory, { recursive: true });
});
