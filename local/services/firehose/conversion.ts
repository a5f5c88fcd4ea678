/**
 * Records of JSON become an object in Parquet, by the columns of a Glue table. DuckDB writes it: its package is optional, and
 * loads with the first object.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExtendedS3DestinationConfiguration } from "@aws-sdk/client-firehose";
import { AwsError, type Cloud, type Principal } from "../../service.ts";
import type { Column, Table } from "../glue/catalog.ts";

export interface Conversion {
  database: string;
  table: string;
  roleArn: string;
  compression: "SNAPPY" | "GZIP" | "UNCOMPRESSED";
  /** Column → name in the JSON, as `mapping.<column>` of a table says it. */
  names: Record<string, string>;
}

type Declared = NonNullable<ExtendedS3DestinationConfiguration["DataFormatConversionConfiguration"]>;

/** @throws AwsError InvalidArgumentException; undefined where nothing is converted */
export function conversionOf(declared: Declared | undefined, refuse: (problem: string) => AwsError) {
  if (!declared?.Enabled) return undefined;
  const { SchemaConfiguration: schema, InputFormatConfiguration: input, OutputFormatConfiguration: output } = declared;
  const serializer = output?.Serializer;
  if (serializer?.OrcSerDe) throw refuse("ORC is not written on this machine: use ParquetSerDe.");
  if (!serializer?.ParquetSerDe) throw refuse("DataFormatConversionConfiguration needs a ParquetSerDe.");
  const { OpenXJsonSerDe: openX, HiveJsonSerDe: hive } = input?.Deserializer ?? {};
  if (!openX && !hive) throw refuse("DataFormatConversionConfiguration needs an OpenXJsonSerDe or a HiveJsonSerDe.");
  if (!schema?.DatabaseName || !schema.TableName || !schema.RoleARN) {
    throw refuse("SchemaConfiguration needs DatabaseName, TableName and RoleARN.");
  }
  const names = Object.entries(openX?.ColumnToJsonKeyMappings ?? {}).map(([column, key]) => [`mapping.${column}`, key]);
  const conversion: Conversion = {
    ...{ database: schema.DatabaseName, table: schema.TableName, roleArn: schema.RoleARN },
    compression: serializer.ParquetSerDe.Compression ?? "SNAPPY",
    names: Object.fromEntries(names),
  };
  return conversion;
}

/** The columns, read with the rights of the conversion's role. */
export async function schemaOf(cloud: Cloud, { database, table }: Conversion, principal: Principal): Promise<Column[]> {
  const input = { DatabaseName: database, Name: table };
  const { Table } = await cloud.call<{ Table: Table }>("glue", "GetTable", input, { principal });
  const columns = Table.StorageDescriptor?.Columns ?? [];
  if (columns.length > 0) return columns;
  throw new AwsError("DataFormatConversion.InvalidSchema", `The table ${database}.${table} has no columns.`);
}

/** Whether a record is something that columns can be taken from. */
export function isObject(data: Buffer): boolean {
  try {
    const value = JSON.parse(data.toString());
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

export async function parquetOf(
  { directory }: Cloud,
  { compression, names }: Conversion,
  columns: Column[],
  records: Buffer[],
): Promise<Buffer> {
  const [{ literal, openEngine, quoted }, { jsonColumn }] = await Promise.all([
    import("../athena/duckdb.ts"),
    import("../athena/read-table.ts"),
  ]);
  const folder = join(directory, "firehose", randomUUID());
  mkdirSync(folder, { recursive: true });
  const [from, to] = [join(folder, "records.json"), join(folder, "object.parquet")];
  // A line each, whatever line breaks a record has between its members.
  writeFileSync(from, records.map((data) => JSON.stringify(JSON.parse(data.toString()))).join("\n"));
  const engine = await openEngine("default");
  try {
    const chosen = columns.map((column) => `${jsonColumn(column, names)} AS ${quoted(column.Name.toLowerCase())}`);
    const lines = `read_json_objects(${literal(from)}, format = 'newline_delimited', maximum_object_size = 16777216)`;
    await engine.connection.run(
      `COPY (SELECT ${chosen.join(", ")} FROM (SELECT json FROM ${lines}) AS line) TO ${literal(to)} (FORMAT parquet, COMPRESSION ${compression.toLowerCase()})`,
    );
    return readFileSync(to);
  } finally {
    engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
