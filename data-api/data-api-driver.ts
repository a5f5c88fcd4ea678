import {
  type CompiledQuery,
  createQueryId,
  type Driver,
  IdentifierNode,
  type QueryCompiler,
  RawNode,
  type TransactionSettings,
} from "kysely";
import type { DataApiConnection } from "./data-api-connection.ts";

export class DataApiDriver implements Driver {
  readonly #connect: () => DataApiConnection;

  constructor(connect: () => DataApiConnection) {
    this.#connect = connect;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DataApiConnection> {
    return this.#connect();
  }

  beginTransaction(connection: DataApiConnection, settings: TransactionSettings): Promise<void> {
    return connection.beginTransaction(settings);
  }

  commitTransaction(connection: DataApiConnection): Promise<void> {
    return connection.commitTransaction();
  }

  rollbackTransaction(connection: DataApiConnection): Promise<void> {
    return connection.rollbackTransaction();
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

function savepointQuery(verb: string, name: string, compile: QueryCompiler["compileQuery"]): CompiledQuery {
  return compile(RawNode.create([`${verb} `, ""], [IdentifierNode.create(name)]), createQueryId());
}
