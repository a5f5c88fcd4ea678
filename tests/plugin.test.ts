/** The components for other languages: what Pulumi's own analyzer makes of them, and that they deploy what the library does. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { deploy } from "../engine/testing.ts";
import * as plugin from "../plugin/index.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const directory = join(import.meta.dirname, "../plugin");
const fn = { entry: "tests/fixtures/functions/hello" };

interface Property {
  type?: string;
  plain?: boolean;
  $ref?: string;
  items?: Property;
  additionalProperties?: Property;
}
interface Schema {
  resources: Record<
    string,
    { inputProperties: Record<string, Property>; requiredInputs: string[]; required: string[]; description?: string }
  >;
  types: Record<string, { properties: Record<string, Property>; required: string[] }>;
}

const names = Object.keys(plugin).sort();
let schema: Schema;

beforeAll(async () => {
  // Not among what the package exports to ES modules by a path of its own.
  const { ComponentProvider } = createRequire(import.meta.url)("@pulumi/pulumi/provider/experimental/provider.js");
  const provider = new ComponentProvider({ dirname: directory, name: "terrace", components: Object.values(plugin) });
  schema = JSON.parse(await provider.getSchema());
}, 60_000);

it("Pulumi's analyzer takes every component, with what it needs and gives", () => {
  const found = Object.entries(schema.resources).map(([token, { requiredInputs, required }]) => [
    token.split(":")[2],
    requiredInputs,
    required,
  ]);
  expect(found.sort()).toEqual([
    ["Api", ["handler", "openapi"], ["apiId", "handlerArn", "url"]],
    ["Bucket", [], ["arn", "bucketName"]],
    ["Cell", ["cidr", "tiers"], ["apiId", "bucketName", "clusterArn", "lifecycleFunction", "topicArn", "userPoolId"]],
    ["Database", ["isolatedSubnetIds", "vpcId"], ["adminSecretArn", "clusterArn", "endpoint", "readerEndpoint"]],
    ["FanOut", ["consumers"], ["queueArns", "topicArn"]],
    ["Function", ["entry"], ["arn", "functionName", "logGroupName", "roleArn"]],
    ["Network", ["cidr"], ["isolatedSubnetIds", "privateSubnetIds", "publicSubnetIds", "vpcId"]],
    ["Queue", [], ["arn", "deadLetterArn", "url"]],
    ["Schedule", ["expression", "function"], ["arn", "functionArn"]],
    ["Table", ["attributes", "hashKey"], ["arn", "tableName"]],
    ["Topic", [], ["arn", "topicName"]],
  ]);
  expect(found.map(([name]) => name).sort()).toEqual(names);
  for (const { description } of Object.values(schema.resources)) expect(description).toMatch(/^[A-Z].+\.$/s);
});

it("names, numbers and choices are plain, ARNs may come from other resources, functions and indexes are types", () => {
  const { Queue, Database, FanOut, Table } = Object.fromEntries(
    Object.entries(schema.resources).map(([token, { inputProperties }]) => [token.split(":")[2]!, inputProperties]),
  ) as Record<string, Record<string, Property>>;
  expect(Queue!.visibilityTimeoutSeconds).toMatchObject({ type: "number", plain: true });
  expect(Queue!.fifo).toMatchObject({ type: "boolean", plain: true });
  expect(Queue!.kmsKeyId).toMatchObject({ type: "string" });
  expect(Queue!.kmsKeyId).not.toHaveProperty("plain");
  expect(Queue!.consumer).toMatchObject({ $ref: "#/types/terrace:index:QueueConsumerArgs" });
  expect(Database!.isolatedSubnetIds).toMatchObject({ type: "array", items: { type: "string" } });
  expect(FanOut!.consumers!.additionalProperties).toMatchObject({ $ref: "#/types/terrace:index:FanOutConsumerArgs" });
  expect(Table!.attributes).toMatchObject({ type: "object", additionalProperties: { type: "string" } });
  expect(schema.types["terrace:index:GrantArgs"]!.required).toEqual(["actions", "resources"]);
});

const programs: Record<string, [make: () => unknown, types: string[]]> = {
  Api: [
    () => new plugin.Api("x", { openapi: "functions/api/openapi.json", handler: fn, authorizer: fn }),
    ["terrace:edge:Api", "aws:apigateway/restApi:RestApi"],
  ],
  Bucket: [() => new plugin.Bucket("x", { protection: "disposable" }), ["aws:s3/bucket:Bucket"]],
  Cell: [
    () => new plugin.Cell("eu1", { cidr: "10.0.0.0/20", tiers: { basic: { placement: "pool", rate: 10, burst: 20 } } }),
    ["terrace:cell:Cell", "aws:rds/cluster:Cluster"],
  ],
  Database: [
    () => new plugin.Database("x", { vpcId: "vpc-1", isolatedSubnetIds: ["subnet-1", "subnet-2"] }),
    ["aws:rds/cluster:Cluster"],
  ],
  FanOut: [
    () => new plugin.FanOut("x", { consumers: { audit: { function: fn, filter: { type: ["order.placed"] } } } }),
    ["aws:sns/topicSubscription:TopicSubscription", "aws:lambda/eventSourceMapping:EventSourceMapping"],
  ],
  Function: [
    () =>
      new plugin.Function("x", {
        ...fn,
        grants: [{ actions: ["sns:Publish"], resources: ["arn:aws:sns:eu-west-1:1:t"] }],
      }),
    ["aws:lambda/function:Function"],
  ],
  Network: [() => new plugin.Network("x", { cidr: "10.0.0.0/20" }), ["awsx:ec2:Vpc"]],
  Queue: [
    () => new plugin.Queue("x", { consumer: { function: fn, batchSize: 5 } }),
    ["aws:sqs/queue:Queue", "aws:lambda/eventSourceMapping:EventSourceMapping"],
  ],
  Schedule: [
    () => new plugin.Schedule("x", { expression: "rate(1 day)", function: fn }),
    ["aws:scheduler/schedule:Schedule"],
  ],
  Table: [
    () =>
      new plugin.Table("x", {
        attributes: { id: "S", at: "N" },
        hashKey: "id",
        indexes: { byTime: { hashKey: "at" } },
      }),
    ["aws:dynamodb/table:Table"],
  ],
  Topic: [() => new plugin.Topic("x", {}), ["aws:sns/topic:Topic"]],
};

it.each(Object.entries(programs))(
  "%s deploys what the library does, and has the outputs that it declares",
  async (name, [make, types]) => {
    const stack = await deploy(make);
    expect(stack.resources.map(({ type }) => type)).toEqual(expect.arrayContaining(types));
    const { outputs } = stack.resource(`terrace:index:${name}`);
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(schema.resources[`terrace:index:${name}`]!.required));
  },
);

it("every component is tried, and a wrong choice is refused in one line as in the library", async () => {
  expect(Object.keys(programs).sort()).toEqual(names);
  await expect(deploy(() => new plugin.Bucket("x", { protection: "keep" }))).rejects.toThrow(
    'Bucket "x": protection is "keep"; it has to be disposable or protected',
  );
});

it("is of the library's version", () => {
  const versionOf = (file: string) => JSON.parse(readFileSync(file, "utf8")).version;
  expect(versionOf(join(directory, "package.json"))).toBe(versionOf(join(directory, "../package.json")));
});

it("loads as Pulumi loads it, without a compiler", () => {
  expect(readFileSync(join(directory, "PulumiPlugin.yaml"), "utf8")).toMatch(
    /name: nodejs\n {2}options:\n {4}typescript: false/,
  );
  const load = `const { getPulumiComponents } = require("@pulumi/pulumi/provider/experimental/provider.js");
    console.log(getPulumiComponents(require(${JSON.stringify(directory)})).map(({ name }) => name).sort().join());`;
  const flags = ["--disable-warning=ExperimentalWarning"];
  const output = execFileSync(process.execPath, [...flags, "-e", load], {
    cwd: join(directory, ".."),
    encoding: "utf8",
  });
  expect(output.trim()).toBe(names.join());
});
