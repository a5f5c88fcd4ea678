/**
 * PostgreSQL's compiler with the Data API's placeholders, `:1` for `$1`, and a cast beside each where the value's column
 * asks for one. The columns are read off the query's own tree.
 */

import {
  AndNode,
  type BinaryOperationNode,
  type ColumnUpdateNode,
  type CompiledQuery,
  type DeleteQueryNode,
  type InsertQueryNode,
  type MergeQueryNode,
  type OperationNode,
  OperatorNode,
  ParensNode,
  PostgresQueryCompiler,
  PrimitiveValueListNode,
  type QueryId,
  type RootOperationNode,
  type SelectQueryNode,
  TupleNode,
  type UpdateQueryNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
  type WithNode,
} from "kysely";
import { type ColumnTypes, Scope } from "./column-types.ts";
import type { Field } from "../transport/data-api-transport.ts";
import { encodeParameter } from "./encode-parameter.ts";

/** A compiled query that knows its parameters' fields. */
export interface DataApiCompiledQuery extends CompiledQuery {
  readonly fields: readonly Field[];
}

type Target = { type: string; column: string } | undefined;

/** Operators between two values of one type. For the others, like `->` and `||`, the left side says nothing of the right. */
const SAME_TYPE = new Set([
  ...["=", "==", "!=", "<>", "<", "<=", ">", ">=", "in", "not in", "is", "is not", "between", "between symmetric"],
  ...["is distinct from", "is not distinct from", "@>", "<@", "&&"],
]);

export class DataApiQueryCompiler extends PostgresQueryCompiler {
  readonly #types: ColumnTypes;
  #fields: Field[] = [];
  #scope: Scope;
  /** What a value node, or each item of a list node, is compared with or stored in. */
  #targets = new Map<OperationNode, Target | Target[]>();

  constructor(types: ColumnTypes) {
    super();
    this.#types = types;
    this.#scope = new Scope(types);
  }

  override compileQuery(node: RootOperationNode, queryId: QueryId): DataApiCompiledQuery {
    this.#fields = [];
    this.#scope = new Scope(this.#types);
    this.#targets = new Map();
    const query = super.compileQuery(node, queryId);
    return Object.freeze({ ...query, fields: this.#fields });
  }

  protected override getCurrentParameterPlaceholder(): string {
    return `:${this.numParameters}`;
  }

  /** Names for a value beside the statement's own placeholders. */
  #appendTyped(value: unknown, target: Target): void {
    const { field, cast } = encodeParameter(value, target?.type, target?.column);
    this.#fields.push(field);
    super.appendValue(value);
    if (cast) this.append(`::${cast}`);
  }

  protected override appendValue(value: unknown): void {
    this.#appendTyped(value, undefined);
  }

  protected override visitValue(node: ValueNode): void {
    if (node.immediate) super.visitValue(node);
    else this.#appendTyped(node.value, this.#targets.get(node) as Target);
  }

  protected override visitPrimitiveValueList(node: PrimitiveValueListNode): void {
    const targets = this.#targets.get(node);
    this.append("(");
    node.values.forEach((value, index) => {
      if (index > 0) this.append(", ");
      this.#appendTyped(value, Array.isArray(targets) ? targets[index] : targets);
    });
    this.append(")");
  }

  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    if (OperatorNode.is(node.operator) && SAME_TYPE.has(node.operator.operator)) {
      this.#aim(node.rightOperand, this.#targetOf(node.leftOperand));
      this.#aim(node.leftOperand, this.#targetOf(node.rightOperand));
    }
    super.visitBinaryOperation(node);
  }

  protected override visitColumnUpdate(node: ColumnUpdateNode): void {
    this.#aim(node.value, this.#scope.typeOf(node.column));
    super.visitColumnUpdate(node);
  }

  protected override visitInsertQuery(node: InsertQueryNode): void {
    this.#within(node, [node.into], () => {
      // What an upsert's assignments call the row that was to be inserted.
      this.#scope.add(node.into, "excluded");
      if (node.columns && node.values && ValuesNode.is(node.values)) {
        const targets = node.columns.map((column) => this.#scope.typeOf(column));
        for (const row of node.values.values) this.#aim(row, targets);
      }
      super.visitInsertQuery(node);
    });
  }

  protected override visitSelectQuery(node: SelectQueryNode): void {
    this.#within(node, [...(node.from?.froms ?? []), ...joined(node)], () => super.visitSelectQuery(node));
  }

  protected override visitUpdateQuery(node: UpdateQueryNode): void {
    this.#within(node, [node.table, ...(node.from?.froms ?? []), ...joined(node)], () => super.visitUpdateQuery(node));
  }

  protected override visitDeleteQuery(node: DeleteQueryNode): void {
    const tables = [...node.from.froms, ...(node.using?.tables ?? []), ...joined(node)];
    this.#within(node, tables, () => super.visitDeleteQuery(node));
  }

  protected override visitMergeQuery(node: MergeQueryNode): void {
    this.#within(node, [node.into, node.using?.table], () => super.visitMergeQuery(node));
  }

  #within({ with: expressions }: { with?: WithNode }, tables: (OperationNode | undefined)[], visit: () => void): void {
    const outer = this.#scope;
    this.#scope = new Scope(this.#types, outer);
    this.#scope.addExpressions(expressions);
    for (const table of tables) this.#scope.add(table);
    visit();
    this.#scope = outer;
  }

  #targetOf(node: OperationNode): Target | Target[] {
    if (TupleNode.is(node)) return node.values.map((value) => this.#scope.typeOf(value));
    return this.#scope.typeOf(node);
  }

  /** Notes the target of every value directly below `node`; a list of targets goes to its items in order. */
  #aim(node: OperationNode, target: Target | Target[]): void {
    if (target === undefined) return;
    if (ValueNode.is(node)) {
      this.#targets.set(node, target);
    } else if (PrimitiveValueListNode.is(node)) {
      this.#targets.set(node, target);
    } else if (ParensNode.is(node)) {
      this.#aim(node.node, target);
    } else if (AndNode.is(node)) {
      // The bounds of a BETWEEN.
      this.#aim(node.left, target);
      this.#aim(node.right, target);
    } else if (ValueListNode.is(node) || TupleNode.is(node)) {
      node.values.forEach((value, index) => {
        // A row of values, or a list of rows: `(a, b) in ((1, 2), (3, 4))`.
        const isRow = TupleNode.is(value) || ValueListNode.is(value) || PrimitiveValueListNode.is(value);
        this.#aim(value, Array.isArray(target) && !isRow ? target[index] : target);
      });
    }
  }
}

function joined(node: { joins?: readonly { table: OperationNode }[] }): OperationNode[] {
  return (node.joins ?? []).map(({ table }) => table);
}
