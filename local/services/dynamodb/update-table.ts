/** What UpdateTable makes of a table. Changes are there at once, indexes filled; on AWS the table is UPDATING for a while. */
import type { GlobalSecondaryIndexUpdate, UpdateTableCommandInput } from "@aws-sdk/client-dynamodb";
import { AwsError } from "../../service.ts";
import {
  checked,
  type Index,
  indexOfRequest,
  keyNames,
  keyOfSpecification,
  type Table,
  throughputOf,
  viewOf,
} from "./table.ts";

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

/** @throws AwsError ValidationException, ResourceInUseException or ResourceNotFoundException */
export function updatedTable(table: Table, input: UpdateTableCommandInput, now: number): Table {
  if (input.ReplicaUpdates?.length || input.MultiRegionConsistency) throw invalid("Global tables are not emulated.");
  const { TableName: _, ...changes } = input;
  if (Object.values(changes).every((change) => change === undefined)) {
    throw invalid(
      "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
    );
  }
  const next: Table = { ...table };
  if (input.BillingMode) next.billingMode = input.BillingMode;
  if (input.ProvisionedThroughput) next.throughput = throughputOf(input.ProvisionedThroughput);
  if (next.billingMode === "PROVISIONED" && input.BillingMode && !input.ProvisionedThroughput) {
    throw invalid(
      "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    );
  }
  if (input.DeletionProtectionEnabled !== undefined) next.deletionProtection = input.DeletionProtectionEnabled;
  if (input.SSESpecification) next.keyId = keyOfSpecification(input.SSESpecification);
  if (input.TableClass) next.tableClass = input.TableClass;
  if (input.StreamSpecification) next.stream = streamOf(table, input.StreamSpecification, now);
  const updates = input.GlobalSecondaryIndexUpdates ?? [];
  if (updates.length === 0) return next;
  for (const { AttributeName, AttributeType } of input.AttributeDefinitions ?? []) {
    next.types = { ...next.types, [AttributeName!]: AttributeType as "S" | "N" | "B" };
  }
  next.indexes = updates.reduce(updatedIndexes, table.indexes);
  // What no key names any more is no attribute of the table's.
  const used = new Set([...keyNames(next.keys), ...next.indexes.flatMap(({ keys }) => keyNames(keys))]);
  next.types = Object.fromEntries(Object.entries(next.types).filter(([name]) => used.has(name)));
  return checked(next);
}

function streamOf(table: Table, wanted: NonNullable<UpdateTableCommandInput["StreamSpecification"]>, now: number) {
  if (!wanted.StreamEnabled) {
    if (!table.stream) throw invalid("Table already has a disabled stream");
    return undefined;
  }
  if (table.stream) throw invalid("Table already has an enabled stream");
  return { view: viewOf(wanted), label: new Date(now).toISOString().slice(0, -1) };
}

function updatedIndexes(indexes: Index[], { Create, Delete, Update }: GlobalSecondaryIndexUpdate): Index[] {
  const name = (Create ?? Delete ?? Update)?.IndexName;
  const known = indexes.find((index) => index.global && index.name === name);
  if (Create) {
    if (indexes.some((index) => index.name === name)) {
      throw invalid(`Attempting to create an index which already exists: ${name}`);
    }
    return [...indexes, { ...indexOfRequest(Create), global: true }];
  }
  if (!known) throw new AwsError("ResourceNotFoundException", `Requested resource not found: index ${name}`);
  return Delete ? indexes.filter((index) => index !== known) : indexes;
}
