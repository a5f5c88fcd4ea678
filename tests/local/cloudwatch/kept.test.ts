/** What is there again after the platform was killed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DeleteDashboardsCommand,
  DescribeAlarmsCommand,
  GetDashboardCommand,
  ListDashboardsCommand,
  ListTagsForResourceCommand,
  PutDashboardCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
  TagResourceCommand,
} from "@aws-sdk/client-cloudwatch";
import { resource } from "../resource.ts";
import { type CloudWatchCloud, MINUTE, metric, startCloudWatch } from "./fixture.ts";

describe("CloudWatch keeps", () => {
  let directory: string;
  let on: CloudWatchCloud;
  const running: CloudWatchCloud[] = [];
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "terrace-cloudwatch-"));
    on = await startCloudWatch({}, directory);
    running.push(on);
  });
  afterEach(async () => {
    for (const each of running.splice(0)) await each.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  /** As after a kill: the first one is never stopped. */
  const again = async () => {
    on = await startCloudWatch({}, directory, on.clock);
    running.push(on);
    return on;
  };
  const alarm = { Period: 60, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: "GreaterThanThreshold" as const };

  it("metrics that were put, and alarms that the API made, with their state and tags", async () => {
    await on.client.send(new PutMetricDataCommand({ Namespace: "Shop", MetricData: [{ MetricName: "A", Value: 3 }] }));
    const watched = { Namespace: "Shop", MetricName: "B", Statistic: "Sum" as const };
    await on.client.send(new PutMetricAlarmCommand({ AlarmName: "mine", ...alarm, ...watched }));
    const ResourceARN = "arn:aws:cloudwatch:eu-west-1:000000000000:alarm:mine";
    await on.client.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: "team", Value: "shop" }] }));
    await on.client.send(new SetAlarmStateCommand({ AlarmName: "mine", StateValue: "ALARM", StateReason: "x" }));
    await again();
    expect(await on.values(metric("a", "A", "Sum"))).toEqual({ a: [3] });
    const { MetricAlarms } = await on.client.send(new DescribeAlarmsCommand({}));
    expect(MetricAlarms).toMatchObject([{ AlarmName: "mine", StateValue: "ALARM", StateReason: "x" }]);
    const { Tags } = await on.client.send(new ListTagsForResourceCommand({ ResourceARN }));
    expect(Tags).toEqual([{ Key: "team", Value: "shop" }]);
  });

  it("the state of a program's alarm, and the alarm itself only while the program declares it", async () => {
    const declared = resource("aws:cloudwatch/metricAlarm:MetricAlarm", "errors", {
      ...{ namespace: "Shop", metricName: "Errors", statistic: "Sum", period: 60, evaluationPeriods: 1, threshold: 1 },
      comparisonOperator: "GreaterThanOrEqualToThreshold",
    });
    const AlarmName = String(declared.outputs.name);
    await on.cloud.provision({ resources: [declared] } as never);
    await on.client.send(new SetAlarmStateCommand({ AlarmName, StateValue: "ALARM", StateReason: "x" }));
    await again();
    expect((await on.client.send(new DescribeAlarmsCommand({}))).MetricAlarms).toEqual([]);
    await on.cloud.provision({ resources: [declared] } as never);
    const { MetricAlarms } = await on.client.send(new DescribeAlarmsCommand({}));
    expect(MetricAlarms).toMatchObject([{ AlarmName, StateValue: "ALARM" }]);
  });

  it("metrics for fifteen days", async () => {
    await on.client.send(new PutMetricDataCommand({ Namespace: "Shop", MetricData: [{ MetricName: "A", Value: 3 }] }));
    await on.clock.advance(15 * 24 * 60 * MINUTE + MINUTE);
    await again();
    expect(await on.values(metric("a", "A", "Sum"))).toEqual({ a: [] });
  });

  it("dashboards as they were given, a program's too, and refuses what is no JSON", async () => {
    const DashboardBody = '{"widgets":[]}';
    await on.client.send(new PutDashboardCommand({ DashboardName: "mine", DashboardBody }));
    const declared = { dashboardName: "cell", dashboardBody: '{"widgets":[1]}' };
    await again();
    const program = resource("aws:cloudwatch/dashboard:Dashboard", "cell", declared);
    await on.cloud.provision({ resources: [program] } as never);
    const { DashboardEntries } = await on.client.send(new ListDashboardsCommand({}));
    expect(DashboardEntries!.map(({ DashboardName, Size }) => [DashboardName, Size])).toEqual([
      ["cell", 15],
      ["mine", 14],
    ]);
    expect(await on.client.send(new GetDashboardCommand({ DashboardName: "mine" }))).toMatchObject({ DashboardBody });
    const put = on.client.send(new PutDashboardCommand({ DashboardName: "mine", DashboardBody: "widgets" }));
    await expect(put).rejects.toMatchObject({ message: expect.stringMatching(/JSON/) });
    const gone = on.client.send(new DeleteDashboardsCommand({ DashboardNames: ["mine", "nobody"] }));
    await expect(gone).rejects.toMatchObject({ message: expect.stringMatching(/nobody/) });
    expect(await on.client.send(new GetDashboardCommand({ DashboardName: "mine" }))).toMatchObject({ DashboardBody });
  });
});
