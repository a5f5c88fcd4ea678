/** Schemas and tables from the catalogue, in types that the Data API carries (`relkind` is of the type `"char"`). */

import {
  type ColumnMetadata,
  type DatabaseIntrospector,
  type DatabaseMetadataOptions,
  type Kysely,
  type SchemaMetadata,
  sql,
  type TableMetadata,
} from "kysely";

interface CatalogueRow extends ColumnMetadata {
  schema: string;
  table: string;
  kind: string;
}

/** Kysely's own, by its default names: importing those would bring its whole migrator into every function. */
const INTERNAL_TABLES = new Set(["kysely_migration", "kysely_migration_lock"]);

export class DataApiIntrospector implements DatabaseIntrospector {
  // biome-ignore lint/suspicious/noExplicitAny: kysely's signature
  readonly #db: Kysely<any>;

  // biome-ignore lint/suspicious/noExplicitAny: kysely's signature
  constructor(db: Kysely<any>) {
    this.#db = db;
  }

  async getSchemas(): Promise<SchemaMetadata[]> {
    const { rows } = await sql<SchemaMetadata>`
      select nspname::text as "name" from pg_catalog.pg_namespace order by nspname`.execute(this.#db);
    return rows;
  }

  async getTables(options: DatabaseMetadataOptions = { withInternalKyselyTables: false }): Promise<TableMetadata[]> {
    const { rows } = await sql<CatalogueRow>`
      select n.nspname::text as "schema", c.relname::text as "table", c.relkind::text as "kind",
        a.attname::text as "name", t.typname::text as "dataType", tn.nspname::text as "dataTypeSchema",
        not a.attnotnull as "isNullable", a.atthasdef as "hasDefaultValue",
        pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname) is not null
          as "isAutoIncrementing",
        col_description(a.attrelid, a.attnum) as "comment"
      from pg_catalog.pg_attribute a
      join pg_catalog.pg_class c on c.oid = a.attrelid
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_type t on t.oid = a.atttypid
      join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
      where c.relkind in ('r', 'v', 'p', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and has_schema_privilege(n.nspname, 'USAGE') and a.attnum > 0 and not a.attisdropped
      order by n.nspname, c.relname, a.attnum`.execute(this.#db);
    return groupByTable(rows.filter(({ table }) => options.withInternalKyselyTables || !INTERNAL_TABLES.has(table)));
  }
}

function groupByTable(rows: CatalogueRow[]): TableMetadata[] {
  const tables = new Map<string, TableMetadata & { columns: ColumnMetadata[] }>();
  for (const { schema, table: name, kind, comment, ...column } of rows) {
    const key = JSON.stringify([schema, name]);
    const table = tables.get(key) ?? { schema, name, isView: kind === "v", isForeign: kind === "f", columns: [] };
    tables.set(key, table);
    table.columns.push({ ...column, comment: comment ?? undefined });
  }
  return [...tables.values()];
}
