/** The components for other languages: what Pulumi's own analyzer makes of them, and that they deploy what the library does. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ComponentResource } from "@pulumi/pulumi";
import { SHAPES } from "../components/args-shapes.ts";
import type { Shape } from "../components/check-args.ts";
import * as terrace from "../components/index.ts";
import { type Deployment, deploy } from "../engine/testing.ts";
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
    ["Api", ["handler", "openapi"], ["apiId", "handlerArn", "stageArn", "stageName", "url"]],
    ["Bucket", [], ["arn", "bucketName"]],
    ["Cell", ["cidr", "tiers"], ["apiId", "bucketName", "clusterArn", "lifecycleFunction", "topicArn", "userPoolId"]],
    ["Database", [], ["adminSecretArn", "clusterArn", "endpoint", "readerEndpoint"]],
    ["DeadLetterQueue", [], ["arn", "queueName", "url"]],
    ["Domain", ["api", "host", "zone"], ["certificateArn", "host"]],
    ["FanOut", ["consumers"], ["queueArns", "topicArn"]],
    ["Function", ["entry"], ["arn", "functionName", "logGroupName", "roleArn", "targetArn"]],
    ["HostedZone", ["zone"], ["nameServers", "zoneId"]],
    ["Network", [], ["isolatedSubnetIds", "privateSubnetIds", "publicSubnetIds", "vpcId"]],
    ["Queue", [], ["arn", "deadLetterArn", "url"]],
    ["Redirect", ["from", "to", "zone"], ["distributionId"]],
    ["Schedule", ["expression"], ["arn", "targetArn"]],
    ["Stream", [], ["arn", "streamName"]],
    ["Table", ["attributes", "hashKey"], ["arn", "tableName"]],
    ["Topic", [], ["arn", "topicName"]],
    [
      "WebSocketApi",
      ["authorizer", "functions", "routes"],
      ["apiId", "callbackUrl", "executionArn", "stageName", "url"],
    ],
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
  DeadLetterQueue: [() => new plugin.DeadLetterQueue("x", {}), ["aws:sqs/queuePolicy:QueuePolicy"]],
  Domain: [
    () => new plugin.Domain("x", { host: "a.example.com", zone: "example.com", api: { id: "abc", stage: "v1" } }),
    ["aws:apigateway/domainName:DomainName"],
  ],
  HostedZone: [() => new plugin.HostedZone("x", { zone: "example.com" }), ["aws:route53/zone:Zone"]],
  Redirect: [
    () => new plugin.Redirect("x", { from: ["example.com"], to: "www.example.com", zone: "example.com" }),
    ["aws:cloudfront/distribution:Distribution"],
  ],
  Stream: [
    () => new plugin.Stream("x", { consumers: { sessions: { function: fn } } }),
    ["aws:kinesis/stream:Stream", "aws:lambda/eventSourceMapping:EventSourceMapping"],
  ],
  WebSocketApi: [
    () =>
      new plugin.WebSocketApi("x", {
        ...{ functions: { chat: fn }, routes: { $connect: "chat", say: "chat" }, authorizer: fn, posting: ["chat"] },
      }),
    ["aws:apigatewayv2/api:Api", "aws:apigatewayv2/route:Route"],
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

/** What Cell takes apart: settings of a whole stack are its own arguments. */
const FLAT = ["Cell.cell", "Cell.settings"];

const fieldsOf = (shape: Shape): Record<string, Shape> | undefined => {
  if (typeof shape === "string" || "resource" in shape || "oneOf" in shape) return undefined;
  if ("fields" in shape) return shape.fields;
  if ("ref" in shape) return fieldsOf(SHAPES[shape.ref]!);
  if ("any" in shape) return shape.any.map(fieldsOf).find(Boolean);
  return fieldsOf("input" in shape ? shape.input : "list" in shape ? shape.list : shape.record);
};

const propertiesOf = (property: Property): Record<string, Property> | undefined => {
  const inner = property.items ?? property.additionalProperties;
  if (inner) return propertiesOf(inner);
  return schema.types[property.$ref?.replace("#/types/", "") ?? ""]?.properties;
};

