import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { checkedArn, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import type { Tags } from "../tags.ts";
import { type AlarmRule, alarmRules } from "./alarm-rules.ts";
import { AlarmTopic } from "./alarm-topic.ts";
import type { Watched } from "./watched.ts";

/** From where on something is wrong. */
export interface AlarmThresholds {
  /** Failed invocations of a function within five minutes. @default 3 */
  functionErrors?: number;
  /** Refused invocations of a function within five minutes. @default 1 */
  functionThrottles?: number;
  /** Seconds that a stream's consumer is behind. @default 60 */
  iteratorAgeSeconds?: number;
  /** Messages in a dead-letter queue. @default 1 */
  deadLetters?: number;
  /** Seconds that the oldest message of a queue waits. @default 900 */
  queueAgeSeconds?: number;
  /** Percent of a cluster's most capacity, for fifteen minutes. @default 90 */
  capacityPercent?: number;
  /** Percent of an API's requests that are answered with 5xx, for ten minutes. @default 1 */
  serverErrorPercent?: number;
  /** Milliseconds that 99 of 100 requests stay below, for fifteen minutes. @default 3000 */
  latencyMs?: number;
  /** Events of a WebSocket API that its functions fail at, or that do not reach them, within five minutes. @default 3 */
  webSocketErrors?: number;
  /** Standard deviations that an API's traffic may leave what was learnt of it. @default 3 */
  trafficDeviations?: number;
}

export interface AlarmsArgs extends Watched {
  /** SNS topic that CloudWatch may publish to. @default an AlarmTopic of their own */
  topicArn?: pulumi.Input<string>;
  /** People who are told, where the topic is their own. @default none */
  emails?: string[];
  /** @default what each says */
  thresholds?: AlarmThresholds;
  tags?: Tags;
}

/**
 * Alarms of everything that is watched: errors, throttles, age of a stream, dead letters, age of a queue, capacity, 5xx,
 * latency, and traffic unlike what was learnt of it. Ten cents a month for each, thirty for unlike traffic.
 *
 * ```ts
 * new Alarms("alarms", { functions: { api }, queues: { orders }, emails: ["operations@example.com"] });
 * ```
 */
export class Alarms extends pulumi.ComponentResource {
  readonly topicArn: pulumi.Output<string>;
  /** By what they watch: `"api-errors"`. */
  readonly alarmArns: Record<string, pulumi.Output<string>> = {};

  constructor(name: string, args: AlarmsArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:insight:Alarms", name, {}, options);
    checkArgs("Alarms", name, args);
    const component = `Alarms "${name}"`;
    validate(component, args);
    const child = { parent: this };
    this.topicArn =
      checkedArn(component, "topicArn", args.topicArn, "sns") ??
      new AlarmTopic(`${name}-topic`, { emails: args.emails, tags: args.tags }, child).arn;
    const rules = alarmRules(args);
    if (rules.length === 0) {
      throw new InvalidArgumentError(component, "functions", args.functions, "name something to watch");
    }
    for (const rule of rules) {
      const alarm = new aws.cloudwatch.MetricAlarm(
        `${name}-${rule.id}`,
        {
          ...inputs(rule),
          alarmDescription: rule.description,
          // Nothing measured is nothing wrong: what is idle measures nothing.
          treatMissingData: "notBreaching",
          alarmActions: [this.topicArn],
          okActions: [this.topicArn],
          tags: args.tags,
        },
        child,
      );
      this.alarmArns[rule.id] = alarm.arn;
    }
    this.registerOutputs({ topicArn: this.topicArn, alarmArns: this.alarmArns });
  }
}

const PERIOD_SECONDS = 300;

function inputs(rule: AlarmRule): aws.cloudwatch.MetricAlarmArgs {
  const { metric, statistic, periods, breaching = periods } = rule;
  const evaluation = { evaluationPeriods: periods, datapointsToAlarm: breaching };
  if (rule.deviations !== undefined) {
    return {
      ...evaluation,
      comparisonOperator: "LessThanLowerOrGreaterThanUpperThreshold",
      thresholdMetricId: "expected",
      metricQueries: [
        { id: "measured", returnData: true, metric: { ...metric, stat: statistic, period: PERIOD_SECONDS } },
        { id: "expected", returnData: true, expression: `ANOMALY_DETECTION_BAND(measured, ${rule.deviations})` },
      ],
    };
  }
  const percentile = statistic.startsWith("p");
  return {
    ...metric,
    ...evaluation,
    ...(percentile ? { extendedStatistic: statistic, evaluateLowSampleCountPercentiles: "ignore" } : { statistic }),
    period: PERIOD_SECONDS,
    comparisonOperator: rule.above ? "GreaterThanThreshold" : "GreaterThanOrEqualToThreshold",
    threshold: rule.threshold,
  };
}

/** What each threshold may be. */
const RANGES: Record<keyof AlarmThresholds, [low: number, high: number]> = {
  functionErrors: [1, 1_000_000],
  functionThrottles: [1, 1_000_000],
  iteratorAgeSeconds: [1, 31_536_000],
  deadLetters: [1, 1_000_000],
  queueAgeSeconds: [1, 1_209_600],
  capacityPercent: [1, 100],
  serverErrorPercent: [0, 100],
  latencyMs: [1, 60_000],
  webSocketErrors: [1, 1_000_000],
  trafficDeviations: [1, 100],
};

function validate(component: string, args: AlarmsArgs): void {
  for (const [threshold, [low, high]] of Object.entries(RANGES)) {
    const value = args.thresholds?.[threshold as keyof AlarmThresholds];
    checkRange(component, `thresholds.${threshold}`, value, low, high, 0);
  }
  if (args.topicArn !== undefined && args.emails?.length) {
    const remedy = "a topic that is there already has its own subscribers; leave one of the two out";
    throw new InvalidArgumentError(component, "emails", args.emails, remedy);
  }
}
