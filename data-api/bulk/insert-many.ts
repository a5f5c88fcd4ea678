import {
  createQueryId,
  type Insertable,
  type InsertQueryBuilder,
  InsertQueryNode,
  type InsertResult,
  type Kysely,
} from "kysely";
import { own } from "../compile/column-types.ts";
import { DataApiAdapter } from "../data-api-adapter.ts";
import { ParameterError } from "../errors.ts";
import { bulkInsertOf, bulkInserts, columnsOf } from "./bulk-insert.ts";
import { groupRows } from "./group-rows.ts";

export interface InsertManyResult<Row> {
  /** Rows that were inserted, or updated by `onConflict`. */
  numInsertedOrUpdatedRows: bigint;
  /** What `returning` asked for; empty without it. */
  rows: Row[];
}

/**
 * Inserts any number of rows in one call: as one JSON document, which PostgreSQL takes apart by the types of `columnTypes`.
 * Where rows leave out different columns (each takes its default), or all of them are more than a request holds, it is
 * several calls in one transaction. On any other dialect of kysely it is a plain insert.
 *
 * ```ts
 * await insertMany(db, "photos", photos);
 * const { rows } = await insertMany(db, "photos", photos, (insert) =>
 *   insert.onConflict((conflict) => conflict.column("photo_id").doNothing()).returning("photo_id"),
 * );
 * ```
 *
 * @param rows plain values, no expressions
 * @param refine adds what an insert may have besides: `onConflict`, `returning`
 * @throws ParameterError naming the column that the map does not have, or whose type does not take a value
 */
export async function insertMany<DB, Table extends keyof DB & string, Output = InsertResult>(
  db: Kysely<DB>,
  table: Table,
  rows: readonly Insertable<DB[Table]>[],
  refine?: (insert: InsertQueryBuilder<DB, Table, InsertResult>) => InsertQueryBuilder<DB, Table, Output>,
): Promise<InsertManyResult<Output>> {
  if (!Array.isArray(rows) || rows.some((row) => typeof row !== "object" || row === null)) {
    throw new ParameterError(`insertMany takes an array of rows for ${table}, each an object.`);
  }
  if (rows.length === 0) return { numInsertedOrUpdatedRows: 0n, rows: [] };
  const toNode = (values: Insertable<DB[Table]>[]): InsertQueryNode => {
    const insert = db.insertInto(table).values(values);
    const node = (refine ? refine(insert) : insert).toOperationNode();
    if (!InsertQueryNode.is(node)) throw new TypeError("insertMany: what refines the insert has to return it.");
    return node;
  };
  const executor = db.getExecutor();
  const { adapter, plugins } = executor;
  let inserts: InsertQueryNode[];
  if (!(adapter instanceof DataApiAdapter)) inserts = [toNode([...rows])];
  // A plugin may have something to say to every value.
  else if (plugins.length > 0) inserts = inBulk(toNode([...rows]), adapter, table);
  // Nodes for all the values would take as long as everything else.
  else inserts = fromRows(toNode([{} as Insertable<DB[Table]>]), rows, adapter, table);
  // All of them before the first is sent: a value that its column does not take is found in time.
  const compiled = inserts.map((part) => executor.compileQuery(part, createQueryId()));
  const run = async (on: Kysely<DB>): Promise<InsertManyResult<Output>> => {
    const result: InsertManyResult<Output> = { numInsertedOrUpdatedRows: 0n, rows: [] };
    for (const query of compiled) {
      const done = await on.getExecutor().executeQuery<Output>(query);
      result.numInsertedOrUpdatedRows += done.numAffectedRows ?? 0n;
      for (const row of done.rows) result.rows.push(row);
    }
    return result;
  };
  return inserts.length === 1 || db.isTransaction ? run(db) : db.transaction().execute(run);
}

function fromRows(
  node: InsertQueryNode,
  rows: readonly object[],
  { columnTypes }: DataApiAdapter,
  table: string,
): InsertQueryNode[] {
  const groups = groupRows(rows);
  if (!groups) throw notPlain(table);
  const known = columnsOf(node, columnTypes);
  for (const { columns } of groups) {
    const missing = columns.find((column) => own(known, column) === undefined);
    if (missing !== undefined) throw untold(table, missing);
  }
  return groups.map(({ columns, rows }) => bulkInsertOf(node, columns, rows));
}

function inBulk(node: InsertQueryNode, { columnTypes }: DataApiAdapter, table: string): InsertQueryNode[] {
  const known = columnsOf(node, columnTypes);
  const missing = node.columns?.find(({ column }) => own(known, column.name) === undefined);
  if (missing) throw untold(table, missing.column.name);
  const inserts = bulkInserts(node, columnTypes);
  if (!inserts) throw notPlain(table);
  return inserts;
}

function untold(table: string, column: string): ParameterError {
  return new ParameterError(
    `insertMany needs the type of ${table}.${column}: the dialect's \`columnTypes\` does not have it.`,
  );
}

function notPlain(table: string): ParameterError {
  return new ParameterError(
    `insertMany takes rows of one plain value or more for ${table}: give expressions and empty rows to insertInto.`,
  );
}
