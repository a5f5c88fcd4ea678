/** What a dashboard shows, in CloudWatch's own terms: rows of graphs on a grid of 24 columns. Pure. */
import * as pulumi from "@pulumi/pulumi";
import type { DashboardArgs } from "./dashboard.ts";
import { apiMetric, databaseMetric, functionMetric, type Metric, queueMetric, webSocketMetric } from "./watched.ts";

type Json = pulumi.Input<unknown>;

/** A graph without its place. */
interface Graph {
  title: string;
  metrics: Json[];
  stat?: string;
  stacked?: boolean;
}

const COLUMNS = 24;
const HEIGHT = 6;

export function dashboardBody(args: DashboardArgs, region: pulumi.Input<string>): object {
  const { alarmArns = [], functions = {}, queues = {}, apis = {}, webSocketApis = {}, databases = {} } = args;
  const logGroups = Object.values(functions).map(({ logGroupName }) => logGroupName);
  const rows: object[][] = [];
  if (alarmArns.length > 0) rows.push([{ type: "alarm", properties: { title: "Alarms", alarms: alarmArns } }]);
  const all = [
    ...[apiGraphs(apis), webSocketGraphs(webSocketApis), functionGraphs(functions)],
    ...[queueGraphs(queues), databaseGraphs(databases)],
  ];
  for (const graphs of all) {
    if (graphs.length > 0) rows.push(graphs.map((graph) => widget(graph, region)));
  }
  rows.push(tenantGraphs(args.metricsNamespace ?? "Terrace").map((graph) => widget(graph, region)));
  if (logGroups.length > 0) rows.push([tenantTable(logGroups, region)]);
  return { variables: [tenantVariable(args.metricsNamespace ?? "Terrace")], widgets: rows.flatMap(place) };
}

/** Side by side, and each row below the one before. */
function place(widgets: object[], row: number): object[] {
  const width = Math.floor(COLUMNS / widgets.length);
  return widgets.map((each, column) => ({ ...each, x: column * width, y: row * HEIGHT, width, height: HEIGHT }));
}

const widget = ({ title, metrics, stat = "Sum", stacked = false }: Graph, region: pulumi.Input<string>) => ({
  type: "metric",
  properties: { title, region, metrics, stat, period: 300, view: "timeSeries", stacked },
});

/** A metric as an array, the way a dashboard writes it. */
const line = ({ namespace, metricName, dimensions }: Metric, options: object): Json[] => [
  namespace,
  metricName,
  ...Object.entries(dimensions).flat(),
  options,
];

/** A line for each thing that is watched. */
function each<T>(things: Record<string, T>, metric: (thing: T) => Metric, options: object = {}): Json[] {
  return Object.entries(things).map(([label, thing]) => line(metric(thing), { label, ...options }));
}

function apiGraphs(apis: NonNullable<DashboardArgs["apis"]>): Graph[] {
  if (Object.keys(apis).length === 0) return [];
  return [
    { title: "Requests", metrics: each(apis, (api) => apiMetric(api, "requests")) },
    {
      title: "Refused (4xx) and failed (5xx)",
      metrics: Object.entries(apis).flatMap(([label, api]) => [
        line(apiMetric(api, "clientErrors"), { label: `${label} 4xx` }),
        line(apiMetric(api, "serverErrors"), { label: `${label} 5xx`, color: "#d62728" }),
      ]),
    },
    {
      title: "Latency in milliseconds",
      metrics: Object.entries(apis).flatMap(([label, api]) =>
        ["p50", "p99"].map((stat) => line(apiMetric(api, "latency"), { label: `${label} ${stat}`, stat })),
      ),
    },
  ];
}

function webSocketGraphs(apis: NonNullable<DashboardArgs["webSocketApis"]>): Graph[] {
  if (Object.keys(apis).length === 0) return [];
  const of = (metricName: string, what: string, options: object = {}) =>
    Object.entries(apis).map(([label, api]) =>
      line(webSocketMetric(api, metricName), { label: `${label} ${what}`, ...options }),
    );
  return [
    {
      title: "New connections and messages",
      metrics: [...of("ConnectCount", "connections"), ...of("MessageCount", "messages")],
    },
    {
      title: "WebSocket events refused and failed",
      metrics: [
        ...of("ClientError", "refused"),
        ...of("ExecutionError", "not called", { color: "#9467bd" }),
        ...of("IntegrationError", "failed", { color: "#d62728" }),
      ],
    },
    {
      title: "WebSocket functions in milliseconds",
      metrics: ["p50", "p99"].flatMap((stat) => of("IntegrationLatency", stat, { stat })),
    },
  ];
}

