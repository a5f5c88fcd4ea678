/**
 * PostgreSQL's compiler with the Data API's placeholders, `:1` for `$1`, and a cast beside each where the value's column
 * asks for one. What the outermost query selects of a type that the Data API can not return is cast to text. The columns
 * are read off the query's own tree.
 */

import {
  type AggregateFunctionNode,
  type BinaryOperationNode,
  type CaseNode,
  type ColumnUpdateNode,
  type CompiledQuery,
  type DeleteQueryNode,
  type FunctionNode,
  type InsertQueryNode,
  type MergeQueryNode,
  type OperationNode,
  type OrderByItemNode,
  PostgresQueryCompiler,
  type PrimitiveValueListNode,
  type QueryId,
  type RawNode,
  type RootOperationNode,
  type SelectionNode,
  type SelectQueryNode,
  type UpdateQueryNode,
  type ValueNode,
  ValuesNode,
} from "kysely";
import { type BulkValuesNode, isBulkValues } from "../bulk/bulk-insert.ts";
import { bulkDocument, bulkSelect } from "../bulk/bulk-select.ts";
import type { Field } from "../transport/data-api-transport.ts";
import type { ColumnTypes } from "./column-types.ts";
import { encodeParameter } from "./encode-parameter.ts";
import { SAME_TYPE_FUNCTIONS } from "./expression-type.ts";
import { isPureFunction, isPureText } from "./pure-functions.ts";
import { ResultCasts } from "./result-casts.ts";
import { type Found, Scope } from "./scope.ts";
import { Targets } from "./targets.ts";

/** A compiled query that knows what the driver needs of it. */
export interface DataApiCompiledQuery extends CompiledQuery {
  readonly fields: readonly Field[];
  /** Label → type of the columns that are selected as text. */
  readonly castTypes: ReadonlyMap<string, string> | undefined;
  /** Nothing in it is known to write, and nothing unknown is called: it may run twice. */
  readonly isRepeatable: boolean;
}

/** For the driver's own needs: a query that kysely did not compile. */
export function compileNode(node: RootOperationNode, queryId: QueryId, types: ColumnTypes = {}): DataApiCompiledQuery {
  return new DataApiQueryCompiler(types).compileQuery(node, queryId);
}

export class DataApiQueryCompiler extends PostgresQueryCompiler {
  #fields: Field[] = [];
  readonly #root: Scope;
  #scope: Scope;
  readonly #typeOf = (node: OperationNode) => this.#scope.typeOf(node);
  #targets = new Targets(this.#typeOf);
  #casts = new ResultCasts();
  #isRepeatable = true;
  /** Of an INSERT whose rows go as one document. */
  #bulkTargets: Found[] = [];

  constructor(types: ColumnTypes) {
    super();
    this.#root = new Scope(types);
    this.#scope = this.#root;
  }

  override compileQuery(node: RootOperationNode, queryId: QueryId): DataApiCompiledQuery {
    this.#fields = [];
    this.#scope = this.#root;
    this.#targets = new Targets(this.#typeOf);
    this.#casts = new ResultCasts();
    this.#isRepeatable = node.kind === "SelectQueryNode";
    const query = super.compileQuery(node, queryId);
    return { ...query, fields: this.#fields, castTypes: this.#casts.types, isRepeatable: this.#isRepeatable };
  }

  protected override getCurrentParameterPlaceholder(): string {
    return `:${this.numParameters}`;
  }

  #appendTyped(value: unknown, target: Found | undefined): void {
    const taken = target?.isLoose && /^(number|bigint|boolean)$/.test(typeof value) ? String(value) : value;
    const { field, around } = encodeParameter(taken, target?.type, target?.column);
    const { prefix, suffix } = around;
    this.#fields.push(field);
    if (prefix) this.append(prefix);
    super.appendValue(value);
    if (suffix) this.append(suffix);
  }

  protected override appendValue(value: unknown): void {
    this.#appendTyped(value, undefined);
  }

  protected override visitValue(node: ValueNode): void {
    if (node.immediate) super.visitValue(node);
    else this.#appendTyped(node.value, this.#targets.of(node));
  }

