/** Short ways to make calls and look at their answers. */

import {
  BatchExecuteStatementCommand,
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  type Field,
  RollbackTransactionCommand,
  type SqlParameter,
} from "@aws-sdk/client-rds-data";
import { TARGET, type TestServer } from "./data-api-server.ts";

export interface Failure extends Error {
  $metadata: { httpStatusCode?: number };
}

export function callsOn(server: () => TestServer) {
  const execute = (sql: string, parameters?: SqlParameter[], more: Partial<ExecuteStatementCommandInput> = {}) =>
    server().client.send(new ExecuteStatementCommand({ ...TARGET, sql, parameters, ...more }));
  return {
    execute,
    /** The first record. */
    async record(sql: string, parameters?: SqlParameter[], more?: Partial<ExecuteStatementCommandInput>) {
      return (await execute(sql, parameters, more)).records?.[0] as Field[];
    },
    /** The error that a statement ends in. */
    async failure(sql: string, parameters?: SqlParameter[], more?: Partial<ExecuteStatementCommandInput>) {
      return failureOf(execute(sql, parameters, more));
    },
    /** A body as it is, past the client's own checks. */
    async raw(path: string, body: object | string) {
      const text = typeof body === "string" ? body : JSON.stringify({ ...TARGET, ...body });
      const answer = await fetch(`${server().endpoint}${path}`, { method: "POST", body: text });
      const { status, headers } = answer;
      return { status, type: headers.get("x-amzn-errortype"), text: await answer.text() };
    },
    batch: (sql: string, parameterSets?: SqlParameter[][], transactionId?: string) =>
      server().client.send(new BatchExecuteStatementCommand({ ...TARGET, sql, parameterSets, transactionId })),
    begin: async () => (await server().client.send(new BeginTransactionCommand(TARGET))).transactionId!,
    commit: (transactionId: string) => server().client.send(new CommitTransactionCommand({ ...TARGET, transactionId })),
    rollback: (transactionId: string) =>
      server().client.send(new RollbackTransactionCommand({ ...TARGET, transactionId })),
  };
}

export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    () => undefined,
    (thrown) => thrown as Failure,
  );
  if (!error) throw new Error("the call succeeded");
  return error;
}

/** What a program can tell an error by. */
export const summary = ({ name, message, $metadata }: Failure) => [name, $metadata.httpStatusCode, message];

export const text = (name: string, stringValue: string, typeHint?: SqlParameter["typeHint"]): SqlParameter => ({
  name,
  value: { stringValue },
  typeHint,
});
export const long = (name: string, longValue: number): SqlParameter => ({ name, value: { longValue } });
export const nothing = (name: string): SqlParameter => ({ name, value: { isNull: true } });
