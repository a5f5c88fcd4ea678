/** What PutMetricAlarm and PutCompositeAlarm refuse. */
import type { PutCompositeAlarmInput, PutMetricAlarmInput } from "@aws-sdk/client-cloudwatch";
import { AwsError } from "../../../service.ts";
import { UNITS } from "../metrics/metric-data.ts";
import { checkQueries } from "../metrics/queries.ts";
import { statistic } from "../metrics/statistics.ts";
import { alarmsIn, parseAlarmRule } from "./alarm-rule.ts";
import { OPERATORS, queriesOf } from "./evaluation.ts";

const DAY_SECONDS = 86_400;
const BASIC = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"];
const TREATMENTS = ["breaching", "notBreaching", "ignore", "missing"];
const MAX_ACTIONS = 5;
const BAND_OPERATORS = OPERATORS.filter((name) => /Upper|Lower/.test(name));

/** @throws AwsError ValidationException that names the parameter */
export function checkMetricAlarm(input: PutMetricAlarmInput): void {
  checkCommon(input);
  const { ComparisonOperator: operator = "", EvaluationPeriods: periods = 0, DatapointsToAlarm: needed } = input;
  if (!OPERATORS.includes(operator)) throw oneOf("ComparisonOperator", operator, OPERATORS);
  if (!(periods >= 1)) throw refused("The parameter EvaluationPeriods must be greater than or equal to 1.");
  if (needed !== undefined && (needed < 1 || needed > periods)) {
    throw refused("DatapointsToAlarm must be at least 1 and at most EvaluationPeriods.");
  }
  if (input.TreatMissingData !== undefined && !TREATMENTS.includes(input.TreatMissingData)) {
    throw oneOf("TreatMissingData", input.TreatMissingData, TREATMENTS);
  }
  const low = input.EvaluateLowSampleCountPercentile;
  if (low !== undefined && low !== "evaluate" && low !== "ignore") {
    throw oneOf("EvaluateLowSampleCountPercentile", low, ["evaluate", "ignore"]);
  }
  if (input.Metrics?.length) checkMetrics(input);
  else checkSingle(input);
  checkThreshold(input);
  const { period } = queriesOf(input);
  if (period * periods > (period >= 3600 ? 7 * DAY_SECONDS : DAY_SECONDS)) {
    throw refused(
      "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400), or seven days for periods of an hour and more.",
    );
  }
}

function checkSingle(input: PutMetricAlarmInput): void {
  const { MetricName, Namespace, Period, Statistic, ExtendedStatistic, Unit } = input;
  for (const [name, value] of Object.entries({ MetricName, Namespace, Period })) {
    if (value === undefined)
      throw new AwsError("ValidationException", `The parameter ${name} is required, or Metrics is.`);
  }
  if ((Statistic === undefined) === (ExtendedStatistic === undefined)) {
    throw refused("Exactly one of Statistic and ExtendedStatistic has to be given.");
  }
  if (Statistic !== undefined && !BASIC.includes(Statistic)) throw oneOf("Statistic", Statistic, BASIC);
  if (ExtendedStatistic !== undefined && (BASIC.includes(ExtendedStatistic) || !statistic(ExtendedStatistic))) {
    throw refused(`The value ${ExtendedStatistic} for parameter ExtendedStatistic is not supported.`);
  }
  if (Period !== 10 && Period !== 20 && Period !== 30 && Period! % 60 !== 0) {
    throw refused("Period must be 10, 20, 30 or a multiple of 60.");
  }
  if (Unit !== undefined && !UNITS.has(Unit)) throw refused(`The value ${Unit} for parameter Unit is none.`);
}

function checkMetrics(input: PutMetricAlarmInput): void {
  for (const name of ["MetricName", "Namespace", "Period", "Statistic", "ExtendedStatistic", "Dimensions"] as const) {
    const value = input[name];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    throw new AwsError("ValidationException", `The parameter ${name} must not be specified together with Metrics.`);
  }
  const { all } = checkQueries(input.Metrics!);
  const returned = all.filter(({ Id, ReturnData }) => ReturnData !== false && Id !== input.ThresholdMetricId);
  if (returned.length !== 1) throw refused("Exactly one element of the metrics list should return data.");
  const named = all.some(({ Id }) => Id === input.ThresholdMetricId);
  if (input.ThresholdMetricId !== undefined && !named) {
    throw refused("ThresholdMetricId has to be the id of one of the metrics.");
  }
}

function checkThreshold({ Threshold, ThresholdMetricId, ComparisonOperator }: PutMetricAlarmInput): void {
  if ((Threshold === undefined) === (ThresholdMetricId === undefined)) {
    throw refused("Exactly one of Threshold and ThresholdMetricId has to be given.");
  }
  if (BAND_OPERATORS.includes(ComparisonOperator!) !== (ThresholdMetricId !== undefined)) {
    throw refused(
      `ComparisonOperator ${ComparisonOperator} does not go with ${ThresholdMetricId ? "a band" : "a Threshold"}.`,
    );
  }
}

/** @param exists by name or ARN */
export function checkCompositeAlarm(input: PutCompositeAlarmInput, exists: (alarm: string) => boolean): void {
  checkCommon(input);
  if (input.ActionsSuppressor !== undefined) {
    throw refused("ActionsSuppressor is not emulated on this machine.");
  }
  try {
    const missing = alarmsIn(parseAlarmRule(input.AlarmRule ?? "")).find((name) => !exists(name));
    if (missing !== undefined) throw new Error(`the alarm ${missing} does not exist`);
  } catch (error) {
    throw refused(`AlarmRule is not valid: ${(error as Error).message}.`);
  }
}

function checkCommon(input: PutMetricAlarmInput | PutCompositeAlarmInput): void {
  const { AlarmName, AlarmDescription, AlarmActions, OKActions, InsufficientDataActions } = input;
  if (!AlarmName || AlarmName.length > 255) throw refused("AlarmName has to have 1 to 255 characters.");
  if ((AlarmDescription?.length ?? 0) > 1024) throw refused("AlarmDescription has at most 1024 characters.");
  for (const [name, actions] of Object.entries({ AlarmActions, OKActions, InsufficientDataActions })) {
    if ((actions?.length ?? 0) > MAX_ACTIONS) throw refused(`${name} has at most ${MAX_ACTIONS} members.`);
    const wrong = actions?.find((action) => !/^arn:[^:]+:[^:]+:/.test(action));
    if (wrong !== undefined) throw refused(`Invalid arn syntax: ${wrong} in ${name}.`);
  }
}

function oneOf(parameter: string, value: string, values: string[]): AwsError {
  return refused(`The value ${value} for parameter ${parameter} is none of ${values.join(", ")}.`);
}

function refused(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
