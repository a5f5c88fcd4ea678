import {
  DeleteAlarmsCommand,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  DisableAlarmActionsCommand,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmInput,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { eventBridge } from "../../../local/services/eventbridge/index.ts";
import { sns } from "../../../local/services/sns/index.ts";
import { sqs } from "../../../local/services/sqs/index.ts";
import { resource } from "../resource.ts";
import { type CloudWatchCloud, MINUTE, startCloudWatch } from "./fixture.ts";

const ERRORS: PutMetricAlarmInput = {
  ...{ AlarmName: "errors", Namespace: "Shop", MetricName: "Errors", Statistic: "Sum", Period: 60 },
  ...{ EvaluationPeriods: 1, Threshold: 3, ComparisonOperator: "GreaterThanOrEqualToThreshold" },
  TreatMissingData: "notBreaching",
};

describe("CloudWatch's alarms", () => {
  let on: CloudWatchCloud;
  let queues: SQSClient;
  beforeEach(async () => {
    on = await startCloudWatch({ events: eventBridge, sns, sqs });
    queues = new SQSClient(on.cloud.client());
  });
  afterEach(async () => {
    queues.destroy();
    await on.stop();
  });

  const put = (MetricName: string, Value: number) =>
    on.client.send(new PutMetricDataCommand({ Namespace: "Shop", MetricData: [{ MetricName, Value }] }));
  const alarm = (input: Partial<PutMetricAlarmInput> = {}) =>
    on.client.send(new PutMetricAlarmCommand({ ...ERRORS, ...input }));
  const one = async (name = "errors") => {
    const types = { AlarmTypes: ["MetricAlarm" as const, "CompositeAlarm" as const] };
    const found = await on.client.send(new DescribeAlarmsCommand({ AlarmNames: [name], ...types }));
    return found.MetricAlarms![0] ?? found.CompositeAlarms![0]!;
  };
  const stateOf = async (name?: string) => (await one(name)).StateValue;

  async function queue(name: string, from: string): Promise<{ url: string; arn: string }> {
    const arn = `arn:aws:sqs:eu-west-1:000000000000:${name}`;
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: from }, Action: "sqs:SendMessage", Resource: arn }],
    });
    const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName: name, Attributes: { Policy } }));
    return { url: QueueUrl!, arn };
  }
  /** What has arrived; with a wait, as soon as something has. */
  async function messages(QueueUrl: string, WaitTimeSeconds = 20): Promise<Record<string, never>[]> {
    const { Messages = [] } = await queues.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds, MaxNumberOfMessages: 10 }),
    );
    return Messages.map(({ Body }) => JSON.parse(Body!));
  }
  /** A topic that CloudWatch may publish to, and the queue behind it. */
  async function topic(Service = "cloudwatch.amazonaws.com"): Promise<{ arn: string; url: string }> {
    const client = new SNSClient(on.cloud.client());
    const arn = "arn:aws:sns:eu-west-1:000000000000:alarms";
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sns:Publish", Resource: arn }],
    });
    await client.send(new CreateTopicCommand({ Name: "alarms", Attributes: { Policy } }));
    const behind = await queue("alarmed", "sns.amazonaws.com");
    await client.send(new SubscribeCommand({ TopicArn: arn, Protocol: "sqs", Endpoint: behind.arn }));
    client.destroy();
    return { arn, url: behind.url };
  }

  it("go from INSUFFICIENT_DATA to OK, to ALARM and back, as the minutes pass", async () => {
    await alarm();
    expect(await one()).toMatchObject({
      StateValue: "INSUFFICIENT_DATA",
      StateReason: "Unchecked: Initial alarm creation",
    });
    await on.clock.advance(MINUTE);
    expect(await stateOf()).toBe("OK");
    await put("Errors", 5);
    await on.clock.advance(MINUTE);
    const alarmed = await one();
    expect(alarmed.StateValue).toBe("ALARM");
    expect(alarmed.StateReason).toMatch(
      /^Threshold Crossed: 1 out of the last 1 datapoints \[5\.0 \(.*\)\] was greater than or equal to the threshold \(3\.0\) \(minimum 1 datapoint for OK -> ALARM transition\)\.$/,
    );
    expect(JSON.parse(alarmed.StateReasonData!)).toMatchObject({ recentDatapoints: [5], threshold: 3, period: 60 });
    expect(alarmed.StateTransitionedTimestamp).toEqual(new Date(on.clock.now()));
    await on.clock.advance(3 * MINUTE);
    expect(await stateOf()).toBe("OK");
  });

  it("tell a topic's subscribers in AWS's own JSON, and EventBridge's rules too", async () => {
    const { arn, url } = await topic();
    const events = await queue("events", "events.amazonaws.com");
    const bridge = new EventBridgeClient(on.cloud.client());
    const EventPattern = JSON.stringify({ source: ["aws.cloudwatch"], detail: { state: { value: ["ALARM"] } } });
    await bridge.send(new PutRuleCommand({ Name: "alarms", EventPattern }));
    await bridge.send(new PutTargetsCommand({ Rule: "alarms", Targets: [{ Id: "queue", Arn: events.arn }] }));
    bridge.destroy();
    await alarm({
      AlarmActions: [arn],
      Dimensions: [{ Name: "api", Value: "shop" }],
      AlarmDescription: "Look at the log.",
    });
    const Dimensions = [{ Name: "api", Value: "shop" }];
    await on.client.send(
      new PutMetricDataCommand({ Namespace: "Shop", MetricData: [{ MetricName: "Errors", Value: 3, Dimensions }] }),
    );
    await on.clock.advance(MINUTE);
    const [told] = await messages(url);
    expect(told).toMatchObject({ Type: "Notification", Subject: 'ALARM: "errors" in EU (Ireland)', TopicArn: arn });
    expect(JSON.parse(told!.Message!)).toMatchObject({
      ...{ AlarmName: "errors", AlarmDescription: "Look at the log.", AWSAccountId: "000000000000" },
      ...{ NewStateValue: "ALARM", OldStateValue: "INSUFFICIENT_DATA", Region: "EU (Ireland)", AlarmActions: [arn] },
      AlarmArn: "arn:aws:cloudwatch:eu-west-1:000000000000:alarm:errors",
      StateChangeTime: new Date(on.clock.now()).toISOString().replace("Z", "+0000"),
      Trigger: {
        ...{ MetricName: "Errors", Namespace: "Shop", StatisticType: "Statistic", Statistic: "SUM", Unit: null },
        ...{ Dimensions: [{ name: "api", value: "shop" }], Period: 60, EvaluationPeriods: 1, Threshold: 3 },
      },
    });
    const [event] = await messages(events.url);
    expect(event).toMatchObject({
      ...{ source: "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change" },
      resources: ["arn:aws:cloudwatch:eu-west-1:000000000000:alarm:errors"],
      detail: {
        alarmName: "errors",
        state: { value: "ALARM" },
        previousState: { value: "INSUFFICIENT_DATA" },
        configuration: {
          metrics: [{ metricStat: { metric: { name: "Errors", dimensions: { api: "shop" } }, period: 60 } }],
        },
      },
    });
  });

  it("keep a history of changes and of actions, those that failed included", async () => {
    const { arn } = await topic("budgets.amazonaws.com");
    await alarm({ AlarmActions: [arn] });
    await put("Errors", 3);
    await on.clock.advance(MINUTE);
    const { AlarmHistoryItems } = await on.client.send(new DescribeAlarmHistoryCommand({ AlarmName: "errors" }));
    const items = AlarmHistoryItems!.map(
      ({ HistoryItemType, HistorySummary }) => `${HistoryItemType}: ${HistorySummary}`,
    );
    expect(items.slice(1)).toEqual([
      "StateUpdate: Alarm updated from INSUFFICIENT_DATA to ALARM",
      'ConfigurationUpdate: Alarm "errors" created',
    ]);
    expect(items[0]).toMatch(/^Action: Failed to execute action .*sns:Publish/);
    expect(on.logged.map(({ message }) => message).join()).toMatch(/could not tell arn:aws:sns/);
  });

  it("do nothing while their actions are disabled, and can be set by hand until they are next evaluated", async () => {
    const { arn, url } = await topic();
    await alarm({ AlarmActions: [arn] });
    await on.client.send(new DisableAlarmActionsCommand({ AlarmNames: ["errors"] }));
    const set = () =>
      on.client.send(new SetAlarmStateCommand({ AlarmName: "errors", StateValue: "ALARM", StateReason: "a drill" }));
    await set();
    expect(await one()).toMatchObject({ StateValue: "ALARM", StateReason: "a drill", ActionsEnabled: false });
    expect(await messages(url, 0)).toEqual([]);
    await on.clock.advance(MINUTE);
    expect(await stateOf()).toBe("OK");
    await alarm({ AlarmActions: [arn], ActionsEnabled: true });
    await set();
    expect(await messages(url)).toHaveLength(1);
  });

  it("take M of N periods, over windows that slide with the minutes", async () => {
    await alarm({ EvaluationPeriods: 3, DatapointsToAlarm: 2, Period: 120 });
    await on.clock.advance(MINUTE);
    await put("Errors", 3);
    await on.clock.advance(2 * MINUTE);
    expect(await stateOf()).toBe("OK");
    await put("Errors", 3);
    await on.clock.advance(MINUTE);
    expect(await stateOf()).toBe("ALARM");
  });

  it("look at expressions: a share of errors, with nothing where there were no requests", async () => {
    const stat = (Id: string, MetricName: string) => ({
      ...{ Id, ReturnData: false },
      MetricStat: { Metric: { Namespace: "Shop", MetricName }, Period: 60, Stat: "Sum" },
    });
    const { AlarmName, EvaluationPeriods, ComparisonOperator } = ERRORS;
    await on.client.send(
      new PutMetricAlarmCommand({
        ...{ AlarmName, EvaluationPeriods, ComparisonOperator, Threshold: 10, TreatMissingData: "ignore" },
        Metrics: [
          stat("errors", "Errors"),
          stat("requests", "Requests"),
          { Id: "share", Expression: "IF(requests > 0, 100 * FILL(errors, 0) / requests)" },
        ],
      }),
    );
    await put("Requests", 20);
    await put("Errors", 1);
    await on.clock.advance(MINUTE);
    expect(await stateOf()).toBe("OK");
    await put("Requests", 20);
    await put("Errors", 2);
    await on.clock.advance(MINUTE);
    expect(await stateOf()).toBe("ALARM");
    await on.clock.advance(10 * MINUTE);
    expect(await stateOf()).toBe("ALARM");
    await put("Requests", 20);
    await on.clock.advance(MINUTE);
    expect(await stateOf()).toBe("OK");
  });

  it("leave a percentile of few numbers alone where they are asked to", async () => {
    const { Statistic: _, ...rest } = ERRORS;
    for (const [AlarmName, low] of [
      ["strict", "evaluate"],
      ["patient", "ignore"],
    ] as const) {
      const percentile = { ExtendedStatistic: "p90", MetricName: "Ms", EvaluateLowSampleCountPercentile: low };
      await on.client.send(new PutMetricAlarmCommand({ ...rest, ...percentile, AlarmName, Threshold: 100 }));
    }
    await put("Ms", 500);
    await on.clock.advance(MINUTE);
    expect([await stateOf("strict"), await stateOf("patient")]).toEqual(["ALARM", "INSUFFICIENT_DATA"]);
    await on.clock.advance(3 * MINUTE);
    const MetricData = [{ MetricName: "Ms", Values: [500], Counts: [100] }];
    await on.client.send(new PutMetricDataCommand({ Namespace: "Shop", MetricData }));
    await on.clock.advance(MINUTE);
    expect(await stateOf("patient")).toBe("ALARM");
  });

  it("notice what is unlike before, once there is a before", async () => {
    const Metric = { Namespace: "Shop", MetricName: "Requests" };
    await on.client.send(
      new PutMetricAlarmCommand({
        ...{ AlarmName: "traffic", EvaluationPeriods: 1, ThresholdMetricId: "usual", TreatMissingData: "notBreaching" },
        ComparisonOperator: "LessThanLowerOrGreaterThanUpperThreshold",
        Metrics: [
          { Id: "requests", ReturnData: true, MetricStat: { Metric, Period: 60, Stat: "Sum" } },
          { Id: "usual", ReturnData: true, Expression: "ANOMALY_DETECTION_BAND(requests, 3)" },
        ],
      }),
    );
    for (let minute = 0; minute < 20; minute++) {
      await put("Requests", 100 + (minute % 5));
      await on.clock.advance(MINUTE);
      expect(await stateOf("traffic")).toBe("OK");
    }
    await put("Requests", 500);
    await on.clock.advance(MINUTE);
    expect(await stateOf("traffic")).toBe("ALARM");
  });

  it("are combined by rules, which change with what they name", async () => {
    await alarm();
    await alarm({ AlarmName: "slow", MetricName: "Slow" });
    const { arn, url } = await topic();
    await on.clock.advance(MINUTE);
    const rule = (AlarmRule: string) =>
      on.client.send(new PutCompositeAlarmCommand({ AlarmName: "both", AlarmRule, AlarmActions: [arn] }));
    await rule('ALARM(errors) AND (ALARM("slow") OR FALSE)');
    expect(await stateOf("both")).toBe("OK");
    await put("Errors", 3);
    await on.clock.advance(MINUTE);
    expect(await stateOf("both")).toBe("OK");
    await put("Errors", 3);
    await put("Slow", 3);
    await on.clock.advance(MINUTE);
    expect(await stateOf("both")).toBe("ALARM");
    const [told] = await messages(url);
    expect(JSON.parse(told!.Message!)).toMatchObject({
      AlarmName: "both",
      NewStateValue: "ALARM",
      AlarmRule: expect.any(String),
    });
    for (const wrong of ["ALARM(nobody)", "ALARM(errors) AND", "errors"]) {
      await expect(rule(wrong)).rejects.toMatchObject({ name: "ValidationException" });
    }
  });

  it("can be high-resolution: evaluated every ten seconds", async () => {
    await alarm({ Period: 10 });
    const MetricData = [{ MetricName: "Errors", Value: 9, StorageResolution: 1 }];
    await on.client.send(new PutMetricDataCommand({ Namespace: "Shop", MetricData }));
    await on.clock.advance(10_000);
    expect(await stateOf()).toBe("ALARM");
  });

  it("of a program are there from its start, and keep their state when it starts again", async () => {
    const declared = resource("aws:cloudwatch/metricAlarm:MetricAlarm", "errors", {
      ...{ namespace: "Shop", metricName: "Errors", statistic: "Sum", period: 60, evaluationPeriods: 1, threshold: 1 },
      ...{
        comparisonOperator: "GreaterThanOrEqualToThreshold",
        treatMissingData: "ignore",
        dimensions: { api: "shop" },
      },
    });
    const name = String(declared.outputs.name);
    await on.cloud.provision({ resources: [declared] } as never);
    expect(await one(name)).toMatchObject({ Dimensions: [{ Name: "api", Value: "shop" }], TreatMissingData: "ignore" });
    await on.client.send(new SetAlarmStateCommand({ AlarmName: name, StateValue: "ALARM", StateReason: "x" }));
    await on.cloud.provision({ resources: [declared] } as never);
    expect(await stateOf(name)).toBe("ALARM");
  });

  it("are refused with the parameter's name where they make no sense, and deleted all or none", async () => {
    const refused: [Partial<PutMetricAlarmInput>, RegExp][] = [
      [{ ComparisonOperator: "Above" as never }, /ComparisonOperator/],
      [{ Period: 45 }, /Period/],
      [{ DatapointsToAlarm: 2 }, /DatapointsToAlarm/],
      [{ ExtendedStatistic: "p99" }, /Statistic/],
      [{ Statistic: undefined, ExtendedStatistic: "p101" }, /ExtendedStatistic/],
      [{ Threshold: undefined }, /Threshold/],
      [{ EvaluationPeriods: 1441 }, /more than a day/],
      [{ TreatMissingData: "well" }, /TreatMissingData/],
      [{ AlarmActions: ["call me"] }, /AlarmActions/],
      [{ Metrics: [{ Id: "a", Expression: "b + 1" }] }, /Metrics/],
    ];
    for (const [input, message] of refused) {
      await expect(alarm(input)).rejects.toMatchObject({
        name: "ValidationException",
        message: expect.stringMatching(message),
      });
    }
    await alarm();
    const gone = on.client.send(new DeleteAlarmsCommand({ AlarmNames: ["errors", "nobody"] }));
    await expect(gone).rejects.toMatchObject({ name: "ResourceNotFound" });
    expect(await stateOf()).toBeDefined();
    await on.client.send(new DeleteAlarmsCommand({ AlarmNames: ["errors"] }));
    expect((await on.client.send(new DescribeAlarmsCommand({}))).MetricAlarms).toEqual([]);
  });
});
