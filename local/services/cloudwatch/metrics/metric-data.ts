/** What PutMetricData takes, and embedded metrics: checked, and as numbers to add up. */
import type { MetricDatum } from "@aws-sdk/client-cloudwatch";
import { type Aggregate, aggregateOf, emptyAggregate, type MetricName } from "../../../metrics.ts";
import { AwsError } from "../../../service.ts";

export interface Datum {
  metric: MetricName;
  unit: string;
  /** ms, of the minute or second it belongs to. */
  at: number;
  aggregate: Aggregate;
}

const DAY_MS = 86_400_000;
const MAX_VALUES = 150;
const MAX_DIMENSIONS = 30;
const MAX_DATA = 1000;
const LARGEST = 2 ** 360;

const BASE = ["Bytes", "Bits"].flatMap((unit) => ["", "Kilo", "Mega", "Giga", "Tera"].map((size) => named(size, unit)));
export const UNITS = new Set([
  ...["Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"],
  ...BASE.flatMap((unit) => [unit, `${unit}/Second`]),
]);

function named(size: string, unit: string): string {
  return size === "" ? unit : `${size}${unit.toLowerCase()}`;
}

/** @throws AwsError what CloudWatch refuses of a request */
export function readMetricData(namespace: string, data: MetricDatum[], now: number): Datum[] {
  if (namespace.length > 255 || !/^[\w.\-/#: ]+$/.test(namespace) || namespace.startsWith(":")) {
    throw invalid("The value for parameter Namespace is not a namespace.");
  }
  if (namespace.startsWith("AWS/")) {
    throw invalid("The value AWS/ for parameter Namespace is invalid.");
  }
  if (data.length > MAX_DATA) throw invalid(`The collection MetricData must not have a size greater than ${MAX_DATA}.`);
  return data.map((datum, index) => readDatum(namespace, datum, `MetricData.member.${index + 1}`, now));
}

function readDatum(namespace: string, datum: MetricDatum, place: string, now: number): Datum {
  const { MetricName: name, Dimensions = [], Unit: unit = "None", StorageResolution: resolution = 60 } = datum;
  if (!name) throw new AwsError("MissingRequiredParameterException", `The parameter ${place}.MetricName is required.`);
  if (name.length > 255) throw invalid(`The parameter ${place}.MetricName must be at most 255 characters long.`);
  if (!UNITS.has(unit))
    throw invalid(`The parameter ${place}.Unit must be a value in the set of units: ${unit} is none.`);
  if (resolution !== 1 && resolution !== 60) throw invalid(`The parameter ${place}.StorageResolution must be 1 or 60.`);
  const time = datum.Timestamp?.getTime() ?? now;
  if (time < now - 14 * DAY_MS || time > now + 2 * 3_600_000) {
    throw invalid(`The parameter ${place}.Timestamp must be within two weeks before and two hours after now.`);
  }
  const step = resolution * 1000;
  const dimensions = readDimensions(Dimensions, place);
  const at = Math.floor(time / step) * step;
  return { metric: { namespace, name, dimensions }, unit, at, aggregate: numbersOf(datum, place) };
}

function readDimensions(given: { Name?: string; Value?: string }[], place: string): Record<string, string> {
  if (given.length > MAX_DIMENSIONS) {
    throw invalid(`The collection ${place}.Dimensions must not have a size greater than ${MAX_DIMENSIONS}.`);
  }
  const dimensions: Record<string, string> = {};
  for (const [index, { Name: name, Value: value }] of given.entries()) {
    const here = `${place}.Dimensions.member.${index + 1}`;
    if (!name || name.length > 255 || name.startsWith(":")) throw invalid(`The parameter ${here}.Name is no name.`);
    if (!value?.trim() || value.length > 1024)
      throw invalid(`The parameter ${here}.Value has to have 1 to 1024 characters.`);
    if (Object.hasOwn(dimensions, name)) throw invalid(`No duplicate dimensions: ${name} stands twice in ${place}.`);
    dimensions[name] = value;
  }
  return dimensions;
}

function numbersOf({ Value, Values, Counts, StatisticValues: set }: MetricDatum, place: string): Aggregate {
  if ([Value, Values, set].filter((each) => each !== undefined).length > 1) {
    const message = `The parameters ${place}.Value, ${place}.Values and ${place}.StatisticValues are mutually exclusive.`;
    throw new AwsError("InvalidParameterCombinationException", message);
  }
  if (set) {
    const { SampleCount: count = 0, Sum: sum = 0, Minimum: min = 0, Maximum: max = 0 } = set;
    for (const number of [count, sum, min, max]) check(number, place);
    if (count <= 0) throw invalid(`The parameter ${place}.StatisticValues.SampleCount must be greater than 0.`);
    if (min > max) throw invalid(`The parameter ${place}.StatisticValues.Maximum must not be less than the Minimum.`);
    return { sum, count, min, max };
  }
  if (Value !== undefined) return aggregateOf(check(Value, place));
  if (!Values?.length) {
    const message = `At least one of the parameters ${place}.Value, ${place}.Values and ${place}.StatisticValues must be specified.`;
    throw new AwsError("MissingRequiredParameterException", message);
  }
  if (Values.length > MAX_VALUES)
    throw invalid(`The collection ${place}.Values must not have a size greater than ${MAX_VALUES}.`);
  if (Counts && Counts.length !== Values.length) {
    throw invalid(`The parameters ${place}.Values and ${place}.Counts must be of the same size.`);
  }
  const all = emptyAggregate();
  for (const [index, value] of Values.entries()) {
    const count = check(Counts?.[index] ?? 1, place);
    if (count < 0) throw invalid(`The parameter ${place}.Counts must not have a number below 0.`);
    if (count > 0) addTo(all, check(value, place), count);
  }
  return all;
}

export function addTo(all: Aggregate, value: number, count = 1): void {
  all.sum += value * count;
  all.count += count;
  all.min = Math.min(all.min, value);
  all.max = Math.max(all.max, value);
  all.samples!.set(value, (all.samples!.get(value) ?? 0) + count);
}

function check(number: number, place: string): number {
  if (Number.isFinite(number) && Math.abs(number) <= LARGEST) return number;
  throw invalid(`The value ${number} of ${place} is not a number that a metric may have.`);
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message);
}
