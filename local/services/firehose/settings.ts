/** What a delivery stream is set to: read from the API's words, which a program's are put into first. */
import type { ExtendedS3DestinationConfiguration } from "@aws-sdk/client-firehose";
import type { Resource } from "../../../engine/graph.ts";
import { AwsError } from "../../service.ts";
import { type Conversion, conversionOf } from "./conversion.ts";
import { type MetadataQuery, readQuery } from "./metadata-query.ts";
import { hasExpression, partitionKeys, problemOf } from "./object-keys.ts";

export interface Settings {
  bucket: string;
  roleArn: string;
  prefix: string;
  errorPrefix: string;
  bufferBytes: number;
  bufferMs: number;
  compression: "UNCOMPRESSED" | "GZIP";
  timeZone: string;
  extension: string;
  transformation?: { functionArn: string; retries: number; batchBytes: number };
  query?: MetadataQuery;
  /** Added to each record. */
  delimiter?: string;
  /** Records hold several JSON objects, or lines, which are delivered one by one. */
  deaggregation?: { delimiter?: string };
  isPartitioned: boolean;
  /** Into Parquet. */
  conversion?: Conversion;
  logging?: { logGroupName: string; logStreamName: string };
}

const MIB = 1024 * 1024;

/** @throws AwsError InvalidArgumentException for what Firehose or this machine does not take */
export function settingsOf(destination: ExtendedS3DestinationConfiguration): Settings {
  const { BufferingHints: hints = {}, CloudWatchLoggingOptions: logging } = destination;
  const isPartitioned = destination.DynamicPartitioningConfiguration?.Enabled === true;
  const prefix = destination.Prefix ?? "";
  const errorPrefix = destination.ErrorOutputPrefix ?? "";
  const compression = destination.CompressionFormat ?? "UNCOMPRESSED";
  const conversion = conversionOf(destination.DataFormatConversionConfiguration, invalid);
  const least = isPartitioned || conversion ? 64 : 1;
  const megabytes = between(hints.SizeInMBs ?? (conversion ? 128 : Math.max(least, 5)), "SizeInMBs", least, 128);
  const seconds = between(hints.IntervalInSeconds ?? 300, "IntervalInSeconds", 0, 900);
  if (conversion && compression !== "UNCOMPRESSED") {
    throw invalid("CompressionFormat has to be UNCOMPRESSED where records are converted: Parquet has its own.");
  }
  if (compression !== "UNCOMPRESSED" && compression !== "GZIP") {
    throw invalid(`Compression ${compression} is not emulated on this machine: use GZIP or UNCOMPRESSED.`);
  }
  const wrong = problemOf(prefix, false) ?? problemOf(errorPrefix, true);
  if (wrong) throw invalid(`Prefix or ErrorOutputPrefix: ${wrong}.`);
  if (hasExpression(prefix) && errorPrefix === "") {
    throw invalid("ErrorOutputPrefix is required where Prefix has expressions.");
  }
  const settings: Settings = {
    bucket: /^arn:aws[\w-]*:s3:::(.+)$/.exec(destination.BucketARN ?? "")?.[1] ?? "",
    roleArn: destination.RoleARN ?? "",
    ...{ prefix, errorPrefix, compression, isPartitioned },
    ...{ bufferBytes: megabytes * MIB, bufferMs: seconds * 1000 },
    timeZone: destination.CustomTimeZone ?? "UTC",
    extension: destination.FileExtension ?? (conversion ? ".parquet" : compression === "GZIP" ? ".gz" : ""),
    ...(conversion && { conversion }),
    ...processingOf(destination),
    ...(logging?.Enabled && {
      logging: { logGroupName: logging.LogGroupName!, logStreamName: logging.LogStreamName! },
    }),
  };
  if (settings.bucket === "") throw invalid(`BucketARN ${destination.BucketARN} is no bucket's ARN.`);
  checkPartitions(settings);
  return settings;
}

type Processed = Pick<Settings, "transformation" | "query" | "delimiter" | "deaggregation">;

function processingOf({ ProcessingConfiguration: processing }: ExtendedS3DestinationConfiguration): Processed {
  const found: Processed = {};
  if (!processing?.Enabled) return found;
  for (const { Type, Parameters = [] } of processing.Processors ?? []) {
    const value = (name: string) => Parameters.find(({ ParameterName }) => ParameterName === name)?.ParameterValue;
    if (Type === "Lambda") {
      found.transformation = {
        functionArn: value("LambdaArn") ?? "",
        retries: Number(value("NumberOfRetries") ?? 3),
        batchBytes: Number(value("BufferSizeInMBs") ?? 1) * MIB,
      };
    } else if (Type === "MetadataExtraction") {
      const text = value("MetadataExtractionQuery") ?? "";
      found.query = readQuery(text);
      if (!found.query) {
        throw invalid(
          `The JQ query ${text} is not emulated on this machine: write an object of paths, such as {tenant: .tenantId}.`,
        );
      }
    } else if (Type === "AppendDelimiterToRecord") {
      found.delimiter = unescaped(value("Delimiter") ?? "\\n");
    } else if (Type === "RecordDeAggregation") {
      const delimiter = value("Delimiter");
      found.deaggregation = value("SubRecordType") === "DELIMITED" ? { delimiter: base64(delimiter) } : {};
    } else {
      throw invalid(`A processor of type ${Type} is not emulated on this machine.`);
    }
  }
  return found;
}