  protected override visitPrimitiveValueList(node: PrimitiveValueListNode): void {
    this.append("(");
    node.values.forEach((value, index) => {
      if (index > 0) this.append(", ");
      this.#appendTyped(value, this.#targets.of(node, index));
    });
    this.append(")");
  }

  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    this.#targets.aimOperands(node);
    super.visitBinaryOperation(node);
  }

  protected override visitCase(node: CaseNode): void {
    this.#targets.aimBranches(node);
    super.visitCase(node);
  }

  protected override visitFunction(node: FunctionNode): void {
    if (!isPureFunction(node.func)) this.#isRepeatable = false;
    if (SAME_TYPE_FUNCTIONS.has(node.func.toLowerCase())) this.#targets.aimTogether(node.arguments);
    super.visitFunction(node);
  }

  protected override visitAggregateFunction(node: AggregateFunctionNode): void {
    if (!isPureFunction(node.func)) this.#isRepeatable = false;
    super.visitAggregateFunction(node);
  }

  protected override visitRaw(node: RawNode): void {
    if (this.#isRepeatable && !isPureText(node.sqlFragments)) this.#isRepeatable = false;
    super.visitRaw(node);
  }

  protected override visitColumnUpdate(node: ColumnUpdateNode): void {
    this.#targets.aim(node.value, this.#scope.typeOf(node.column));
    super.visitColumnUpdate(node);
  }

  protected override visitInsertQuery(node: InsertQueryNode): void {
    this.#within(node, () => {
      this.#scope.addShadow(node.into, "excluded");
      const targets = node.columns?.map((column) => this.#scope.typeOf(column)) ?? [];
      if (isBulkValues(node.values)) this.#bulkTargets = targets as Found[];
      else if (node.values && ValuesNode.is(node.values))
        for (const row of node.values.values) this.#targets.aim(row, targets);
      else if (node.values) this.#targets.aim(node.values, targets);
      super.visitInsertQuery(node);
    });
  }

  protected override visitValues(node: ValuesNode): void {
    if (isBulkValues(node)) this.#appendBulk(node);
    else super.visitValues(node);
  }

  #appendBulk(node: BulkValuesNode): void {
    const { before, after } = bulkSelect(this.#bulkTargets);
    const document = bulkDocument(node, this.#bulkTargets);
    this.append(before);
    this.#fields.push({ stringValue: document });
    super.appendValue(document);
    this.append(after);
  }

  protected override visitSelectQuery(node: SelectQueryNode): void {
    this.#within(node, () => super.visitSelectQuery(node));
  }

  protected override visitUpdateQuery(node: UpdateQueryNode): void {
    this.#within(node, () => super.visitUpdateQuery(node));
  }

  protected override visitDeleteQuery(node: DeleteQueryNode): void {
    this.#within(node, () => super.visitDeleteQuery(node));
  }

  protected override visitMergeQuery(node: MergeQueryNode): void {
    this.#within(node, () => super.visitMergeQuery(node));
  }

  protected override visitSelection(node: SelectionNode): void {
    const parts = this.#casts.isResult(this.nodeStack) ? this.#casts.select(node.selection, this.#scope) : undefined;
    if (!parts) super.visitSelection(node);
    parts?.forEach((part, index) => {
      if (index > 0) this.append(", ");
      if (part.before) this.append(part.before);
      this.visitNode(part.node);
      if (part.after) this.append(part.after);
      if (part.alias) {
        this.append(" as ");
        this.visitNode(part.alias);
      }
    });
  }

  protected override visitOrderByItem(node: OrderByItemNode): void {
    const isResult = this.nodeStack.length === 3;
    super.visitOrderByItem(isResult ? this.#casts.orderBy(node, this.nodeStack[0] as SelectQueryNode) : node);
  }

  #within(node: OperationNode, visit: () => void): void {
    // A query within a SELECT may be one that writes.
    if (node.kind !== "SelectQueryNode") this.#isRepeatable = false;
    const outer = this.#scope;
    this.#scope = outer.enter(node);
    visit();
    this.#scope = outer;
  }
}
