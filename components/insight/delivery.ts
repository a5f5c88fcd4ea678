import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import { type Grant, grantDeliver, grantEncrypt, grantWriteObjects } from "../grants.ts";
import { checkForm, checkRange, checkRetention, InvalidArgumentError } from "../invalid-argument.ts";
import type { Stream } from "../messaging/stream.ts";
import { policyOf, trustOfSource } from "../policy-documents.ts";
import type { Tags } from "../tags.ts";
import type { DataLake } from "./data-lake.ts";
import { tenantPrefix } from "./lake-table.ts";

export interface DeliveryArgs {
  lake: DataLake;
  /** One of the lake's tables. */
  table: string;
  /** Stream to read. @default none: records are put here directly */
  source?: Stream;
  /** Where a record says whose it is: a field, or a path such as `meta.tenantId`. @default "tenantId" */
  tenantField?: string;
  /** MB of one tenant's records that make an object, 64 to 128. @default 64 */
  bufferMb?: number;
  /** Seconds after which an object is made anyway, 60 to 900. @default 300 */
  bufferSeconds?: number;
  /** Of JSON; Parquet has its own. @default "GZIP" */
  compression?: "GZIP" | "UNCOMPRESSED";
  /** Seconds that a failed delivery is tried again, 0 to 7200. @default 300 */
  retrySeconds?: number;
  /** Physical name. @default Pulumi's autonaming */
  deliveryName?: string;
  /** Days to keep the log of failures. @default 30 */
  logRetentionDays?: number;
  tags?: Tags;
}

/**
 * Brings JSON records into a data lake (Firehose): below each tenant's prefix, by the day they came (UTC). A record that
 * does not say whose it is goes below `errors/`, and to nobody's data.
 *
 * ```ts
 * const requests = new Delivery("requests", { lake, table: "requests", source: stream });
 * ```
 */
export class Delivery extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly deliveryName: pulumi.Output<string>;
  readonly logGroupName: pulumi.Output<string>;
  /** What a function that puts records needs. */
  readonly putGrants: Grant[];

  constructor(name: string, args: DeliveryArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:insight:Delivery", name, {}, options);
    checkArgs("Delivery", name, args, { lake: "name the lake to deliver to" });
    validate(`Delivery "${name}"`, args);
    const child = { parent: this };
    const { lake, table, source, tags } = args;
    const account = aws.getCallerIdentityOutput({}, child).accountId;
    const region = aws.getRegionOutput({}, child).region;
    const isParquet = lake.tables[table]!.format === "parquet";
    const scope = { account, region };

    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      { retentionInDays: args.logRetentionDays ?? 30, tags },
      child,
    );
    const logStream = new aws.cloudwatch.LogStream(
      `${name}-failures`,
      { name: "failures", logGroupName: logGroup.name },
      child,
    );
    const deliveries = pulumi.interpolate`arn:aws:firehose:${region}:${account}:deliverystream/*`;
    const role = new aws.iam.Role(
      `${name}-role`,
      { assumeRolePolicy: trustOfSource("firehose.amazonaws.com", account, deliveries), tags },
      child,
    );
    const policy = new aws.iam.RolePolicy(
      `${name}-policy`,
      {
        role: role.name,
        policy: policyOf([
          ...grantsFor(lake, scope),
          {
            actions: ["logs:PutLogEvents"],
            resources: [pulumi.interpolate`${logGroup.arn}:log-stream:${logStream.name}`],
          },
          ...(source?.readGrants ?? []),
          ...(isParquet ? [readSchema(lake, table, scope)] : []),
        ]),
      },
      child,
    );
    const delivery = new aws.kinesis.FirehoseDeliveryStream(
      name,
      {
        name: args.deliveryName,
        destination: "extended_s3",
        kinesisSourceConfiguration: source && { kinesisStreamArn: source.arn, roleArn: role.arn },
        // A stream as source is encrypted already.
        serverSideEncryption: source ? undefined : { enabled: true, keyType: "AWS_OWNED_CMK" },
        extendedS3Configuration: {
          bucketArn: lake.bucket.arn,
          roleArn: role.arn,
          prefix: `${tenantPrefix("!{partitionKeyFromQuery:tenant}")}${table}/day=!{timestamp:yyyy-MM-dd}/`,
          errorOutputPrefix: `errors/${table}/!{firehose:error-output-type}/day=!{timestamp:yyyy-MM-dd}/`,
          customTimeZone: "UTC",
          bufferingSize: args.bufferMb ?? 64,
          bufferingInterval: args.bufferSeconds ?? 300,
          compressionFormat: isParquet ? "UNCOMPRESSED" : (args.compression ?? "GZIP"),
          kmsKeyArn: lake.kmsKeyArn,
          dynamicPartitioningConfiguration: { enabled: true, retryDuration: args.retrySeconds ?? 300 },
          processingConfiguration: { enabled: true, processors: processors(args.tenantField ?? "tenantId", isParquet) },
          dataFormatConversionConfiguration: isParquet ? toParquet(lake, table, role, region) : undefined,
          cloudwatchLoggingOptions: { enabled: true, logGroupName: logGroup.name, logStreamName: logStream.name },
        },
        tags,
      },
      { parent: this, dependsOn: [policy] },
    );

    this.arn = delivery.arn;
    this.deliveryName = delivery.name;
    this.logGroupName = logGroup.name;
    this.putGrants = [grantDeliver(this.arn)];
    this.registerOutputs({ arn: this.arn, deliveryName: this.deliveryName });
  }
}

