/** What only the database's own catalogue knows of a result: types beyond the built-in ones, and where columns come from. */

import type pg from "pg";
import { type ResultColumn, runStatement } from "../statement.ts";
import { arrayOf, builtInType, catalogueType, type ResultType } from "./result-types.ts";

export interface ColumnOrigin {
  table: string;
  schema: string;
  notNull: boolean;
  serial: boolean;
}

/** One per database. Types never change under their OID; what is known of a table is forgotten with any change of schema. */
export class Catalogue {
  readonly #types = new Map<number, ResultType>();
  /** Table → column number → origin. */
  readonly #tables = new Map<number, Map<number, ColumnOrigin>>();

  /** Some statement may have changed a table. */
  forget(): void {
    this.#tables.clear();
  }

  /** The type of each column. Queries only when one is unknown. */
  async types(client: pg.Client, columns: ResultColumn[]): Promise<ResultType[]> {
    const unknown = columns.map(({ dataTypeID }) => dataTypeID).filter((oid) => !this.#find(oid));
    if (unknown.length > 0) await this.#load(client, unknown);
    return columns.map(
      ({ dataTypeID }) => this.#find(dataTypeID) ?? { name: String(dataTypeID), kind: "unsupported", jdbc: 1111 },
    );
  }

  #find(oid: number): ResultType | undefined {
    return builtInType(oid) ?? this.#types.get(oid);
  }

  async #load(client: pg.Client, oids: number[]): Promise<void> {
    // A column of a domain arrives as its base type; only the element of an array is still called by the domain's name.
    const { rows } = await runStatement(
      client,
      `with recursive element as (
         select t.oid as array_oid, e.* from pg_catalog.pg_type t
           join pg_catalog.pg_type e on e.oid = t.typelem and t.typcategory = 'A'
           where t.oid = any (string_to_array($1, ',')::oid[])
         union all
         select e.array_oid, base.* from element e join pg_catalog.pg_type base on base.oid = e.typbasetype
       )
       select t.oid, t.typname, t.typtype, e.oid, e.typname, e.typtype
       from pg_catalog.pg_type t left join element e on e.array_oid = t.oid and e.typtype <> 'd'
       where t.oid = any (string_to_array($1, ',')::oid[])`,
      [[{ type: 25, value: oids.join(",") }]],
    );
    for (const [oid, typname, typtype, elementOid, elementName, elementType] of rows) {
      const type = elementOid
        ? arrayOf(this.#find(Number(elementOid)) ?? catalogueType({ typname: elementName!, typtype: elementType! }))
        : catalogueType({ typname: typname!, typtype: typtype! });
      this.#types.set(Number(oid), type);
    }
  }

  async origins(client: pg.Client, columns: ResultColumn[]): Promise<(ColumnOrigin | undefined)[]> {
    const tables = [...new Set(columns.map(({ tableID }) => tableID).filter((oid) => oid !== 0))];
    const unknown = tables.filter((oid) => !this.#tables.has(oid));
    if (unknown.length > 0) await this.#loadTables(client, unknown);
    return columns.map(({ tableID, columnID }) => this.#tables.get(tableID)?.get(columnID));
  }

  async #loadTables(client: pg.Client, oids: number[]): Promise<void> {
    const { rows } = await runStatement(
      client,
      `select c.oid, a.attnum, c.relname, n.nspname, a.attnotnull,
         a.attidentity <> '' or coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid) like 'nextval(%', false)
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       join pg_catalog.pg_attribute a on a.attrelid = c.oid
       left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
       where c.oid = any (string_to_array($1, ',')::oid[])`,
      [[{ type: 25, value: oids.join(",") }]],
    );
    for (const [oid, number, table, schema, notNull, serial] of rows) {
      const origin = { table: table!, schema: schema!, notNull: notNull === "t", serial: serial === "t" };
      const known = this.#tables.get(Number(oid)) ?? new Map<number, ColumnOrigin>();
      this.#tables.set(Number(oid), known.set(Number(number), origin));
    }
  }
}
