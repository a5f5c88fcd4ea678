import type { DatabaseIntrospector, Dialect, DialectAdapter, Driver, Kysely, QueryCompiler } from "kysely";
import { DataApiQueryCompiler } from "./compile/query-compiler.ts";
import { DataApiAdapter } from "./data-api-adapter.ts";
import type { DataApiDialectConfig } from "./data-api-dialect-config.ts";
import { DataApiDriver } from "./data-api-driver.ts";
import { DataApiIntrospector } from "./data-api-introspector.ts";

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

  constructor(config: DataApiDialectConfig) {
    for (const name of ["resourceArn", "secretArn"] as const) {
      if (!config[name]?.startsWith("arn:")) throw new TypeError(`DataApiDialect needs \`${name}\`, an ARN.`);
    }
    this.#config = { ...config };
  }

  createDriver(): Driver {
    return new DataApiDriver(this.#config) as Driver;
  }

  createQueryCompiler(): QueryCompiler {
    return new DataApiQueryCompiler(this.#config.columnTypes ?? {});
  }

  createAdapter(): DialectAdapter {
    return new DataApiAdapter();
  }

  // biome-ignore lint/suspicious/noExplicitAny: kysely's signature
  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new DataApiIntrospector(db);
  }
}
