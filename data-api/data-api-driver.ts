import {
  type CompiledQuery,
  createQueryId,
  type Driver,
  IdentifierNode,
  type QueryCompiler,
  RawNode,
  type TransactionSettings,
} from "kysely";
import { DataApiConnection } from "./data-api-connection.ts";
import type { DataApiDialectConfig } from "./data-api-dialect-config.ts";
import type { DataApiTransport } from "./transport/data-api-transport.ts";
import { httpTransport } from "./transport/http-transport.ts";
import { sdkTransport } from "./transport/sdk-transport.ts";

export class DataApiDriver implements Driver {
  readonly #config: DataApiDialectConfig;
  #transport: DataApiTransport | undefined;

  constructor(config: DataApiDialectConfig) {
    this.#config = config;
  }

  async init(): Promise<void> {
    this.#transport = chooseTransport(this.#config);
  }

  async acquireConnection(): Promise<DataApiConnection> {
    return new DataApiConnection(this.#config, this.#transport!);
  }

  async beginTransaction(connection: DataApiConnection, settings: TransactionSettings): Promise<void> {
    await connection.beginTransaction(settings);
  }

  async commitTransaction(connection: DataApiConnection): Promise<void> {
    await connection.commitTransaction();
  }

  async rollbackTransaction(connection: DataApiConnection): Promise<void> {
    await connection.rollbackTransaction();
  }

  async savepoint(connection: DataApiConnection, name: string, compile: QueryCompiler["compileQuery"]): Promise<void> {
    await connection.executeQuery(savepointQuery("savepoint", name, compile));
  }

  async rollbackToSavepoint(connection: DataApiConnection, name: string, compile: QueryCompiler["compileQuery"]) {
    await connection.executeQuery(savepointQuery("rollback to savepoint", name, compile));
  }

  async releaseSavepoint(connection: DataApiConnection, name: string, compile: QueryCompiler["compileQuery"]) {
    await connection.executeQuery(savepointQuery("release savepoint", name, compile));
  }

  /** Nothing is held: connections are the Data API's own. */
  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

function chooseTransport(config: DataApiDialectConfig): DataApiTransport {
  if (config.transport) return config.transport;
  if (config.client) return sdkTransport(config.client);
  // The cluster's ARN names its region, so that nothing else has to.
  return httpTransport({ ...config, region: config.region ?? config.resourceArn.split(":")[3] });
}

function savepointQuery(verb: string, name: string, compile: QueryCompiler["compileQuery"]): CompiledQuery {
  return compile(RawNode.create([`${verb} `, ""], [IdentifierNode.create(name)]), createQueryId());
}
