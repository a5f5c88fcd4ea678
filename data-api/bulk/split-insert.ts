/** An INSERT that is too large for one request, as several that are not. */

import { type CompiledQuery, InsertQueryNode, ValuesNode } from "kysely";
import type { ColumnTypes } from "../compile/column-types.ts";
import { bulkInserts, isBulkValues } from "./bulk-insert.ts";

/**
 * Of any INSERT of values: in bulk where the types are known, then by halves. What is still too large comes back here.
 * @returns undefined when there is nothing to split
 */
export function splitInsert({ query }: CompiledQuery, types: ColumnTypes): InsertQueryNode[] | undefined {
  if (!InsertQueryNode.is(query) || query.with || query.explain) return undefined;
  const { values } = query;
  if (!values || !ValuesNode.is(values)) return undefined;
  const isBulk = isBulkValues(values);
  const bulk = isBulk ? undefined : bulkInserts(query, types);
  if (bulk) return bulk;
  const rows: readonly unknown[] = isBulk ? values.rows : values.values;
  if (rows.length < 2) return undefined;
  const middle = Math.ceil(rows.length / 2);
  return [rows.slice(0, middle), rows.slice(middle)].map((part) => ({
    ...query,
    values: { ...values, [isBulk ? "rows" : "values"]: part } as ValuesNode,
  }));
}
