/**
 * The calls themselves, within a transaction or without one. A transaction in which a call went unanswered is over: nobody
 * knows which of its statements ran, so it is rolled back, says so, and takes nothing more.
 */

import { AbortedTransactionError, type TransactionSettings } from "kysely";
import { bytesOfSet, REQUEST_LIMIT_BYTES, requestTooLarge } from "./bulk/request-size.ts";
import type { DataApiDialectConfig } from "./data-api-dialect-config.ts";
import {
  DataApiError,
  DatabaseError,
  StatementTimeoutError,
  TransactionLostError,
  TransactionOutcomeUnknownError,
} from "./errors.ts";
import { backoffMs, delay, mayHaveRun, withRetries } from "./retry.ts";
import type { DataApiOperation, DataApiTransport, ExecuteOutput, Field } from "./transport/data-api-transport.ts";

export interface Statement {
  sql: string;
  fields: readonly Field[];
  /** It may run twice. @default false */
  isRead?: boolean;
  continueAfterTimeout?: boolean;
  signal?: AbortSignal;
}

export interface Batch {
  sql: string;
  sets: readonly (readonly Field[])[];
  signal?: AbortSignal;
}

interface CallOptions {
  isRead: boolean;
  signal?: AbortSignal;
}

/** A long keeps all its digits on the way; the metadata tells which text is a number. */
const LONGS_AS_TEXT = { longReturnType: "STRING" };
const ENDING_ATTEMPTS = 4;
const LONGEST_STATEMENT_MS = 50_000;
const TRANSACTION_ABORTED = "25P02";

export class Session {
  readonly #config: DataApiDialectConfig;
  readonly #transport: DataApiTransport;
  readonly #target: object;
  #transactionId: string | undefined;
  #lost: TransactionLostError | undefined;

  constructor(config: DataApiDialectConfig, transport: DataApiTransport) {
    this.#config = config;
    this.#transport = transport;
    const { resourceArn, secretArn, database } = config;
    this.#target = { resourceArn, secretArn, database };
  }

  /** Whether a transaction was begun and not yet ended. */
  get isOpen(): boolean {
    return this.#transactionId !== undefined || this.#lost !== undefined;
  }

  execute({ sql, fields, isRead = false, continueAfterTimeout, signal }: Statement): Promise<ExecuteOutput> {
    const input = {
      ...this.#target,
      transactionId: this.#transactionId,
      sql,
      parameters: fields.length > 0 ? named(fields) : undefined,
      includeResultMetadata: true,
      resultSetOptions: LONGS_AS_TEXT,
      continueAfterTimeout,
    };
    return this.#run("ExecuteStatement", input, { isRead, signal });
  }

