import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AddTagsToResourceCommand,
  DeleteParameterCommand,
  DeleteParametersCommand,
  DescribeParametersCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  ListTagsForResourceCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
  SSMClient,
} from "@aws-sdk/client-ssm";
import type { Resource } from "../../../engine/graph.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { ssm } from "../../../local/services/ssm/index.ts";
import { roleWith } from "../role-with.ts";

describe("Parameter Store", () => {
  let cloud: RunningCloud;
  let client: SSMClient;

  beforeAll(async () => {
    cloud = await startCloud({ services: { ssm } });
    client = new SSMClient(cloud.client());
  });
  afterAll(async () => {
    client.destroy();
    await cloud.stop();
  });

  const put = (Name: string, Value: string, more: Partial<PutParameterCommandInput> = {}) =>
    client.send(new PutParameterCommand({ Name, Value, Type: "String", ...more }));

  it("keeps a value under its name, its ARN and its version", async () => {
    expect((await put("/plain/a", "one")).Version).toBe(1);
    expect((await put("/plain/a", "two", { Overwrite: true })).Version).toBe(2);
    for (const Name of ["/plain/a", "/plain/a:2", "arn:aws:ssm:eu-west-1:000000000000:parameter/plain/a"]) {
      const { Parameter } = await client.send(new GetParameterCommand({ Name }));
      expect(Parameter).toMatchObject({ Name: "/plain/a", Value: "two", Version: 2, Type: "String", DataType: "text" });
      expect(Parameter!.LastModifiedDate).toBeInstanceOf(Date);
    }
    await expect(client.send(new GetParameterCommand({ Name: "/plain/a:7" }))).rejects.toMatchObject({
      name: "ParameterVersionNotFound",
    });
  });

  it("shows a SecureString in plain only where decryption is asked for", async () => {
    await put("/secure/key", "opensesame", { Type: "SecureString" });
    const read = async (WithDecryption: boolean) =>
      (await client.send(new GetParameterCommand({ Name: "/secure/key", WithDecryption }))).Parameter!.Value;
    expect(await read(true)).toBe("opensesame");
    expect(await read(false)).not.toContain("opensesame");
  });

  it("reads many names at once and says which there are none of", async () => {
    await put("/many/a", "1");
    await put("/many/b", "2");
    const { Parameters, InvalidParameters } = await client.send(
      new GetParametersCommand({ Names: ["/many/a", "/many/none", "/many/b"] }),
    );
    expect(Parameters!.map(({ Value }) => Value)).toEqual(["1", "2"]);
    expect(InvalidParameters).toEqual(["/many/none"]);
  });

  it("reads a path one level deep or whole, in pages of at most ten", async () => {
    for (let index = 0; index < 12; index++) await put(`/tree/p${String(index).padStart(2, "0")}`, String(index));
    await put("/tree/deep/er", "x");
    await put("/treehouse", "not below /tree");
    const names = async (Recursive: boolean) => {
      const found: string[] = [];
      let NextToken: string | undefined;
      do {
        const page = await client.send(new GetParametersByPathCommand({ Path: "/tree", Recursive, NextToken }));
        expect(page.Parameters!.length).toBeLessThanOrEqual(10);
        found.push(...page.Parameters!.map(({ Name }) => Name!));
        NextToken = page.NextToken;
      } while (NextToken);
      return found;
    };
    expect(await names(false)).toHaveLength(12);
    expect(await names(true)).toContain("/tree/deep/er");
    expect(await names(true)).not.toContain("/treehouse");
    const many = client.send(new GetParametersByPathCommand({ Path: "/tree", MaxResults: 11 }));
    await expect(many).rejects.toMatchObject({ name: "ValidationException" });
  });

  it("answers what AWS answers: taken and missing names, bad names, sizes, patterns, types", async () => {
    await put("/errors/a", "1");
    await expect(put("/errors/a", "2")).rejects.toMatchObject({ name: "ParameterAlreadyExists" });
    await expect(client.send(new GetParameterCommand({ Name: "/errors/none" }))).rejects.toMatchObject({
      name: "ParameterNotFound",
      $metadata: { httpStatusCode: 400 },
    });
    await expect(client.send(new DeleteParameterCommand({ Name: "/errors/none" }))).rejects.toMatchObject({
      name: "ParameterNotFound",
    });
    for (const name of ["a b", "relative/path", "/double//slash", "/aws/mine", "/ends/"]) {
      await expect(put(name, "1")).rejects.toMatchObject({ name: "ValidationException" });
    }
    await expect(put(`/${"l/".repeat(15)}x`, "1")).rejects.toMatchObject({
      name: "HierarchyLevelLimitExceededException",
    });
    await expect(put("/errors/big", "x".repeat(4097))).rejects.toMatchObject({ name: "ValidationException" });
    await expect(put("/errors/big", "x".repeat(4097), { Tier: "Advanced" })).resolves.toMatchObject({ Version: 1 });
    await expect(put("/errors/p", "abc", { AllowedPattern: "^\\d+$" })).rejects.toMatchObject({
      name: "ParameterPatternMismatchException",
    });
    await expect(put("/errors/type", "1", { Type: undefined })).rejects.toMatchObject({ name: "ValidationException" });
  });

  it("deletes one or several, and describes and tags what is left", async () => {
    for (const name of ["/life/a", "/life/b", "/life/c"]) await put(name, "1", { Tags: [{ Key: "Team", Value: "x" }] });
    await client.send(new DeleteParameterCommand({ Name: "/life/a" }));
    const gone = await client.send(new DeleteParametersCommand({ Names: ["/life/b", "/life/none"] }));
    expect(gone).toMatchObject({ DeletedParameters: ["/life/b"], InvalidParameters: ["/life/none"] });
    const filter = { Key: "Name", Option: "BeginsWith", Values: ["/life/"] };
    const { Parameters } = await client.send(new DescribeParametersCommand({ ParameterFilters: [filter] }));
    expect(Parameters!.map(({ Name }) => Name)).toEqual(["/life/c"]);
    const resource = { ResourceType: "Parameter", ResourceId: "/life/c" } as const;
    await client.send(new AddTagsToResourceCommand({ ...resource, Tags: [{ Key: "Stage", Value: "y" }] }));
    const { TagList } = await client.send(new ListTagsForResourceCommand(resource));
    expect(TagList).toEqual([
      { Key: "Team", Value: "x" },
      { Key: "Stage", Value: "y" },
    ]);
  });

  it("lets a tenant's session read below its own path and no other's", async () => {
    for (const tenant of ["acme", "globex"]) await put(`/terrace/dev/tenants/${tenant}/limit`, tenant);
    const roleArn = await roleWith(cloud, "tenant", {
      Effect: "Allow",
      Action: "ssm:GetParameter*",
      Resource: "arn:aws:ssm:*:*:parameter/terrace/dev/tenants/${aws:PrincipalTag/TenantId}/*",
    });
    const acme = new SSMClient({ ...cloud.client(roleArn, { TenantId: "acme" }), maxAttempts: 1 });
    const get = (tenant: string) =>
      acme.send(new GetParameterCommand({ Name: `/terrace/dev/tenants/${tenant}/limit` }));
    expect((await get("acme")).Parameter!.Value).toBe("acme");
    await expect(get("globex")).rejects.toMatchObject({ name: "AccessDeniedException" });
    acme.destroy();
  });

  it("puts what the program declares, a new version only for a new value", async () => {
    const declare = async (value: string) => {
      const { resources } = await cloud.service("ssm");
      await resources["aws:ssm/parameter:Parameter"]!({
        inputs: { name: "/declared/a", type: "SecureString", value },
        outputs: { name: "/declared/a", tagsAll: { Environment: "dev" } },
        name: "a",
      } as unknown as Resource);
      return (await client.send(new GetParameterCommand({ Name: "/declared/a", WithDecryption: true }))).Parameter!;
    };
    expect(await declare("one")).toMatchObject({ Value: "one", Version: 1 });
    expect(await declare("one")).toMatchObject({ Version: 1 });
    expect(await declare("two")).toMatchObject({ Value: "two", Version: 2 });
  });
});

it("keeps parameters over a restart, and SecureStrings never in plain on disk", async () => {
  const directory = mkdtempSync(join(tmpdir(), "terrace-ssm-"));
  const first = await startCloud({ directory, services: { ssm } });
  await first.call("ssm", "PutParameter", { Name: "/kept", Value: "correct horse battery", Type: "SecureString" });
  await first.stop();
  const onDisk = readdirSync(directory).map((name) => readFileSync(join(directory, name), "latin1"));
  expect(onDisk.some((text) => text.includes("correct horse"))).toBe(false);
  const second = await startCloud({ directory, services: { ssm } });
  const { Parameter } = await second.call("ssm", "GetParameter", { Name: "/kept", WithDecryption: true });
  expect(Parameter.Value).toBe("correct horse battery");
  await second.stop();
  rmSync(directory, { recursive: true });
});
