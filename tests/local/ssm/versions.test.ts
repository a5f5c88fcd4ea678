/** What Parameter Store keeps of a parameter's past, its labels and its policies, through the unmodified SDK client. */
import {
  DescribeParametersCommand,
  GetParameterCommand,
  GetParameterHistoryCommand,
  GetParametersByPathCommand,
  LabelParameterVersionCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
  SSMClient,
  UnlabelParameterVersionCommand,
} from "@aws-sdk/client-ssm";
import { manualClock } from "../../../local/clock.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { ssm } from "../../../local/services/ssm/index.ts";
import { roleWith } from "../role-with.ts";

let cloud: RunningCloud;
let client: SSMClient;
const clock = manualClock(Date.now());

beforeEach(async () => {
  cloud = await startCloud({ clock, services: { ssm } });
  client = new SSMClient({ ...cloud.client(), maxAttempts: 1 });
});

afterEach(async () => {
  client.destroy();
  await cloud.stop();
});

const put = (Value: string, more: Partial<PutParameterCommandInput> = {}) =>
  client.send(new PutParameterCommand({ Name: "/app/key", Value, Type: "String", Overwrite: true, ...more }));
const get = async (Name: string) => {
  const { Parameter } = await client.send(new GetParameterCommand({ Name, WithDecryption: true }));
  return [Parameter!.Value, Parameter!.Version, Parameter!.Selector];
};
const label = (ParameterVersion: number | undefined, ...Labels: string[]) =>
  client.send(new LabelParameterVersionCommand({ Name: "/app/key", ParameterVersion, Labels }));
const failure = (sent: Promise<unknown>) =>
  sent.then(
    () => "succeeded",
    (error: Error) => `${error.name}: ${error.message}`,
  );

it("keeps every version with its value, description and writer, in order and in pages", async () => {
  await put("one", { Description: "first" });
  await put("two", { Description: "second" });
  await put("three");
  const history = async (more: object = {}) =>
    client.send(new GetParameterHistoryCommand({ Name: "/app/key", ...more }));
  const { Parameters } = await history();
  expect(Parameters!.map(({ Version, Value, Description }) => [Version, Value, Description])).toEqual([
    [1, "one", "first"],
    [2, "two", "second"],
    [3, "three", "second"],
  ]);
  expect(Parameters![0]).toMatchObject({ LastModifiedUser: "arn:aws:iam::000000000000:root", Tier: "Standard" });
  const first = await history({ MaxResults: 2 });
  const second = await history({ MaxResults: 2, NextToken: first.NextToken });
  expect([...first.Parameters!, ...second.Parameters!].map(({ Version }) => Version)).toEqual([1, 2, 3]);
  expect(await failure(client.send(new GetParameterHistoryCommand({ Name: "/none" })))).toMatch(/^ParameterNotFound/);
});

it("decrypts old versions of SecureStrings only where that is asked for", async () => {
  await put("old secret", { Type: "SecureString" });
  await put("new secret", { Type: "SecureString" });
  const values = async (WithDecryption: boolean) => {
    const { Parameters } = await client.send(new GetParameterHistoryCommand({ Name: "/app/key", WithDecryption }));
    return Parameters!.map(({ Value }) => Value);
  };
  expect(await values(true)).toEqual(["old secret", "new secret"]);
  expect((await values(false)).join()).not.toContain("secret");
  expect(await get("/app/key:1")).toEqual(["old secret", 1, ":1"]);
});

it("finds a version by its label, which is on one version at a time", async () => {
  await put("one");
  await put("two");
  await label(1, "stable", "v-one");
  expect(await get("/app/key:stable")).toEqual(["one", 1, ":stable"]);
  await label(undefined, "stable");
  expect(await get("/app/key:stable")).toEqual(["two", 2, ":stable"]);
  expect(await get("/app/key:v-one")).toEqual(["one", 1, ":v-one"]);
  expect(await failure(get("/app/key:none"))).toMatch(/^ParameterVersionNotFound.*label none/);
  const removed = await client.send(
    new UnlabelParameterVersionCommand({ Name: "/app/key", ParameterVersion: 2, Labels: ["stable", "other"] }),
  );
  expect([removed.RemovedLabels, removed.InvalidLabels]).toEqual([["stable"], ["other"]]);
  expect(await failure(get("/app/key:stable"))).toMatch(/^ParameterVersionNotFound/);
});

it("says which labels it does not take, and gives a version ten at most", async () => {
  await put("one");
  expect((await label(1, "1st", "aws-x", "ssm-x", "a b", "good")).InvalidLabels).toEqual([
    "1st",
    "aws-x",
    "ssm-x",
    "a b",
  ]);
  await label(1, ..."abcdefghi");
  expect(await failure(label(1, "j"))).toMatch(/^ParameterVersionLabelLimitExceeded/);
  expect(await failure(label(7, "x"))).toMatch(/^ParameterVersionNotFound.*version 7/);
});

