/** Brings a table's objects into DuckDB: read from S3 with the rights of who asks, counted as they are read. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { AwsError, type Call, type Cloud } from "../../service.ts";
import type { Column, Table } from "../glue/catalog.ts";
import { literal, quoted } from "./duckdb.ts";
import type { Place } from "./partitions.ts";
import { SqlError } from "./sql/translate.ts";
import { duckType } from "./types.ts";

export interface Reading {
  cloud: Cloud;
  call: Partial<Call>;
  connection: DuckDBConnection;
  /** Of the query: gone with it. */
  directory: string;
  /** @throws where there is more than the query may read */
  scanned(bytes: number): void;
}

export async function readTable(reading: Reading, table: Table, places: Place[]): Promise<void> {
  const { connection } = reading;
  const { Columns = [] } = table.StorageDescriptor ?? {};
  const keys = table.PartitionKeys ?? [];
  const all = [...Columns, ...keys].map((column) => `${quoted(column.Name.toLowerCase())} ${typeOf(column)}`);
  const name = `awsdatacatalog.${quoted(table.DatabaseName)}.${quoted(table.Name)}`;
  await connection.run(`CREATE SCHEMA IF NOT EXISTS awsdatacatalog.${quoted(table.DatabaseName)}`);
  await connection.run(`CREATE TABLE ${name} (${all.join(", ")})`);
  for (const place of places) {
    const files = await download(reading, place.location);
    if (files.length === 0) continue;
    const partition = keys.map((key, index) => `CAST(${literal(place.values[index]!)} AS ${typeOf(key)})`);
    const { from, columns } = await source(connection, table, Columns, files);
    try {
      await connection.run(`INSERT INTO ${name} SELECT ${[...columns, ...partition].join(", ")} FROM ${from}`);
    } catch (error) {
      const [reason] = (error as Error).message.split("\n");
      throw new SqlError("HIVE_BAD_DATA", `Error parsing data in ${place.location}: ${reason}`);
    }
  }
}

const typeOf = ({ Type = "string" }: Column) => duckType(Type);

async function download({ cloud, call, directory, scanned }: Reading, location: string): Promise<string[]> {
  const { bucket, key: Prefix } = parseLocation(location);
  const files: string[] = [];
  try {
    for (let token: string | undefined, isFirst = true; isFirst || token; isFirst = false) {
      const request = { Bucket: bucket, Prefix, ContinuationToken: token };
      const listed = await cloud.call("s3", "ListObjectsV2", request, call);
      token = listed.NextContinuationToken;
      for (const { Key, Size } of listed.Contents ?? []) {
        // As Hive: what begins so is no data.
        if (Size === 0 || /^[_.]/.test(Key.slice(Key.lastIndexOf("/") + 1))) continue;
        scanned(Size);
        const { Body } = await cloud.call("s3", "GetObject", { Bucket: bucket, Key }, call);
        mkdirSync(directory, { recursive: true });
        const [extension = ""] = /\.(gz|zst)$/.exec(Key) ?? [];
        const isGzip = Body[0] === 0x1f && Body[1] === 0x8b;
        const path = join(directory, `${scanCount++}${isGzip ? ".gz" : extension}`);
        writeFileSync(path, Body);
        files.push(path);
      }
    }
  } catch (error) {
    const { code } = error as AwsError;
    if (code === "AccessDenied" || code === "AccessDeniedException") {
      throw new SqlError(
        "PERMISSION_DENIED",
        `Permission denied on S3 path: ${location} (${(error as Error).message})`,
      );
    }
    if (code === "NoSuchBucket")
      throw new SqlError(
        "HIVE_FILESYSTEM_ERROR",
        `The S3 location provided to save your query results is invalid or does not exist: ${location}`,
      );
    throw error;
  }
  return files;
}

let scanCount = 0;

export function parseLocation(location: string): { bucket: string; key: string } {
  const [, bucket, key = ""] = /^s3[an]?:\/\/([^/]+)\/?(.*)$/.exec(location) ?? [];
  if (bucket === undefined) throw new AwsError("InvalidRequestException", `outputLocation is not a valid S3 path.`);
  return { bucket, key };
}

