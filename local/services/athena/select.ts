/** A query from its text to its rows. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { AwsError, Call, Cloud } from "../../service.ts";
import type { Partition, Table } from "../glue/catalog.ts";
import { literal, openEngine } from "./duckdb.ts";
import { placesOf } from "./partitions.ts";
import { readTable } from "./read-table.ts";
import { aliasesOf, type Reference, referencesOf } from "./sql/references.ts";
import { placeOf } from "./sql/tokens.ts";
import { SqlError, type Translated, translate } from "./sql/translate.ts";
import { type ColumnInfo, columnInfo, written } from "./types.ts";

export interface Rows {
  columns: ColumnInfo[];
  rows: (string | undefined)[][];
}

export interface Query {
  id: string;
  sql: string;
  parameters: string[];
  database: string;
  call: Partial<Call>;
  scanned(bytes: number): void;
  /** Ends it before it is over. */
  signal: AbortSignal;
}

/** @throws SqlError with Athena's code and, where it is known, the place */
export async function select(cloud: Cloud, query: Query): Promise<Rows> {
  const now = cloud.clock.now();
  const translated = translate(query.sql, query.parameters, now);
  const engine = await openEngine(query.database);
  const directory = join(cloud.directory, "athena", query.id);
  const { connection } = engine;
  try {
    const tree = await treeOf(connection, query.sql, translated);
    const tables = new Map<string, { table: Table; references: Reference[] }>();
    for (const reference of referencesOf(tree)) {
      const schema = (reference.schema || query.database).toLowerCase();
      if (schema === "information_schema") continue;
      const key = `${schema}.${reference.table.toLowerCase()}`;
      const known = tables.get(key);
      if (known) known.references.push(reference);
      else {
        const where = placeOf(query.sql, translated.origin(reference.at));
        tables.set(key, {
          table: await tableOf(cloud, query, schema, reference.table, where),
          references: [reference],
        });
      }
    }
    for (const { table, references } of tables.values()) {
      const partitions = await partitionsOf(cloud, query, table);
      const places = references.flatMap(({ constraints }) => placesOf(table, partitions, constraints, now));
      const once = [...new Map(places.map((place) => [place.location, place])).values()];
      await readTable({ cloud, call: query.call, connection, directory, scanned: query.scanned }, table, once);
    }
    // The statement is somebody's: it sees what was read for it, and no file of this machine.
    await connection.run("SET enable_external_access = false");
    await connection.run("SET lock_configuration = true");
    const result = await interruptible(connection, query.signal, () => connection.runAndReadAll(translated.sql));
    const types = result.columnTypes().map(String);
    const aliases = aliasesOf(tree);
    const columns = result.columnNames().map((name, index) => columnInfo(nameOf(name, index, aliases), types[index]!));
    const rows = result.getRowsJson().map((row) => row.map((value, index) => written(value, types[index]!)));
    return { columns, rows };
  } catch (error) {
    throw said(error as Error, query.sql, translated);
  } finally {
    engine.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** An interrupt that comes before the statement has begun is lost: it is said again until it is heard. */
async function interruptible<T>(connection: DuckDBConnection, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let again: NodeJS.Timeout | undefined;
  const interrupt = () => {
    connection.interrupt();
    again = setTimeout(interrupt, 20);
  };
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    return await run();
  } finally {
    signal.removeEventListener("abort", interrupt);
    clearTimeout(again);
  }
}

/** What has no name of its own is `_col<n>`. */
function nameOf(name: string, index: number, aliases: Set<string>): string {
  return /^[A-Za-z_]\w*$/.test(name) || aliases.has(name) ? name.toLowerCase() : `_col${index}`;
}

async function treeOf(connection: DuckDBConnection, sql: string, translated: Translated) {
  const result = await connection.runAndReadAll(
    `SELECT json_serialize_sql(${literal(translated.sql)}, skip_default := false)`,
  );
  const tree = JSON.parse(String(result.getRowsJson()[0]![0]));
  if (!tree.error) return tree;
  if (tree.error_type === "not implemented") {
    throw new SqlError(
      "NOT_SUPPORTED",
      "line 1:1: This statement does not run on this machine: SELECT does, and the DDL of tables.",
    );
  }
  throw syntaxError(tree.error_message, sql, translated, Number(tree.position ?? 0));
}

export function syntaxError(message: string, sql: string, translated: Translated, at: number): SqlError {
  const [, near] = /at or near "([^"]*)"/.exec(message) ?? [];
  const place = placeOf(sql, translated.origin(at));
  return new SqlError(
    "SYNTAX_ERROR",
    `line ${place}: ${near === undefined ? message.split("\n")[0] : `mismatched input '${near}'`}`,
  );
}

