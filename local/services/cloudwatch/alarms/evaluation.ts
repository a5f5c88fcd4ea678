/**
 * The state that a metric alarm should have, and why in AWS's words: which periods breach the threshold, and when a percentile
 * of few numbers says nothing.
 */
import type { MetricDataQuery, PutMetricAlarmInput, StateValue } from "@aws-sdk/client-cloudwatch";
import type { Line } from "../math/values.ts";
import type { MetricStore } from "../metrics/metric-store.ts";
import { checkQueries, evaluator, metricOf } from "../metrics/queries.ts";
import { type Axis, steps, timesOf } from "../metrics/series.ts";
import { percentileShare } from "../metrics/statistics.ts";
import { alarmTime, type MetricAlarmEntry } from "./alarm.ts";
import { judge, MORE_PERIODS, type Treatment } from "./missing-data.ts";

export interface Verdict {
  value: StateValue;
  reason: string;
  reasonData: string;
}

interface Point {
  at: number;
  value: number;
  breaches: boolean;
  /** As a reason says it. */
  threshold: string;
}

const WORDS: Record<string, string> = {
  GreaterThanOrEqualToThreshold: "greater than or equal to",
  GreaterThanThreshold: "greater than",
  LessThanThreshold: "less than",
  LessThanOrEqualToThreshold: "less than or equal to",
  LessThanLowerOrGreaterThanUpperThreshold: "less than the lower thresholds or greater than the upper thresholds",
  LessThanLowerThreshold: "less than the lower thresholds",
  GreaterThanUpperThreshold: "greater than the upper thresholds",
};

export const OPERATORS = Object.keys(WORDS);

/** The alarm's metric as queries: a single metric is one of them. */
export function queriesOf(input: PutMetricAlarmInput): { queries: MetricDataQuery[]; watched: string; period: number } {
  if (input.Metrics?.length) {
    const { period } = checkQueries(input.Metrics);
    const returned = input.Metrics.filter(
      ({ Id, ReturnData }) => ReturnData !== false && Id !== input.ThresholdMetricId,
    );
    return { queries: input.Metrics, watched: returned[0]?.Id ?? "", period };
  }
  const { Namespace, MetricName, Dimensions, Period = 60, Statistic, ExtendedStatistic, Unit } = input;
  const Metric = { Namespace, MetricName, Dimensions };
  const stat = { Metric, Period, Stat: Statistic ?? ExtendedStatistic, Unit };
  return { queries: [{ Id: "m1", MetricStat: stat }], watched: "m1", period: Period };
}

/** @returns undefined where the alarm stays as it is */
export function evaluateAlarm(store: MetricStore, alarm: MetricAlarmEntry, now: number): Verdict | undefined {
  const { input } = alarm;
  const { EvaluationPeriods: periods = 1, DatapointsToAlarm: needed = periods } = input;
  const treatment = (input.TreatMissingData ?? "missing") as Treatment;
  const { queries, watched, period } = queriesOf(input);
  const periodMs = period * 1000;
  // Windows slide with the minutes, and end at one that is complete.
  const stepMs = Math.min(periodMs, 60_000);
  const end = Math.floor(now / stepMs) * stepMs;
  const axis = { start: end - (periods + MORE_PERIODS) * periodMs, end, periodMs };
  if (tooFew(store, input, axis)) return undefined;

  const points = pointsOf(evaluator(store, checkQueries(queries), axis), watched, input);
  const range = timesOf(axis).map((at) => points.get(at)?.breaches);
  const { value, filled } = judge(range, periods, needed, treatment);
  if (value === undefined) return undefined;
  const counted = [...points.values()].slice(-periods);
  const reason = reasonOf(input, counted, value, { periods, needed, filled, treatment });
  return { value, reason, reasonData: reasonData(input, period, counted, now) };
}

/** By time, in order of it. */
function pointsOf(lines: (id: string) => Line[], watched: string, input: PutMetricAlarmInput): Map<number, Point> {
  const band = input.ThresholdMetricId === undefined ? undefined : lines(input.ThresholdMetricId);
  const operator = input.ComparisonOperator!;
  const points = new Map<number, Point>();
  for (const [at, value] of [...(lines(watched)[0]?.values ?? [])].sort(([a], [b]) => a - b)) {
    const high = band ? band[0]?.values.get(at) : input.Threshold;
    const low = band ? band[1]?.values.get(at) : input.Threshold;
    // Nothing is known of what is usual.
    if (high === undefined || low === undefined) continue;
    const threshold = band ? `[${decimal(low)}, ${decimal(high)}]` : decimal(high);
    points.set(at, { at, value, threshold, breaches: breaches(operator, value, low, high) });
  }
  return points;
}

