/** What kysely takes for a connection: there is none, only the id of a transaction while one is open. */

import type { CompiledQuery, DatabaseConnection, QueryResult, TransactionSettings } from "kysely";
import { isTooLarge, requestTooLarge } from "./bulk/request-size.ts";
import { splitInsert } from "./bulk/split-insert.ts";
import { encodeParameter } from "./compile/encode-parameter.ts";
import { compileNode, type DataApiCompiledQuery } from "./compile/query-compiler.ts";
import { readCursor } from "./cursor.ts";
import type { DataApiDialectConfig } from "./data-api-dialect-config.ts";
import type { ResultDecoder } from "./decode-result.ts";
import { DataApiError, UnsupportedResultError } from "./errors.ts";
import { mayHaveRun } from "./retry.ts";
import { Session } from "./session.ts";
import type { DataApiTransport, ExecuteOutput, Field } from "./transport/data-api-transport.ts";
import { nameUnsupportedColumn } from "./unsupported-column.ts";

interface Options {
  signal?: AbortSignal;
}

const CHANGES_ROWS = new Set(["InsertQueryNode", "UpdateQueryNode", "DeleteQueryNode", "MergeQueryNode"]);
const CHANGES_SCHEMA = /^(Create|Alter|Drop|Refresh)/;
const READS = /^\s*(select|with|values|table)\b/i;

export class DataApiConnection implements DatabaseConnection {
  readonly #config: DataApiDialectConfig;
  readonly #session: Session;
  readonly #decoder: ResultDecoder;

  constructor(config: DataApiDialectConfig, transport: DataApiTransport, decoder: ResultDecoder) {
    this.#config = config;
    this.#decoder = decoder;
    this.#session = new Session(config, transport);
  }

  async executeQuery<Row>(query: CompiledQuery, options: Options = {}): Promise<QueryResult<Row>> {
    const fields = fieldsOf(query);
    if (isTooLarge(query.sql, fields)) return this.#executeInPieces(query, fields, options);
    const isRead = isRepeatable(query);
    try {
      const output = await this.#session.execute({
        sql: query.sql,
        fields,
        isRead,
        continueAfterTimeout: CHANGES_SCHEMA.test(query.query.kind) || undefined,
        signal: options.signal,
      });
      const rows = this.#decode<Row>(output, query);
      if (!CHANGES_ROWS.has(query.query.kind) && output.records) return { rows };
      return { rows, numAffectedRows: BigInt(output.numberOfRecordsUpdated || rows.length) };
    } catch (error) {
      // Kysely has thrown the signal's reason by then; what comes after it is only printed.
      if (options.signal?.aborted) return { rows: [] };
      if (!isRead && error instanceof DataApiError && !this.#session.isOpen) error.isEffectUnknown = mayHaveRun(error);
      if (isRead && isTooLargeResult(error)) return this.#executeByCursor(query, options);
      throw withCallersStack(nameUnsupportedColumn(error, query, this.#config.columnTypes));
    }
  }

  /** A cursor in a transaction: each chunk is a call of its own, so the whole may be larger than the Data API's 1 MiB. */
  async *streamQuery<Row>(
    query: CompiledQuery,
    chunkSize: number,
    options: Options = {},
  ): AsyncIterableIterator<QueryResult<Row>> {
    if (!READS.test(query.sql) || CHANGES_ROWS.has(query.query.kind)) {
      // A cursor can not write: what a write returns comes at once.
      yield await this.executeQuery<Row>(query, options);
      return;
    }
    const isOwn = !this.#session.isOpen;
    if (isOwn) await this.#session.begin({ accessMode: "read only" });
    try {
      const run = (sql: string, fields: readonly Field[]) => this.#session.execute({ sql, fields, ...options });
      const chunks = readCursor(run, { sql: query.sql, fields: fieldsOf(query), chunkSize, isLast: isOwn });
      for await (const output of chunks) yield { rows: this.#decode<Row>(output, query) };
    } catch (error) {
      if (options.signal?.aborted) return;
      throw withCallersStack(nameUnsupportedColumn(error, query, this.#config.columnTypes));
    } finally {
      if (isOwn) await this.#session.rollback();
    }
  }

  /** One statement over many sets of values; what it returns is lost. */
  async executeBatch(sql: string, sets: readonly (readonly Field[])[], options: Options = {}): Promise<void> {
    await this.#session.executeBatch({ sql, sets, ...options }).catch((error) => {
      throw withCallersStack(error);
    });
  }

  beginTransaction(settings: TransactionSettings): Promise<void> {
    return this.#session.begin(settings);
  }

  commitTransaction(): Promise<void> {
    return this.#session.commit();
  }

  rollbackTransaction(): Promise<void> {
    return this.#session.rollback();
  }

  /** Whether a transaction is open on it. */
  get isInTransaction(): boolean {
    return this.#session.isOpen;
  }

  /** The rows of a SELECT are more than one answer holds: read again, in chunks. */
  async #executeByCursor<Row>(query: CompiledQuery, options: Options): Promise<QueryResult<Row>> {
    const rows: Row[] = [];
    for await (const chunk of this.streamQuery<Row>(query, Number.POSITIVE_INFINITY, options)) {
      for (const row of chunk.rows) rows.push(row);
    }
    return { rows };
  }

  /** The rows of an INSERT are more than one request holds: all of them in one transaction. */
  async #executeInPieces<Row>(
    query: CompiledQuery,
    fields: readonly Field[],
    options: Options,
  ): Promise<QueryResult<Row>> {
    const pieces = splitInsert(query, this.#config.columnTypes ?? {});
    if (!pieces) throw withCallersStack(requestTooLarge(query.sql, fields));
    if (pieces.length > 1 && !this.#session.isOpen) {
      await this.#session.begin({});
      try {
        const result = await this.#executeInPieces<Row>(query, fields, options);
        await this.#session.commit();
        return result;
      } catch (error) {
        await this.#session.rollback();
        throw error;
      }
    }
    const rows: Row[] = [];
    let changed = 0n;
    for (const piece of pieces) {
      const result = await this.executeQuery<Row>(compileNode(piece, query.queryId, this.#config.columnTypes), options);
      for (const row of result.rows) rows.push(row);
      changed += result.numAffectedRows ?? 0n;
    }
    return { rows, numAffectedRows: changed };
  }

  #decode<Row>(output: ExecuteOutput, query: CompiledQuery): Row[] {
    return this.#decoder.decode(output, (query as DataApiCompiledQuery).castTypes) as Row[];
  }
}

/** An answer's error begins in node's HTTP parser; who made the query is what one wants to know. */
function withCallersStack(error: unknown): unknown {
  if (error instanceof DataApiError) Error.captureStackTrace(error, withCallersStack);
  return error;
}

function isTooLargeResult(error: unknown): boolean {
  return error instanceof UnsupportedResultError && /size limit/.test(error.message);
}

/** `CompiledQuery.raw` did not pass through the compiler: its `$1` and values are taken as they are, and it may write. */
function isRepeatable(query: CompiledQuery): boolean {
  return (query as DataApiCompiledQuery).isRepeatable === true;
}

function fieldsOf(query: CompiledQuery): readonly Field[] {
  const { fields } = query as DataApiCompiledQuery;
  return fields ?? query.parameters.map((value) => encodeParameter(value).field);
}
