/** INSERTs of many rows as one JSON document: their SQL does not grow with the rows, and one value is cheaper than thousands. */

import {
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

/** Values that our compiler writes as `select … from jsonb_to_recordset(…)`; for any other they are plain values. */
export interface BulkValuesNode extends ValuesNode {
  readonly isBulk: true;
  readonly values: readonly PrimitiveValueListNode[];
}

export function isBulkValues(node: OperationNode | undefined): node is BulkValuesNode {
  return (node as Partial<BulkValuesNode> | undefined)?.isBulk === true;
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
  const groups = new Map<string, { kept: number[]; rows: PrimitiveValueListNode[] }>();
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
    const isWhole = group.kept.length === items.length;
    group.rows.push(PrimitiveValueListNode.create(isWhole ? items : group.kept.map((index) => items[index])));
  }
  // A row of nothing but defaults has no columns to name.
  if ([...groups.values()].some(({ kept }) => kept.length === 0)) return undefined;
  return [...groups.values()].map(({ kept, rows }) => ({
    ...node,
    columns: kept.map((index) => columns[index]!),
    values: { ...ValuesNode.create(rows), isBulk: true } as BulkValuesNode,
  }));
}

const DEFAULT = Symbol("default");

function itemsOf(row: OperationNode): unknown[] | undefined {
  if (PrimitiveValueListNode.is(row)) return [...row.values];
  if (!ValueListNode.is(row)) return undefined;
  const items = row.values.map((item) => {
    if (DefaultInsertValueNode.is(item)) return DEFAULT;
    return ValueNode.is(item) ? item.value : EXPRESSION;
  });
  return items.includes(EXPRESSION) ? undefined : items;
}

const EXPRESSION = Symbol("expression");
