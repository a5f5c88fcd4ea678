/** What operators of other frameworks were hurt by. Each wound has tests that would have caught it: here, or where it is named. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy, inspect } from "../../engine/testing.ts";
import { evaluated, STACKS } from "../../scripts/reference-graph.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";

/** Wound → file and title of what would have caught it. */
const ELSEWHERE: Record<string, [file: string, title: string][]> = {
  "the first call to a paused Aurora fails the deploy": [
    ["components/migration.test.ts", "has the time that a paused cluster takes to wake"],
  ],
  "VPC teardown hangs on Lambda's interfaces": [
    ["components/function.test.ts", "goes down again: its interfaces are handed to the network's own group"],
  ],
  "stage names are cut until they collide": [
    ["components/names.test.ts", "never collide: other parts, another name"],
    ["components/names.test.ts", "stay inside each type's limit, suffix included"],
  ],
  "hundreds of functions hit SSM's throttles": [
    ["components/parameter-reader.test.ts", "hundreds of readers at once ask SSM once"],
    ["components/parameter-reader.test.ts", "goes on with what it knows where SSM throttles"],
  ],
  "secrets need a redeploy": [
    ["components/parameter-reader.test.ts", "a rotated secret is in use a minute later, without a deployment"],
    ["functions/shared/parameters.test.ts", "is read once a minute, so that a rotated value is in use a minute later"],
  ],
  "throttles are per tier instead of per tenant": [
    ["functions/lifecycle/lifecycle.test.ts", "gives a tenant a role, a secret, an API key and parameters"],
  ],
  "a disabled tenant's traffic still flows": [
    ["functions/lifecycle/on-local-cloud.test.ts", "is not worked for while it is suspended"],
    ["components/components.test.ts", "keeps an authorizer's answer for at most a minute, by token and host"],
  ],
  "data is lost where nobody meant it": [
    ["index.test.ts", "protects what production cannot lose, and nothing in development"],
  ],
};

it.each(Object.entries(ELSEWHERE))("%s: its tests are there", (_wound, tests) => {
  for (const [file, title] of tests) {
    expect(readFileSync(join(import.meta.dirname, "..", file), "utf8")).toContain(`"${title}`);
  }
});

describe.each(STACKS)("of the stack %s", (stack) => {
  let deployed: Deployment;
  beforeAll(async () => {
    deployed = inspect(await evaluated(stack));
  });

  it("no queue is open to a whole service: each statement names its source and the account", () => {
    const allowed = deployed
      .all("aws:sqs/queuePolicy:QueuePolicy")
      .flatMap(({ inputs }) => JSON.parse(String(inputs.policy)).Statement)
      .filter(({ Effect }) => Effect === "Allow");
    expect(allowed.length).toBeGreaterThan(3);
    for (const { Condition } of allowed) {
      const keys = Object.values(Condition as Record<string, object>).flatMap(Object.keys);
      expect(keys.sort()).toEqual(["aws:SourceAccount", "aws:SourceArn"]);
    }
  });

  it("what keeps data says so to Pulumi and to AWS alike, or to neither", () => {
    const guards: Record<string, string> = {
      "aws:rds/cluster:Cluster": "deletionProtection",
      "aws:dynamodb/table:Table": "deletionProtectionEnabled",
      "aws:cognito/userPool:UserPool": "deletionProtection",
    };
    const kept = deployed.resources.filter(({ type }) => type in guards);
    expect(kept.length).toBeGreaterThan(3);
    for (const { type, inputs, options } of kept) {
      const guarded = [true, "ACTIVE"].includes(inputs[guards[type]!] as string);
      expect([type, guarded]).toEqual([type, options.protect === true]);
    }
  });

  it("every tenant's secret picks its database role: no Data API call has another's", () => {
    const role = deployed.resources.find(({ name }) => name.endsWith("-tenant-policy"))!;
    const { Statement } = JSON.parse(String(role.inputs.policy));
    const [secret] = Statement.filter(({ Sid }: { Sid: string }) => Sid === "OwnSecret");
    expect(secret.Condition).toEqual({
      StringEquals: { "secretsmanager:ResourceTag/TenantId": "${aws:PrincipalTag/TenantId}" },
    });
  });
});

it("a stack in development goes in one go, buckets with objects and clusters with data included", async () => {
  const protection = "disposable";
  const stack = await deploy(() => {
    const network = new terrace.Network("net", { cidr: "10.0.0.0/20" });
    new terrace.Database("db", { network, protection });
    new terrace.Bucket("photos", { protection });
    new terrace.Table("orders", { attributes: { id: "S" }, hashKey: "id", protection });
    new terrace.UserPool("users", { protection });
    new terrace.EventBus("bus", { protection });
    new terrace.Stream("clicks", { protection });
    new terrace.Cache("sessions", { network, protection });
    new terrace.Function("shop", { entry, vpc: { network } });
  });
  expect(stack.resources.filter(({ options }) => options.protect).map(({ urn }) => urn)).toEqual([]);
  expect(stack.resource("aws:s3/bucket:Bucket").inputs.forceDestroy).toBe(true);
  expect(stack.resource("aws:rds/cluster:Cluster").inputs).toMatchObject({
    deletionProtection: false,
    skipFinalSnapshot: true,
  });
});
