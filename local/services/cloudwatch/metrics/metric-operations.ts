/** PutMetricData, GetMetricData, GetMetricStatistics, ListMetrics. */
import type {
  Dimension,
  GetMetricDataInput,
  GetMetricStatisticsInput,
  ListMetricsInput,
  PutMetricDataInput,
} from "@aws-sdk/client-cloudwatch";
import { AwsError, type Operation } from "../../../service.ts";
import type { Monitoring } from "../index.ts";
import { readMetricData } from "./metric-data.ts";
import { checkPeriod, checkQueries, evaluator } from "./queries.ts";
import { aligned, steps } from "./series.ts";
import { statistic } from "./statistics.ts";

const MAX_QUERIES = 500;
const MAX_POINTS = 100_800;
const MAX_STATISTICS_POINTS = 1440;
const LIST_PAGE = 500;
const LISTED_MS = 14 * 86_400_000;
const ACTIVE_MS = 3 * 3_600_000;

export function metricOperations({ cloud, store, settle }: Monitoring): Record<string, Operation> {
  const now = () => cloud.clock.now();
  const on = (action: string) => () => ({ action: `cloudwatch:${action}`, resource: "*" });

  function put({ Namespace = "", MetricData = [] }: PutMetricDataInput): object {
    const data = readMetricData(Namespace, MetricData, now());
    store.atomically(() => {
      for (const { metric, unit, at, aggregate } of data) store.add(metric, unit, at, aggregate);
    });
    return {};
  }

  async function getData(input: GetMetricDataInput): Promise<object> {
    await settle();
    const { MetricDataQueries = [], StartTime, EndTime, ScanBy, NextToken } = input;
    if (MetricDataQueries.length === 0 || MetricDataQueries.length > MAX_QUERIES) {
      throw new AwsError("ValidationException", `MetricDataQueries has to have 1 to ${MAX_QUERIES} queries.`);
    }
    const queries = checkQueries(MetricDataQueries);
    const [start, end] = range(StartTime, EndTime);
    const results = queries.all
      .filter(({ ReturnData }) => ReturnData !== false)
      .flatMap((query) => {
        const period = query.MetricStat?.Period ?? query.Period ?? queries.period;
        const lines = evaluator(store, queries, aligned(start, end, period * 1000))(query.Id!);
        return lines.map(({ label, values }) => {
          const points = [...values].sort(([a], [b]) => (ScanBy === "TimestampAscending" ? a - b : b - a));
          return { Id: query.Id!, Label: label, points };
        });
      });
    return paged(results, Math.min(input.MaxDatapoints ?? MAX_POINTS, MAX_POINTS), NextToken);
  }

  async function getStatistics(input: GetMetricStatisticsInput): Promise<object> {
    await settle();
    const { Namespace = "", MetricName = "", Dimensions = [], Period = 60, Unit } = input;
    const { Statistics = [], ExtendedStatistics = [] } = input;
    if (Statistics.length + ExtendedStatistics.length === 0) {
      const message = "At least one of the parameters Statistics and ExtendedStatistics must be specified.";
      throw new AwsError("MissingRequiredParameterException", message);
    }
    const wrong = [...Statistics, ...ExtendedStatistics].find((name) => !statistic(name));
    if (wrong !== undefined) throw invalid(`The value ${wrong} is not a statistic.`);
    checkPeriod(Period);
    const [start, end] = range(input.StartTime, input.EndTime);
    if ((end - start) / (Period * 1000) > MAX_STATISTICS_POINTS) {
      throw new AwsError(
        "InvalidParameterCombinationException",
        `You have requested up to ${Math.floor((end - start) / (Period * 1000))} datapoints, which exceeds the limit of ${MAX_STATISTICS_POINTS}.`,
      );
    }
    const metric = { namespace: Namespace, name: MetricName, dimensions: recordOf(Dimensions) };
    const found = steps(store, metric, aligned(start, end, Period * 1000), Unit);
    const Datapoints = found.map(({ at, unit, aggregate }) => ({
      Timestamp: new Date(at),
      Unit: unit,
      ...Object.fromEntries(Statistics.map((name) => [name, statistic(name)!(aggregate)])),
      ...(ExtendedStatistics.length > 0 && {
        ExtendedStatistics: Object.fromEntries(
          ExtendedStatistics.map((name) => [name, statistic(name)!(aggregate)]).filter(
            ([, value]) => value !== undefined,
          ),
        ),
      }),
    }));
    return { Label: MetricName, Datapoints };
  }

  async function list(input: ListMetricsInput): Promise<object> {
    await settle();
    const { Namespace, MetricName, Dimensions = [], RecentlyActive, NextToken } = input;
    const since = now() - (RecentlyActive === "PT3H" ? ACTIVE_MS : LISTED_MS);
    const all = store.list().filter(({ namespace, name, dimensions, lastAt }) => {
      if (lastAt < since || (Namespace ?? namespace) !== namespace || (MetricName ?? name) !== name) return false;
      return Dimensions.every(({ Name, Value }) => {
        return Object.hasOwn(dimensions, Name!) && (Value ?? dimensions[Name!]) === dimensions[Name!];
      });
    });
    const from = Number(NextToken ?? 0);
    const Metrics = all.slice(from, from + LIST_PAGE).map(({ namespace, name, dimensions }) => ({
      Namespace: namespace,
      MetricName: name,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    }));
    return { Metrics, NextToken: from + LIST_PAGE < all.length ? String(from + LIST_PAGE) : undefined };
  }

  return {
    PutMetricData: {
      authorize: ({ Namespace = "" }: PutMetricDataInput) => ({
        action: "cloudwatch:PutMetricData",
        resource: "*",
        context: { "cloudwatch:namespace": Namespace },
      }),
      run: put,
    },
    GetMetricData: { authorize: on("GetMetricData"), run: getData },
    GetMetricStatistics: { authorize: on("GetMetricStatistics"), run: getStatistics },
    ListMetrics: { authorize: on("ListMetrics"), run: list },
  };
}

interface Result {
  Id: string;
  Label: string;
  points: [at: number, value: number][];
}

/** A page has so many points in all; the token is how many came before. */
function paged(results: Result[], max: number, token: string | undefined): object {
  let skip = Number(token ?? 0);
  let room = max;
  let isComplete = true;
  const MetricDataResults = results.map(({ Id, Label, points }) => {
    const rest = points.slice(skip);
    skip = Math.max(0, skip - points.length);
    const taken = rest.slice(0, room);
    room -= taken.length;
    const StatusCode = taken.length < rest.length ? "PartialData" : "Complete";
    if (StatusCode === "PartialData") isComplete = false;
    const [Timestamps, Values] = [taken.map(([at]) => new Date(at)), taken.map(([, value]) => value)];
    return { Id, Label, Timestamps, Values, StatusCode };
  });
  return { MetricDataResults, Messages: [], NextToken: isComplete ? undefined : String(Number(token ?? 0) + max) };
}

function range(start: Date | undefined, end: Date | undefined): [number, number] {
  if (!start || !end) {
    const missing = start ? "EndTime" : "StartTime";
    throw new AwsError("MissingRequiredParameterException", `The parameter ${missing} is required.`);
  }
  if (start >= end) throw invalid("The parameter StartTime must be less than the parameter EndTime.");
  return [start.getTime(), end.getTime()];
}

const recordOf = (dimensions: Dimension[]) => Object.fromEntries(dimensions.map(({ Name, Value }) => [Name!, Value!]));

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message);
}