  /** @throws RequestTooLargeError */
  async executeBatch({ sql, sets, signal }: Batch): Promise<void> {
    const bytes = sets.reduce((sum, fields) => sum + bytesOfSet(fields), Buffer.byteLength(sql));
    if (bytes > REQUEST_LIMIT_BYTES) throw requestTooLarge(sql, sets.flat());
    const input = { ...this.#target, transactionId: this.#transactionId, sql, parameterSets: sets.map(named) };
    await this.#run("BatchExecuteStatement", input, { isRead: false, signal });
  }

  async begin({ isolationLevel, accessMode }: TransactionSettings): Promise<void> {
    this.#lost = undefined;
    // Beginning twice leaves at worst an empty transaction, which expires.
    const { transactionId } = await this.#call("BeginTransaction", this.#target, { isRead: true });
    this.#transactionId = transactionId;
    const modes = [isolationLevel && `isolation level ${isolationLevel}`, accessMode].filter(Boolean);
    const { statementTimeoutMs } = this.#config;
    try {
      if (modes.length > 0) await this.execute({ sql: `set transaction ${modes.join(" ")}`, fields: [] });
      if (statementTimeoutMs) {
        await this.execute({ sql: `set local statement_timeout = ${Math.ceil(statementTimeoutMs)}`, fields: [] });
      }
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  /**
   * A commit that goes unanswered is asked for again: it can not take effect twice.
   * @throws AbortedTransactionError when a statement of it was refused, and PostgreSQL rolled back instead
   * @throws TransactionLostError when it is rolled back
   * @throws TransactionOutcomeUnknownError when that can not be told
   */
  async commit(): Promise<void> {
    const lost = this.#lost;
    const input = this.#end();
    if (lost) throw lost;
    let unanswered: unknown;
    for (let attempt = 1; attempt <= ENDING_ATTEMPTS; attempt++) {
      try {
        const { transactionStatus } = await this.#call("CommitTransaction", input, { isRead: false });
        if (/roll/i.test(transactionStatus ?? "")) throw new AbortedTransactionError();
        return;
      } catch (error) {
        if (error instanceof DatabaseError && error.sqlState === TRANSACTION_ABORTED) {
          throw new AbortedTransactionError({ cause: error });
        }
        // It may be gone because the first one did it.
        if (unanswered && error instanceof TransactionLostError) break;
        if (error instanceof AbortedTransactionError || !mayHaveRun(error)) throw error;
        unanswered = error;
        if (attempt < ENDING_ATTEMPTS) await this.#pause(attempt);
      }
    }
    // What can still be rolled back was not committed, and holds no locks from then on.
    if (await this.#rollBack(input)) throw rolledBack(unanswered);
    throw outcomeUnknown(unanswered);
  }

  /** What can not be rolled back by a call rolls back by itself: AWS ends a transaction that is idle for three minutes. */
  async rollback(): Promise<void> {
    if (this.#transactionId === undefined) {
      this.#lost = undefined;
      return;
    }
    await this.#rollBack(this.#end());
  }

  /**
   * @param isBehind nobody waits for it: it goes on for as long as a statement may keep the transaction busy
   * @returns whether the call did it
   */
  async #rollBack(input: object, isBehind = false): Promise<boolean> {
    const deadline = performance.now() + LONGEST_STATEMENT_MS;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#call("RollbackTransaction", input, { isRead: true });
        return true;
      } catch (error) {
        const isBusy = error instanceof DataApiError && error.code === "BadRequestException";
        const isLast = isBehind ? performance.now() > deadline : attempt === ENDING_ATTEMPTS;
        if (!(isBusy || mayHaveRun(error)) || isLast) return false;
        await this.#pause(attempt, isBehind);
      }
    }
  }

  /** The transaction's identity, for its last call. */
  #end(): object {
    const { resourceArn, secretArn } = this.#config;
    const input = { resourceArn, secretArn, transactionId: this.#transactionId };
    this.#transactionId = undefined;
    this.#lost = undefined;
    return input;
  }

  async #run(operation: DataApiOperation, input: object, { isRead, signal }: CallOptions): Promise<ExecuteOutput> {
    if (this.#lost) throw this.#lost;
    const transactionId = this.#transactionId;
    // Within a transaction a repeated statement would find the first one's effects.
    const options = { isRead: isRead && transactionId === undefined, signal };
    try {
      const isTimed = transactionId === undefined && this.#config.statementTimeoutMs !== undefined;
      return await (isTimed ? this.#callWithin(operation, input, options) : this.#call(operation, input, options));
    } catch (error) {
      if (transactionId === undefined || !(mayHaveRun(error) || error instanceof TransactionLostError)) throw error;
      // The result was refused, not the statement: the transaction goes on.
      if (error instanceof DataApiError && error.code === "UnsupportedResultException") throw error;
      throw await this.#lose(error, signal);
    }
  }

  /** Ends the transaction after a call whose effect is not known. */
  async #lose(error: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    const isTold = error instanceof TransactionLostError;
    const lost = isTold ? error : rolledBack(error);
    const input = this.#end();
    this.#lost = lost;
    // Who aborts does not wait; and what aborted is still running.
    if (signal?.aborted) void this.#rollBack(input, true);
    else if (!isTold) await this.#rollBack(input);
    return signal?.aborted ? error : lost;
  }

  /** Outside a transaction no session keeps a timeout: the call itself is given up. */
  async #callWithin(operation: DataApiOperation, input: object, options: CallOptions): Promise<ExecuteOutput> {
    const statementTimeoutMs = this.#config.statementTimeoutMs!;
    const timeout = AbortSignal.timeout(statementTimeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    try {
      return await this.#call(operation, input, { ...options, signal });
    } catch (error) {
      if (!timeout.aborted || options.signal?.aborted) throw error;
      const message = `The statement did not end within ${statementTimeoutMs} ms.`;
      throw new StatementTimeoutError("StatementTimeout", message, 0, { cause: error });
    }
  }

  #call(operation: DataApiOperation, input: object, { isRead, signal }: CallOptions): Promise<ExecuteOutput> {
    const { resumeTimeoutMs = 60_000, onResume = warnOfResume, retryDelayMs = backoffMs } = this.#config;
    return withRetries(() => this.#transport(operation, input, { signal }), {
      isRead,
      resumeTimeoutMs,
      onResume,
      delayMs: retryDelayMs,
      signal,
    });
  }

  #pause(attempt: number, isBehind = false): Promise<void> {
    return delay((this.#config.retryDelayMs ?? backoffMs)(attempt), { isBehind });
  }
}

function named(fields: readonly Field[]): { name: string; value: Field }[] {
  return fields.map((value, index) => ({ name: String(index + 1), value }));
}

function rolledBack(error: unknown): TransactionLostError {
  const { code, text, statusCode } = partsOf(error);
  return new TransactionLostError(code, `${text}: the transaction is rolled back.`, statusCode, { cause: error });
}

function outcomeUnknown(error: unknown): TransactionOutcomeUnknownError {
  const { code, text, statusCode } = partsOf(error);
  const message = `${text}: whether the transaction was committed is not known.`;
  return new TransactionOutcomeUnknownError(code, message, statusCode, { cause: error });
}

function partsOf(error: unknown): { code: string; text: string; statusCode: number } {
  const { code, statusCode } = error instanceof DataApiError ? error : { code: "Aborted", statusCode: 0 };
  const text = error instanceof Error ? error.message : String(error);
  return { code, text: text.replace(/\.$/, ""), statusCode };
}

function warnOfResume(waitedMs: number): void {
  console.warn(`The database was paused: waited ${waitedMs} ms for it to resume.`);
}
