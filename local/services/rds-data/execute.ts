/** Runs a statement on a connection and words its result: the part of the Data API behind the wire and the identity. */

import { AwsError, type Clock } from "../../service.ts";
import type { Connection, Connections } from "./connections.ts";
import { badRequest, endsSession, unsupportedResult } from "./errors.ts";
import { numberParameters } from "./named-parameters.ts";
import { bindParameters, type Field, type SqlParameter } from "./parameter-values.ts";
import { columnMetadata } from "./results/column-metadata.ts";
import { FORMATTED_LIMIT, formatRecords } from "./results/json-records.ts";
import { fieldConverter, type ResultSetOptions } from "./results/result-values.ts";
import { KEPT_BYTES, runStatement, type StatementResult } from "./statement.ts";

export interface ExecuteInput {
  resourceArn: string;
  secretArn: string;
  sql: string;
  database?: string;
  schema?: string;
  parameters?: SqlParameter[];
  transactionId?: string;
  includeResultMetadata?: boolean;
  continueAfterTimeout?: boolean;
  resultSetOptions?: ResultSetOptions;
  formatRecordsAs?: "NONE" | "JSON";
}

const RESULT_LIMIT_BYTES = 1024 * 1024;
const STATEMENT_TIMEOUT_MS = 45_000;

/** Statements that may leave something in the session: on AWS the next one may find itself in another. */
const TOUCHES_SESSION =
  /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(?:set|reset|prepare|listen|declare|load|discard|do|call)\b|\bset_config\b|\btemp(?:orary)?\b|\bpg_(?:try_)?advisory_lock/i;

/** Commands after which every table is as it was. */
const LEAVES_SCHEMA = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "SET", "FETCH", "SAVEPOINT"]);

export async function execute(input: ExecuteInput, connection: Connection): Promise<object> {
  const { text, names } = numberParameters(input.sql);
  const result = await runStatement(connection.client, text, [bindParameters(names, input.parameters)]);
  if (!LEAVES_SCHEMA.has(result.command)) connection.catalogue.forget();
  return present(input, connection, result);
}

/** The sets run as one; what they return is dropped, as AWS drops it. */
export async function executeBatch(
  input: { sql: string; parameterSets?: SqlParameter[][] },
  connection: Connection,
): Promise<object> {
  const { text, names } = numberParameters(input.sql);
  const given = input.parameterSets?.length ? input.parameterSets : [[]];
  await runStatement(
    connection.client,
    text,
    given.map((set) => bindParameters(names, set)),
  );
  return { updateResults: given.map(() => ({ generatedFields: [] })) };
}

async function present(input: ExecuteInput, connection: Connection, result: StatementResult): Promise<object> {
  const asJson = input.formatRecordsAs === "JSON";
  if (!result.columns) {
    if (asJson) throw badRequest("formatRecordsAs JSON is for SELECT statements only.");
    return { generatedFields: [], numberOfRecordsUpdated: result.counts[0] ?? 0 };
  }
  const { columns } = result;
  const types = await connection.catalogue.types(connection.client, columns);
  const converters = types.map((type) => fieldConverter(type, input.resultSetOptions));
  if (!asJson && result.bytes > RESULT_LIMIT_BYTES) {
    throw unsupportedResult("The result exceeds the size limit 1 MB.");
  }
  if (result.bytes > KEPT_BYTES) throw unsupportedResult(FORMATTED_LIMIT);
  const records: Field[][] = result.rows.map((row) =>
    row.map((text, index) => (text === null ? { isNull: true } : converters[index]!(text))),
  );
  if (asJson) {
    if (result.command !== "SELECT") throw badRequest("formatRecordsAs JSON is for SELECT statements only.");
    const labels = columns.map(({ name }) => name);
    return { formattedRecords: formatRecords(labels, records), numberOfRecordsUpdated: 0 };
  }
  const output =
    result.command === "SELECT"
      ? { records, numberOfRecordsUpdated: 0 }
      : { records, generatedFields: [], numberOfRecordsUpdated: result.counts[0] ?? 0 };
  if (!input.includeResultMetadata) return output;
  const origins = await connection.catalogue.origins(connection.client, columns);
  return { ...output, columnMetadata: columns.map((column, i) => columnMetadata(column, types[i]!, origins[i])) };
}

/**
 * Gives a statement outside a transaction a connection, and takes it back as it was.
 */
export async function onFreshSession<T>(
  connections: Connections,
  connection: Connection,
  sql: string,
  task: () => Promise<T>,
): Promise<T> {
  let keep = false;
  try {
    const result = await task();
    // A BEGIN without a transaction id leads nowhere: closing the session undoes it.
    keep = connection.client.getTransactionStatus() !== "T";
    return result;
  } catch (error) {
    keep = !endsSession(error);
    throw error;
  } finally {
    if (keep && TOUCHES_SESSION.test(sql)) {
      await runStatement(connection.client, "discard all", [[]]).catch(() => {
        keep = false;
      });
    }
    connections.release(connection, keep);
  }
}

/**
 * The call's 45 seconds. The statement is cancelled then, unless the caller wants it to go on; either way the call ends.
 */
export function withTimeout<T>(
  clock: Clock,
  connections: Connections,
  connection: Connection,
  continueAfterTimeout: boolean,
  running: Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let ended = false;
    const timer = clock.after(STATEMENT_TIMEOUT_MS, () => {
      const { pid, login } = connection;
      if (!continueAfterTimeout) {
        void connections
          .asSuperuser(login.database, async (client) => {
            // By now it may have ended, and the connection may run somebody else's statement.
            if (!ended) await client.query("select pg_cancel_backend($1)", [pid]);
          })
          .catch(() => {});
      }
      reject(new AwsError("StatementTimeoutException", "Request timed out", 400, { dbConnectionId: pid }));
    });
    running.then(resolve, reject).finally(() => {
      ended = true;
      timer.cancel();
    });
  });
}
