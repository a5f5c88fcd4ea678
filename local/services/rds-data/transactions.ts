/** Open transactions: each holds a connection until it is ended, or has been idle or open for too long. */

import { randomBytes } from "node:crypto";
import { AwsError, type Clock, type Timer } from "../../service.ts";
import type { Connection, Connections } from "./connections.ts";
import { badRequest, endsSession } from "./errors.ts";
import { runStatement } from "./statement.ts";

const IDLE_MS = 3 * 60_000;
const LIFETIME_MS = 24 * 3600_000;

interface Transaction {
  id: string;
  resourceArn: string;
  connection: Connection;
  busy: boolean;
  lifetime: Timer;
  idle?: Timer;
}

export class Transactions {
  readonly #clock: Clock;
  readonly #open = new Map<string, Transaction & { connections: Connections }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async begin(resourceArn: string, connections: Connections, connection: Connection): Promise<string> {
    try {
      await runStatement(connection.client, "begin", [[]]);
    } catch (error) {
      connections.release(connection, false);
      throw error;
    }
    // AWS's ids are base64 of about this length; nothing may be read out of one.
    const id = randomBytes(138).toString("base64");
    const lifetime = this.#clock.after(LIFETIME_MS, () => this.#expire(id));
    this.#open.set(id, { id, resourceArn, connections, connection, busy: false, lifetime });
    this.#startIdling(id);
    return id;
  }

  /**
   * The connection of a transaction that may run a statement now.
   * @throws AwsError when it is not there, is another login's, or runs a statement already: not even a second one waits
   */
  take(id: string, resourceArn: string, user: string): Connection {
    return this.#take(id, resourceArn, user).connection;
  }

  /** Runs one statement in a transaction just taken, which is busy until PostgreSQL has done with it. */
  async use<T>(id: string, task: () => Promise<T>): Promise<T> {
    const transaction = this.#open.get(id)!;
    transaction.busy = true;
    transaction.idle?.cancel();
    try {
      return await task();
    } catch (error) {
      if (endsSession(error)) this.#expire(id);
      throw error;
    } finally {
      transaction.busy = false;
      this.#startIdling(id);
    }
  }

  /** @returns whether the database committed: it rolls back a transaction in which a statement failed. */
  async end(id: string, resourceArn: string, user: string, verb: "commit" | "rollback"): Promise<boolean> {
    const transaction = this.#take(id, resourceArn, user);
    this.#forget(transaction);
    try {
      const { command } = await runStatement(transaction.connection.client, verb, [[]]);
      // Its changes of schema have just become visible to others, or were undone.
      transaction.connection.catalogue.forget();
      // What the session was set to within the transaction must not reach the connection's next user.
      await runStatement(transaction.connection.client, "discard all", [[]]);
      transaction.connections.release(transaction.connection);
      return command === "COMMIT";
    } catch (error) {
      transaction.connections.release(transaction.connection, false);
      throw error;
    }
  }

  #take(id: string, resourceArn: string, user: string): Transaction & { connections: Connections } {
    const transaction = this.#open.get(id);
    if (!transaction || transaction.resourceArn !== resourceArn) {
      throw new AwsError("TransactionNotFoundException", `Transaction ${id} is not found`, 404);
    }
    if (transaction.connection.login.user !== user) {
      throw badRequest("The secret is not the one that the transaction was begun with.");
    }
    if (transaction.busy) throw badRequest(`Transaction ${id} is busy with another statement.`);
    return transaction;
  }

  #startIdling(id: string): void {
    const transaction = this.#open.get(id);
    if (transaction) transaction.idle = this.#clock.after(IDLE_MS, () => this.#expire(id));
  }

  #expire(id: string): void {
    const transaction = this.#open.get(id);
    if (!transaction) return;
    this.#forget(transaction);
    // Closing the session rolls back, also while a statement runs.
    transaction.connections.release(transaction.connection, false);
  }

  #forget(transaction: Transaction): void {
    this.#open.delete(transaction.id);
    transaction.lifetime.cancel();
    transaction.idle?.cancel();
  }

  stop(): void {
    for (const transaction of this.#open.values()) this.#forget(transaction);
  }
}
