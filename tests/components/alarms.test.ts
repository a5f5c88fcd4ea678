import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { refused } from "./refused.ts";
import { watched } from "./watched.ts";

const alarms =
  (args: Partial<terrace.AlarmsArgs> = {}) =>
  () =>
    new terrace.Alarms("alarms", { ...watched(), ...args });
const byId = (stack: Deployment, id: string) => stack.resource("MetricAlarm", `alarms-${id}`).inputs;

describe("Alarms", () => {
  it("watch errors and throttles of functions, in what the functions are called", async () => {
    const stack = await deploy(alarms());
    const FunctionName = stack.resource("aws:lambda/function:Function", "orders").outputs.name;
    expect(byId(stack, "orders-errors")).toMatchObject({
      ...{ namespace: "AWS/Lambda", metricName: "Errors", dimensions: { FunctionName }, statistic: "Sum" },
      ...{ threshold: 3, comparisonOperator: "GreaterThanOrEqualToThreshold", period: 300, evaluationPeriods: 1 },
    });
    expect(byId(stack, "orders-throttles")).toMatchObject({ metricName: "Throttles", threshold: 1 });
  });

  it("watch how far a stream's consumer is behind, in milliseconds", async () => {
    expect(byId(await deploy(alarms()), "clicks-iterator-age")).toMatchObject({
      metricName: "IteratorAge",
      statistic: "Maximum",
      threshold: 60_000,
    });
  });

  it("watch dead letters from the first, and how long messages wait", async () => {
    const stack = await deploy(alarms());
    expect(byId(stack, "jobs-dead-letters")).toMatchObject({
      namespace: "AWS/SQS",
      metricName: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: stack.resource("aws:sqs/queue:Queue", "jobs-dlq").outputs.name },
      threshold: 1,
    });
    expect(byId(stack, "jobs-age")).toMatchObject({
      metricName: "ApproximateAgeOfOldestMessage",
      dimensions: { QueueName: stack.resource("aws:sqs/queue:Queue", "jobs").outputs.name },
      threshold: 900,
    });
  });

  it("watch how much of its capacity a cluster uses", async () => {
    const stack = await deploy(alarms());
    expect(byId(stack, "db-capacity")).toMatchObject({
      namespace: "AWS/RDS",
      metricName: "ACUUtilization",
      dimensions: { DBClusterIdentifier: stack.resource("aws:rds/cluster:Cluster").outputs.clusterIdentifier },
      threshold: 90,
      evaluationPeriods: 3,
    });
  });

  it("watch 5xx, the slowest requests and unlike traffic of a REST API", async () => {
    const stack = await deploy(alarms());
    const dimensions = { ApiName: stack.resource("aws:apigateway/restApi:RestApi").outputs.name, Stage: "v1" };
    expect(byId(stack, "shop-5xx")).toMatchObject({
      ...{ namespace: "AWS/ApiGateway", metricName: "5XXError", dimensions, statistic: "Average", threshold: 0.01 },
      ...{ comparisonOperator: "GreaterThanThreshold", evaluationPeriods: 3, datapointsToAlarm: 2 },
    });
    expect(byId(stack, "shop-latency")).toMatchObject({
      metricName: "Latency",
      extendedStatistic: "p99",
      threshold: 3000,
      evaluateLowSampleCountPercentiles: "ignore",
    });
    expect(byId(stack, "shop-traffic")).toMatchObject({
      comparisonOperator: "LessThanLowerOrGreaterThanUpperThreshold",
      thresholdMetricId: "expected",
      metricQueries: [
        { id: "measured", metric: { metricName: "Count", dimensions, stat: "Sum" } },
        { id: "expected", expression: "ANOMALY_DETECTION_BAND(measured, 3)" },
      ],
    });
  });

  it("name an HTTP API's metrics as HTTP APIs do", async () => {
    const stack = await deploy(() => new terrace.Alarms("alarms", { apis: watched({ api: "http" }).apis }));
    expect(byId(stack, "shop-5xx")).toMatchObject({
      metricName: "5xx",
      dimensions: { ApiId: stack.resource("aws:apigatewayv2/api:Api", "shop").id, Stage: "$default" },
    });
  });

  it("watch what fails of a WebSocket API's events, and unlike numbers of connections", async () => {
    const stack = await deploy(alarms());
    const dimensions = { ApiId: stack.resource("aws:apigatewayv2/api:Api", "live").id, Stage: "v1" };
    const failures = { namespace: "AWS/ApiGateway", dimensions, statistic: "Sum", threshold: 3, evaluationPeriods: 1 };
    expect(byId(stack, "live-execution-errors")).toMatchObject({ metricName: "ExecutionError", ...failures });
    expect(byId(stack, "live-integration-errors")).toMatchObject({ metricName: "IntegrationError", ...failures });
    expect(byId(stack, "live-connections")).toMatchObject({
      thresholdMetricId: "expected",
      metricQueries: [
        { metric: { metricName: "ConnectCount", dimensions } },
        { expression: "ANOMALY_DETECTION_BAND(measured, 3)" },
      ],
    });
  });

  it("tell a WebSocket API from another one of its name", async () => {
    const stack = await deploy(() => {
      const { apis, webSocketApis } = watched();
      new terrace.Alarms("alarms", { apis: { live: apis.shop }, webSocketApis });
    });
    const names = stack.all("MetricAlarm").map(({ name }) => name);
    expect([...new Set(names)]).toHaveLength(6);
  });

  it("tell their topic when something is wrong and when it is well again, and are quiet about what is idle", async () => {
    const stack = await deploy(alarms());
    const topic = stack.resource("aws:sns/topic:Topic").outputs.arn;
    for (const { inputs } of stack.all("MetricAlarm")) {
      expect(inputs).toMatchObject({ alarmActions: [topic], okActions: [topic], treatMissingData: "notBreaching" });
      expect(String(inputs.alarmDescription)).toMatch(/\. .+\.$/);
    }
  });

  it("take other thresholds, and a topic that is there already", async () => {
    const topicArn = pulumi.output("arn:aws:sns:eu-west-1:000000000000:operations");
    const stack = await deploy(
      alarms({
        topicArn,
        thresholds: {
          ...{ functionErrors: 10, functionThrottles: 5, iteratorAgeSeconds: 120, deadLetters: 7, queueAgeSeconds: 60 },
          ...{ capacityPercent: 50, serverErrorPercent: 5, latencyMs: 800, webSocketErrors: 20, trafficDeviations: 2 },
        },
      }),
    );
    const threshold = (id: string) => byId(stack, id).threshold;
    expect(
      ["orders-errors", "orders-throttles", "clicks-iterator-age", "jobs-dead-letters", "jobs-age"].map(threshold),
    ).toEqual([10, 5, 120_000, 7, 60]);
    expect(["db-capacity", "shop-5xx", "shop-latency"].map(threshold)).toEqual([50, 0.05, 800]);
    expect(["live-execution-errors", "live-integration-errors"].map(threshold)).toEqual([20, 20]);
    expect(byId(stack, "shop-traffic").metricQueries).toMatchObject([
      {},
      { expression: "ANOMALY_DETECTION_BAND(measured, 2)" },
    ]);
    expect(byId(stack, "jobs-age").alarmActions).toEqual(["arn:aws:sns:eu-west-1:000000000000:operations"]);
    expect(stack.all("aws:sns/topic:Topic")).toEqual([]);
  });

  it.each<[string, () => Partial<terrace.AlarmsArgs>, string]>([
    ["a threshold of nothing", () => ({ thresholds: { deadLetters: 0 } }), "thresholds.deadLetters is 0; it has to be"],
    ["a threshold of a part", () => ({ thresholds: { webSocketErrors: 0.5 } }), "thresholds.webSocketErrors is 0.5"],
    ["a share above the whole", () => ({ thresholds: { capacityPercent: 101 } }), "thresholds.capacityPercent is 101"],
    [
      "a topic that is none",
      () => ({ topicArn: pulumi.output("alarms") }),
      'topicArn is "alarms"; it has to be an ARN',
    ],
    [
      "people for a topic that has its own",
      () => ({ topicArn: "arn:aws:sns:x", emails: ["a@example.com"] }),
      "leave one of the two out",
    ],
    ["an address that is none", () => ({ emails: ["operations"] }), 'emails[0] is "operations"'],
  ])("refuse %s", async (_what, args, message) => {
    expect(await refused(() => alarms(args())())).toContain(message);
  });

  it("refuse to watch nothing", async () => {
    expect(await refused(() => new terrace.Alarms("alarms", {}))).toContain('Alarms "alarms": functions is missing');
  });
});

