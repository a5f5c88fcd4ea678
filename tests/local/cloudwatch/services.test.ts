/** What the services measure of themselves, and metrics in log lines. */
import { CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  PutMetricFilterCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { monitoring } from "../../../local/services/cloudwatch/index.ts";
import { sqs } from "../../../local/services/sqs/index.ts";
import { type GatewayCloud, startApi } from "../apigateway/fixture.ts";
import { restApi } from "../apigateway/resources.ts";
import { MINUTE, metric, startCloudWatch } from "./fixture.ts";

describe("Services measure", () => {
  let on: GatewayCloud;
  let client: CloudWatchClient;
  let start: number;
  beforeAll(async () => {
    on = await startApi({}, { monitoring, sqs });
    await on.running.service("monitoring");
    client = new CloudWatchClient(on.running.client());
    start = on.clock.now();
  });
  afterAll(async () => {
    client.destroy();
    await on.stop();
  });

  const values = async (...MetricDataQueries: MetricDataQuery[]) => {
    const range = { StartTime: new Date(start - MINUTE), EndTime: new Date(on.clock.now() + MINUTE) };
    const { MetricDataResults } = await client.send(new GetMetricDataCommand({ MetricDataQueries, ...range }));
    return Object.fromEntries(MetricDataResults!.map(({ Id, Values }) => [Id!, Values![0]]));
  };

  it("invocations of functions: how many, how long, failed and refused", async () => {
    await on.define(
      "measured",
      'export const handler = (event) => { if (event.fail) throw new Error("no"); return 1; }',
    );
    for (const fail of [false, false, true]) await on.invoke("measured", { fail });
    await on.define("closed", "export const handler = () => 1", { reservedConcurrentExecutions: 0 });
    await expect(on.invoke("closed")).rejects.toThrow(/Rate Exceeded/);
    const of = (Id: string, name: string, stat: string, FunctionName = "measured") =>
      metric(Id, name, stat, { namespace: "AWS/Lambda", dimensions: { FunctionName } });
    const found = await values(
      ...[of("invocations", "Invocations", "Sum"), of("errors", "Errors", "Sum"), of("share", "Errors", "Average")],
      ...[
        of("count", "Duration", "SampleCount"),
        of("p99", "Duration", "p99"),
        of("throttles", "Throttles", "Sum", "closed"),
      ],
      metric("all", "Invocations", "Sum", { namespace: "AWS/Lambda" }),
    );
    expect(found).toEqual({
      ...{ invocations: 3, errors: 1, share: 1 / 3, count: 3, p99: expect.any(Number), throttles: 1, all: 3 },
    });
    expect(found.p99).toBeGreaterThan(0);
  });

  it("requests of an API: how many, how long, and the shares of 4xx and 5xx", async () => {
    await on.define(
      "routed",
      'export const handler = (event) => { if (event.path === "/bad") throw new Error("no"); return { statusCode: 200, body: "{}" }; }',
    );
    const methods = { "GET /good": { function: "routed" }, "GET /bad": { function: "routed" } };
    await on.provision(...restApi({ inputs: { name: "shop" }, methods }));
    for (const at of ["good", "good", "bad"]) await on.fetch(`/_apis/restapi001/v1/${at}`);
    const dimensions = { ApiName: "shop", Stage: "v1" };
    const of = (Id: string, name: string, stat: string) =>
      metric(Id, name, stat, { namespace: "AWS/ApiGateway", dimensions });
    expect(
      await values(
        of("count", "Count", "Sum"),
        of("failed", "5XXError", "Average"),
        of("ms", "Latency", "SampleCount"),
      ),
    ).toEqual({ count: 3, failed: 1 / 3, ms: 3 });
  });

  it("queues every minute: what waits, and since when", async () => {
    const queues = new SQSClient(on.running.client());
    const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName: "orders" }));
    for (const MessageBody of ["1", "2", "3"]) await queues.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    await queues.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 600 }));
    await on.clock.advance(2 * MINUTE);
    queues.destroy();
    const of = (Id: string, name: string) =>
      metric(Id, name, "Maximum", { namespace: "AWS/SQS", dimensions: { QueueName: "orders" } });
    const found = await values(
      of("waiting", "ApproximateNumberOfMessagesVisible"),
      of("away", "ApproximateNumberOfMessagesNotVisible"),
      of("age", "ApproximateAgeOfOldestMessage"),
      of("sent", "NumberOfMessagesSent"),
    );
    expect(found).toMatchObject({ waiting: 2, away: 1 });
    expect(found.age).toBeGreaterThanOrEqual(60);
  });
});

