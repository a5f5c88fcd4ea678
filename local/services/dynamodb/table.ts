/** What a table is: keys, indexes, TTL; made from a Pulumi resource or a CreateTable request, described as AWS does. */

import { createHash } from "node:crypto";
import type {
  CreateTableCommandInput,
  KeySchemaElement,
  Projection,
  ProvisionedThroughput,
  SSESpecification,
  StreamSpecification,
  TableClass,
  TableDescription,
} from "@aws-sdk/client-dynamodb";
import type { Value } from "../../../engine/graph.ts";
import { checkPolicy } from "../../iam/policy.ts";
import { AwsError } from "../../service.ts";
import { type StreamView, streamArnOf } from "./streams/change-log.ts";

export interface KeySchema {
  hash: string;
  range?: string;
}

export type AttributeDefinitions = Record<string, "S" | "N" | "B">;

export interface Index {
  name: string;
  keys: KeySchema;
  global: boolean;
  projection: "ALL" | "KEYS_ONLY" | "INCLUDE";
  /** Attributes that `INCLUDE` adds to the keys. */
  nonKeyAttributes: string[];
}

export interface Table {
  name: string;
  arn: string;
  keys: KeySchema;
  types: AttributeDefinitions;
  indexes: Index[];
  ttlAttribute?: string;
  /** The label ends the stream's ARN. */
  stream?: { view: StreamView; label: string };
  deletionProtection: boolean;
  /** A customer's key: its ARN, id or alias. AWS's own otherwise. */
  keyId?: string;
  /** Capacity units of a provisioned table. */
  throughput?: { read: number; write: number };
  tableClass?: string;
  /** JSON */
  policy?: string;
  pointInTimeRecovery?: boolean;
  billingMode: "PAY_PER_REQUEST" | "PROVISIONED";
  tags: Record<string, string>;
  /** ms since the epoch */
  createdAt: number;
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

export function keyNames({ hash, range }: KeySchema): string[] {
  return range === undefined ? [hash] : [hash, range];
}

// biome-ignore lint/suspicious/noExplicitAny: a resource's inputs are plain JSON of the shape the provider documents
type Inputs = Record<string, any>;

/** From the inputs and outputs of `aws:dynamodb/table:Table`. */
export function tableOfResource(outputs: Record<string, Value>, arn: string, now: number): Table {
  const inputs = outputs as Inputs;
  const keysOf = (index: Inputs): KeySchema => {
    const listed = (type: string) =>
      (index.keySchemas ?? []).find((key: Inputs) => key.keyType === type)?.attributeName as string | undefined;
    return { hash: index.hashKey ?? listed("HASH"), range: index.rangeKey ?? listed("RANGE") };
  };
  const indexOf = (index: Inputs, global: boolean): Index => ({
    name: index.name,
    keys: global ? keysOf(index) : { hash: inputs.hashKey, range: index.rangeKey },
    global,
    projection: index.projectionType ?? "ALL",
    nonKeyAttributes: index.nonKeyAttributes ?? [],
  });
  return checked({
    name: inputs.name,
    arn,
    keys: { hash: inputs.hashKey, range: inputs.rangeKey ?? undefined },
    types: Object.fromEntries((inputs.attributes ?? []).map(({ name, type }: Inputs) => [name, type])),
    indexes: [
      ...(inputs.localSecondaryIndexes ?? []).map((index: Inputs) => indexOf(index, false)),
      ...(inputs.globalSecondaryIndexes ?? []).map((index: Inputs) => indexOf(index, true)),
    ],
    ttlAttribute: inputs.ttl?.enabled === false ? undefined : inputs.ttl?.attributeName,
    stream: inputs.streamEnabled ? { view: inputs.streamViewType, label: inputs.streamLabel } : undefined,
    deletionProtection: inputs.deletionProtectionEnabled ?? false,
    keyId: inputs.serverSideEncryption?.kmsKeyArn ?? undefined,
    throughput: inputs.readCapacity ? { read: inputs.readCapacity, write: inputs.writeCapacity } : undefined,
    tableClass: inputs.tableClass ?? undefined,
    pointInTimeRecovery: inputs.pointInTimeRecovery?.enabled ?? undefined,
    billingMode: inputs.billingMode ?? "PROVISIONED",
    tags: inputs.tags ?? {},
    createdAt: now,
  });
}

function keysOfRequest(schema: KeySchemaElement[] = []): KeySchema {
  const named = (type: string) => schema.find((key) => key.KeyType === type)?.AttributeName;
  const hash = named("HASH");
  if (hash === undefined || schema[0]?.KeyType !== "HASH")
    throw invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  return { hash, range: named("RANGE") };
}

/** @throws AwsError ValidationException */
export function indexOfRequest(index: {
  IndexName?: string;
  KeySchema?: KeySchemaElement[];
  Projection?: Projection;
}): Omit<Index, "global"> {
  return {
    name: index.IndexName!,
    keys: keysOfRequest(index.KeySchema),
    projection: index.Projection?.ProjectionType ?? "ALL",
    nonKeyAttributes: index.Projection?.NonKeyAttributes ?? [],
  };
}

export function tableOfRequest(input: CreateTableCommandInput, arn: string, now: number): Table {
  if (!/^[A-Za-z0-9_.-]{3,255}$/.test(input.TableName ?? ""))
    throw invalid(
      "TableName must be at least 3 characters long and at most 255 characters long, and contain only a-z, A-Z, 0-9, '_', '-' and '.'",
    );
  return checked({
    name: input.TableName!,
    arn,
    keys: keysOfRequest(input.KeySchema),
    types: Object.fromEntries(
      (input.AttributeDefinitions ?? []).map((each) => [each.AttributeName, each.AttributeType as "S" | "N" | "B"]),
    ),
    indexes: [
      ...(input.LocalSecondaryIndexes ?? []).map((index) => ({ ...indexOfRequest(index), global: false })),
      ...(input.GlobalSecondaryIndexes ?? []).map((index) => ({ ...indexOfRequest(index), global: true })),
    ],
    stream: input.StreamSpecification?.StreamEnabled
      ? { view: viewOf(input.StreamSpecification), label: new Date(now).toISOString().slice(0, -1) }
      : undefined,
    deletionProtection: input.DeletionProtectionEnabled ?? false,
    keyId: keyOfSpecification(input.SSESpecification),
    throughput: throughputOf(input.ProvisionedThroughput),
    tableClass: input.TableClass,
    policy: checkedPolicy(input.ResourcePolicy),
    billingMode: input.BillingMode ?? "PROVISIONED",
    tags: Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key!, Value!])),
    createdAt: now,
  });
}