/** What to select, from what, for the table's own format. */
async function source(
  connection: DuckDBConnection,
  { StorageDescriptor, Parameters = {} }: Table,
  columns: Column[],
  files: string[],
): Promise<{ from: string; columns: string[] }> {
  const { SerializationLibrary = "", Parameters: serde = {} } = StorageDescriptor?.SerdeInfo ?? {};
  const list = `[${files.map(literal).join(", ")}]`;
  if (/parquet/i.test(SerializationLibrary)) {
    const from = `read_parquet(${list}, union_by_name = true)`;
    const there = (await connection.runAndReadAll(`SELECT * FROM ${from} LIMIT 0`)).columnNames();
    return { from, columns: columns.map((column) => cast(column, there)) };
  }
  if (/json/i.test(SerializationLibrary)) {
    const isLenient = serde["ignore.malformed.json"] === "true" || serde["ignore.malformed.json"] === "TRUE";
    const from = `read_json_objects(${list}, format = 'newline_delimited', ignore_errors = ${isLenient})`;
    return { from: `(SELECT json FROM ${from}) AS line`, columns: columns.map((column) => jsonColumn(column, serde)) };
  }
  const isOpenCsv = /OpenCSV/i.test(SerializationLibrary);
  if (!isOpenCsv && !/LazySimple/i.test(SerializationLibrary)) {
    throw new SqlError(
      "HIVE_SERDE_NOT_FOUND",
      `${SerializationLibrary} does not run on this machine: JSON, Parquet and CSV do`,
    );
  }
  const separator =
    serde.separatorChar ?? serde["field.delim"] ?? serde["serialization.format"] ?? (isOpenCsv ? "," : "\u0001");
  const skip = Number(Parameters["skip.header.line.count"] ?? 0);
  const quote = isOpenCsv ? (serde.quoteChar ?? '"') : "";
  const named = columns.map(({ Name }) => `${literal(Name.toLowerCase())}: 'VARCHAR'`).join(", ");
  const from = `read_csv(${list}, columns = {${named}}, delim = ${literal(separator)}, quote = ${literal(quote)}, escape = ${literal(quote)}, header = false, skip = ${skip}, auto_detect = false, null_padding = true, nullstr = '\\N', ignore_errors = true, strict_mode = false)`;
  return {
    from,
    columns: columns.map((column) => `TRY_CAST(${quoted(column.Name.toLowerCase())} AS ${typeOf(column)})`),
  };
}

/** OpenX's own: names are found in any case, a value of another type is NULL. */
export function jsonColumn(column: Column, serde: Record<string, string>): string {
  const name = serde[`mapping.${column.Name}`] ?? column.Name;
  const key = `list_filter(json_keys(json), lambda k: lower(k) = ${literal(name.toLowerCase())})[1]`;
  const value = `json_extract(json, '$."' || ${key} || '"')`;
  const type = typeOf(column);
  if (type === "VARCHAR") return `json_extract_string(json, '$."' || ${key} || '"')`;
  if (/[[(]/.test(type) && !type.startsWith("DECIMAL")) return `from_json(${value}, ${literal(shape(type))})`;
  return `TRY_CAST(json_extract_string(json, '$."' || ${key} || '"') AS ${type})`;
}

/** A nested type as `from_json` wants it. */
function shape(type: string): string {
  return JSON.stringify(shapeOf(type));
}

function shapeOf(type: string): unknown {
  if (type.endsWith("[]")) return [shapeOf(type.slice(0, -2))];
  const [, outer, inner = ""] = /^(STRUCT|MAP)\((.*)\)$/.exec(type) ?? [];
  if (outer === "STRUCT") {
    const fields = split(inner).map((field) => /^"([^"]*)" (.*)$/.exec(field.trim())!);
    return Object.fromEntries(fields.map(([, name = "", of = ""]) => [name, shapeOf(of)]));
  }
  if (outer === "MAP") return type;
  return type;
}

function split(text: string): string[] {
  const found = [""];
  let depth = 0;
  for (const char of text) {
    if (char === "(") depth++;
    if (char === ")") depth--;
    if (char === "," && depth === 0) found.push("");
    else found[found.length - 1] += char;
  }
  return found;
}

function cast(column: Column, there: string[]): string {
  const found = there.find((name) => name.toLowerCase() === column.Name.toLowerCase());
  return found === undefined ? "NULL" : `CAST(${quoted(found)} AS ${typeOf(column)})`;
}
