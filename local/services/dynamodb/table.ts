/** What a table is: keys, indexes, TTL; made from a Pulumi resource or a CreateTable request, described as AWS does. */

import type {
  CreateTableCommandInput,
  KeySchemaElement,
  Projection,
  StreamSpecification,
  TableDescription,
} from "@aws-sdk/client-dynamodb";
import type { Value } from "../../../engine/graph.ts";
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
    billingMode: inputs.billingMode ?? "PROVISIONED",
    tags: inputs.tags ?? {},
    createdAt: now,
  });
}

export function tableOfRequest(input: CreateTableCommandInput, arn: string, now: number): Table {
  if (!/^[A-Za-z0-9_.-]{3,255}$/.test(input.TableName ?? ""))
    throw invalid(
      "TableName must be at least 3 characters long and at most 255 characters long, and contain only a-z, A-Z, 0-9, '_', '-' and '.'",
    );
  const keysOf = (schema: KeySchemaElement[] = []): KeySchema => {
    const named = (type: string) => schema.find((key) => key.KeyType === type)?.AttributeName;
    const hash = named("HASH");
    if (hash === undefined || schema[0]?.KeyType !== "HASH")
      throw invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    return { hash, range: named("RANGE") };
  };
  const indexOf = (index: { IndexName?: string; KeySchema?: KeySchemaElement[]; Projection?: Projection }) => ({
    name: index.IndexName!,
    keys: keysOf(index.KeySchema),
    projection: index.Projection?.ProjectionType ?? "ALL",
    nonKeyAttributes: index.Projection?.NonKeyAttributes ?? [],
  });
  return checked({
    name: input.TableName!,
    arn,
    keys: keysOf(input.KeySchema),
    types: Object.fromEntries(
      (input.AttributeDefinitions ?? []).map((each) => [each.AttributeName, each.AttributeType as "S" | "N" | "B"]),
    ),
    indexes: [
      ...(input.LocalSecondaryIndexes ?? []).map((index) => ({ ...indexOf(index), global: false })),
      ...(input.GlobalSecondaryIndexes ?? []).map((index) => ({ ...indexOf(index), global: true })),
    ],
    stream: input.StreamSpecification?.StreamEnabled
      ? { view: viewOf(input.StreamSpecification), label: new Date(now).toISOString().slice(0, -1) }
      : undefined,
    deletionProtection: input.DeletionProtectionEnabled ?? false,
    billingMode: input.BillingMode ?? "PROVISIONED",
    tags: Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key!, Value!])),
    createdAt: now,
  });
}

function viewOf({ StreamViewType: view }: StreamSpecification): StreamView {
  if (view) return view;
  throw invalid("One or more parameter values were invalid: StreamViewType is required when StreamEnabled is true");
}

function checked(table: Table): Table {
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
    ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
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