function breaches(operator: string, value: number, low: number, high: number): boolean {
  switch (operator) {
    case "GreaterThanOrEqualToThreshold":
      return value >= high;
    case "GreaterThanThreshold":
    case "GreaterThanUpperThreshold":
      return value > high;
    case "LessThanThreshold":
    case "LessThanLowerThreshold":
      return value < low;
    case "LessThanOrEqualToThreshold":
      return value <= low;
    default:
      return value < low || value > high;
  }
}

/** A percentile needs ten numbers beyond it to mean something: p99 a thousand in the periods that count. */
function tooFew(store: MetricStore, input: PutMetricAlarmInput, axis: Axis): boolean {
  if (input.EvaluateLowSampleCountPercentile !== "ignore" || input.Metrics?.length) return false;
  const share = percentileShare(input.ExtendedStatistic ?? "");
  if (share === undefined) return false;
  const { Namespace, MetricName, Dimensions } = input;
  const counting = { ...axis, start: axis.start + MORE_PERIODS * axis.periodMs };
  const found = steps(store, metricOf({ Metric: { Namespace, MetricName, Dimensions } }), counting, input.Unit);
  const count = found.reduce((sum, { aggregate }) => sum + aggregate.count, 0);
  return count > 0 && count < (share >= 0.5 ? 10 / (1 - share) : 10 / share) - 1e-6;
}

function reasonOf(
  input: PutMetricAlarmInput,
  points: Point[],
  value: StateValue,
  { periods, needed, filled, treatment }: { periods: number; needed: number; filled: number; treatment: Treatment },
): string {
  if (value === "INSUFFICIENT_DATA") return `Insufficient Data: ${many(periods, "datapoint")} ${was(periods)} unknown.`;
  const assumed = treatment === "breaching" ? "Breaching" : treatment === "notBreaching" ? "NonBreaching" : "Missing";
  const treated = `${many(filled, "missing datapoint")} ${was(filled)} treated as [${assumed}]`;
  if (points.length === 0) {
    return `Threshold Crossed: no datapoints were received for ${many(periods, "period")} and ${treated}.`;
  }
  const isAlarm = value === "ALARM";
  const counted = points.filter((point) => point.breaches === isAlarm).reverse();
  const list = counted.slice(0, 5).map((point) => `${decimal(point.value)} (${dayTime(point.at)})`);
  const limits = [...new Set(counted.slice(0, 5).map(({ threshold }) => threshold))].join(", ");
  const compared = `${was(counted.length)} ${isAlarm ? "" : "not "}${WORDS[input.ComparisonOperator!]}`;
  const least = isAlarm ? needed : periods - needed + 1;
  const [from, to] = isAlarm ? ["OK", "ALARM"] : ["ALARM", "OK"];
  const also = counted.length < least ? ` and ${treated}` : "";
  return `Threshold Crossed: ${counted.length} out of the last ${periods} datapoints [${list.join(", ")}] ${compared} the threshold (${limits})${also} (minimum ${many(least, "datapoint")} for ${from} -> ${to} transition).`;
}

const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
const was = (count: number): string => (count === 1 ? "was" : "were");

function reasonData(input: PutMetricAlarmInput, period: number, points: Point[], now: number): string {
  const newest = points.toReversed();
  return JSON.stringify({
    version: "1.0",
    queryDate: alarmTime(now),
    ...(points.length > 0 && { startDate: alarmTime(points[0]!.at) }),
    ...(input.Unit && { unit: input.Unit }),
    ...(!input.Metrics?.length && { statistic: input.Statistic ?? input.ExtendedStatistic }),
    period,
    recentDatapoints: points.map(({ value }) => value),
    ...(input.Threshold === undefined ? {} : { threshold: input.Threshold }),
    evaluatedDatapoints: newest.map(({ at, value }) => ({ timestamp: alarmTime(at), value })),
  });
}

/** As Java writes a double. */
function decimal(number: number): string {
  return Number.isInteger(number) ? number.toFixed(1) : String(number);
}

/** `31/12/26 23:59:00` */
function dayTime(ms: number): string {
  const [year, month, day, time] = /^\d\d(\d\d)-(\d\d)-(\d\d)T([\d:]+)/.exec(new Date(ms).toISOString())!.slice(1);
  return `${day}/${month}/${year} ${time}`;
}
