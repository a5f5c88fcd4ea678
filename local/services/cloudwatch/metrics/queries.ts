/** Metric data queries, of GetMetricData and of alarms: metrics with a statistic, and expressions of them. */
import type { MetricDataQuery, MetricStat } from "@aws-sdk/client-cloudwatch";
import type { MetricName } from "../../../metrics.ts";
import { AwsError } from "../../../service.ts";
import { evaluateMath } from "../math/evaluate.ts";
import { type Expression, namesIn, parseMath } from "../math/parse.ts";
import { type Line, linesOf, type Value } from "../math/values.ts";
import type { MetricStore } from "./metric-store.ts";
import { type Axis, steps, timesOf, valuesOf } from "./series.ts";
import { statistic } from "./statistics.ts";

const WEEKS_MS = 14 * 86_400_000;

export interface Queries {
  all: MetricDataQuery[];
  /** Seconds: the longest of the metrics' periods, which an expression has. */
  period: number;
}

/** @throws AwsError ValidationException that names the query */
export function checkQueries(queries: MetricDataQuery[]): Queries {
  const ids = new Set<string>();
  for (const { Id: id, MetricStat: stat, Expression: expression } of queries) {
    if (!/^[a-z]\w{0,254}$/.test(id ?? "")) {
      throw invalid(
        `The value ${id} for parameter MetricDataQueries.member.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.`,
      );
    }
    if (ids.has(id!)) throw invalid(`The id ${id} stands for two queries: ids have to be unique.`);
    ids.add(id!);
    if ((stat === undefined) === (expression === undefined)) {
      throw invalid(`The query ${id} has to have either MetricStat or Expression.`);
    }
    if (stat) checkStat(stat);
  }
  for (const { Id: id, Expression: expression } of queries) {
    if (expression === undefined) continue;
    const missing = namesIn(treeOf(id!, expression)).find((name) => !ids.has(name) && !/^(REPEAT|LINEAR)$/.test(name));
    if (missing) throw invalid(`Error in expression '${id}': no query has the id "${missing}".`);
  }
  const periods = queries.map(({ MetricStat: stat, Period }) => stat?.Period ?? Period ?? 0);
  return { all: queries, period: Math.max(...periods) || 60 };
}

function checkStat({ Stat, Period, Metric }: MetricStat): void {
  if (!Metric?.MetricName || !Metric.Namespace) throw invalid("A metric has to have a Namespace and a MetricName.");
  if (!statistic(Stat ?? "")) throw invalid(`The value ${Stat} for parameter Stat is not a statistic.`);
  checkPeriod(Period ?? 0);
}

export function checkPeriod(period: number): void {
  if ([1, 5, 10, 20, 30].includes(period) || (period > 0 && period % 60 === 0)) return;
  throw invalid(`The value ${period} for parameter Period has to be 1, 5, 10, 20, 30 or a multiple of 60.`);
}

export interface Evaluated {
  lines: Line[];
  /** Set where it could not be told. */
  problem?: string;
}

/** @throws AwsError where an expression goes wrong, or goes round in a circle */
export function evaluator(store: MetricStore, { all, period }: Queries, axis: Axis): (id: string) => Line[] {
  const done = new Map<string, Value>();
  const busy = new Set<string>();
  const queryOf = (id: string) => all.find((each) => each.Id === id)!;

  function value(id: string): Value {
    const known = done.get(id);
    if (known) return known;
    if (busy.has(id)) throw invalid(`Error in expression '${id}': it needs itself.`);
    busy.add(id);
    const found = compute(id);
    busy.delete(id);
    done.set(id, found);
    return found;
  }

  function compute(id: string): Value {
    const { MetricStat: stat, Expression: expression, Label } = queryOf(id);
    if (stat) return { type: "line", line: measured(store, stat, axis, Label) };
    try {
      return evaluateMath(treeOf(id, expression!), {
        axis,
        value,
        metrics: (part = "") =>
          all.filter((each) => each.MetricStat && each.Id!.includes(part)).flatMap((each) => linesOf(value(each.Id!))),
        past(other) {
          const before = { start: axis.start - Math.floor(WEEKS_MS / axis.periodMs) * axis.periodMs, end: axis.start };
          const earlier = evaluator(store, { all, period }, { ...before, periodMs: axis.periodMs });
          return earlier(other).flatMap(({ values }) => [...values.values()]);
        },
      });
    } catch (error) {
      if (error instanceof AwsError) throw error;
      throw invalid(`Error in expression '${id}': ${(error as Error).message}.`);
    }
  }

  return (id) => {
    const found = value(id);
    const label = queryOf(id).Label;
    if (found.type === "number") {
      // A number is a line that stays.
      const values = new Map(Number.isFinite(found.value) ? timesOf(axis).map((at) => [at, found.value]) : []);
      return [{ label: label ?? id, values }];
    }
    return linesOf(found).map((line) => ({
      ...line,
      label: label ?? (queryOf(id).MetricStat ? line.label : line.label || id),
    }));
  };
}

function measured(store: MetricStore, stat: MetricStat, axis: Axis, label?: string): Line {
  const metric = metricOf(stat);
  const found = steps(store, metric, axis, stat.Unit);
  return { label: label ?? metric.name, values: valuesOf(found, statistic(stat.Stat!)!) };
}

export function metricOf({ Metric }: Pick<MetricStat, "Metric">): MetricName {
  const { Namespace = "", MetricName = "", Dimensions = [] } = Metric ?? {};
  const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name!, Value!]));
  return { namespace: Namespace, name: MetricName, dimensions };
}

const trees = new Map<string, Expression>();

function treeOf(id: string, expression: string): Expression {
  let tree = trees.get(expression);
  if (tree) return tree;
  try {
    tree = parseMath(expression);
  } catch (error) {
    throw invalid(`Error in expression '${id}': ${(error as Error).message}.`);
  }
  if (trees.size > 1000) trees.clear();
  trees.set(expression, tree);
  return tree;
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