/** By path: what the library takes and the component for other languages does not. */
function missing(shape: Shape, properties: Record<string, Property>, path: string): string[] {
  return Object.entries(fieldsOf(shape) ?? {}).flatMap(([key, inner]) => {
    const name = key.replace("?", "");
    const at = `${path}.${name}`;
    if (FLAT.includes(at)) return missing(inner, properties, at);
    const property = properties[name];
    if (!property) return [at];
    const below = propertiesOf(property);
    return below ? missing(inner, below, at) : [];
  });
}

const page = readFileSync(join(import.meta.dirname, "../docs/other-languages.md"), "utf8");
const rowsBelow = (heading: string) => {
  const section = page.slice(page.indexOf(`## ${heading}`)).split("\n## ")[0]!;
  return [...section.matchAll(/^\| `([\w.]+)` \| (\S.*) \|$/gm)].map(([, what]) => what!).sort();
};

it("takes every argument that the library takes, but for those of which docs/other-languages.md says what there is instead", () => {
  const found = names.flatMap((name) =>
    missing(SHAPES[`${name}Args`]!, schema.resources[`terrace:index:${name}`]!.inputProperties, name),
  );
  expect(found.sort()).toEqual(rowsBelow("Arguments that are TypeScript's alone"));
});

it("has every component of the library, but for those of which docs/other-languages.md says why not", () => {
  const components = Object.entries(terrace)
    .filter(([, value]) => (value as { prototype?: unknown }).prototype instanceof ComponentResource)
    .map(([name]) => name);
  expect(components.length).toBeGreaterThan(30);
  expect(components.filter((name) => !names.includes(name)).sort()).toEqual(
    rowsBelow("Components that are TypeScript's alone"),
  );
});

