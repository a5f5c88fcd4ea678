/** The AWS SDK's own client as transport, for whoever has one set up already. */

import { DataApiConnectionError, toDataApiError } from "../errors.ts";
import type { DataApiOperation, DataApiTransport, ExecuteOutput } from "./data-api-transport.ts";

/** The slice of `RDSDataClient` that is used. */
export interface SdkClient {
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's command types take part in its own overloads
  send(command: any, options?: { abortSignal?: AbortSignal }): Promise<any>;
}

/**
 * Give the client `maxAttempts: 1`: the SDK repeats a call after a 5xx answer, inserts included, while the dialect repeats
 * only what can not have taken effect.
 */
export function sdkTransport(client: SdkClient): DataApiTransport {
  let module: Promise<Record<string, new (input: object) => object>> | undefined;
  return async (operation, input, { signal } = {}): Promise<ExecuteOutput> => {
    module ??= import("@aws-sdk/client-rds-data") as never;
    const command = new (await module)[`${operation satisfies DataApiOperation}Command`]!(input);
    try {
      return await client.send(command, { abortSignal: signal });
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
