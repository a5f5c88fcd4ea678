/** Keys of delivered objects: prefixes with expressions (`!{timestamp:yyyy/MM/dd}`), in Firehose's own forms. Pure. */
import { randomBytes, randomUUID } from "node:crypto";

export interface KeyParts {
  prefix: string;
  /** ms since the epoch: when the object's first record arrived. */
  arrivedAt: number;
  timeZone: string;
  /** `processing-failed`, in an error prefix. */
  errorType?: string;
  partition?: Partition;
}

/** Partition keys of a record, by where they come from. */
export interface Partition {
  query: Record<string, string>;
  lambda: Record<string, string>;
}

const EXPRESSION = /!\{([^}]*)\}/g;

/** Where an object goes; without an expression the hour (UTC, or the delivery's zone) follows the prefix. */
export function folderOf({ prefix, arrivedAt, timeZone, errorType, partition }: KeyParts): string {
  if (!hasExpression(prefix)) {
    const type = errorType ? `${errorType}/` : "";
    return `${prefix}${type}${formatTime(arrivedAt, "yyyy/MM/dd/HH", timeZone)}/`;
  }
  return prefix.replace(EXPRESSION, (_all, expression: string) => {
    const [namespace, argument = ""] = split(expression);
    if (namespace === "timestamp") return formatTime(arrivedAt, argument, timeZone);
    if (namespace === "partitionKeyFromQuery") return partition?.query[argument] ?? "";
    if (namespace === "partitionKeyFromLambda") return partition?.lambda[argument] ?? "";
    if (argument === "error-output-type") return errorType ?? "";
    return randomString();
  });
}

export function fileName(stream: string, version: number, arrivedAt: number, extension: string): string {
  const time = formatTime(arrivedAt, "yyyy-MM-dd-HH-mm-ss", "UTC");
  return `${stream}-${version}-${time}-${randomUUID()}${extension}`;
}

export function hasExpression(prefix: string): boolean {
  return prefix.includes("!{");
}

/** What is wrong with a prefix, or undefined. */
export function problemOf(prefix: string, isError: boolean): string | undefined {
  for (const [, expression = ""] of prefix.matchAll(EXPRESSION)) {
    const [namespace, argument = ""] = split(expression);
    const isKnown =
      namespace === "timestamp"
        ? argument !== ""
        : namespace === "firehose"
          ? argument === "random-string" || (argument === "error-output-type" && isError)
          : !isError && (namespace === "partitionKeyFromQuery" || namespace === "partitionKeyFromLambda");
    if (!isKnown) return `!{${expression}} is no expression that it may have`;
  }
  if (isError && hasExpression(prefix) && !prefix.includes("!{firehose:error-output-type}")) {
    return "an error prefix with expressions has to include !{firehose:error-output-type}";
  }
  return undefined;
}

/** Names of the partition keys that a prefix asks for. */
export function partitionKeys(prefix: string, source: "Query" | "Lambda"): string[] {
  return [...prefix.matchAll(EXPRESSION)]
    .map(([, expression = ""]) => split(expression))
    .filter(([namespace]) => namespace === `partitionKeyFrom${source}`)
    .map(([, key = ""]) => key);
}

function split(expression: string): [namespace: string, argument?: string] {
  const at = expression.indexOf(":");
  return at < 0 ? [expression] : [expression.slice(0, at), expression.slice(at + 1)];
}

const FIELDS: Record<string, Intl.DateTimeFormatPartTypes> = {
  yyyy: "year",
  MM: "month",
  dd: "day",
  HH: "hour",
  mm: "minute",
  ss: "second",
};

/** The letters of Java's DateTimeFormatter that keys are made of; text in quotes stays as it is. */
function formatTime(ms: number, pattern: string, timeZone: string): string {
  const options = {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  };
  const format = new Intl.DateTimeFormat("en-GB", {
    ...(options as Intl.DateTimeFormatOptions),
    hourCycle: "h23",
    timeZone,
  });
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  return pattern.replace(/'([^']*)'|yyyy|MM|dd|HH|mm|ss/g, (token, quoted: string | undefined) =>
    quoted === undefined ? parts.get(FIELDS[token]!)! : quoted,
  );
}

function randomString(): string {
  return randomBytes(16).toString("base64").replace(/[+/=]/g, "").slice(0, 11);
}
