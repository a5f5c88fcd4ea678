/** What the columns of a database are, and which of them a reference in a query means. */

import {
  AliasNode,
  ColumnNode,
  IdentifierNode,
  type OperationNode,
  ReferenceNode,
  type SchemableIdentifierNode,
  TableNode,
  type WithNode,
} from "kysely";

/**
 * Table → column → PostgreSQL's short type name: `{ albums: { album_id: "uuid", tags: "text[]" } }`. Written by the type
 * generator beside the `Database` interface. A table outside `public` stands as `schema.table`.
 */
export type ColumnTypes = Record<string, Record<string, string>>;

type Columns = Record<string, string>;
type Found = { type: string; column: string } | undefined;

/** What a query computes (a subquery, a CTE) has columns, but which ones of what type is not followed. */
const DERIVED = Symbol("derived");

/** The tables that a query's references may mean, by alias or name. */
export class Scope {
  readonly #types: ColumnTypes;
  readonly #outer: Scope | undefined;
  readonly #tables = new Map<string, Columns | typeof DERIVED>();
  readonly #expressions = new Set<string>();

  constructor(types: ColumnTypes, outer?: Scope) {
    this.#types = types;
    this.#outer = outer;
  }

  /** Adds the names of the common table expressions in front of a query; before its tables. */
  addExpressions(node: WithNode | undefined): void {
    for (const { name } of node?.expressions ?? []) this.#expressions.add(name.table.table.identifier.name);
  }

  /** Adds what a FROM, JOIN, INTO, UPDATE or USING names. */
  add(node: OperationNode | undefined, alias?: string): void {
    if (!node) return;
    if (AliasNode.is(node)) {
      this.add(node.node, IdentifierNode.is(node.alias) ? node.alias.name : undefined);
    } else if (TableNode.is(node)) {
      this.#tables.set(alias ?? node.table.identifier.name, this.#columns(node.table));
    } else if (alias !== undefined) {
      this.#tables.set(alias, DERIVED);
    }
  }

  /** The type of a column reference; undefined for any other expression, and for columns that nothing is known of. */
  typeOf(node: OperationNode): Found {
    if (ColumnNode.is(node)) return this.find(node.column.name);
    if (!ReferenceNode.is(node) || !ColumnNode.is(node.column)) return undefined;
    return this.find(node.column.column.name, node.table?.table.identifier.name);
  }

  /** For an inner query's scope. */
  find(column: string, table?: string): Found {
    const found = table === undefined ? this.#findAnywhere(column) : this.#findIn(table, column);
    return found ?? this.#outer?.find(column, table);
  }

  #findIn(table: string, column: string): Found {
    const columns = this.#tables.get(table);
    if (columns === DERIVED) return this.#unanimous(column);
    const type = columns?.[column];
    return type === undefined ? undefined : { type, column: `${table}.${column}` };
  }

  #findAnywhere(column: string): Found {
    for (const [table, columns] of this.#tables) {
      if (columns !== DERIVED && columns[column]) return { type: columns[column], column: `${table}.${column}` };
    }
    return [...this.#tables.values()].includes(DERIVED) ? this.#unanimous(column) : undefined;
  }

  #columns({ schema, identifier: { name } }: SchemableIdentifierNode): Columns | typeof DERIVED {
    if (schema) return this.#types[`${schema.name}.${name}`] ?? this.#types[name] ?? {};
    return this.isExpression(name) ? DERIVED : (this.#types[name] ?? {});
  }

  /** For an inner query's scope. */
  isExpression(name: string): boolean {
    return this.#expressions.has(name) || Boolean(this.#outer?.isExpression(name));
  }

  /** A column's name that means one type in every table means it in what is derived from them. */
  #unanimous(column: string): Found {
    const types = new Set(Object.values(this.#types).flatMap((columns) => columns[column] ?? []));
    return types.size === 1 ? { type: [...types][0]!, column } : undefined;
  }
}
