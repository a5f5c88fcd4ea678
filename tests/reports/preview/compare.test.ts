import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Resource, ResourceOptions, Value } from "../../../engine/graph.ts";
import { compare } from "../../../reports/preview/compare.ts";
import { comparePermissions } from "../../../reports/preview/permissions.ts";

type Inputs = Record<string, Value>;

function resource(type: string, name: string, inputs: Inputs = {}, more: Partial<Resource> = {}): Resource {
  const options: ResourceOptions = {};
  return {
    ...{ urn: `urn:pulumi:test::test::${type}::${name}`, type, name, custom: true, inputs, outputs: inputs },
    ...{ secrets: [], dependencies: [], propertyDependencies: {}, options, ...more },
  };
}

const QUEUE = "aws:sqs/queue:Queue";
const TABLE = "aws:dynamodb/table:Table";

describe("resources", () => {
  it("that are new, gone or different are told apart; those that are the same are not told", () => {
    const same = resource(QUEUE, "same", { delaySeconds: 1 });
    const before = [same, resource(QUEUE, "gone"), resource(QUEUE, "jobs", { delaySeconds: 0, fifoQueue: false })];
    const after = [same, resource(QUEUE, "jobs", { delaySeconds: 5, fifoQueue: false }), resource(QUEUE, "new")];
    expect(compare(before, after).map(({ kind, name }) => [kind, name])).toEqual([
      ["changed", "jobs"],
      ["added", "new"],
      ["removed", "gone"],
    ]);
    expect(compare(before, after)[0]!.properties).toEqual([{ path: "delaySeconds", before: "0", after: "5" }]);
  });

  it("whose change AWS can only make anew are replaced, and say by which property and what is lost", () => {
    const [change] = compare(
      [resource(TABLE, "tenants", { hashKey: "id", billingMode: "PAY_PER_REQUEST" })],
      [resource(TABLE, "tenants", { hashKey: "tenantId", billingMode: "PAY_PER_REQUEST" })],
    );
    expect(change).toMatchObject({
      kind: "replaced",
      dataAtRisk: "every item in the table",
      properties: [{ path: "hashKey", before: "id", after: "tenantId", replaces: true }],
    });
  });

  it("that are protected say who refuses to lose them", () => {
    const gone = (inputs: Inputs, options: ResourceOptions) =>
      compare([resource(TABLE, "tenants", inputs, { options })], [])[0]!.dataAtRisk;
    expect(gone({}, { protect: true })).toMatch(/Pulumi refuses/);
    expect(gone({ deletionProtectionEnabled: true }, {})).toMatch(/AWS refuses/);
    expect(gone({}, { retainOnDelete: true })).toBeUndefined();
  });

  it("that were renamed under an alias are the same", () => {
    const old = resource(QUEUE, "old");
    expect(compare([old], [resource(QUEUE, "new", {}, { options: { aliases: [old.urn] } })])).toEqual([]);
  });

  it("never show a secret", () => {
    const secret = { secrets: ["password"] };
    const [change] = compare(
      [resource("aws:rds/cluster:Cluster", "db", { password: "hunter2" }, secret)],
      [resource("aws:rds/cluster:Cluster", "db", { password: "hunter3" }, secret)],
    );
    expect(change!.properties).toEqual([{ path: "password", before: "[secret]", after: "[secret]" }]);
    expect(JSON.stringify(change)).not.toMatch(/hunter/);
  });

  it("with JSON in a text show the place in it that differs", () => {
    const policy = (maxReceiveCount: number) => JSON.stringify({ deadLetterTargetArn: "arn:x", maxReceiveCount });
    const [change] = compare(
      [resource(QUEUE, "jobs", { redrivePolicy: policy(3) })],
      [resource(QUEUE, "jobs", { redrivePolicy: policy(5) })],
    );
    expect(change!.properties).toEqual([{ path: "redrivePolicy.maxReceiveCount", before: "3", after: "5" }]);
  });

  it("whose property is under ignoreChanges do not change by it", () => {
    const ignoring = { options: { ignoreChanges: ["delaySeconds"] } };
    const before = resource(QUEUE, "jobs", { delaySeconds: 1 }, ignoring);
    expect(compare([before], [resource(QUEUE, "jobs", { delaySeconds: 2 }, ignoring)])).toEqual([]);
  });
});

describe("permissions", () => {
  const jobs = resource(QUEUE, "jobs", { arn: "arn:aws:sqs:eu-west-1:1:jobs-1234567" });
  const role = resource("aws:iam/role:Role", "worker", { name: "worker-1234567" });
  const policy = (...Action: string[]) =>
    resource("aws:iam/rolePolicy:RolePolicy", "worker-policy", {
      role: "worker-1234567",
      policy: JSON.stringify({ Statement: [{ Effect: "Allow", Action, Resource: jobs.inputs.arn }] }),
    });

  it("gained and lost are told by the names of this stack", () => {
    const before = [jobs, role, policy("sqs:SendMessage", "sqs:DeleteMessage")];
    const after = [jobs, role, policy("sqs:SendMessage", "sqs:ReceiveMessage")];
    expect(comparePermissions(before, after)).toEqual([
      { change: "gained", who: "worker", effect: "may", actions: ["sqs:ReceiveMessage"], on: "jobs" },
      { change: "lost", who: "worker", effect: "may", actions: ["sqs:DeleteMessage"], on: "jobs" },
    ]);
  });

  it("that only moved to another statement are not told", () => {
    const split = resource("aws:iam/rolePolicy:RolePolicy", "second", policy("sqs:DeleteMessage").inputs);
    expect(
      comparePermissions(
        [jobs, role, policy("sqs:SendMessage", "sqs:DeleteMessage")],
        [jobs, role, policy("sqs:SendMessage"), split],
      ),
    ).toEqual([]);
  });

  it("of services come with their conditions in words", () => {
    const opened = resource("aws:sqs/queuePolicy:QueuePolicy", "jobs-policy", {
      policy: JSON.stringify({
        Statement: {
          ...{ Effect: "Allow", Principal: { Service: "sns.amazonaws.com" }, Action: "sqs:SendMessage" },
          ...{ Resource: jobs.inputs.arn, Condition: { StringEquals: { "aws:SourceAccount": "1" } } },
        },
      }),
    });
    expect(comparePermissions([jobs], [jobs, opened])).toEqual([
      expect.objectContaining({ who: "sns.amazonaws.com", on: "jobs", where: "aws:sourceaccount is 1" }),
    ]);
  });
});

it("the table of replacements names properties that the provider has", () => {
  const root = join(import.meta.dirname, "../../..");
  const table = readFileSync(join(root, "reports/preview/replacement.ts"), "utf8");
  const rows = [...table.matchAll(/"aws:(\w+)\/(\w+):\w+":\s*"([^"]+)"/g)];
  expect(rows.length).toBeGreaterThan(60);
  const unknown = rows.flatMap(([, module, file, properties]) => {
    const declared = join(root, "node_modules/@pulumi/aws", module!, `${file}.d.ts`);
    if (!existsSync(declared)) return [`${module}/${file}`];
    const text = readFileSync(declared, "utf8");
    return properties!
      .split(" ")
      .filter((name) => !new RegExp(`^\\s+${name}\\??:`, "m").test(text))
      .map((name) => `${module}/${file}.${name}`);
  });
  expect(unknown).toEqual([]);
});