function functionGraphs(functions: NonNullable<DashboardArgs["functions"]>): Graph[] {
  if (Object.keys(functions).length === 0) return [];
  const all = (metricName: string, options?: object) =>
    each(functions, (fn) => functionMetric(fn, metricName), options);
  return [
    { title: "Invocations", metrics: all("Invocations"), stacked: true },
    { title: "Failed and refused invocations", metrics: [...all("Errors"), ...all("Throttles", { yAxis: "right" })] },
    { title: "Duration in milliseconds (p99)", metrics: all("Duration"), stat: "p99" },
    { title: "At the same time", metrics: all("ConcurrentExecutions"), stat: "Maximum", stacked: true },
  ];
}

function queueGraphs(queues: NonNullable<DashboardArgs["queues"]>): Graph[] {
  if (Object.keys(queues).length === 0) return [];
  const visible = "ApproximateNumberOfMessagesVisible";
  return [
    {
      title: "Waiting messages",
      metrics: each(queues, ({ queueName }) => queueMetric(queueName, visible)),
      stat: "Maximum",
    },
    {
      title: "Age of the oldest in seconds",
      metrics: each(queues, ({ queueName }) => queueMetric(queueName, "ApproximateAgeOfOldestMessage")),
      stat: "Maximum",
    },
    {
      title: "Dead letters",
      metrics: each(queues, ({ deadLetterName }) => queueMetric(deadLetterName, visible)),
      stat: "Maximum",
    },
  ];
}

function databaseGraphs(databases: NonNullable<DashboardArgs["databases"]>): Graph[] {
  if (Object.keys(databases).length === 0) return [];
  const all = (metricName: string) => each(databases, (database) => databaseMetric(database, metricName));
  return [
    { title: "Capacity in ACU", metrics: all("ServerlessDatabaseCapacity"), stat: "Maximum" },
    { title: "Capacity used in percent", metrics: all("ACUUtilization"), stat: "Average" },
    { title: "Storage in bytes", metrics: all("VolumeBytesUsed"), stat: "Maximum" },
  ];
}

/** What functions measure by tenant. CloudWatch puts the tenant that is chosen in place of each `tenantId`. */
function tenantGraphs(namespace: string): Graph[] {
  const of = (metricName: string, options: object) => [
    namespace,
    metricName,
    "service",
    "api",
    "tenantId",
    "",
    options,
  ];
  return [
    {
      title: "Requests of the tenant, and those that failed",
      metrics: [of("Latency", { label: "requests", stat: "SampleCount" }), of("ServerErrors", { label: "failed" })],
    },
    {
      title: "Latency of the tenant in milliseconds",
      metrics: ["p50", "p99"].map((stat) => of("Latency", { label: stat, stat })),
    },
  ];
}

const tenantVariable = (namespace: string) => ({
  type: "property",
  id: "tenant",
  label: "Tenant",
  property: "tenantId",
  inputType: "select",
  search: `{${namespace},service,tenantId} MetricName="Latency"`,
  populateFrom: "tenantId",
  visible: true,
});

/** Of this stack's log groups alone, so tenants of another one that bear the same name are not counted in. */
const tenantTable = (logGroups: pulumi.Input<string>[], region: pulumi.Input<string>) => ({
  type: "log",
  properties: {
    title: "Tenants by traffic",
    region,
    view: "table",
    query: sources(logGroups),
  },
});

function sources(logGroups: pulumi.Input<string>[]): pulumi.Output<string> {
  return pulumi
    .all(logGroups)
    .apply(
      (names) =>
        `${names.map((name) => `SOURCE '${name}'`).join(" | ")} | filter ispresent(Latency)` +
        " | stats count(*) as requests, sum(ServerErrors) as failed, avg(Latency) as ms, pct(Latency, 99) as p99 by tenantId" +
        " | sort requests desc | limit 50",
    );
}