export function keyOfSpecification(sse: SSESpecification | undefined): string | undefined {
  return sse?.Enabled === false ? undefined : sse?.KMSMasterKeyId;
}

export function throughputOf(given: ProvisionedThroughput | undefined): Table["throughput"] {
  if (!given) return undefined;
  const { ReadCapacityUnits: read, WriteCapacityUnits: write } = given;
  if (!(read! >= 1 && write! >= 1))
    throw invalid("One or more parameter values were invalid: capacity units are at least 1");
  return { read: read!, write: write! };
}

function checkedPolicy(policy: string | undefined): string | undefined {
  if (policy !== undefined) checkPolicy(policy, "ValidationException");
  return policy;
}

export function viewOf({ StreamViewType: view }: StreamSpecification): StreamView {
  if (view) return view;
  throw invalid("One or more parameter values were invalid: StreamViewType is required when StreamEnabled is true");
}

/** @throws AwsError where keys and attribute definitions do not go together */
export function checked(table: Table): Table {
  const used = new Set([...keyNames(table.keys), ...table.indexes.flatMap(({ keys }) => keyNames(keys))]);
  const defined = Object.keys(table.types);
  const missing = [...used].filter((name) => !defined.includes(name));
  const list = (names: Iterable<string>) => `[${[...names].join(", ")}]`;
  if (missing.length > 0)
    throw invalid(
      "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. " +
        `Keys: ${list(missing)}, AttributeDefinitions: ${list(defined)}`,
    );
  if (defined.length > used.size)
    throw invalid(
      "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
    );
  return table;
}

function unitsOf({ billingMode, throughput }: Table) {
  const { read, write } = (billingMode === "PROVISIONED" && throughput) || { read: 0, write: 0 };
  return { ReadCapacityUnits: read, WriteCapacityUnits: write };
}

/** Another table of the same name has another. */
function idOf({ arn, createdAt }: Table): string {
  const digest = createHash("sha256").update(`${arn} ${createdAt}`).digest("hex");
  return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

export function describeTable(table: Table, count: number, bytes: number): TableDescription {
  const schema = ({ hash, range }: KeySchema): KeySchemaElement[] => [
    { AttributeName: hash, KeyType: "HASH" },
    ...(range === undefined ? [] : [{ AttributeName: range, KeyType: "RANGE" as const }]),
  ];
  const indexes = (global: boolean) => {
    const found = table.indexes.filter((index) => index.global === global);
    return found.length === 0
      ? undefined
      : found.map((index) => ({
          IndexName: index.name,
          KeySchema: schema(index.keys),
          Projection: {
            ProjectionType: index.projection,
            ...(index.nonKeyAttributes.length > 0 && { NonKeyAttributes: index.nonKeyAttributes }),
          },
          IndexArn: `${table.arn}/index/${index.name}`,
          ...(global && { IndexStatus: "ACTIVE" as const }),
          ...(global && { ProvisionedThroughput: { NumberOfDecreasesToday: 0, ...unitsOf(table) } }),
        }));
  };
  return {
    TableName: table.name,
    TableArn: table.arn,
    TableStatus: "ACTIVE",
    KeySchema: schema(table.keys),
    AttributeDefinitions: Object.entries(table.types).map(([AttributeName, AttributeType]) => ({
      AttributeName,
      AttributeType,
    })),
    CreationDateTime: new Date(table.createdAt),
    ItemCount: count,
    TableSizeBytes: bytes,
    BillingModeSummary: { BillingMode: table.billingMode },
    ProvisionedThroughput: { NumberOfDecreasesToday: 0, ...unitsOf(table) },
    TableId: idOf(table),
    ...(table.tableClass && { TableClassSummary: { TableClass: table.tableClass as TableClass } }),
    ...(table.keyId && {
      SSEDescription: { Status: "ENABLED" as const, SSEType: "KMS" as const, KMSMasterKeyArn: table.keyId },
    }),
    DeletionProtectionEnabled: table.deletionProtection,
    ...(table.stream && {
      StreamSpecification: { StreamEnabled: true, StreamViewType: table.stream.view },
      LatestStreamLabel: table.stream.label,
      LatestStreamArn: streamArnOf(table),
    }),
    GlobalSecondaryIndexes: indexes(true),
    LocalSecondaryIndexes: indexes(false),
  };
}