it("reads a path by type and by label, and refuses other filters there", async () => {
  await put("one");
  await put("two");
  await put("list", { Name: "/app/list", Type: "StringList" });
  await label(1, "stable");
  const byPath = async (Key: string, ...Values: string[]) => {
    const { Parameters = [] } = await client.send(
      new GetParametersByPathCommand({ Path: "/app", ParameterFilters: [{ Key, Option: "Equals", Values }] }),
    );
    return Parameters.map(({ Name, Value }) => [Name, Value]);
  };
  expect(await byPath("Type", "StringList")).toEqual([["/app/list", "list"]]);
  expect(await byPath("Label", "stable")).toEqual([["/app/key", "one"]]);
  expect(await failure(byPath("Name", "x"))).toMatch(/^InvalidFilterKey.*Name/);
});

it("keeps a hundred versions: the oldest goes, unless it has a label", async () => {
  for (let version = 1; version <= 101; version++) await put(String(version));
  expect(await failure(get("/app/key:1"))).toMatch(/^ParameterVersionNotFound/);
  expect(await get("/app/key:2")).toEqual(["2", 2, ":2"]);
  await label(2, "kept");
  expect(await failure(put("102"))).toMatch(/^ParameterMaxVersionLimitExceeded.*version 2/);
  expect(await get("/app/key")).toEqual(["101", 101, undefined]);
});

describe("a parameter's policies", () => {
  const expiring = (Timestamp: string) =>
    JSON.stringify([{ Type: "Expiration", Version: "1.0", Attributes: { Timestamp } }]);

  it("delete it at its time, with all its versions", async () => {
    const Policies = expiring(new Date(clock.now() + 60_000).toISOString());
    await put("short-lived", { Tier: "Advanced", Policies });
    const described = async () => (await client.send(new DescribeParametersCommand({}))).Parameters!;
    expect((await described())[0]!.Policies).toMatchObject([{ PolicyType: "Expiration", PolicyStatus: "Pending" }]);
    await clock.advance(59_000);
    expect((await get("/app/key"))[0]).toBe("short-lived");
    await clock.advance(1000);
    expect(await failure(get("/app/key"))).toMatch(/^ParameterNotFound/);
    expect(await described()).toEqual([]);
    expect(await failure(client.send(new GetParameterHistoryCommand({ Name: "/app/key" })))).toMatch(
      /^ParameterNotFound/,
    );
  });

  it.each([
    ["in the standard tier", { Policies: expiring("2030-01-01T00:00:00Z") }, /^ValidationException.*advanced tier/],
    [
      "of an unknown type",
      { Tier: "Advanced", Policies: '[{"Type":"Forever"}]' },
      /^InvalidPolicyTypeException.*Forever/,
    ],
    ["that are no list", { Tier: "Advanced", Policies: "{nonsense" }, /^InvalidPolicyTypeException.*JSON array/],
    ["whose time is none", { Tier: "Advanced", Policies: expiring("soon") }, /^InvalidPolicyAttributeException.*soon/],
    [
      "that speak of an expiration there is none of",
      { Tier: "Advanced", Policies: '[{"Type":"ExpirationNotification","Attributes":{"Before":"1","Unit":"Days"}}]' },
      /^IncompatiblePolicyException/,
    ],
  ] satisfies [string, Partial<PutParameterCommandInput>, RegExp][])("are refused %s", async (_what, more, message) => {
    expect(await failure(put("x", more))).toMatch(message);
  });

  it("come with Intelligent-Tiering, and a parameter does not go back to the standard tier", async () => {
    const Policies = expiring(new Date(clock.now() + 3600_000).toISOString());
    expect((await put("x", { Tier: "Intelligent-Tiering", Policies })).Tier).toBe("Advanced");
    expect(await failure(put("y", { Tier: "Standard" }))).toMatch(/^ValidationException.*downgrade/);
  });
});

it("asks IAM for history and labels by the parameter's ARN", async () => {
  await put("one");
  const arn = "arn:aws:ssm:eu-west-1:000000000000:parameter/app/key";
  const reader = await roleWith(cloud, "reader", { Effect: "Allow", Action: "ssm:GetParameterHistory", Resource: arn });
  const asReader = new SSMClient({ ...cloud.client(reader), maxAttempts: 1 });
  const history = await asReader.send(new GetParameterHistoryCommand({ Name: "/app/key" }));
  expect(history.Parameters).toHaveLength(1);
  const labelling = asReader.send(new LabelParameterVersionCommand({ Name: "/app/key", Labels: ["x"] }));
  expect(await failure(labelling)).toMatch(`not authorized to perform: ssm:LabelParameterVersion on resource: ${arn}`);
  asReader.destroy();
});
