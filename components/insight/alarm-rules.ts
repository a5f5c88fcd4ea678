/** Which alarms there are for what is watched: metric, statistic, from where on, and what to do about it. Pure. */
import type { AlarmsArgs } from "./alarms.ts";
import { apiMetric, databaseMetric, functionMetric, type Metric, queueMetric, webSocketMetric } from "./watched.ts";

export interface AlarmRule {
  /** `api-errors`. */
  id: string;
  description: string;
  metric: Metric;
  statistic: string;
  /** Reached, or passed where `above`. */
  threshold?: number;
  above?: boolean;
  /** Instead of a threshold: standard deviations from what was learnt. */
  deviations?: number;
  /** Of five minutes. */
  periods: number;
  /** How many of the periods have to be wrong. @default all */
  breaching?: number;
}

export function alarmRules(args: AlarmsArgs): AlarmRule[] {
  return [
    ...functionRules(args),
    ...streamRules(args),
    ...queueRules(args),
    ...databaseRules(args),
    ...apiRules(args),
    ...webSocketRules(args),
  ];
}

function functionRules({ functions = {}, thresholds = {} }: AlarmsArgs): AlarmRule[] {
  return Object.entries(functions).flatMap(([name, fn]) => [
    {
      id: `${name}-errors`,
      description: `The function ${name} fails. Its log group has the errors; the saved query "Errors" finds them.`,
      metric: functionMetric(fn, "Errors"),
      statistic: "Sum",
      threshold: thresholds.functionErrors ?? 3,
      periods: 1,
    },
    {
      id: `${name}-throttles`,
      description: `Invocations of ${name} are refused. Raise its reserved concurrency, or the account's limit.`,
      metric: functionMetric(fn, "Throttles"),
      statistic: "Sum",
      threshold: thresholds.functionThrottles ?? 1,
      periods: 1,
    },
  ]);
}

function streamRules({ streamConsumers = {}, thresholds = {} }: AlarmsArgs): AlarmRule[] {
  return Object.entries(streamConsumers).map(([name, fn]) => ({
    id: `${name}-iterator-age`,
    description: `${name} falls behind its stream. More parallel batches help; records past the retention are lost.`,
    metric: functionMetric(fn, "IteratorAge"),
    statistic: "Maximum",
    threshold: (thresholds.iteratorAgeSeconds ?? 60) * 1000,
    periods: 2,
  }));
}

function queueRules({ queues = {}, thresholds = {} }: AlarmsArgs): AlarmRule[] {
  return Object.entries(queues).flatMap(([name, queue]) => [
    {
      id: `${name}-dead-letters`,
      description: `Messages of ${name} were given up. Look at one, repair its cause, then redrive the dead letters.`,
      metric: queueMetric(queue.deadLetterName, "ApproximateNumberOfMessagesVisible"),
      statistic: "Maximum",
      threshold: thresholds.deadLetters ?? 1,
      periods: 1,
    },
    {
      id: `${name}-age`,
      description: `Messages of ${name} wait for long. Its consumer fails, or is too slow for what comes in.`,
      metric: queueMetric(queue.queueName, "ApproximateAgeOfOldestMessage"),
      statistic: "Maximum",
      threshold: thresholds.queueAgeSeconds ?? 900,
      periods: 2,
    },
  ]);
}

function databaseRules({ databases = {}, thresholds = {} }: AlarmsArgs): AlarmRule[] {
  return Object.entries(databases).map(([name, database]) => ({
    id: `${name}-capacity`,
    description: `The cluster ${name} is close to its most capacity. Find slow statements, or raise maxAcu.`,
    metric: databaseMetric(database, "ACUUtilization"),
    statistic: "Average",
    threshold: thresholds.capacityPercent ?? 90,
    periods: 3,
  }));
}

function apiRules({ apis = {}, thresholds = {} }: AlarmsArgs): AlarmRule[] {
  return Object.entries(apis).flatMap(([name, api]) => [
    {
      id: `${name}-5xx`,
      description: `The API ${name} fails. Its access log has the routes, the saved query "Errors" the reasons.`,
      metric: apiMetric(api, "serverErrors"),
      // The average of a count of 0 or 1 a request is the share of the requests.
      statistic: "Average",
      threshold: (thresholds.serverErrorPercent ?? 1) / 100,
      above: true,
      periods: 3,
      breaching: 2,
    },
    {
      id: `${name}-latency`,
      description: `The API ${name} is slow. The saved query "Slowest requests" names operations and tenants.`,
      metric: apiMetric(api, "latency"),
      statistic: "p99",
      threshold: thresholds.latencyMs ?? 3000,
      periods: 3,
    },
    {
      id: `${name}-traffic`,
      description: `The API ${name} has more or less traffic than usual. The saved query "Tenants by traffic" says whose.`,
      metric: apiMetric(api, "requests"),
      statistic: "Sum",
      deviations: thresholds.trafficDeviations ?? 3,
      periods: 3,
    },
  ]);
}

function webSocketRules({ webSocketApis = {}, thresholds = {} }: AlarmsArgs): AlarmRule[] {
  const failures = { statistic: "Sum", threshold: thresholds.webSocketErrors ?? 3, periods: 1 };
  return Object.entries(webSocketApis).flatMap(([name, api]) => [
    {
      id: `${name}-execution-errors`,
      description: `${name} can not call its functions. Its access log has the routes; a missing permission is the usual reason.`,
      metric: webSocketMetric(api, "ExecutionError"),
      ...failures,
    },
    {
      id: `${name}-integration-errors`,
      description: `Functions of ${name} fail. Its access log has the routes, the functions' log groups the errors.`,
      metric: webSocketMetric(api, "IntegrationError"),
      ...failures,
    },
    {
      id: `${name}-connections`,
      description: `${name} has more or fewer new connections than usual. Clients that can not stay connect again and again.`,
      metric: webSocketMetric(api, "ConnectCount"),
      statistic: "Sum",
      deviations: thresholds.trafficDeviations ?? 3,
      periods: 3,
    },
  ]);
}
