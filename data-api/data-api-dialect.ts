import type { DatabaseIntrospector, Dialect, DialectAdapter, Driver, Kysely, QueryCompiler } from "kysely";
import { DataApiQueryCompiler } from "./compile/query-compiler.ts";
import { DataApiAdapter } from "./data-api-adapter.ts";
import { DataApiConnection } from "./data-api-connection.ts";
import type { DataApiDialectConfig } from "./data-api-dialect-config.ts";
import { DataApiDriver } from "./data-api-driver.ts";
import { DataApiIntrospector } from "./data-api-introspector.ts";
import { type ResultDecoder, resultDecoder } from "./decode-result.ts";
import { MigrationLock } from "./migration-lock.ts";
import { backoffMs } from "./retry.ts";
import type { DataApiTransport } from "./transport/data-api-transport.ts";
import { httpTransport } from "./transport/http-transport.ts";

/**
 * Kysely over the RDS Data API of an Aurora PostgreSQL cluster.
 *
 * ```ts
 * const db = new Kysely<Database>({
 *   dialect: new DataApiDialect({ resourceArn, secretArn, database: "app", columnTypes }),
 * });
 * await db.selectFrom("albums").selectAll().where("album_id", "=", id).execute();
 * ```
 *
 * In a Lambda function nothing else has to be said: region, endpoint and credentials come from its environment.
 */
export class DataApiDialect implements Dialect {
  readonly #config: DataApiDialectConfig;
  readonly #decoder: ResultDecoder;
  #transport: DataApiTransport | undefined;

  constructor(config: DataApiDialectConfig) {
    for (const name of ["resourceArn", "secretArn"] as const) {
      const arn: unknown = config?.[name];
      if (typeof arn !== "string" || !arn.startsWith("arn:")) {
        throw new TypeError(`DataApiDialect needs \`${name}\`, an ARN.`);
      }
    }
    for (const name of ["timeoutMs", "statementTimeoutMs", "resumeTimeoutMs", "migrationLockTimeoutMs"] as const) {
      const ms: unknown = config[name];
      if (ms !== undefined && !(typeof ms === "number" && ms > 0 && ms < 2 ** 31)) {
        throw new TypeError(`DataApiDialect's \`${name}\` is a number of milliseconds above 0, not ${String(ms)}.`);
      }
    }
    this.#config = { ...config };
    this.#decoder = resultDecoder(config.parsers);
  }

  createDriver(): Driver {
    return new DataApiDriver(() => this.#connect(this.#config)) as Driver;
  }

  createQueryCompiler(): QueryCompiler {
    return new DataApiQueryCompiler(this.#config.columnTypes ?? {});
  }

  createAdapter(): DialectAdapter {
    const { columnTypes = {}, migrationLockTimeoutMs = 600_000, retryDelayMs = backoffMs } = this.#config;
    // A lock is waited for, however short a statement's time is.
    const connect = () => this.#connect({ ...this.#config, statementTimeoutMs: undefined });
    return new DataApiAdapter(columnTypes, new MigrationLock(connect, migrationLockTimeoutMs, retryDelayMs));
  }

  // biome-ignore lint/suspicious/noExplicitAny: kysely's signature
  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new DataApiIntrospector(db);
  }

  #connect(config: DataApiDialectConfig): DataApiConnection {
    this.#transport ??= chooseTransport(config);
    return new DataApiConnection(config, this.#transport, this.#decoder);
  }
}

function chooseTransport(config: DataApiDialectConfig): DataApiTransport {
  if (config.transport) return config.transport;
  // The cluster's ARN names its region, so that nothing else has to.
  return httpTransport({ ...config, region: config.region ?? config.resourceArn.split(":")[3] });
}