describe("Log lines are measured", () => {
  const line = (members: object, directive: object, time: number) =>
    JSON.stringify({ _aws: { Timestamp: time, CloudWatchMetrics: [directive] }, ...members });

  async function withLogs(
    test: (
      on: Awaited<ReturnType<typeof startCloudWatch>>,
      write: (...lines: string[]) => Promise<unknown>,
      client: CloudWatchLogsClient,
    ) => Promise<void>,
  ) {
    const on = await startCloudWatch();
    const client = new CloudWatchLogsClient(on.cloud.client());
    await client.send(new CreateLogGroupCommand({ logGroupName: "app" }));
    await client.send(new CreateLogStreamCommand({ logGroupName: "app", logStreamName: "s" }));
    const write = (...lines: string[]) => {
      const logEvents = lines.map((message) => ({ message, timestamp: on.clock.now() }));
      return client.send(new PutLogEventsCommand({ logGroupName: "app", logStreamName: "s", logEvents }));
    };
    await test(on, write, client);
    client.destroy();
    await on.stop();
  }

  it("where they are embedded metrics, by each set of dimensions; what is malformed is a line and no metric", () =>
    withLogs(async (on, write) => {
      const directive = {
        Namespace: "Shop",
        Dimensions: [["service", "tenantId"], ["service"], ["nobody"]],
        Metrics: [{ Name: "Latency", Unit: "Milliseconds" }, { Name: "Missing" }],
      };
      const members = { service: "api", tenantId: "acme" };
      await write(
        line({ ...members, Latency: 10 }, directive, on.start),
        line({ ...members, Latency: [20, 30] }, directive, on.start),
        ...['{"_aws": nonsense}', '{"_aws":{"CloudWatchMetrics":[{}]}}', "plain text with _aws in it"],
      );
      const of = (Id: string, dimensions: Record<string, string>) => metric(Id, "Latency", "Sum", { dimensions });
      const found = await on.values(
        ...[of("tenant", members), of("all", { service: "api" }), of("none", {})],
        metric("missing", "Missing", "Sum", { dimensions: members }),
      );
      expect(found).toEqual({ tenant: [60], all: [60], none: [], missing: [] });
    }));

  it("once each, whether somebody asks or the clock goes on", () =>
    withLogs(async (on, write) => {
      const directive = { Namespace: "Shop", Dimensions: [[]], Metrics: [{ Name: "Hits" }] };
      const hits = () => on.values(metric("hits", "Hits", "Sum", { Period: 3600 }));
      await write(line({ Hits: 1 }, directive, on.start));
      expect(await hits()).toEqual({ hits: [1] });
      await on.clock.advance(MINUTE);
      await write(...Array.from({ length: 5000 }, () => line({ Hits: 1 }, directive, on.start)));
      await on.clock.advance(MINUTE);
      expect(await hits()).toEqual({ hits: [5001] });
    }));

  it("where a metric filter matches, with a value and dimensions of the line", () =>
    withLogs(async (on, write, client) => {
      const transformation = { metricNamespace: "Shop", metricName: "Slow", metricValue: "$.ms" };
      await client.send(
        new PutMetricFilterCommand({
          ...{ logGroupName: "app", filterName: "slow", filterPattern: "{ $.ms > 100 }" },
          metricTransformations: [{ ...transformation, dimensions: { tenantId: "$.tenant" } }],
        }),
      );
      await write('{"ms":50,"tenant":"acme"}', '{"ms":500,"tenant":"acme"}', '{"ms":700,"tenant":"acme"}', "no JSON");
      const dimensions = { tenantId: "acme" };
      expect(await on.values(metric("slow", "Slow", "Sum", { dimensions }))).toEqual({ slow: [1200] });
    }));
});
