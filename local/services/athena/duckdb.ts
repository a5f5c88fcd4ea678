/** DuckDB, which answers the queries, and writes what Firehose converts. Its package is large and optional: it loads when first used. */
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { MACROS } from "./sql/functions.ts";

export interface Engine {
  connection: DuckDBConnection;
  close(): void;
}

/** A database in memory for one query. */
export async function openEngine(schema: string): Promise<Engine> {
  let module: typeof import("@duckdb/node-api");
  try {
    module = await import("@duckdb/node-api");
  } catch (error) {
    const reason = (error as Error).message.split("\n")[0];
    throw new Error(`Athena and Firehose need DuckDB on this machine: npm install --include=optional (${reason})`);
  }
  // Its texts of times with a zone would be in this machine's zone, whatever the session's is.
  module.DuckDBTimestampTZValue.timezoneOffsetInMinutes = 0;
  const instance: DuckDBInstance = await module.DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    threads: "2",
  });
  const connection = await instance.connect();
  for (const statement of [
    "SET TimeZone = 'UTC'",
    "SET integer_division = true",
    "SET lambda_syntax = 'ENABLE_SINGLE_ARROW'",
    "ATTACH ':memory:' AS awsdatacatalog",
    `CREATE SCHEMA IF NOT EXISTS awsdatacatalog.${quoted(schema)}`,
    ...MACROS,
    `SET search_path = 'awsdatacatalog.${quoted(schema)},memory.main'`,
  ]) {
    await connection.run(statement);
  }
  return {
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
