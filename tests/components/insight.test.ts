import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { QUERIES } from "../../components/insight/saved-queries.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";
import { watched } from "./watched.ts";

const insight =
  (args: Partial<terrace.InsightArgs> = {}) =>
  () =>
    new terrace.Insight("cell", { ...watched(), ...args });

interface Widget {
  type: string;
  x: number;
  y: number;
  width: number;
  height: number;
  properties: { title: string; metrics?: unknown[][]; query?: string; alarms?: string[] };
}
const body = (stack: Deployment): { widgets: Widget[]; variables: Record<string, unknown>[] } =>
  JSON.parse(String(stack.resource("aws:cloudwatch/dashboard:Dashboard").inputs.dashboardBody));

describe("Insight", () => {
  it("is there by default in production: alarms, dashboard, saved queries, traces, one topic for all", async () => {
    const stack = await deploy(insight({ monthlyBudgetUsd: 200, costTag: { key: "Cell", value: "acme" } }));
    const topic = stack.resource("aws:sns/topic:Topic").outputs.arn;
    expect(stack.all("MetricAlarm").length).toBeGreaterThan(8);
    for (const { inputs } of stack.all("MetricAlarm")) expect(inputs.alarmActions).toEqual([topic]);
    expect(body(stack).widgets[0]!.properties.alarms).toHaveLength(stack.all("MetricAlarm").length);
    expect(stack.all("QueryDefinition")).toHaveLength(Object.keys(QUERIES).length);
    expect(stack.resource("aws:budgets/budget:Budget").inputs.notifications).toMatchObject([
      { subscriberSnsTopicArns: [topic] },
      {},
      {},
      {},
    ]);
  });

  it("makes nothing that costs when idle in development, unless asked", async () => {
    const quick = await deploy(insight({ protection: "disposable" }));
    for (const type of [
      "MetricAlarm",
      "aws:cloudwatch/dashboard:Dashboard",
      "aws:sns/topic:Topic",
      "aws:kms/key:Key",
    ]) {
      expect([type, quick.all(type)]).toEqual([type, []]);
    }
    expect(quick.all("QueryDefinition").length).toBeGreaterThan(0);
    const asked = await deploy(insight({ protection: "disposable", alarms: true, dashboard: true }));
    expect(asked.all("MetricAlarm").length).toBeGreaterThan(0);
    expect(body(asked).widgets.length).toBeGreaterThan(0);
  });

  it("leaves out what production does not want", async () => {
    const stack = await deploy(insight({ alarms: false, dashboard: false }));
    expect([stack.all("MetricAlarm"), stack.all("aws:cloudwatch/dashboard:Dashboard")]).toEqual([[], []]);
  });

  it("groups the traces of its functions", async () => {
    const stack = await deploy(insight());
    const [orders, clicks] = ["orders", "clicks"].map(
      (name) => stack.resource("aws:lambda/function:Function", name).outputs.name,
    );
    expect(stack.resource("aws:xray/group:Group").inputs).toMatchObject({
      filterExpression: `service("${orders}") OR service("${clicks}")`,
      insightsConfiguration: { insightsEnabled: true },
    });
    expect(String(stack.resource("aws:xray/group:Group").inputs.groupName).length).toBeLessThanOrEqual(32);
  });

  it.each(
    byMessage<Partial<terrace.InsightArgs>>([
      [{ emails: ["nobody"] }, 'emails[0] is "nobody"; it has to be an address'],
      [
        { emails: ["a@example.com"], topicArn: "arn:aws:sns:x" },
        'emails is ["a@example.com"]; a topic that is there already has its own subscribers; leave one of the two out',
      ],
      [{ monthlyBudgetUsd: 10 }, "costTag is missing; say which tag the budget counts"],
    ]),
  )("refuses: %s", async (message, args) => {
    expect(await refused(insight(args))).toContain(`Insight "cell": ${message}`);
  });
});

