/** One local Data API per test file, and instances of the dialect on it. */

import { Kysely } from "kysely";
import { type ColumnTypes, DataApiDialect, type DataApiDialectConfig } from "../../data-api/index.ts";
import { startDataApi, TARGET, type TestServer } from "../local/rds-data/data-api-server.ts";

export interface Backend {
  server: TestServer;
  // biome-ignore lint/suspicious/noExplicitAny: each test makes its own tables
  connect(columnTypes?: ColumnTypes, more?: Partial<DataApiDialectConfig>): Kysely<any>;
  stop(): Promise<void>;
}

export async function startBackend(): Promise<Backend> {
  const server = await startDataApi();
  await server.provision();
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "example" };
  return {
    server,
    connect: (columnTypes, more) =>
      new Kysely({
        dialect: new DataApiDialect({ ...TARGET, endpoint: server.endpoint, credentials, columnTypes, ...more }),
      }),
    stop: () => server.stop(),
  };
}

/** An instance whose calls go to `answer` instead of anywhere. */
export function connectTo(
  transport: NonNullable<DataApiDialectConfig["transport"]>,
  more: Partial<DataApiDialectConfig> = {},
  // biome-ignore lint/suspicious/noExplicitAny: each test makes its own tables
): Kysely<any> {
  return new Kysely({ dialect: new DataApiDialect({ ...TARGET, transport, retryDelayMs: () => 0, ...more }) });
}
