import { join } from "node:path";
import { evaluate } from "../../../engine/evaluate.ts";
import type { Graph, Resource, Value } from "../../../engine/graph.ts";
import { estimate } from "../../../reports/cost/estimate.ts";
import { idleItems } from "../../../reports/cost/idle.ts";
import { PRICES } from "../../../reports/cost/prices.ts";
import { trafficItems } from "../../../reports/cost/traffic.ts";

const directory = join(import.meta.dirname, "../../..");
const evaluated = (stack: string) => evaluate({ directory, stack, env: { TERRACE_BUNDLE_TARGET: "host" } });

function resource(type: string, inputs: Record<string, Value> = {}, more: Partial<Resource> = {}): Resource {
  return {
    ...{ urn: `urn:${type}`, type, name: "x", custom: true, inputs, outputs: inputs },
    ...{ secrets: [], dependencies: [], propertyDependencies: {}, options: {}, ...more },
  };
}

const idleUsd = (...resources: Resource[]) =>
  resources.flatMap((each) => idleItems(each, resources) ?? []).reduce((sum, { usdPerMonth }) => sum + usdPerMonth, 0);

describe("idle", () => {
  const cluster = (minCapacity: number) =>
    resource("aws:rds/cluster:Cluster", {
      clusterIdentifier: "db",
      serverlessv2ScalingConfiguration: { minCapacity, maxCapacity: 8 },
    });
  const instance = resource("aws:rds/clusterInstance:ClusterInstance", {
    clusterIdentifier: "db",
    instanceClass: "db.serverless",
  });

  it("a database that pauses costs its storage, one that does not its least capacity", () => {
    expect(idleUsd(cluster(0), instance)).toBeCloseTo(1);
    expect(idleUsd(cluster(0.5), instance)).toBeCloseTo(1 + 0.5 * 0.12 * 730);
  });

  it("a network costs its NAT gateways; awsx makes three where nothing is said", () => {
    expect(idleUsd(resource("awsx:ec2:Vpc", { natGateways: { strategy: "None" } }))).toBe(0);
    expect(idleUsd(resource("awsx:ec2:Vpc", {}))).toBeCloseTo(3 * (0.045 + 0.005) * 730);
  });

  it("an alarm costs each metric that it looks at", () => {
    const queries = [
      { id: "a", metric: {} },
      { id: "b", metric: {} },
      { id: "sum", expression: "a+b" },
    ];
    expect(
      idleUsd(resource("aws:cloudwatch/metricAlarm:MetricAlarm", { metricQueries: queries as unknown as Value })),
    ).toBeCloseTo(0.2);
  });

  it("what only costs when it is used costs nothing, and what nobody knows the price of is unknown", () => {
    expect(idleItems(resource("aws:lambda/function:Function"), [])).toEqual([]);
    expect(idleItems(resource("aws:redshift/cluster:Cluster"), [])).toBeUndefined();
    expect(
      idleItems(resource("aws:rds/clusterInstance:ClusterInstance", { instanceClass: "db.r6g.large" }), []),
    ).toBeUndefined();
  });
});

it("a million requests cost by the API's kind, and the function's memory and processor", () => {
  const items = (api: string, inputs: Record<string, Value>) =>
    Object.fromEntries(
      trafficItems([resource(api), resource("aws:lambda/function:Function", inputs, { name: "cell-api" })]).map(
        ({ what, usdPerMonth }) => [what, usdPerMonth],
      ),
    );
  const arm = items("aws:apigateway/restApi:RestApi", { memorySize: 1024, architectures: ["arm64"] });
  const x86 = items("aws:apigatewayv2/api:Api", { memorySize: 512 });
  expect(arm["REST API requests"]).toBe(3.5);
  expect(arm["function time, 60 ms of 1 GB"]).toBeCloseTo(0.06 * 1e6 * PRICES.lambdaArm.usd);
  expect(x86["HTTP API requests"]).toBe(1);
  expect(x86["function time, 60 ms of 0.5 GB"]).toBeCloseTo(0.06 * 0.5 * 1e6 * PRICES.lambdaX86.usd);
});

it("lists the types that it has no price for instead of guessing", () => {
  const graph = {
    stack: "s",
    outputs: {},
    resources: [resource("aws:redshift/cluster:Cluster"), resource("aws:sqs/queue:Queue")],
  };
  expect(estimate(graph as unknown as Graph).unknown).toEqual({ "aws:redshift/cluster:Cluster": 1 });
});

it("every price names AWS's own page", () => {
  for (const { source, usd, per } of Object.values(PRICES)) {
    expect(source).toMatch(/^https:\/\/aws\.amazon\.com\/[\w-]+\/.*pricing\//);
    expect(usd).toBeGreaterThan(0);
    expect(per).not.toBe("");
  }
});

describe("the shipped stacks", () => {
  it("cost less than $0.60 a month for an idle pool tenant and less than $5 for an idle silo", async () => {
    const { tenants, unknown, peers, cells } = estimate(await evaluated("dev"));
    expect(unknown).toEqual({});
    const byId = Object.fromEntries(tenants.map(({ id, idleUsd }) => [id, idleUsd]));
    expect(byId.initech).toBeLessThan(0.6);
    expect(byId.acme).toBeLessThan(5);
    const ours = cells.reduce((sum, cell) => sum + cell.idleUsd, 0);
    expect(peers.find(({ name }) => name.startsWith("awsx"))!.usdPerMonth).toBeGreaterThan(20 * ours);
  });

  it("are priced whole in production, too", async () => {
    const { unknown, cells } = estimate(await evaluated("prod"));
    expect(unknown).toEqual({});
    expect(cells[0]!.idle[0]).toMatchObject({ what: "0.5 ACU at least", count: 2 });
  });
});
