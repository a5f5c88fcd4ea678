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

const MOST_IDLE = 100;

export class DataApiDriver implements Driver {
  readonly #connect: () => DataApiConnection;
  readonly #idle: DataApiConnection[] = [];

  constructor(connect: () => DataApiConnection) {
    this.#connect = connect;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DataApiConnection> {
    return this.#idle.pop() ?? this.#connect();
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

  /** Nothing is held, but kysely notes every connection that it meets: a used one is as good as new, and cheaper. */
  async releaseConnection(connection: DataApiConnection): Promise<void> {
    if (!connection.isInTransaction && this.#idle.length < MOST_IDLE) this.#idle.push(connection);
  }

  async destroy(): Promise<void> {}
}

function savepointQuery(verb: string, name: string, compile: QueryCompiler["compileQuery"]): CompiledQuery {
  return compile(RawNode.create([`${verb} `, ""], [IdentifierNode.create(name)]), createQueryId());
}