async function tableOf(cloud: Cloud, query: Query, schema: string, name: string, where: string): Promise<Table> {
  try {
    const { Table } = await cloud.call("glue", "GetTable", { DatabaseName: schema, Name: name }, query.call);
    if (Table.TableType === "VIRTUAL_VIEW") {
      throw new SqlError("NOT_SUPPORTED", `line ${where}: Views do not run on this machine`);
    }
    return Table;
  } catch (error) {
    const { code, message } = error as AwsError;
    if (code !== "EntityNotFoundException") throw error;
    throw message.startsWith("Database")
      ? new SqlError("SCHEMA_NOT_FOUND", `line ${where}: Schema '${schema}' does not exist`)
      : new SqlError(
          "TABLE_NOT_FOUND",
          `line ${where}: Table 'awsdatacatalog.${schema}.${name.toLowerCase()}' does not exist`,
        );
  }
}

async function partitionsOf(cloud: Cloud, query: Query, table: Table): Promise<Partition[]> {
  if (!table.PartitionKeys?.length || table.Parameters?.["projection.enabled"] === "true") return [];
  const found: Partition[] = [];
  for (let NextToken: string | undefined, isFirst = true; isFirst || NextToken; isFirst = false) {
    const request = { DatabaseName: table.DatabaseName, TableName: table.Name, NextToken, MaxResults: 1000 };
    const page = await cloud.call("glue", "GetPartitions", request, query.call);
    found.push(...page.Partitions);
    NextToken = page.NextToken;
  }
  return found;
}

const WORDS: [form: RegExp, code: string, say: (found: RegExpExecArray) => string][] = [
  [
    /Referenced column "([^"]*)" not found|Values list "[^"]*" does not have a column named "([^"]*)"|Table "[^"]*" does not have a column named "([^"]*)"/,
    "COLUMN_NOT_FOUND",
    (found) =>
      `Column '${(found[1] ?? found[2] ?? found[3] ?? "").toLowerCase()}' cannot be resolved or requester is not authorized to access requested resources`,
  ],
  [
    /Function with name (?:presto_)?(\S+) does not exist/,
    "FUNCTION_NOT_FOUND",
    ([, name]) => `Function '${name}' not registered`,
  ],
  [
    /column "([^"]*)" must appear in the GROUP BY/,
    "EXPRESSION_NOT_AGGREGATE",
    ([, name]) => `'${name}' must be an aggregate expression or appear in GROUP BY clause`,
  ],
  [
    /Could not convert string '([^']*)' to (\w+)/,
    "INVALID_CAST_ARGUMENT",
    ([, value, type = ""]) => `Cannot cast '${value}' to ${type.replace("INT32", "INT").replace("INT64", "BIGINT")}`,
  ],
  [
    /No function matches the given name and argument types '([^']*)'/,
    "FUNCTION_NOT_FOUND",
    ([, call]) => `Unexpected parameters for function ${call}`,
  ],
];

/** DuckDB's failure in Athena's words. */
function said(error: Error, sql: string, translated: Translated): Error {
  if (error instanceof SqlError || "code" in error) return error;
  const caret = /LINE (\d+): (.*)\n(\s*)\^/.exec(error.message);
  const at = caret
    ? offsetOf(translated.sql, Number(caret[1]), caret[2]!, caret[3]!.length - `LINE ${caret[1]}: `.length)
    : undefined;
  const place = at === undefined ? "" : `line ${placeOf(sql, translated.origin(at))}: `;
  if (/^Parser Error/.test(error.message)) return syntaxError(error.message, sql, translated, at ?? 0);
  for (const [form, code, say] of WORDS) {
    const found = form.exec(error.message);
    if (found) return new SqlError(code, `${code === "INVALID_CAST_ARGUMENT" ? "" : place}${say(found)}`);
  }
  const [first = ""] = error.message.split("\n");
  return new SqlError("GENERIC_USER_ERROR", `${place}${first}`);
}

/** A long line is shown in part, with dots: the part is looked for. */
function offsetOf(sql: string, line: number, shown: string, column: number): number {
  const before =
    sql
      .split("\n")
      .slice(0, line - 1)
      .join("\n").length + (line > 1 ? 1 : 0);
  const part = shown.replace(/^\.\.\./, "").replace(/\.\.\.$/, "");
  const start = Math.max(0, sql.indexOf(part, before));
  return start + column - (shown.startsWith("...") ? 3 : 0);
}