describe("what is made of ids and ARNs where the library takes components", () => {
  const topicArn = "arn:aws:sns:eu-west-1:000000000000:told";
  const told = { targetArn: topicArn, triggerGrants: [{ actions: ["sns:Publish"], resources: [topicArn] }] };

  it("is a function's VPC, and where its outcomes go", async () => {
    const stack = await deploy(
      () =>
        new plugin.Function("x", {
          ...fn,
          vpc: { vpcId: "vpc-1", isolatedSubnetIds: ["subnet-1", "subnet-2"] },
          asynchronous: { onFailure: told },
          url: { authorization: "iam" },
          release: { strategy: "AllAtOnce" },
        }),
    );
    const { vpcConfig } = stack.resource("aws:lambda/function:Function", "x").inputs as { vpcConfig: object };
    expect(vpcConfig).toMatchObject({ subnetIds: ["subnet-1", "subnet-2"] });
    expect(stack.resource("FunctionEventInvokeConfig").inputs.destinationConfig).toEqual({
      onFailure: { destination: topicArn },
    });
    expect(stack.resource("aws:iam/rolePolicy:RolePolicy", "x-policy").inputs.policy).toContain(topicArn);
    const { outputs } = stack.resource("terrace:index:Function");
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(["url", "securityGroupId"]));
  });

  it("is the bucket in which a function's packages are signed", async () => {
    process.env.TERRACE_BUNDLE_TARGET = "lambda";
    const profile = {
      profileName: "terrace",
      configArn: "arn:aws:lambda:eu-west-1:000000000000:code-signing-config:c",
    };
    const stack = await deploy(
      () => new plugin.Function("x", { ...fn, signing: { ...profile, bucketName: "packages" } }),
    ).finally(() => (process.env.TERRACE_BUNDLE_TARGET = "host"));
    expect(stack.resource("SigningJob").inputs).toMatchObject({ source: { s3: { bucket: "packages" } } });
  });

  it("is what a schedule starts", async () => {
    const schedule = (more: object) => () => new plugin.Schedule("x", { expression: "rate(1 day)", ...more });
    const stack = await deploy(schedule({ target: told, input: { report: { days: 1 } } }));
    expect(stack.resource("aws:scheduler/schedule:Schedule").inputs.target).toMatchObject({
      arn: topicArn,
      input: '{"report":{"days":1}}',
    });
    await expect(deploy(schedule({ target: told, function: fn }))).rejects.toThrow(
      `Schedule "x": target is "${topicArn}"; it starts one thing; give function or target`,
    );
    await expect(deploy(schedule({}))).rejects.toThrow('Schedule "x": target is missing');
  });

  it("is one function for several routes of a WebSocket API, which posts where it is said to", async () => {
    const live = (more: object) => () =>
      new plugin.WebSocketApi("x", {
        ...{ functions: { chat: fn }, routes: { $connect: "chat", say: "chat" }, authorizer: fn, ...more },
      });
    const posts = (stack: Deployment) =>
      stack
        .all("aws:iam/rolePolicy:RolePolicy")
        .filter(({ inputs }) => String(inputs.policy).includes("ManageConnections"));
    const stack = await deploy(live({ posting: ["chat"] }));
    expect(stack.all("aws:lambda/function:Function")).toHaveLength(2);
    expect(stack.all("aws:apigatewayv2/integration:Integration")).toHaveLength(1);
    expect(posts(stack)).toHaveLength(1);
    expect(posts(await deploy(live({})))).toEqual([]);
    await expect(deploy(live({ routes: { $connect: "chats" } }))).rejects.toThrow(
      'WebSocketApi "x": routes.$connect is "chats"; functions has none of this name; there are chat',
    );
    await expect(deploy(live({ posting: ["news"] }))).rejects.toThrow('WebSocketApi "x": posting[0] is "news"');
  });

  it("is a pool of users, and a function for each route", async () => {
    const stack = await deploy(
      () =>
        new plugin.Api("x", {
          ...{ openapi: "functions/api/openapi.json", type: "http", handler: fn, handlers: { "GET /albums": fn } },
          userPool: { userPoolId: "eu-west-1_abc", clientId: "client" },
        }),
    );
    expect(stack.all("aws:lambda/function:Function")).toHaveLength(2);
    expect(stack.resource("aws:apigatewayv2/authorizer:Authorizer").inputs).toMatchObject({
      jwtConfiguration: { audiences: ["client"] },
    });
  });

  it("are functions that a bucket and a table tell of changes", async () => {
    const stack = await deploy(() => {
      new plugin.Bucket("files", { notifications: { thumbs: { function: fn, prefix: "photos/" } } });
      const keys = { attributes: { id: "S", at: "N" }, hashKey: "id", rangeKey: "at", stream: "NEW_IMAGE" };
      new plugin.Table("items", {
        ...{ ...keys, localIndexes: { mine: { rangeKey: "at", keysOnly: true } } },
        consumers: { search: { function: fn, filters: [{ eventName: ["INSERT"] }] } },
      });
    });
    expect(stack.resource("BucketNotification").inputs.lambdaFunctions).toMatchObject([{ filterPrefix: "photos/" }]);
    expect(stack.resource("EventSourceMapping").inputs.filterCriteria).toEqual({
      filters: [{ pattern: '{"eventName":["INSERT"]}' }],
    });
    expect(stack.resource("aws:dynamodb/table:Table").inputs.localSecondaryIndexes).toMatchObject([
      { name: "mine", projectionType: "KEYS_ONLY" },
    ]);
  });

  it("is what is there already", async () => {
    const stack = await deploy(() => {
      const subnets = { vpcId: "vpc-1", isolatedSubnetIds: ["subnet-1", "subnet-2"] };
      new plugin.Network("net", { existing: subnets });
      new plugin.Database("db", { existing: { clusterIdentifier: "shop" } });
      new plugin.Queue("q", {
        ...{ existing: { queueName: "jobs", deadLetterName: "jobs-dlq", visibilityTimeoutSeconds: 90 } },
        consumer: { function: fn, filters: [{ body: { kind: ["a"] } }] },
      });
      new plugin.FanOut("f", {
        ...{ topic: { existing: { arn: topicArn } } },
        consumers: {
          audit: { function: fn, queue: { visibilityTimeoutSeconds: 120 }, filter: { kind: [{ prefix: "order" }] } },
        },
      });
    });
    const types = stack.resources.map(({ type }) => type);
    for (const type of ["awsx:ec2:Vpc", "aws:rds/cluster:Cluster", "aws:sns/topic:Topic"])
      expect(types).not.toContain(type);
    expect(stack.resource("TopicSubscription").inputs).toMatchObject({
      topic: topicArn,
      filterPolicy: '{"kind":[{"prefix":"order"}]}',
    });
    expect(stack.resource("aws:sqs/queue:Queue", "f-audit").inputs.visibilityTimeoutSeconds).toBe(120);
  });
});

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
