/** INSERTs of many rows as one JSON document: their SQL does not grow with the rows, and one value is cheaper than thousands. */

import {
  ColumnNode,
  DefaultInsertValueNode,
  type InsertQueryNode,
  type OperationNode,
  PrimitiveValueListNode,
  TableNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
} from "kysely";
import { type ColumnTypes, own } from "../compile/column-types.ts";

/** A row's values by its columns' names, or by their places. */
export type BulkRow = Readonly<Record<string | number, unknown>>;

/** Values that our compiler writes as `select … from jsonb_array_elements(…)`: plain ones, in no nodes of their own. */
export interface BulkValuesNode extends ValuesNode {
  readonly isBulk: true;
  readonly rows: readonly BulkRow[];
  /** What the columns' values are called in a row, in the columns' order. */
  readonly keys: readonly (string | number)[];
}

export function isBulkValues(node: OperationNode | undefined): node is BulkValuesNode {
  return (node as Partial<BulkValuesNode> | undefined)?.isBulk === true;
}

export function bulkValues(rows: readonly BulkRow[], keys: readonly (string | number)[]): BulkValuesNode {
  return { ...ValuesNode.create([]), isBulk: true, rows, keys };
}

/** The map's columns of the table that is inserted into. */
export function columnsOf(node: InsertQueryNode, types: ColumnTypes): Record<string, string> | undefined {
  if (!node.into || !TableNode.is(node.into)) {
    const inner = (node.into as { node?: OperationNode } | undefined)?.node;
    return inner && TableNode.is(inner) ? columnsOf({ ...node, into: inner }, types) : undefined;
  }
  const { schema, identifier } = node.into.table;
  return (schema && own(types, `${schema.name}.${identifier.name}`)) ?? own(types, identifier.name);
}

/**
 * One INSERT for each set of columns that rows have: a column that a row leaves out takes its default.
 * @returns undefined when the rows hold expressions, or the type of a column is not known
 */
export function bulkInserts(node: InsertQueryNode, types: ColumnTypes): InsertQueryNode[] | undefined {
  const { columns, values } = node;
  const known = columnsOf(node, types);
  if (!known || !columns || !values || !ValuesNode.is(values) || node.with) return undefined;
  if (columns.some(({ column }) => own(known, column.name) === undefined)) return undefined;
  const groups = new Map<string, { kept: number[]; rows: BulkRow[] }>();
  for (const row of values.values) {
    const items = itemsOf(row);
    if (!items) return undefined;
    const kept = items.flatMap((item, index) => (item === DEFAULT ? [] : [index]));
    const key = kept.length === columns.length ? "" : kept.join();
    let group = groups.get(key);
    if (!group) {
      group = { kept, rows: [] };
      groups.set(key, group);
    }
    group.rows.push(items as unknown as BulkRow);
  }
  // A row of nothing but defaults has no columns to name.
  if ([...groups.values()].some(({ kept }) => kept.length === 0)) return undefined;
  return [...groups.values()].map(({ kept, rows }) => ({
    ...node,
    columns: kept.map((index) => columns[index]!),
    values: bulkValues(rows, kept),
  }));
}

/** The same of rows that were never made into nodes: `node` says what there is besides its values. */
export function bulkInsertOf(node: InsertQueryNode, columns: readonly string[], rows: readonly BulkRow[]) {
  return { ...node, columns: columns.map((column) => ColumnNode.create(column)), values: bulkValues(rows, columns) };
}

const DEFAULT = Symbol("default");
const EXPRESSION = Symbol("expression");

function itemsOf(row: OperationNode): readonly unknown[] | undefined {
  if (PrimitiveValueListNode.is(row)) return row.values;
  if (!ValueListNode.is(row)) return undefined;
  const items = row.values.map((item) => {
    if (DefaultInsertValueNode.is(item)) return DEFAULT;
    return ValueNode.is(item) ? item.value : EXPRESSION;
  });
  return items.includes(EXPRESSION) ? undefined : items;
}
