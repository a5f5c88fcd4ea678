import type { Kysely } from "kysely";
import { type Catalogue, type Column, readCatalogue } from "./catalogue.ts";
import { columnTypeOf, typesOf } from "./typescript-types.ts";

export interface DescribeOptions {
  /** Those besides `public` stand as `schema.table`. @default ["public"] */
  schemas?: readonly string[];
  /** The file's first comment. @default that it was generated */
  comment?: string;
}

const HEAD = `import type { ColumnType } from "kysely";

/** A JSON document as it is read. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** What a JSON column takes: a string is JSON text already, anything else is made into it. */
export type JsonInput = boolean | number | string | object;
type Instant = Date | string;
type Long = string | number | bigint;
`;

/**
 * Writes a TypeScript module out of a database: kysely's `Database` interface, and the column map for this dialect beside it.
 *
 * ```ts
 * writeFileSync("schema.ts", await describeDatabase(db));
 * ```
 *
 * @param db over any dialect of PostgreSQL's
 */
export async function describeDatabase<DB>(
  db: Kysely<DB>,
  { schemas = ["public"], comment = "Generated from the database: do not edit." }: DescribeOptions = {},
): Promise<string> {
  if (schemas.length === 0) throw new TypeError("describeDatabase needs the name of a schema.");
  const catalogue = await readCatalogue(db, schemas);
  const tables = [...Map.groupBy(catalogue.columns, tableName)];
  const interfaces = tables.map(([name, columns]) => tableText(name, columns, catalogue));
  const members = tables.map(([name]) => `  ${key(name)}: ${interfaceName(name)};\n`).join("");
  const maps = tables.map(([name, columns]) => {
    const lines = columns.map(
      ({ column, type }) => `    ${key(column)}: ${JSON.stringify(columnTypeOf(type, catalogue))},\n`,
    );
    return `  ${key(name)}: {\n${lines.join("")}  },\n`;
  });
  return [
    `/** ${comment} */\n`,
    HEAD,
    ...interfaces,
    `export interface Database {\n${members}}\n`,
    `/** Column → PostgreSQL type, for the Data API dialect. */\nexport const columnTypes = {\n${maps.join("")}};\n`,
  ].join("\n");
}

function tableText(name: string, columns: Column[], catalogue: Catalogue): string {
  const lines = columns.map((column) => `  ${key(column.column)}: ${memberType(column, catalogue)};\n`);
  return `export interface ${interfaceName(name)} {\n${lines.join("")}}\n`;
}

function memberType({ type, isNotNull, hasDefault, isGenerated }: Column, catalogue: Catalogue): string {
  const types = typesOf(type, catalogue);
  const nullable = (text: string) => (isNotNull ? text : `${text} | null`);
  const select = nullable(types.select);
  if (isGenerated) return `ColumnType<${select}, never, never>`;
  const write = nullable(types.write);
  if (select === write && (!hasDefault || !isNotNull)) return select;
  const insert = hasDefault || !isNotNull ? `${write} | undefined` : write;
  return `ColumnType<${select}, ${insert}, ${write}>`;
}

function tableName({ schema, table }: Column): string {
  return schema === "public" ? table : `${schema}.${table}`;
}

/** `audit.log_entries` → `AuditLogEntriesTable`. */
function interfaceName(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const joined = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
  return `${/^\p{N}/u.test(joined) ? "_" : ""}${joined}Table`;
}

function key(name: string): string {
  return /^[a-z_$][\w$]*$/i.test(name) ? name : JSON.stringify(name);
}
