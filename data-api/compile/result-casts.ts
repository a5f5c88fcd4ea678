/** What the outermost query selects of types that the Data API can not return: as text, or as JSON. */

import {
  AliasNode,
  ColumnNode,
  FunctionNode,
  IdentifierNode,
  type OperationNode,
  type OrderByItemNode,
  ParensNode,
  ReferenceNode,
  SelectAllNode,
  type SelectQueryNode,
  TableNode,
} from "kysely";
import { ParameterError } from "../errors.ts";
import { type Reading, readingOf } from "./column-types.ts";
import { labelOf, type Scope } from "./scope.ts";

interface Part {
  before?: string;
  node: OperationNode;
  after?: string;
  alias?: OperationNode;
}

const QUERIES = new Set(["SelectQueryNode", "InsertQueryNode", "UpdateQueryNode", "DeleteQueryNode", "MergeQueryNode"]);
const AROUND: Record<Reading, { before?: string; after: string }> = {
  text: { after: "::text" },
  "text[]": { after: "::text[]" },
  json: { before: "to_jsonb(", after: ")" },
};

export class ResultCasts {
  #types: Map<string, string> | undefined;
  /** Label → what was selected under it. */
  #sources: Map<string, OperationNode> | undefined;

  /** Label → PostgreSQL type; undefined when nothing was cast. */
  get types(): ReadonlyMap<string, string> | undefined {
    return this.#types;
  }

  /** Whether the selection on top of the stack is one of the result's own columns, not of a subquery or a view. */
  isResult(stack: readonly OperationNode[]): boolean {
    if (!QUERIES.has(stack[0]!.kind)) return false;
    for (let at = 1; at < stack.length - 1; at++) {
      const { kind } = stack[at]!;
      const isArm = kind === "SelectQueryNode" && /^(SetOperation|Parens)Node$/.test(stack[at - 1]!.kind);
      const isArmParens = kind === "ParensNode" && stack[at - 1]!.kind === "SetOperationNode";
      if (!isArm && !isArmParens && kind !== "ReturningNode" && kind !== "SetOperationNode") return false;
    }
    return true;
  }

  /** What to write for a selection; undefined for it as it is. */
  select(selection: OperationNode, scope: Scope): Part[] | undefined {
    if (SelectAllNode.is(selection)) return this.#selectAll(scope.tables(), scope);
    if (ReferenceNode.is(selection) && SelectAllNode.is(selection.column)) {
      const name = selection.table!.table.identifier.name;
      const table = scope.table(name);
      return table && this.#selectAll([[name, table]], scope);
    }
    const found = scope.typeOf(selection);
    const reading = found && readingOf(found.type);
    if (!reading) return undefined;
    const label = labelOf(selection);
    const source = AliasNode.is(selection) ? selection.node : selection;
    if (label !== undefined) this.#note(label, found.type, source, found.table);
    const isSimple = ReferenceNode.is(source) || ColumnNode.is(source) || FunctionNode.is(source);
    const node = isSimple || /Query|Aggregate/.test(source.kind) ? source : ParensNode.create(source);
    // A cast keeps a column's name; a function has its own.
    const alias = AliasNode.is(selection) ? selection.alias : label !== undefined && reading === "json";
    return [{ ...AROUND[reading], node, alias: alias === true ? IdentifierNode.create(label!) : alias || undefined }];
  }

  /** `*` as its columns one by one, where one of them has to be cast. */
  #selectAll(tables: ReturnType<Scope["tables"]>, scope: Scope): Part[] | undefined {
    const needsCast = ([, { columns, isComplete }]: (typeof tables)[number]) =>
      isComplete && [...columns.values()].some((type) => type !== undefined && readingOf(type));
    if (!tables.some(needsCast)) return undefined;
    return tables.flatMap((entry) => {
      const [name, { columns }] = entry;
      const table = TableNode.create(name);
      if (!needsCast(entry)) return [{ node: ReferenceNode.createSelectAll(table) }];
      return [...columns.keys()].flatMap((column) => {
        const node = ReferenceNode.create(ColumnNode.create(column), table);
        return this.select(node, scope) ?? [{ node }];
      });
    });
  }

  #note(label: string, type: string, source: OperationNode, table: string | undefined): void {
    this.#types ??= new Map();
    this.#types.set(label, type);
    const isColumn = ReferenceNode.is(source) && !source.table && table !== undefined;
    this.#sources ??= new Map();
    this.#sources.set(
      label,
      isColumn ? ReferenceNode.create(source.column as ColumnNode, TableNode.create(table)) : source,
    );
  }

  /**
   * A bare name in ORDER BY means the result's column first, which has become text: the table's own is named instead.
   * @throws ParameterError where PostgreSQL takes nothing else
   */
  orderBy(item: OrderByItemNode, query: SelectQueryNode): OrderByItemNode {
    const { orderBy, ...rest } = item;
    if (!this.#types || !ReferenceNode.is(orderBy) || orderBy.table || !ColumnNode.is(orderBy.column)) return item;
    const label = orderBy.column.column.name;
    const source = this.#sources?.get(label);
    if (!source) return item;
    if (query.setOperations || query.frontModifiers?.some(({ modifier }) => modifier === "Distinct")) {
      throw new ParameterError(
        `"${label}" (${this.#types.get(label)}) is selected as text, which the Data API can return, and can not be ordered by ` +
          "its value in a DISTINCT or a set operation: put that query into a subquery and order outside.",
      );
    }
    return { ...rest, orderBy: source };
  }
}
