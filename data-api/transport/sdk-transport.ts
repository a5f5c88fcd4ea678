/**
 * The AWS SDK's own client as transport, for whoever has one set up already. An entry point of its own, `terrace-data-api/sdk`,
 * so that a function's bundle holds the SDK only where it is asked for.
 */

import {
  BatchExecuteStatementCommand,
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  RollbackTransactionCommand,
} from "@aws-sdk/client-rds-data";
import { DataApiConnectionError, toDataApiError } from "../errors.ts";
import type { DataApiOperation, DataApiTransport, ExecuteOutput } from "./data-api-transport.ts";

/** The slice of `RDSDataClient` that is used. */
export interface SdkClient {
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's command types take part in its own overloads
  send(command: any, options?: { abortSignal?: AbortSignal }): Promise<any>;
}

const COMMANDS: Record<DataApiOperation, new (input: never) => object> = {
  ExecuteStatement: ExecuteStatementCommand,
  BatchExecuteStatement: BatchExecuteStatementCommand,
  BeginTransaction: BeginTransactionCommand,
  CommitTransaction: CommitTransactionCommand,
  RollbackTransaction: RollbackTransactionCommand,
};

/**
 * ```ts
 * new DataApiDialect({ resourceArn, secretArn, transport: sdkTransport(new RDSDataClient({ maxAttempts: 1 })) });
 * ```
 *
 * Give the client `maxAttempts: 1`: the SDK repeats a call after a 5xx answer, inserts included, while the dialect repeats
 * only what can not have taken effect.
 */
export function sdkTransport(client: SdkClient): DataApiTransport {
  return async (operation, input, { signal } = {}): Promise<ExecuteOutput> => {
    try {
      return await client.send(new COMMANDS[operation](input as never), { abortSignal: signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw fromSdk(error as Error & { $metadata?: { httpStatusCode?: number } });
    }
  };
}

function fromSdk(error: Error & { $metadata?: { httpStatusCode?: number } }): Error {
  const status = error.$metadata?.httpStatusCode;
  if (status) return toDataApiError(error.name, error.message, status, error);
  const code = (error as NodeJS.ErrnoException).code ?? error.name;
  return new DataApiConnectionError(code, `The Data API did not answer: ${error.message}`, 0, { cause: error });
}
