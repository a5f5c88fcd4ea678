/** What the columns of a database are, and which of them a reference in a query means. */

import {
  AliasNode,
  ColumnNode,
  IdentifierNode,
  type OperationNode,
  ReferenceNode,
  type SchemableIdentifierNode,
  TableNode,
} from "kysely";

/**
 * Table → column → PostgreSQL's short type name: `{ albums: { album_id: "uuid", tags: "text[]" } }`. Written by the type
 * generator beside the `Database` interface. A table outside `public` stands as `schema.table`.
 */
export type ColumnTypes = Record<string, Record<string, string>>;

/** The tables that a query's references may mean: alias or name → its columns; undefined for what the map does not know. */
export class Scope {
  readonly #types: ColumnTypes;
  readonly #outer: Scope | undefined;
  readonly #tables = new Map<string, Record<string, string> | undefined>();

  constructor(types: ColumnTypes, outer?: Scope) {
    this.#types = types;
    this.#outer = outer;
  }

  /** Adds what a FROM, JOIN, INTO, UPDATE or USING names. */
  add(node: OperationNode | undefined): void {
    if (!node) return;
    if (AliasNode.is(node)) {
      const alias = IdentifierNode.is(node.alias) ? node.alias.name : undefined;
      if (alias) this.#tables.set(alias, TableNode.is(node.node) ? this.#columns(node.node.table) : undefined);
    } else if (TableNode.is(node)) {
      this.#tables.set(node.table.identifier.name, this.#columns(node.table));
    }
  }

  #columns({ schema, identifier }: SchemableIdentifierNode): Record<string, string> | undefined {
    const { name } = identifier;
    return (schema && this.#types[`${schema.name}.${name}`]) ?? this.#types[name];
  }

  /** The type of a column reference; undefined for any other expression, and for columns that nothing is known of. */
  typeOf(node: OperationNode): { type: string; column: string } | undefined {
    if (ColumnNode.is(node)) return this.find(node.column.name);
    if (!ReferenceNode.is(node) || !ColumnNode.is(node.column)) return undefined;
    return this.find(node.column.column.name, node.table?.table.identifier.name);
  }

  /** For an inner query's scope. */
  find(column: string, table?: string): { type: string; column: string } | undefined {
    if (table !== undefined) {
      if (!this.#tables.has(table)) return this.#outer?.find(column, table) ?? this.#unanimous(column);
      const columns = this.#tables.get(table);
      const type = columns ? columns[column] : this.#unanimous(column)?.type;
      return type === undefined ? undefined : { type, column: `${table}.${column}` };
    }
    for (const [name, columns] of this.#tables) {
      if (columns?.[column]) return { type: columns[column], column: `${name}.${column}` };
    }
    return (
      this.#outer?.find(column) ??
      ([...this.#tables.values()].includes(undefined) ? this.#unanimous(column) : undefined)
    );
  }

  /** Subqueries and CTEs are not followed: a name that means one type in every table means it there as well. */
  #unanimous(column: string): { type: string; column: string } | undefined {
    const types = new Set(Object.values(this.#types).flatMap((columns) => columns[column] ?? []));
    return types.size === 1 ? { type: [...types][0]!, column } : undefined;
  }
}
