/** Alarms as a program declares them. */
import type { MetricDataQuery, PutCompositeAlarmInput, PutMetricAlarmInput } from "@aws-sdk/client-cloudwatch";
import type { Resource } from "../../../../engine/graph.ts";
import type { Service } from "../../../service.ts";
import type { Alarm } from "./alarm.ts";
import { checkMetricAlarm } from "./alarm-input.ts";
import type { Alarms } from "./alarms.ts";

// biome-ignore lint/suspicious/noExplicitAny: inputs are what the program gave
type Inputs = Record<string, any>;

export function alarmResources(alarms: Alarms): Service["resources"] {
  const declare = (kind: Alarm["kind"], read: (resource: Resource) => Alarm["input"]) => (resource: Resource) => {
    const tags = (resource.inputs.tags ?? {}) as Record<string, string>;
    alarms.put({ kind, input: read(resource) } as Pick<Alarm, "kind" | "input">, tags, true);
  };
  return {
    "aws:cloudwatch/metricAlarm:MetricAlarm": declare("MetricAlarm", (resource) => {
      const input = metricAlarmInput(resource.inputs, String(resource.outputs.name ?? resource.name));
      checkMetricAlarm(input);
      return input;
    }),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": declare("CompositeAlarm", ({ inputs, outputs, name }) => ({
      ...common(inputs),
      AlarmName: String(outputs.alarmName ?? inputs.alarmName ?? name),
      AlarmRule: String(inputs.alarmRule) satisfies PutCompositeAlarmInput["AlarmRule"],
    })),
  };
}

function common(inputs: Inputs) {
  return without({
    AlarmDescription: inputs.alarmDescription,
    ActionsEnabled: inputs.actionsEnabled,
    AlarmActions: inputs.alarmActions?.map(String),
    OKActions: inputs.okActions?.map(String),
    InsufficientDataActions: inputs.insufficientDataActions?.map(String),
  });
}

function metricAlarmInput(inputs: Inputs, name: string): PutMetricAlarmInput {
  return without({
    ...common(inputs),
    AlarmName: name,
    ComparisonOperator: inputs.comparisonOperator,
    EvaluationPeriods: inputs.evaluationPeriods,
    DatapointsToAlarm: inputs.datapointsToAlarm,
    Threshold: inputs.thresholdMetricId === undefined ? inputs.threshold : undefined,
    ThresholdMetricId: inputs.thresholdMetricId,
    TreatMissingData: inputs.treatMissingData,
    EvaluateLowSampleCountPercentile: inputs.evaluateLowSampleCountPercentiles,
    ...(inputs.metricQueries
      ? { Metrics: inputs.metricQueries.map(queryOf) }
      : {
          ...{
            Namespace: inputs.namespace,
            MetricName: inputs.metricName,
            Dimensions: dimensionsOf(inputs.dimensions),
          },
          ...{ Period: inputs.period, Statistic: inputs.statistic, ExtendedStatistic: inputs.extendedStatistic },
          Unit: inputs.unit,
        }),
  }) as PutMetricAlarmInput;
}

function queryOf({ id, expression, label, metric, period, returnData }: Inputs): MetricDataQuery {
  return without({
    ...{ Id: id, Expression: expression, Label: label, Period: period, ReturnData: returnData ?? false },
    MetricStat: metric && {
      Metric: {
        Namespace: metric.namespace,
        MetricName: metric.metricName,
        Dimensions: dimensionsOf(metric.dimensions),
      },
      ...{ Period: metric.period, Stat: metric.stat, ...(metric.unit && { Unit: metric.unit }) },
    },
  });
}

function dimensionsOf(dimensions: Record<string, string> = {}) {
  return Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value: String(Value) }));
}

/** What is not given is not there: an alarm is compared with what was declared before. */
function without<T extends object>(input: T): T {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined && value !== null)) as T;
}