describe("AlarmTopic", () => {
  it("lets CloudWatch and Budgets of this account publish, through a key that rotates and lets them in", async () => {
    const stack = await deploy(() => new terrace.AlarmTopic("told", { emails: ["operations@example.com"] }));
    const key = stack.resource("aws:kms/key:Key");
    expect(key.inputs.enableKeyRotation).toBe(true);
    expect(stack.resource("aws:sns/topic:Topic").inputs.kmsMasterKeyId).toBe(key.outputs.arn);
    const [administration, publishers] = JSON.parse(String(key.inputs.policy)).Statement;
    expect(administration.Principal).toEqual({ AWS: "arn:aws:iam::000000000000:root" });
    expect(publishers).toMatchObject({
      Principal: { Service: ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] },
      Action: ["kms:GenerateDataKey*", "kms:Decrypt"],
      Condition: { StringEquals: { "aws:SourceAccount": "000000000000" } },
    });
    const policy = JSON.parse(String(stack.resource("TopicPolicy").inputs.policy)).Statement;
    expect(policy.map(({ Condition }: { Condition: object }) => Condition)).toMatchObject([
      {
        ArnLike: { "aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:000000000000:alarm:*" },
        StringEquals: { "aws:SourceAccount": "000000000000" },
      },
      { ArnLike: { "aws:SourceArn": "arn:aws:budgets::000000000000:*" } },
      { Bool: { "aws:SecureTransport": "false" } },
    ]);
    expect(stack.resource("TopicSubscription").inputs).toMatchObject({
      protocol: "email",
      endpoint: "operations@example.com",
    });
  });
});
