/** PutMetricAlarm, PutCompositeAlarm, DescribeAlarms and what else the API does with alarms. */
import type {
  DescribeAlarmHistoryInput,
  DescribeAlarmsForMetricInput,
  DescribeAlarmsInput,
  PutCompositeAlarmInput,
  PutMetricAlarmInput,
  SetAlarmStateInput,
} from "@aws-sdk/client-cloudwatch";
import { AwsError, type Operation } from "../../../service.ts";
import type { Monitoring } from "../index.ts";
import { dimensionKey } from "../metrics/metric-store.ts";
import type { Alarm } from "./alarm.ts";
import { checkCompositeAlarm, checkMetricAlarm } from "./alarm-input.ts";

const MAX_PAGE = 100;
const STATES = ["OK", "ALARM", "INSUFFICIENT_DATA"];

export function alarmOperations({ alarms }: Monitoring): Record<string, Operation> {
  const on = (action: string) => (input: { AlarmName?: string }) => ({
    action: `cloudwatch:${action}`,
    resource: alarms.arnOf(input.AlarmName ?? "*"),
  });
  const onEach =
    (action: string) =>
    ({ AlarmNames = [] }: { AlarmNames?: string[] }) =>
      (AlarmNames.length > 0 ? AlarmNames : ["*"]).map((AlarmName) => on(action)({ AlarmName }));
  const tagsOf = (tags: { Key?: string; Value?: string }[] | undefined) =>
    tags && Object.fromEntries(tags.map(({ Key, Value }) => [Key!, Value!]));

  function put(kind: Alarm["kind"], { Tags, ...input }: PutMetricAlarmInput | PutCompositeAlarmInput): object {
    alarms.put({ kind, input } as Pick<Alarm, "kind" | "input">, tagsOf(Tags), false);
    return {};
  }

  function named(name: string | undefined): Alarm {
    const alarm = alarms.get(name ?? "");
    if (!alarm) throw new AwsError("ResourceNotFound", `Alarm ${name} does not exist`, 404);
    return alarm;
  }

  const exists = (nameOrArn: string) => alarms.all().some(({ name, arn }) => name === nameOrArn || arn === nameOrArn);

  function describe(input: DescribeAlarmsInput): object {
    const { AlarmNames, AlarmNamePrefix: prefix = "", StateValue, ActionPrefix: action, NextToken } = input;
    // Composite alarms are shown to who asks for them.
    const kinds = input.AlarmTypes ?? ["MetricAlarm"];
    const found = alarms.all().filter((alarm) => {
      if (AlarmNames ? !AlarmNames.includes(alarm.name) : !kinds.includes(alarm.kind)) return false;
      if (input.AlarmTypes && !kinds.includes(alarm.kind)) return false;
      const { AlarmActions = [], OKActions = [], InsufficientDataActions = [] } = alarm.input;
      const actions = [...AlarmActions, ...OKActions, ...InsufficientDataActions];
      if (action !== undefined && !actions.some((each) => each.startsWith(action))) return false;
      return alarm.name.startsWith(prefix) && (StateValue ?? alarm.state.value) === alarm.state.value;
    });
    const from = Number(NextToken ?? 0);
    const end = from + Math.min(input.MaxRecords ?? 50, MAX_PAGE);
    const shown = found.slice(from, end);
    return {
      MetricAlarms: shown.filter(({ kind }) => kind === "MetricAlarm").map(describeAlarm),
      CompositeAlarms: shown.filter(({ kind }) => kind === "CompositeAlarm").map(describeAlarm),
      NextToken: end < found.length ? String(end) : undefined,
    };
  }

  function forMetric(input: DescribeAlarmsForMetricInput): object {
    const { MetricName, Namespace, Dimensions = [], Statistic, ExtendedStatistic, Period } = input;
    const key = (dimensions: { Name?: string; Value?: string }[]) =>
      dimensionKey(Object.fromEntries(dimensions.map(({ Name, Value }) => [Name!, Value!])));
    const MetricAlarms = alarms
      .all()
      .filter(
        ({ kind, input: alarm }) =>
          kind === "MetricAlarm" &&
          "MetricName" in alarm &&
          alarm.MetricName === MetricName &&
          alarm.Namespace === Namespace &&
          key(alarm.Dimensions ?? []) === key(Dimensions) &&
          (Statistic ?? alarm.Statistic) === alarm.Statistic &&
          (ExtendedStatistic ?? alarm.ExtendedStatistic) === alarm.ExtendedStatistic &&
          (Period ?? alarm.Period) === alarm.Period,
      );
    return { MetricAlarms: MetricAlarms.map(describeAlarm) };
  }

  function history(input: DescribeAlarmHistoryInput): object {
    const { AlarmName, HistoryItemType, StartDate, EndDate, ScanBy, NextToken, AlarmTypes = ["MetricAlarm"] } = input;
    const found = alarms
      .history(AlarmName)
      .filter(
        ({ type, kind, at }) =>
          (HistoryItemType ?? type) === type &&
          (AlarmName !== undefined || AlarmTypes.includes(kind)) &&
          at >= (StartDate?.getTime() ?? 0) &&
          at <= (EndDate?.getTime() ?? Number.POSITIVE_INFINITY),
      );
    if (ScanBy === "TimestampAscending") found.reverse();
    const from = Number(NextToken ?? 0);
    const end = from + Math.min(input.MaxRecords ?? MAX_PAGE, MAX_PAGE);
    const AlarmHistoryItems = found.slice(from, end).map(({ alarm, kind, at, type, summary, data }) => ({
      ...{ AlarmName: alarm, AlarmType: kind, Timestamp: new Date(at) },
      ...{ HistoryItemType: type, HistorySummary: summary, HistoryData: data },
    }));
    return { AlarmHistoryItems, NextToken: end < found.length ? String(end) : undefined };
  }

  const enable =
    (isEnabled: boolean) =>
    ({ AlarmNames = [] }: { AlarmNames?: string[] }) => {
      for (const alarm of AlarmNames.flatMap((name) => alarms.get(name) ?? [])) {
        alarm.input.ActionsEnabled = isEnabled;
        alarms.save(alarm);
      }
      return {};
    };

  return {
    PutMetricAlarm: {
      authorize: on("PutMetricAlarm"),
      run(input: PutMetricAlarmInput) {
        checkMetricAlarm(input);
        return put("MetricAlarm", input);
      },
    },
    PutCompositeAlarm: {
      authorize: on("PutCompositeAlarm"),
      run(input: PutCompositeAlarmInput) {
        checkCompositeAlarm(input, exists);
        return put("CompositeAlarm", input);
      },
    },
    DescribeAlarms: { authorize: onEach("DescribeAlarms"), run: describe },
    DescribeAlarmsForMetric: {
      authorize: () => ({ action: "cloudwatch:DescribeAlarmsForMetric", resource: "*" }),
      run: forMetric,
    },
    DescribeAlarmHistory: { authorize: on("DescribeAlarmHistory"), run: history },
    DeleteAlarms: {
      authorize: onEach("DeleteAlarms"),
      run({ AlarmNames = [] }: { AlarmNames?: string[] }) {
        for (const name of AlarmNames) named(name);
        for (const name of AlarmNames) alarms.remove(name);
        return {};
      },
    },
    SetAlarmState: {
      authorize: on("SetAlarmState"),
      run({ AlarmName, StateValue, StateReason, StateReasonData }: SetAlarmStateInput) {
        const alarm = named(AlarmName);
        if (!STATES.includes(StateValue ?? "")) {
          throw new AwsError(
            "ValidationException",
            `The value ${StateValue} for parameter StateValue is none of ${STATES.join(", ")}.`,
          );
        }
        if (StateReasonData !== undefined) checkJson(StateReasonData);
        alarms.setState(alarm, StateValue!, StateReason ?? "", StateReasonData);
        return {};
      },
    },
    EnableAlarmActions: { authorize: onEach("EnableAlarmActions"), run: enable(true) },
    DisableAlarmActions: { authorize: onEach("DisableAlarmActions"), run: enable(false) },
  };
}

function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw new AwsError("InvalidFormat", "StateReasonData is not valid JSON.");
  }
}

function describeAlarm({ name, arn, configuredAt, state, input, kind }: Alarm): object {
  return {
    ...input,
    ...{ AlarmName: name, AlarmArn: arn, AlarmConfigurationUpdatedTimestamp: new Date(configuredAt) },
    ActionsEnabled: input.ActionsEnabled ?? true,
    AlarmActions: input.AlarmActions ?? [],
    OKActions: input.OKActions ?? [],
    InsufficientDataActions: input.InsufficientDataActions ?? [],
    ...(kind === "MetricAlarm" && { Dimensions: ("Dimensions" in input ? input.Dimensions : undefined) ?? [] }),
    ...{ StateValue: state.value, StateReason: state.reason, StateReasonData: state.reasonData },
    StateUpdatedTimestamp: new Date(state.updatedAt),
    StateTransitionedTimestamp: new Date(state.transitionedAt),
  };
}
