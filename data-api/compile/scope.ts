/** Which columns a reference in a query means, through aliases, subqueries and common table expressions. */

import {
  AliasNode,
  ColumnNode,
  type CommonTableExpressionNode,
  IdentifierNode,
  type OperationNode,
  ParensNode,
  ReferenceNode,
  type ReturningNode,
  type SchemableIdentifierNode,
  SelectAllNode,
  type SelectionNode,
  SelectQueryNode,
  TableNode,
  type WithNode,
} from "kysely";
import { type ColumnTypes, own } from "./column-types.ts";
import { typeOfExpression } from "./expression-type.ts";

/** Name → type, in order; undefined where the type is not known. */
type Columns = Map<string, string | undefined>;

/** What stands in a FROM. `isComplete` when there are no columns besides. */
export interface Table {
  columns: Columns;
  isComplete: boolean;
  isDerived: boolean;
}

export interface Found {
  type: string;
  /** For messages: `albums.title`. */
  column: string;
  /** The alias it was found under. */
  table?: string;
  /** Takes a number or a boolean as its text: what `->>` gives. */
  isLoose?: boolean;
}

/** The members that kysely's query nodes have, each some of them. */
interface QueryNode extends OperationNode {
  with?: WithNode;
  from?: { froms: readonly OperationNode[] };
  into?: OperationNode;
  table?: OperationNode;
  using?: { tables?: readonly OperationNode[]; table?: OperationNode };
  joins?: readonly { table: OperationNode }[];
  selections?: readonly SelectionNode[];
  returning?: ReturningNode;
}

/** A table of the map, for all queries. */
const stored = new WeakMap<Record<string, string>, Table>();
const UNKNOWN: Table = { columns: new Map(), isComplete: false, isDerived: false };

export class Scope {
  readonly #types: ColumnTypes;
  readonly #outer: Scope | undefined;
  /** By alias or name; worked out when first asked for. */
  readonly #tables = new Map<string, () => Table>();
  #shadows: Map<string, () => Table> | undefined;
  #expressions: Map<string, () => Table> | undefined;

  constructor(types: ColumnTypes, outer?: Scope) {
    this.#types = types;
    this.#outer = outer;
  }

