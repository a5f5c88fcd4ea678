/** What a mapping of a stream is set to: read once from its declaration, checked, defaults filled in. */
import type { Resource } from "../../../../engine/graph.ts";
import { AwsError } from "../../../service.ts";
import type { Functions } from "../functions.ts";
import { filtersOf } from "./filters.ts";
import type { MappingBase } from "./mapping.ts";

export interface StreamMapping extends MappingBase {
  parallelization: number;
  /** 0: none. */
  tumblingSeconds: number;
  bisects: boolean;
  /** -1: until records are gone. */
  maximumRetries: number;
  /** -1: until records are gone. */
  maximumAgeSeconds: number;
  onFailure?: string;
  startingPosition: "TRIM_HORIZON" | "LATEST" | "AT_TIMESTAMP";
  /** ms since the epoch, of `AT_TIMESTAMP` */
  startingTime?: number;
}

const POSITIONS = {
  kinesis: ["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"],
  dynamodb: ["TRIM_HORIZON", "LATEST"],
};

export function streamMappingOf(declaration: Resource, functions: Functions, now: number): StreamMapping {
  const { urn, inputs, outputs, id } = declaration;
  const sourceArn = String(inputs.eventSourceArn);
  const number = (name: string, byDefault: number, least: number, most: number): number => {
    const value = Number(inputs[name] ?? byDefault);
    if (inputs[name] === undefined || inputs[name] === null) return value;
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw refused(`${name} ${value} is out of bounds: ${least} to ${most}`);
  };
  return {
    ...{ uuid: String(outputs.uuid ?? id), urn, declaration, sourceArn, qualifier: undefined },
    ...functions.targetOf(String(inputs.functionName)),
    ...startOf(inputs, sourceArn),
    onFailure: destinationOf(inputs),
    batchSize: number("batchSize", 100, 1, 10_000),
    windowSeconds: number("maximumBatchingWindowInSeconds", 0, 0, 300),
    parallelization: number("parallelizationFactor", 1, 1, 10),
    tumblingSeconds: number("tumblingWindowInSeconds", 0, 0, 900),
    bisects: inputs.bisectBatchOnFunctionError === true,
    maximumRetries: number("maximumRetryAttempts", -1, -1, 10_000),
    maximumAgeSeconds: number(
      "maximumRecordAgeInSeconds",
      -1,
      inputs.maximumRecordAgeInSeconds === -1 ? -1 : 60,
      604_800,
    ),
    reportsFailures: ((inputs.functionResponseTypes ?? []) as string[]).includes("ReportBatchItemFailures"),
    filters: filtersOf(inputs),
    enabled: inputs.enabled !== false,
    lastModified: now,
  };
}

function startOf(
  inputs: Resource["inputs"],
  sourceArn: string,
): Pick<StreamMapping, "startingPosition" | "startingTime"> {
  const position = String(inputs.startingPosition ?? "");
  const positions = POSITIONS[sourceArn.split(":")[2] === "kinesis" ? "kinesis" : "dynamodb"];
  if (!positions.includes(position)) throw refused(`startingPosition of a stream is one of ${positions.join(", ")}`);
  const startingPosition = position as StreamMapping["startingPosition"];
  if (position !== "AT_TIMESTAMP") return { startingPosition };
  const startingTime = Date.parse(String(inputs.startingPositionTimestamp));
  if (Number.isNaN(startingTime)) throw refused("startingPositionTimestamp is missing or no time");
  return { startingPosition, startingTime };
}

function destinationOf({ destinationConfig }: Resource["inputs"]): string | undefined {
  const arn = (destinationConfig as { onFailure?: { destinationArn?: string } } | undefined)?.onFailure?.destinationArn;
  if (!arn || ["sqs", "sns", "s3"].includes(arn.split(":")[2] ?? "")) return arn || undefined;
  throw refused(`${arn} is no destination of a stream: name a queue, a topic or a bucket`);
}

export function refused(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message, 400, { Type: "User" });
}
