import { isOperationNodeSource } from "kysely";
import type { BulkRow } from "./bulk-insert.ts";

/** Rows that have values for the same columns. */
export interface RowGroup {
  columns: string[];
  rows: BulkRow[];
}

/** @returns undefined when a row has no value at all, or one that is an expression */
export function groupRows(rows: readonly object[]): RowGroup[] | undefined {
  const groups = new Map<string, RowGroup>();
  let last: RowGroup | undefined;
  for (const row of rows as BulkRow[]) {
    const names = Object.keys(row);
    let isWhole = true;
    for (const name of names) {
      const value = row[name];
      if (value === undefined) isWhole = false;
      else if (isExpression(value)) return undefined;
    }
    const columns = isWhole ? names : names.filter((name) => row[name] !== undefined);
    if (!last || !isSame(columns, last.columns)) {
      if (columns.length === 0) return undefined;
      const id = JSON.stringify([...columns].sort());
      last = groups.get(id) ?? { columns, rows: [] };
      groups.set(id, last);
    }
    last.rows.push(row);
  }
  return [...groups.values()];
}

function isSame(columns: readonly string[], others: readonly string[]): boolean {
  if (columns.length !== others.length) return false;
  for (let i = 0; i < columns.length; i++) if (columns[i] !== others[i]) return false;
  return true;
}

function isExpression(value: unknown): boolean {
  return typeof value === "function" || (typeof value === "object" && isOperationNodeSource(value));
}
