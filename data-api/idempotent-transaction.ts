import type { IsolationLevel, Kysely, Transaction } from "kysely";
import { DataApiError, DatabaseError } from "./errors.ts";
import { backoffMs, delay, mayHaveRun } from "./retry.ts";

export interface IdempotentTransactionOptions {
  /** @default the database's own, `read committed` */
  isolationLevel?: IsolationLevel;
  /** How often it is begun at most. @default 5 */
  attempts?: number;
  /** Pause before the attempt after this one, counted from 1. @default 100 ms doubling up to 2 s, with jitter */
  delayMs?: (attempt: number) => number;
}

const SERIALIZATION_FAILURE = "40001";
const DEADLOCK_DETECTED = "40P01";

/**
 * A transaction that begins again from its start when it lost against another, was lost itself, or when nobody knows whether
 * it was committed. Calling it says that to be carried out twice does no harm: `task` inserts what has a key of its own, or
 * sets what is the same each time.
 *
 * ```ts
 * await idempotentTransaction(db, async (transaction) => {
 *   await transaction.insertInto("orders").values(order).onConflict((c) => c.column("order_id").doNothing()).execute();
 * });
 * ```
 */
export async function idempotentTransaction<DB, T>(
  db: Kysely<DB>,
  task: (transaction: Transaction<DB>) => Promise<T>,
  { isolationLevel, attempts = 5, delayMs = backoffMs }: IdempotentTransactionOptions = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      const builder = db.transaction();
      return await (isolationLevel ? builder.setIsolationLevel(isolationLevel) : builder).execute(task);
    } catch (error) {
      if (attempt >= attempts || !isPassing(error)) throw error;
      await delay(delayMs(attempt));
    }
  }
}

/** What another attempt may not meet again. */
function isPassing(error: unknown): boolean {
  if (error instanceof DatabaseError && [SERIALIZATION_FAILURE, DEADLOCK_DETECTED].includes(error.sqlState))
    return true;
  if (!(error instanceof DataApiError)) return false;
  const isLost = error.name === "TransactionLostError" || error.name === "TransactionOutcomeUnknownError";
  // Not having reached the server passes too, and does less harm than not knowing.
  return (
    isLost || error.name === "DataApiConnectionError" || (error.name !== "UnsupportedResultError" && mayHaveRun(error))
  );
}
