/** What topics, functions and EventBridge are told of an alarm, in AWS's own JSON. Pure. */
import { createHash } from "node:crypto";
import type { Dimension, MetricDataQuery, PutMetricAlarmInput } from "@aws-sdk/client-cloudwatch";
import { type Alarm, type AlarmState, alarmTime } from "./alarm.ts";

export interface Change {
  alarm: Alarm;
  before: AlarmState;
  after: AlarmState;
}

const REGIONS: Record<string, string> = {
  "eu-central-1": "EU (Frankfurt)",
  "eu-north-1": "EU (Stockholm)",
  "eu-west-1": "EU (Ireland)",
  "eu-west-2": "EU (London)",
  "eu-west-3": "EU (Paris)",
  "us-east-1": "US East (N. Virginia)",
  "us-east-2": "US East (Ohio)",
  "us-west-1": "US West (N. California)",
  "us-west-2": "US West (Oregon)",
};

const regionName = (region: string): string => REGIONS[region] ?? region;

export function subjectOf({ alarm, after }: Change, region: string): string {
  return `${after.value}: "${alarm.name}" in ${regionName(region)}`.slice(0, 100);
}

/** What a topic's subscribers get. */
export function topicMessage({ alarm, before, after }: Change, account: string, region: string): string {
  const { input } = alarm;
  return JSON.stringify({
    AlarmName: alarm.name,
    AlarmDescription: input.AlarmDescription ?? null,
    ...(alarm.kind === "CompositeAlarm" && { AlarmRule: alarm.input.AlarmRule }),
    AWSAccountId: account,
    AlarmConfigurationUpdatedTimestamp: alarmTime(alarm.configuredAt),
    NewStateValue: after.value,
    NewStateReason: after.reason,
    StateChangeTime: alarmTime(after.updatedAt),
    Region: regionName(region),
    AlarmArn: alarm.arn,
    OldStateValue: before.value,
    OKActions: input.OKActions ?? [],
    AlarmActions: input.AlarmActions ?? [],
    InsufficientDataActions: input.InsufficientDataActions ?? [],
    ...(alarm.kind === "MetricAlarm" && { Trigger: triggerOf(alarm.input) }),
  });
}

function triggerOf(input: PutMetricAlarmInput): object {
  const evaluation = {
    Period: input.Period ?? 0,
    EvaluationPeriods: input.EvaluationPeriods,
    ...(input.DatapointsToAlarm !== undefined && { DatapointsToAlarm: input.DatapointsToAlarm }),
    ComparisonOperator: input.ComparisonOperator,
    ...(input.ThresholdMetricId === undefined
      ? { Threshold: input.Threshold }
      : { ThresholdMetricId: input.ThresholdMetricId }),
    TreatMissingData: input.TreatMissingData ?? "missing",
    EvaluateLowSampleCountPercentile: input.EvaluateLowSampleCountPercentile ?? "",
  };
  if (input.Metrics?.length) return { ...evaluation, Metrics: input.Metrics.map(triggerQuery) };
  const { MetricName, Namespace, Statistic, ExtendedStatistic, Unit = null, Dimensions = [] } = input;
  const statistic = Statistic
    ? { StatisticType: "Statistic", Statistic: NAMES[Statistic] }
    : { StatisticType: "ExtendedStatistic", ExtendedStatistic };
  return { MetricName, Namespace, ...statistic, Unit, Dimensions: pairs(Dimensions), ...evaluation };
}

const NAMES: Record<string, string> = {
  SampleCount: "SAMPLE_COUNT",
  Average: "AVERAGE",
  Sum: "SUM",
  Minimum: "MINIMUM",
  Maximum: "MAXIMUM",
};

function triggerQuery({ Id, Expression, Label, ReturnData = true, MetricStat: stat }: MetricDataQuery): object {
  if (!stat) return { Expression, Id, Label, ReturnData };
  const { Namespace, MetricName, Dimensions = [] } = stat.Metric!;
  const Metric = { Dimensions: pairs(Dimensions), MetricName, Namespace };
  return { Id, Label, MetricStat: { Metric, Period: stat.Period, Stat: stat.Stat }, ReturnData };
}

const pairs = (dimensions: Dimension[]) => dimensions.map(({ Name, Value }) => ({ value: Value, name: Name }));

/** `detail` of "CloudWatch Alarm State Change", and what a function gets as `alarmData`. */
export function stateDetail({ alarm, before, after }: Change): Record<string, unknown> {
  return {
    alarmName: alarm.name,
    configuration: configurationOf(alarm),
    previousState: stateOf(before),
    state: stateOf(after),
  };
}

/** `detail` of "CloudWatch Alarm Configuration Change". */
export function configurationDetail(alarm: Alarm, operation: "create" | "update" | "delete"): Record<string, unknown> {
  const { input } = alarm;
  return {
    alarmName: alarm.name,
    operation,
    configuration: {
      ...configurationOf(alarm),
      ...(alarm.kind === "MetricAlarm" && {
        evaluationPeriods: alarm.input.EvaluationPeriods,
        threshold: alarm.input.Threshold,
        comparisonOperator: alarm.input.ComparisonOperator,
        treatMissingData: alarm.input.TreatMissingData ?? "missing",
      }),
      actionsEnabled: input.ActionsEnabled ?? true,
      alarmName: alarm.name,
      timestamp: alarmTime(alarm.configuredAt),
      okActions: input.OKActions ?? [],
      alarmActions: input.AlarmActions ?? [],
      insufficientDataActions: input.InsufficientDataActions ?? [],
    },
    state: stateOf(alarm.state),
  };
}

function stateOf({ value, reason, reasonData, updatedAt }: AlarmState): object {
  return { reason, ...(reasonData && { reasonData }), timestamp: alarmTime(updatedAt), value };
}

function configurationOf(alarm: Alarm): Record<string, unknown> {
  const description = alarm.input.AlarmDescription;
  if (alarm.kind === "CompositeAlarm") return { alarmRule: alarm.input.AlarmRule, ...(description && { description }) };
  const { input } = alarm;
  if (input.Metrics?.length) return { ...(description && { description }), metrics: input.Metrics.map(eventQuery) };
  const { Namespace, MetricName, Dimensions, Period, Statistic, ExtendedStatistic } = input;
  // It is the same in every event of the alarm.
  const id = createHash("sha256").update(alarm.arn).digest("hex").slice(0, 32);
  const stat = { Metric: { Namespace, MetricName, Dimensions }, Period, Stat: Statistic ?? ExtendedStatistic };
  const metrics = [eventQuery({ Id: id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"), MetricStat: stat })];
  return { ...(description && { description }), metrics };
}

function eventQuery({ Id: id, Expression: expression, Label: label, ReturnData, MetricStat: stat }: MetricDataQuery) {
  const returnData = ReturnData !== false;
  if (!stat) return { id, expression, label, returnData };
  const { Namespace: namespace, MetricName: name, Dimensions = [] } = stat.Metric!;
  const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name!, Value!]));
  return {
    id,
    metricStat: { metric: { dimensions, name, namespace }, period: stat.Period, stat: stat.Stat },
    returnData,
  };
}
