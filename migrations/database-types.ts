/** Writes `schema.ts`: what the migrated database looks like, for the compiler and for the dialect. */

import { type Kysely, sql } from "kysely";

interface Column {
  table: string;
  column: string;
  /** Short name; `[]` behind an array's element. */
  type: string;
  not_null: boolean;
  has_default: boolean;
}

const HEAD = `/** Written by \`npm run db:types\` from the migrations: do not edit. */

import type { ColumnType } from "kysely";

/** A JSON document as it is read. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** What a JSON column takes: a string is JSON text already, anything else is made into it. */
export type JsonInput = boolean | number | string | object;
type Instant = Date | string;
type Long = string | number | bigint;
`;

/** Select type, and what inserts and updates take where that is another. */
const TYPES: Record<string, [select: string, write?: string]> = {
  bool: ["boolean"],
  int2: ["number"],
  int4: ["number"],
  int8: ["string", "Long"],
  float4: ["number"],
  float8: ["number"],
  numeric: ["string", "Long"],
  bytea: ["Uint8Array"],
  json: ["Json", "JsonInput"],
  jsonb: ["Json", "JsonInput"],
  timestamptz: ["Date", "Instant"],
  timestamp: ["string", "Instant"],
};

export async function describeDatabase<Tables>(db: Kysely<Tables>): Promise<string> {
  const tables = Map.groupBy(await readColumns(db), ({ table }) => table);
  const names = [...tables.keys()];
  const interfaces = names.map((table) => {
    const columns = tables.get(table)!.map((column) => `  ${column.column}: ${columnType(column)};\n`);
    return `export interface ${tableInterface(table)} {\n${columns.join("")}}\n`;
  });
  const members = names.map((table) => `  ${table}: ${tableInterface(table)};\n`).join("");
  const types = names.map((table) => {
    const columns = tables.get(table)!.map(({ column, type }) => `    ${column}: ${JSON.stringify(type)},\n`);
    return `  ${table}: {\n${columns.join("")}  },\n`;
  });
  return [
    HEAD,
    ...interfaces,
    `export interface Database {\n${members}}\n`,
    `/** Column → PostgreSQL type, for the Data API dialect. */\nexport const columnTypes = {\n${types.join("")}};\n`,
  ].join("\n");
}

async function readColumns<Tables>(db: Kysely<Tables>): Promise<Column[]> {
  const { rows } = await sql<Column>`
    select c.relname::text as "table", a.attname::text as "column", a.attnotnull as "not_null",
      a.atthasdef or a.attidentity <> '' as "has_default",
      coalesce(e.typname::text || '[]', t.typname::text) as "type"
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_type t on t.oid = a.atttypid
    left join pg_catalog.pg_type e on e.oid = t.typelem and t.typcategory = 'A'
    where n.nspname = 'public' and c.relkind in ('r', 'p', 'v') and a.attnum > 0 and not a.attisdropped
    order by c.relname, a.attnum`.execute(db);
  return rows;
}

function columnType({ type, not_null, has_default }: Column): string {
  const isArray = type.endsWith("[]");
  const [element, elementWrite = element] = TYPES[isArray ? type.slice(0, -2) : type] ?? ["string"];
  const nullable = (text: string) => (not_null ? text : `${text} | null`);
  const select = nullable(isArray ? `${element}[]` : element);
  const write = nullable(
    isArray ? `${elementWrite.includes(" ") ? `(${elementWrite})` : elementWrite}[]` : elementWrite,
  );
  if (select === write && (!has_default || !not_null)) return select;
  const insert = has_default || !not_null ? `${write} | undefined` : write;
  return `ColumnType<${select}, ${insert}, ${write}>`;
}

function tableInterface(table: string): string {
  const words = table.split("_").map((word) => word[0]!.toUpperCase() + word.slice(1));
  return `${words.join("")}Table`;
}
