/** One local Data API per test file, and instances of the dialect on it. */

import { Kysely } from "kysely";
import {
  type ColumnTypes,
  DataApiDialect,
  type DataApiDialectConfig,
  type DataApiOperation,
  type DataApiTransport,
  httpTransport,
} from "../../data-api/index.ts";
import { startDataApi, TARGET, type TestServer } from "../local/rds-data/data-api-server.ts";

export const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "example" };

export interface Backend {
  server: TestServer;
  /** What was called since it was last emptied. */
  calls: DataApiOperation[];
  /** To the server, past `calls`. */
  transport: DataApiTransport;
  // biome-ignore lint/suspicious/noExplicitAny: each test makes its own tables
  connect(columnTypes?: ColumnTypes, more?: Partial<DataApiDialectConfig>): Kysely<any>;
  stop(): Promise<void>;
}

export async function startBackend(): Promise<Backend> {
  const server = await startDataApi();
  await server.provision();
  const calls: DataApiOperation[] = [];
  const transport = httpTransport({ endpoint: server.endpoint, region: "eu-west-1", credentials });
  const counted: DataApiTransport = (operation, input, options) => {
    calls.push(operation);
    return transport(operation, input, options);
  };
  return {
    server,
    calls,
    transport,
    connect: (columnTypes, more) =>
      new Kysely({
        dialect: new DataApiDialect({
          ...TARGET,
          columnTypes,
          retryDelayMs: () => 1,
          transport: counted,
          ...more,
        }),
      }),
    stop: () => server.stop(),
  };
}

/** An instance whose calls go to `answer` instead of anywhere. */
export function connectTo(
  transport: DataApiTransport,
  more: Partial<DataApiDialectConfig> = {},
  // biome-ignore lint/suspicious/noExplicitAny: each test makes its own tables
): Kysely<any> {
  return new Kysely({ dialect: new DataApiDialect({ ...TARGET, transport, retryDelayMs: () => 0, ...more }) });
}

/** What a call that must fail failed with. */
export async function failure<E = Error>(call: Promise<unknown>): Promise<E> {
  const error = await call.then(
    () => undefined,
    (thrown) => thrown as E,
  );
  if (!error) throw new Error("the call succeeded");
  return error;
}