interface Scope {
  account: pulumi.Output<string>;
  region: pulumi.Output<string>;
}

/** Firehose writes the tenants' data and what it could not place. */
const grantsFor = ({ bucket, kmsKeyArn }: DataLake, { region }: Scope): Grant[] => [
  {
    actions: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
    resources: [bucket.arn],
  },
  grantWriteObjects(bucket.arn, "tenants/"),
  grantWriteObjects(bucket.arn, "errors/"),
  ...(kmsKeyArn ? [grantEncrypt(kmsKeyArn, "s3", region)] : []),
];

const readSchema = (lake: DataLake, table: string, { account, region }: Scope): Grant => ({
  actions: ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"],
  resources: [
    "catalog",
    pulumi.interpolate`database/${lake.databaseName}`,
    pulumi.interpolate`table/${lake.databaseName}/${table}`,
  ].map((path) => pulumi.interpolate`arn:aws:glue:${region}:${account}:${path}`),
});

function processors(tenantField: string, isParquet: boolean) {
  const extraction = {
    type: "MetadataExtraction",
    parameters: [
      { parameterName: "MetadataExtractionQuery", parameterValue: `{tenant:.${tenantField}}` },
      { parameterName: "JsonParsingEngine", parameterValue: "JQ-1.6" },
    ],
  };
  // Athena reads a JSON record a line; whoever puts records need not think of it.
  const lines = {
    type: "AppendDelimiterToRecord",
    parameters: [{ parameterName: "Delimiter", parameterValue: "\\n" }],
  };
  return isParquet ? [extraction] : [extraction, lines];
}

const toParquet = (lake: DataLake, tableName: string, role: aws.iam.Role, region: pulumi.Output<string>) => ({
  enabled: true,
  inputFormatConfiguration: { deserializer: { openXJsonSerDe: {} } },
  outputFormatConfiguration: { serializer: { parquetSerDe: { compression: "SNAPPY" } } },
  schemaConfiguration: { databaseName: lake.databaseName, tableName, roleArn: role.arn, region },
});

function validate(component: string, args: DeliveryArgs): void {
  const tables = Object.keys(args.lake.tables);
  if (!tables.includes(args.table)) {
    throw new InvalidArgumentError(component, "table", args.table, `the lake's tables are ${tables.join(", ")}`);
  }
  checkForm(
    component,
    "tenantField",
    args.tenantField,
    /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/,
    "a field such as tenantId, or a path such as meta.tenantId",
  );
  checkForm(component, "deliveryName", args.deliveryName, /^[\w.-]{1,64}$/, "1 to 64 letters, digits, _, . or -");
  // Partitions by content take no smaller buffer.
  checkRange(component, "bufferMb", args.bufferMb, 64, 128);
  checkRange(component, "bufferSeconds", args.bufferSeconds, 60, 900);
  checkRange(component, "retrySeconds", args.retrySeconds, 0, 7200);
  checkRetention(component, "logRetentionDays", args.logRetentionDays);
  if (args.compression !== undefined && args.lake.tables[args.table]!.format === "parquet") {
    throw new InvalidArgumentError(
      component,
      "compression",
      args.compression,
      "Parquet is compressed by itself; leave it out",
    );
  }
}
