/** What kysely takes for a connection: there is none, only the id of a transaction while one is open. */

import type { CompiledQuery, DatabaseConnection, QueryResult, TransactionSettings } from "kysely";
import { encodeParameter } from "./compile/encode-parameter.ts";
import type { DataApiCompiledQuery } from "./compile/query-compiler.ts";
import type { DataApiDialectConfig } from "./data-api-dialect-config.ts";
import { decodeRows } from "./decode-result.ts";
import { DataApiError, TransactionLostError } from "./errors.ts";
import { backoffMs, withRetries } from "./retry.ts";
import type { DataApiOperation, DataApiTransport, ExecuteOutput, Field } from "./transport/data-api-transport.ts";

interface Options {
  signal?: AbortSignal;
}

const CHANGES_ROWS = new Set(["InsertQueryNode", "UpdateQueryNode", "DeleteQueryNode", "MergeQueryNode"]);
const CHANGES_SCHEMA = /^(Create|Alter|Drop|Refresh)/;

export class DataApiConnection implements DatabaseConnection {
  readonly #config: DataApiDialectConfig;
  readonly #transport: DataApiTransport;
  #transactionId: string | undefined;
  #cursors = 0;

  constructor(config: DataApiDialectConfig, transport: DataApiTransport) {
    this.#config = config;
    this.#transport = transport;
  }

  async executeQuery<Row>(query: CompiledQuery, options: Options = {}): Promise<QueryResult<Row>> {
    const output = await this.#execute(query.sql, queryFields(query), kindOf(query), options).catch(withCallersStack);
    const rows = decodeRows(output, this.#config.parsers, castTypesOf(query)) as Row[];
    if (!CHANGES_ROWS.has(kindOf(query)) && output.records) return { rows };
    return { rows, numAffectedRows: BigInt(output.numberOfRecordsUpdated || rows.length) };
  }

  /** A cursor in a transaction: each chunk is a call of its own, so the whole may be larger than the Data API's 1 MiB. */
  async *streamQuery<Row>(
    query: CompiledQuery,
    chunkSize: number,
    options: Options = {},
  ): AsyncIterableIterator<QueryResult<Row>> {
    if (kindOf(query) !== "SelectQueryNode" && !/^\s*(select|with|values|table)\b/i.test(query.sql)) {
      throw new TypeError("Only a SELECT can be streamed: a cursor reads, it does not write.");
    }
    const owned = this.#transactionId === undefined;
    if (owned) await this.beginTransaction({ accessMode: "read only" });
    const cursor = `terrace_cursor_${++this.#cursors}`;
    try {
      await this.#execute(`declare ${cursor} no scroll cursor for ${query.sql}`, queryFields(query), "", options);
      while (true) {
        const output = await this.#execute(
          `fetch ${Math.max(1, Math.floor(chunkSize))} from ${cursor}`,
          [],
          "",
          options,
        );
        const rows = decodeRows(output, this.#config.parsers, castTypesOf(query)) as Row[];
        if (rows.length > 0) yield { rows };
        if (rows.length < chunkSize) break;
      }
      if (!owned) await this.#execute(`close ${cursor}`, [], "", {});
    } finally {
      if (owned) await this.rollbackTransaction();
    }
  }

  async beginTransaction({ isolationLevel, accessMode }: TransactionSettings): Promise<void> {
    // Beginning twice leaves at worst an empty transaction, which expires.
    const { transactionId } = await this.#call("BeginTransaction", this.#target(), true, {});
    this.#transactionId = transactionId;
    const modes = [isolationLevel && `isolation level ${isolationLevel}`, accessMode].filter(Boolean);
    if (modes.length === 0) return;
    try {
      await this.#execute(`set transaction ${modes.join(" ")}`, [], "", {});
    } catch (error) {
      await this.rollbackTransaction();
      throw error;
    }
  }

  async commitTransaction(): Promise<void> {
    const input = this.#transactionInput();
    this.#transactionId = undefined;
    await this.#call("CommitTransaction", input, false, {});
  }

  async rollbackTransaction(): Promise<void> {
    const input = this.#transactionInput();
    this.#transactionId = undefined;
    try {
      await this.#call("RollbackTransaction", input, true, {});
    } catch (error) {
      // What is lost is rolled back.
      if (!(error instanceof TransactionLostError)) throw error;
    }
  }

  async #execute(sql: string, fields: readonly Field[], kind: string, options: Options): Promise<ExecuteOutput> {
    const input = {
      ...this.#target(),
      sql,
      parameters: fields.length > 0 ? fields.map((value, index) => ({ name: String(index + 1), value })) : undefined,
      transactionId: this.#transactionId,
      includeResultMetadata: true,
      // As text a long keeps all its digits on the way; the metadata tells which text is a number.
      resultSetOptions: { longReturnType: "STRING" },
      continueAfterTimeout: CHANGES_SCHEMA.test(kind) || undefined,
    };
    // Within a transaction a repeated statement would find the first one's effects.
    const isRead = kind === "SelectQueryNode" && this.#transactionId === undefined;
    return this.#call("ExecuteStatement", input, isRead, options);
  }

  #call(operation: DataApiOperation, input: object, isRead: boolean, { signal }: Options): Promise<ExecuteOutput> {
    const { resumeTimeoutMs = 60_000, onResume = warnOfResume, retryDelayMs = backoffMs } = this.#config;
    return withRetries(() => this.#transport(operation, input, { signal }), {
      isRead,
      resumeTimeoutMs,
      onResume,
      delayMs: retryDelayMs,
      signal,
    });
  }

  #target(): object {
    const { resourceArn, secretArn, database } = this.#config;
    return { resourceArn, secretArn, database };
  }

  #transactionInput(): object {
    const { resourceArn, secretArn } = this.#config;
    return { resourceArn, secretArn, transactionId: this.#transactionId };
  }
}

/** An answer's error begins in node's HTTP parser; who made the query is what one wants to know. */
function withCallersStack(error: unknown): never {
  if (error instanceof DataApiError) Error.captureStackTrace(error, withCallersStack);
  throw error;
}

function warnOfResume(waitedMs: number): void {
  console.warn(`The database was paused: waited ${waitedMs} ms for it to resume.`);
}

function kindOf(query: CompiledQuery): string {
  // A CTE may write, whatever the query around it does; a locking read is repeated without harm.
  const { kind } = query.query;
  return kind === "SelectQueryNode" && query.query.with ? "WithQuery" : kind;
}

function castTypesOf(query: CompiledQuery): ReadonlyMap<string, string> | undefined {
  return (query as DataApiCompiledQuery).castTypes;
}

/** `CompiledQuery.raw` did not pass through the compiler: its `$1` and values are taken as they are. */
function queryFields(query: CompiledQuery): readonly Field[] {
  const { fields } = query as DataApiCompiledQuery;
  return fields ?? query.parameters.map((value) => encodeParameter(value).field);
}
