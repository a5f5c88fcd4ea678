/** Reads a query by a cursor of an open transaction, in chunks that an answer can hold. */

import { DatabaseError, UnsupportedResultError } from "./errors.ts";
import type { ExecuteOutput, Field } from "./transport/data-api-transport.ts";

type Run = (sql: string, fields: readonly Field[]) => Promise<ExecuteOutput>;

interface CursorQuery {
  sql: string;
  fields: readonly Field[];
  /** Rows a chunk at most; fewer where they are wide. */
  chunkSize: number;
  /** The transaction ends with it: nothing is left to close. */
  isLast: boolean;
}

const FIRST_ROWS = 200;
/** Of the 1 MiB; what is estimated may be some more on PostgreSQL's wire. */
const WANTED_BYTES = 500_000;
/** A locking read can not go back, so neither can it be read again in smaller chunks. */
const LOCKS = /\bfor\s+(?:no\s+key\s+)?(?:update|share|key\s+share)\b/i;

let cursors = 0;

/** @throws UnsupportedResultError when a single row is larger than the Data API's 1 MiB */
export async function* readCursor(
  run: Run,
  { sql, fields, chunkSize, isLast }: CursorQuery,
): AsyncGenerator<ExecuteOutput> {
  const name = `terrace_cursor_${++cursors}`;
  const canGoBack = !LOCKS.test(sql);
  if (!(chunkSize >= 1)) throw new RangeError(`A stream's chunks have one row or more, not ${chunkSize}.`);
  const most = Math.floor(chunkSize);
  let rows = Math.min(most, Number.isFinite(most) ? most : FIRST_ROWS);
  let position = 0;
  await declare(run, `declare ${name} ${canGoBack ? "scroll" : "no scroll"} cursor for `, sql, fields);
  try {
    while (true) {
      let output: ExecuteOutput;
      try {
        output = await run(`fetch ${rows} from ${name}`, []);
      } catch (error) {
        if (!canGoBack || rows === 1 || !isTooLarge(error)) throw error;
        rows = Math.ceil(rows / 4);
        // Wherever the refused one has left the cursor.
        await run(`move absolute ${position} in ${name}`, []);
        continue;
      }
      const count = output.records?.length ?? 0;
      position += count;
      if (count > 0) yield output;
      if (count < rows) break;
      if (!Number.isFinite(most)) rows = nextRows(output.records!);
    }
  } finally {
    // A transaction that failed takes its cursors with it.
    if (!isLast) await run(`close ${name}`, []).catch(() => undefined);
  }
}

/** A position in the statement counts from its own first character, not the cursor's. */
async function declare(run: Run, before: string, sql: string, fields: readonly Field[]): Promise<void> {
  try {
    await run(before + sql, fields);
  } catch (error) {
    if (error instanceof DatabaseError && error.position) error.position -= before.length;
    throw error;
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof UnsupportedResultError && /size limit/.test(error.message);
}

/** As many as should fit, by what the last ones took. */
function nextRows(records: Field[][]): number {
  let bytes = 0;
  for (const record of records) {
    for (const { stringValue, blobValue, arrayValue } of record) {
      bytes += 12 + (stringValue?.length ?? blobValue?.length ?? 0);
      if (arrayValue) bytes += JSON.stringify(arrayValue).length;
    }
  }
  return Math.max(1, Math.min(50_000, Math.floor((WANTED_BYTES * records.length) / bytes)));
}
