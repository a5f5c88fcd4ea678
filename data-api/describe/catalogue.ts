/** Tables, columns and types out of PostgreSQL's catalogue, in types that the Data API carries. */

import { type Kysely, sql } from "kysely";

export interface Column {
  schema: string;
  table: string;
  column: string;
  type: string;
  isNotNull: boolean;
  /** A default, an identity or a value that is computed. */
  hasDefault: boolean;
  /** Takes no value of one's own. */
  isGenerated: boolean;
}

export interface Type {
  name: string;
  schema: string;
  /** PostgreSQL's own letter: b(ase), c(omposite), d(omain), e(num) … */
  kind: string;
  /** Of an array, its elements' type. */
  element: string | null;
  /** Of a domain, the type it narrows. */
  base: string | null;
  labels: string[] | null;
  /** Of a composite type, in order. */
  attributes: { name: string; type: string }[] | null;
}

export interface Catalogue {
  columns: Column[];
  /** By OID. */
  types: Map<string, Type>;
}

export async function readCatalogue<DB>(db: Kysely<DB>, schemas: readonly string[]): Promise<Catalogue> {
  const names = sql.join(schemas.map((schema) => sql.lit(schema)));
  const { rows: columns } = await sql<Column>`
    select n.nspname::text as "schema", c.relname::text as "table", a.attname::text as "column", a.atttypid::text as "type",
      a.attnotnull as "isNotNull", a.atthasdef or a.attidentity <> '' as "hasDefault",
      a.attidentity = 'a' or a.attgenerated <> '' as "isGenerated"
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname in (${names}) and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
      and a.attnum > 0 and not a.attisdropped
    order by n.nspname <> 'public', n.nspname, c.relname, a.attnum`.execute(db);
  const { rows: types } = await sql<Type & { oid: string }>`
    select t.oid::text as "oid", t.typname::text as "name", n.nspname::text as "schema", t.typtype::text as "kind",
      case when t.typcategory = 'A' and t.typelem <> 0 then t.typelem::text end as "element",
      nullif(t.typbasetype, 0)::text as "base",
      (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid) as "labels",
      (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', a.atttypid::text) order by a.attnum)
        from pg_catalog.pg_attribute a where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)
        as "attributes"
    from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    left join pg_catalog.pg_class c on c.oid = t.typrelid
    where n.nspname not in ('information_schema', 'pg_toast') and (c.oid is null or c.relkind = 'c' or n.nspname <> 'pg_catalog')`.execute(
    db,
  );
  return { columns, types: new Map(types.map(({ oid, ...type }) => [oid, type])) };
}