  /** The scope of a SELECT, INSERT, UPDATE, DELETE or MERGE within this one. */
  enter(query: OperationNode): Scope {
    const inner = new Scope(this.#types, this);
    const { with: expressions, from, into, table, using, joins } = query as QueryNode;
    for (const expression of expressions?.expressions ?? []) inner.#addExpression(expression);
    inner.#add(into);
    inner.#add(table);
    for (const node of from?.froms ?? []) inner.#add(node);
    for (const node of using?.tables ?? []) inner.#add(node);
    inner.#add(using?.table);
    for (const join of joins ?? []) inner.#add(join.table);
    return inner;
  }

  /** Another name for a table, which a `*` does not mean: what an upsert calls the row that was to be inserted. */
  addShadow(node: OperationNode | undefined, name: string): void {
    const table = node && AliasNode.is(node) ? node.node : node;
    if (table && TableNode.is(table)) {
      this.#shadows ??= new Map();
      this.#shadows.set(name, () => this.#named(table.table));
    }
  }

  /** The tables that a `*` means, by alias, in its order. */
  tables(): [string, Table][] {
    return [...this.#tables].map(([name, table]) => [name, table()]);
  }

  table(name: string): Table | undefined {
    return (this.#tables.get(name) ?? this.#shadows?.get(name))?.();
  }

  /** The type of an expression; undefined when nothing is known of it. */
  typeOf(node: OperationNode): Found | undefined {
    if (ColumnNode.is(node)) return this.find(node.column.name);
    if (ReferenceNode.is(node)) {
      return ColumnNode.is(node.column)
        ? this.find(node.column.column.name, node.table?.table.identifier.name)
        : undefined;
    }
    if (SelectQueryNode.is(node)) {
      const selection = node.selections?.length === 1 ? node.selections[0]!.selection : undefined;
      return selection && this.enter(node).typeOf(selection);
    }
    return typeOfExpression(node, (operand) => this.typeOf(operand));
  }

  find(column: string, table?: string): Found | undefined {
    const found = table === undefined ? this.#findAnywhere(column) : this.#findIn(table, column);
    return found ?? this.#outer?.find(column, table);
  }

  #findIn(name: string, column: string): Found | undefined {
    const table = this.table(name);
    if (!table) return undefined;
    const type = table.columns.get(column);
    if (type !== undefined) return { type, column: `${name}.${column}`, table: name };
    return table.isDerived && !table.columns.has(column) ? this.#unanimous(column) : undefined;
  }

  #findAnywhere(column: string): Found | undefined {
    let isDerived = false;
    for (const [name, make] of this.#tables) {
      const table = make();
      const type = table.columns.get(column);
      if (type !== undefined) return { type, column: `${name}.${column}`, table: name };
      isDerived ||= table.isDerived && !table.isComplete;
    }
    return isDerived ? this.#unanimous(column) : undefined;
  }

  /** What is computed in a way that is not followed: a column's name that means one type in every table means it there. */
  #unanimous(column: string): Found | undefined {
    const types = new Set(Object.values(this.#types).flatMap((columns) => own(columns, column) ?? []));
    return types.size === 1 ? { type: [...types][0]!, column } : undefined;
  }

  #add(node: OperationNode | undefined, alias?: string): void {
    if (!node) return;
    if (AliasNode.is(node)) {
      this.#add(node.node, IdentifierNode.is(node.alias) ? node.alias.name : undefined);
    } else if (TableNode.is(node)) {
      this.#tables.set(
        alias ?? node.table.identifier.name,
        once(() => this.#named(node.table)),
      );
    } else if (alias !== undefined) {
      this.#tables.set(
        alias,
        once(() => this.#derived(node)),
      );
    }
  }

  #addExpression({ name, expression }: CommonTableExpressionNode): void {
    const key = name.table.table.identifier.name;
    // What names itself within itself, `with recursive`, takes its columns from its first part.
    let isOpen = false;
    const table = once(() => {
      const found = this.#derived(expression);
      if (!name.columns || !found.isComplete) return found;
      const types = [...found.columns.values()];
      return { ...found, columns: new Map(name.columns.map(({ column }, index) => [column.name, types[index]])) };
    });
    this.#expressions ??= new Map();
    this.#expressions.set(key, () => {
      if (isOpen) return { ...UNKNOWN, isDerived: true };
      isOpen = true;
      try {
        return table();
      } finally {
        isOpen = false;
      }
    });
  }

  #named({ schema, identifier: { name } }: SchemableIdentifierNode): Table {
    if (schema) return this.#stored(own(this.#types, `${schema.name}.${name}`) ?? own(this.#types, name));
    return this.expression(name) ?? this.#stored(own(this.#types, name));
  }

  #stored(columns: Record<string, string> | undefined): Table {
    if (!columns) return UNKNOWN;
    let table = stored.get(columns);
    if (!table) {
      table = { columns: new Map(Object.entries(columns)), isComplete: true, isDerived: false };
      stored.set(columns, table);
    }
    return table;
  }

  /** For an inner query's scope. */
  expression(name: string): Table | undefined {
    return this.#expressions?.get(name)?.() ?? this.#outer?.expression(name);
  }

  #derived(node: OperationNode): Table {
    if (ParensNode.is(node)) return this.#derived(node.node);
    const { selections, returning } = node as QueryNode;
    const outputs = selections ?? returning?.selections;
    if (!outputs) return { ...UNKNOWN, isDerived: true };
    const inner = this.enter(node);
    const columns: Columns = new Map();
    let isComplete = true;
    for (const { selection } of outputs) {
      if (SelectAllNode.is(selection) || (ReferenceNode.is(selection) && SelectAllNode.is(selection.column))) {
        const name = ReferenceNode.is(selection) ? selection.table?.table.identifier.name : undefined;
        for (const [alias, table] of inner.tables()) {
          if (name !== undefined && alias !== name) continue;
          for (const [column, type] of table.columns) columns.set(column, type);
          isComplete &&= table.isComplete;
        }
      } else {
        const label = labelOf(selection);
        if (label === undefined) isComplete = false;
        else columns.set(label, inner.typeOf(selection)?.type);
      }
    }
    return { columns, isComplete, isDerived: true };
  }
}

/** The name that a selection has in the result; undefined where PostgreSQL makes one up. */
export function labelOf(node: OperationNode): string | undefined {
  if (AliasNode.is(node)) return IdentifierNode.is(node.alias) ? node.alias.name : undefined;
  if (ColumnNode.is(node)) return node.column.name;
  if (ReferenceNode.is(node) && ColumnNode.is(node.column)) return node.column.column.name;
  return undefined;
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