function checkPartitions({ prefix, query, isPartitioned, transformation }: Settings): void {
  const byQuery = partitionKeys(prefix, "Query");
  const byLambda = partitionKeys(prefix, "Lambda");
  if ((byQuery.length > 0 || byLambda.length > 0) && !isPartitioned) {
    throw invalid("Prefix names partition keys: DynamicPartitioningConfiguration has to be enabled.");
  }
  const unknown = byQuery.find((key) => !query || !(key in query));
  if (unknown)
    throw invalid(`No MetadataExtraction processor extracts the partition key ${unknown} that Prefix names.`);
  if (byLambda.length > 0 && !transformation)
    throw invalid("Prefix names partition keys of a function: there is none.");
}

/** A Pulumi program's words as the API's. */
export function destinationOf({ extendedS3Configuration }: Resource["inputs"]): ExtendedS3DestinationConfiguration {
  // biome-ignore lint/suspicious/noExplicitAny: a Pulumi program's shape
  const declared = extendedS3Configuration as any;
  if (!declared) throw invalid("only the destination extended_s3 is delivered to on this machine");
  const { processingConfiguration: processing, cloudwatchLoggingOptions: logging } = declared;
  return {
    RoleARN: declared.roleArn,
    BucketARN: declared.bucketArn,
    Prefix: declared.prefix,
    ErrorOutputPrefix: declared.errorOutputPrefix,
    BufferingHints: { SizeInMBs: declared.bufferingSize ?? 5, IntervalInSeconds: declared.bufferingInterval ?? 300 },
    CompressionFormat: declared.compressionFormat,
    CustomTimeZone: declared.customTimeZone,
    FileExtension: declared.fileExtension,
    DynamicPartitioningConfiguration: { Enabled: declared.dynamicPartitioningConfiguration?.enabled === true },
    DataFormatConversionConfiguration: declaredConversion(declared.dataFormatConversionConfiguration),
    ProcessingConfiguration: {
      Enabled: processing?.enabled === true,
      // biome-ignore lint/suspicious/noExplicitAny: as above
      Processors: (processing?.processors ?? []).map(({ type, parameters = [] }: any) => ({
        Type: type,
        // biome-ignore lint/suspicious/noExplicitAny: as above
        Parameters: parameters.map(({ parameterName, parameterValue }: any) => ({
          ...{ ParameterName: parameterName, ParameterValue: parameterValue },
        })),
      })),
    },
    ...(logging && {
      CloudWatchLoggingOptions: {
        ...{ Enabled: logging.enabled, LogGroupName: logging.logGroupName, LogStreamName: logging.logStreamName },
      },
    }),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a Pulumi program's shape
function declaredConversion(declared: any): ExtendedS3DestinationConfiguration["DataFormatConversionConfiguration"] {
  if (!declared) return { Enabled: false };
  const { deserializer } = declared.inputFormatConfiguration ?? {};
  const { serializer } = declared.outputFormatConfiguration ?? {};
  const { databaseName, tableName, roleArn } = declared.schemaConfiguration ?? {};
  const { openXJsonSerDe: openX, hiveJsonSerDe: hive } = deserializer ?? {};
  const { parquetSerDe: parquet, orcSerDe: orc } = serializer ?? {};
  return {
    Enabled: declared.enabled !== false,
    InputFormatConfiguration: {
      Deserializer: {
        ...(openX && { OpenXJsonSerDe: { ColumnToJsonKeyMappings: openX.columnToJsonKeyMappings } }),
        ...(hive && { HiveJsonSerDe: {} }),
      },
    },
    OutputFormatConfiguration: {
      Serializer: {
        ...(parquet && { ParquetSerDe: { Compression: parquet.compression } }),
        ...(orc && { OrcSerDe: {} }),
      },
    },
    SchemaConfiguration: { DatabaseName: databaseName, TableName: tableName, RoleARN: roleArn },
  };
}

function between(value: number, member: string, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw invalid(`BufferingHints.${member} ${value} is out of bounds: ${least} to ${most}.`);
}

function unescaped(text: string): string {
  return text.replace(/\\n/g, "\n").replace(/\\t/g, "\t").replace(/\\r/g, "\r");
}

function base64(text: string | undefined): string {
  return Buffer.from(text ?? "", "base64").toString();
}

export function invalid(message: string): AwsError {
  return new AwsError("InvalidArgumentException", message);
}
