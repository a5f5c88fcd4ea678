/** Schemas and tables from the catalogue, in types that the Data API carries (`relkind` is of the type `"char"`). */

import {
  type DatabaseIntrospector,
  type DatabaseMetadataOptions,
  type Kysely,
  type SchemaMetadata,
  sql,
  type TableMetadata,
} from "kysely";

interface CatalogueRow {
  schema: string;
  table: string;
  table_type: string;
  column: string;
  type: string;
  type_schema: string;
  not_null: boolean;
  has_default: boolean;
  is_serial: boolean;
  comment: string | null;
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
      select n.nspname::text as "schema", c.relname::text as "table", c.relkind::text as "table_type",
        a.attname::text as "column", t.typname::text as "type", tn.nspname::text as "type_schema",
        a.attnotnull as "not_null", a.atthasdef as "has_default",
        pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname) is not null as "is_serial",
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
  const groups = Map.groupBy(rows, ({ schema, table }) => `${schema}.${table}`);
  return [...groups.values()].map((columns) => {
    const { schema, table, table_type } = columns[0]!;
    return {
      schema,
      name: table,
      isView: table_type === "v",
      isForeign: table_type === "f",
      columns: columns.map((column) => ({
        name: column.column,
        dataType: column.type,
        dataTypeSchema: column.type_schema,
        isNullable: !column.not_null,
        isAutoIncrementing: column.is_serial,
        hasDefaultValue: column.has_default,
        comment: column.comment ?? undefined,
      })),
    };
  });
}
