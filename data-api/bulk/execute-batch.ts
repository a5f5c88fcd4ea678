import type { Compilable, CompiledQuery, Kysely } from "kysely";
import type { DataApiCompiledQuery } from "../compile/query-compiler.ts";
import { DataApiConnection } from "../data-api-connection.ts";
import type { Field } from "../transport/data-api-transport.ts";
import { bytesOfSet, REQUEST_LIMIT_BYTES } from "./request-size.ts";

interface Batch {
  sql: string;
  sets: (readonly Field[])[];
}

/**
 * Runs writes of the same shape in few calls, all or none of them: neighbours with the same SQL go as one batch, as many as
 * a request holds, and all of it is one transaction.
 *
 * ```ts
 * await executeBatch(db, photos.map(({ id, bytes }) => db.updateTable("photos").set({ bytes }).where("photo_id", "=", id)));
 * ```
 *
 * @param queries nothing of what they give, not even a count, comes back: the Data API drops it
 * @throws TypeError for a query that reads or returns rows
 */
export async function executeBatch<DB>(db: Kysely<DB>, queries: readonly Compilable[]): Promise<void> {
  const compiled = queries.map((query) => query.compile());
  for (const { query, sql } of compiled) {
    if (query.kind === "SelectQueryNode" || ("returning" in query && query.returning)) {
      throw new TypeError(`A batch gives nothing back, so a query for rows has no place in it: ${sql}`);
    }
  }
  if (compiled.length === 0) return;
  // A batch alone is not promised to be all or nothing.
  if (db.isTransaction || compiled.length === 1) await runAll(db, compiled);
  else await db.transaction().execute((transaction) => runAll(transaction, compiled));
}

async function runAll<DB>(db: Kysely<DB>, queries: CompiledQuery[]): Promise<void> {
  await db.getExecutor().provideConnection(async (connection) => {
    if (!(connection instanceof DataApiConnection)) {
      for (const query of queries) await connection.executeQuery(query);
      return;
    }
    for (const { sql, sets } of batches(queries as DataApiCompiledQuery[])) await connection.executeBatch(sql, sets);
  });
}

function batches(queries: DataApiCompiledQuery[]): Batch[] {
  const found: Batch[] = [];
  let last: Batch | undefined;
  let room = 0;
  for (const { sql, fields } of queries) {
    const bytes = bytesOfSet(fields);
    if (last?.sql !== sql || bytes > room) {
      last = { sql, sets: [] };
      room = REQUEST_LIMIT_BYTES - Buffer.byteLength(sql);
      found.push(last);
    }
    last.sets.push(fields);
    room -= bytes;
  }
  return found;
}
