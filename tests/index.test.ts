import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { evaluate } from "../engine/evaluate.ts";
import { type Deployment, inspect } from "../engine/testing.ts";
import { filtersOf, matchesAny } from "../local/services/lambda/event-sources/filters.ts";

const directory = join(import.meta.dirname, "..");
const env = { TERRACE_BUNDLE_TARGET: "host" };
let dev: Deployment;
let prod: Deployment;

beforeAll(async () => {
  [dev, prod] = (await Promise.all(["dev", "prod"].map((stack) => evaluate({ directory, stack, env })))).map(
    inspect,
  ) as [Deployment, Deployment];
});

it("dev shows a silo, a bridge and a pool", () => {
  const tenants = dev.outputs.tenants as Record<string, { placement: string }>;
  expect(Object.entries(tenants).map(([id, { placement }]) => [id, placement])).toEqual(
    expect.arrayContaining([
      ["acme", "silo"],
      ["globex", "bridge"],
      ["initech", "pool"],
      ["umbrella", "pool"],
    ]),
  );
});

it("is the same graph each time", async () => {
  expect(inspect(await evaluate({ directory, stack: "prod", env })).resources).toEqual(prod.resources);
});

it("grants nothing on every resource", () => {
  for (const stack of [dev, prod]) {
    for (const { name, inputs } of stack.all("aws:iam/rolePolicy:RolePolicy")) {
      for (const { Effect, Action, Resource } of JSON.parse(String(inputs.policy)).Statement) {
        expect({
          name,
          Effect,
          star: [Action, Resource].flat().filter((value) => value === "*" || /^\w+:\*$/.test(value)),
        }).toEqual({ name, Effect: "Allow", star: [] });
      }
    }
  }
});

it("gives every queue a dead-letter queue", () => {
  for (const queue of [...dev.all("aws:sqs/queue:Queue"), ...prod.all("aws:sqs/queue:Queue")]) {
    expect([queue.name, queue.name.endsWith("-dlq") || queue.inputs.redrivePolicy !== undefined]).toEqual([
      queue.name,
      true,
    ]);
  }
});

it("takes uploads to the thumbnailer, and S3's test message to nobody", () => {
  const mappings = dev.all("aws:lambda/eventSourceMapping:EventSourceMapping");
  const uploads = mappings.filter(({ name }) => name.endsWith("-uploads-source"));
  expect(uploads.length).toBe(2);
  for (const { inputs } of uploads) {
    const takes = (body: object) => matchesAny(filtersOf(inputs), "body", {}, JSON.stringify(body));
    expect(takes({ Records: [{ eventName: "ObjectCreated:Put" }] })).toBe(true);
    expect(takes({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket: "photos" })).toBe(false);
  }
});

it("protects what production cannot lose, and nothing in development", () => {
  const stateful = ["aws:rds/cluster:Cluster", "aws:s3/bucket:Bucket", "aws:cognito/userPool:UserPool"];
  for (const type of stateful) {
    expect(prod.all(type).map(({ options }) => options.protect)).toEqual([true]);
    expect(dev.all(type).map(({ options }) => options.protect)).toEqual([undefined, undefined]);
  }
});

it("makes a tenant only where the schema is in place", () => {
  const migrated = dev
    .all("aws:lambda/invocation:Invocation")
    .filter(({ name }) => name.endsWith("-migrated"))
    .map(({ urn }) => urn);
  const provisioned = dev.all("aws:lambda/invocation:Invocation").filter(({ name }) => name.endsWith("-provisioned"));
  expect(provisioned.map(({ name }) => name).sort()).toEqual(
    ["acme", "globex", "initech", "umbrella"].map((id) => `${id}-provisioned`),
  );
  for (const { dependencies } of provisioned) expect(dependencies.some((urn) => migrated.includes(urn))).toBe(true);
});

it("keeps no password, key or token in the graph", () => {
  const secretLike = /password|secretString|apiKeyValue/i;
  for (const { name, inputs } of dev.resources) {
    const found = Object.entries(inputs).filter(([key, value]) => secretLike.test(key) && typeof value === "string");
    expect([name, found]).toEqual([name, []]);
  }
});

it("hands every function the variables that its code reads", () => {
  const provided = new Map<string, string[]>();
  for (const { inputs } of dev.all("aws:lambda/function:Function")) {
    const { variables } = inputs.environment as { variables: Record<string, string> };
    provided.set(variables.POWERTOOLS_SERVICE_NAME!, Object.keys(variables));
  }
  // Lambda's own, and what only some functions of a shared file ask for.
  const own = ["AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME"];
  for (const [id, variables] of provided) {
    const folder = join(directory, "functions", id);
    const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const read = sources.flatMap((file) =>
      [...readFileSync(join(folder, file), "utf8").matchAll(/environment\("([A-Z_]+)"\)/g)].map((match) => match[1]!),
    );
    expect([id, read.filter((name) => !variables.includes(name) && !own.includes(name))]).toEqual([id, []]);
  }
});

it("lets only its own functions become the tenant role, for the tenant they name", () => {
  const [statement] = JSON.parse(
    String(prod.resource("aws:iam/role:Role", "eu1-shared-a-tenant-role").inputs.assumeRolePolicy),
  ).Statement;
  expect(statement.Condition.StringLike).toEqual({ "aws:RequestTag/TenantId": "?*" });
  for (const pattern of statement.Condition.ArnLike["aws:PrincipalArn"])
    expect(pattern).toMatch(/:role\/eu1-shared-a-\w+-role-\*$/);
});

it("names the stack's mistakes before any resource", async () => {
  const config = { tiers: "{}", cells: '[{"name":"x","kind":"shared"}]', tenants: "[]" };
  await expect(evaluate({ directory, stack: "dev", env, config })).rejects.toThrow(
    /Pulumi\.dev\.yaml has 2 problem\(s\)/,
  );
});

it("watches production, and nothing that costs when idle in development", () => {
  const alarms = prod.all("MetricAlarm").map(({ name }) => name.replace(/^.*-insight-alarms-/, ""));
  expect(alarms).toEqual(
    expect.arrayContaining(["api-errors", "outbox-dead-letters", "webhooks-age", "database-capacity", "api-5xx"]),
  );
  expect(prod.all("aws:cloudwatch/dashboard:Dashboard")).toHaveLength(1);
  expect(prod.resource("aws:budgets/budget:Budget").inputs.costFilters).toEqual([
    { name: "TagKeyValue", values: ["user:Cell$eu1-shared-a"] },
  ]);
  for (const type of ["MetricAlarm", "aws:cloudwatch/dashboard:Dashboard", "aws:kms/key:Key"]) {
    expect([type, dev.all(type)]).toEqual([type, []]);
  }
});