describe("Dashboard", () => {
  it("has a list of tenants, and graphs that follow the one chosen", async () => {
    const { variables, widgets } = body(await deploy(insight({ metricsNamespace: "Shop" })));
    expect(variables).toMatchObject([
      {
        type: "property",
        property: "tenantId",
        search: '{Shop,service,tenantId} MetricName="Latency"',
        populateFrom: "tenantId",
      },
    ]);
    const ofTenant = widgets.filter(({ properties }) =>
      properties.metrics?.some((metric) => metric.includes("tenantId")),
    );
    expect(ofTenant.map(({ properties }) => properties.title)).toEqual([
      "Requests of the tenant, and those that failed",
      "Latency of the tenant in milliseconds",
    ]);
    expect(ofTenant[0]!.properties.metrics![0]!.slice(0, 5)).toEqual(["Shop", "Latency", "service", "api", "tenantId"]);
  });

  it("compares tenants by this stack's own logs", async () => {
    const stack = await deploy(insight());
    const table = body(stack).widgets.find(({ type }) => type === "log")!;
    const group = stack.resource("LogGroup", "orders-logs").outputs.name;
    expect(table.properties.query).toContain(`SOURCE '${group}'`);
    expect(table.properties.query).toContain("by tenantId");
  });

  it("shows APIs, functions, queues and databases under the names AWS has for them", async () => {
    const stack = await deploy(insight());
    const text = JSON.stringify(body(stack));
    for (const [type, name, key] of [
      ["aws:lambda/function:Function", "orders", "name"],
      ["aws:sqs/queue:Queue", "jobs", "name"],
      ["aws:sqs/queue:Queue", "jobs-dlq", "name"],
      ["aws:rds/cluster:Cluster", "db", "clusterIdentifier"],
      ["aws:apigateway/restApi:RestApi", "shop", "name"],
    ]) {
      expect(text).toContain(`"${stack.resource(type!, name).outputs[key!]}"`);
    }
  });

  it("shows connections, messages, what was refused and failed of a WebSocket API's stage", async () => {
    const stack = await deploy(insight());
    const { id } = stack.resource("aws:apigatewayv2/api:Api", "live");
    const lines = body(stack).widgets.flatMap(({ properties }) => properties.metrics ?? []);
    const ofLive = lines.filter((line) => line.includes(id));
    for (const line of ofLive)
      expect(line).toMatchObject(["AWS/ApiGateway", expect.any(String), "ApiId", id, "Stage", "v1", {}]);
    expect(ofLive.map(([, metric]) => metric)).toEqual([
      ...["ConnectCount", "MessageCount", "ClientError", "ExecutionError", "IntegrationError"],
      ...["IntegrationLatency", "IntegrationLatency"],
    ]);
  });

  it("puts no graph over another, and none beyond the edge", async () => {
    const { widgets } = body(await deploy(insight()));
    const cells = widgets.flatMap(({ x, y, width, height }) =>
      Array.from({ length: width * height }, (_, index) => `${x + (index % width)},${y + Math.floor(index / width)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { x, width } of widgets) expect(x + width).toBeLessThanOrEqual(24);
  });

  it.each(
    byMessage<Partial<terrace.DashboardArgs>>([
      [{ dashboardName: "my dashboard" }, 'dashboardName is "my dashboard"'],
      [{ metricsNamespace: "AWS/Lambda" }, 'metricsNamespace is "AWS/Lambda"; it has to be a namespace of yours'],
      [{ alarmArns: Array.from({ length: 101 }, () => "arn") }, "alarmArns is 101; CloudWatch shows 100"],
    ]),
  )("refuses: %s", async (message, args) => {
    expect(await refused(() => new terrace.Dashboard("d", args))).toContain(`Dashboard "d": ${message}`);
  });
});

describe("SavedQueries", () => {
  it("look through the log groups named, with the stack in their names and one's own beside the usual", async () => {
    const stack = await deploy(
      () =>
        new terrace.SavedQueries("q", { logGroupNames: ["/aws/lambda/a"], queries: { Refunds: "filter refund = 1" } }),
    );
    expect(stack.resource("QueryDefinition", "q-refunds").inputs).toMatchObject({
      name: "test/q/Refunds",
      queryString: "filter refund = 1",
      logGroupNames: ["/aws/lambda/a"],
    });
    expect(stack.resource("QueryDefinition", "q-errors").inputs.queryString).toBe(
      "fields @timestamp, tenantId, service, message, error.name, error.message, @log\n" +
        '| filter level in ["ERROR", "CRITICAL", "FATAL"]\n| sort @timestamp desc\n| limit 100',
    );
    expect(stack.resource("QueryDefinition", "q-cold-starts").inputs.queryString).not.toContain("|   pct");
  });

  it.each(
    byMessage<terrace.SavedQueriesArgs>([
      [{ logGroupNames: [] }, "logGroupNames is 0; a query looks through 1 to 50"],
      [{ logGroupNames: Array.from({ length: 51 }, () => "x") }, "logGroupNames is 51"],
      [{ logGroupNames: ["x"], queries: { "a/b": "fields x" } }, 'queries.a/b is "a/b"'],
      [{ logGroupNames: ["x"], queries: { a: " " } }, 'queries.a is " "; it has to be a query'],
    ]),
  )("refuse: %s", async (message, args) => {
    expect(await refused(() => new terrace.SavedQueries("q", args))).toContain(`SavedQueries "q": ${message}`);
  });
});

describe("TraceGroup", () => {
  it("refuses a name that X-Ray has or does not take", async () => {
    for (const groupName of ["Default", "x".repeat(33)]) {
      expect(await refused(() => new terrace.TraceGroup("t", { groupName, filter: "ok" }))).toContain(
        `TraceGroup "t": groupName is "${groupName}"`,
      );
    }
  });
});

describe("Budget", () => {
  const budget =
    (args: Partial<terrace.BudgetArgs> = {}) =>
    () =>
      new terrace.Budget("acme", { monthlyUsd: 200, topicArn: "arn:aws:sns:eu-west-1:000000000000:told", ...args });

  it("tells of what a tenant's tagged resources cost, spent and forecast", async () => {
    const stack = await deploy(budget({ costTag: { key: "TenantId", value: "acme" }, emails: ["a@example.com"] }));
    const { inputs } = stack.resource("aws:budgets/budget:Budget");
    expect(inputs).toMatchObject({
      ...{ budgetType: "COST", timeUnit: "MONTHLY", limitAmount: "200", limitUnit: "USD" },
      costFilters: [{ name: "TagKeyValue", values: ["user:TenantId$acme"] }],
    });
    const told = (inputs.notifications as Record<string, unknown>[]).map((one) => [
      one.notificationType,
      one.threshold,
    ]);
    expect(told).toEqual([
      ["ACTUAL", 50],
      ["ACTUAL", 80],
      ["ACTUAL", 100],
      ["FORECASTED", 100],
    ]);
    expect(inputs.notifications).toMatchObject([
      {
        subscriberSnsTopicArns: ["arn:aws:sns:eu-west-1:000000000000:told"],
        subscriberEmailAddresses: ["a@example.com"],
      },
      {},
      {},
      {},
    ]);
  });

  it.each(
    byMessage<Partial<terrace.BudgetArgs>>([
      [{ monthlyUsd: 0 }, "monthlyUsd is 0; it has to be a number from 0.01"],
      [{ costTag: { key: "", value: "acme" } }, 'costTag.key is ""'],
      [{ costTag: { key: "Cell", value: "" } }, 'costTag.value is ""'],
      [{ topicArn: undefined }, "topicArn is missing; nobody would be told"],
      [{ topicArn: pulumi.output("told") }, 'topicArn is "told"'],
      [{ emails: ["a"] }, 'emails[0] is "a"'],
      [{ emails: Array.from({ length: 11 }, () => "a@example.com") }, "emails is 11; Budgets takes 10"],
      [{ alertPercents: [1, 2, 3, 4, 5] }, "alertPercents is [1,2,3,4,5]; Budgets takes 4"],
      [{ alertPercents: [0] }, "alertPercents[0] is 0"],
    ]),
  )("refuses: %s", async (message, args) => {
    expect(await refused(budget(args))).toContain(`Budget "acme": ${message}`);
  });
});
