/**
 * The open connections to one server. A backend costs memory, so few are kept: a statement waits a moment for a
 * connection of its role and database to come free before it opens another, and idle ones are closed.
 */

import { createHash } from "node:crypto";
import pg from "pg";
import type { PostgresServer } from "../../postgres.ts";
import { AwsError, type Clock } from "../../service.ts";
import { Catalogue } from "./results/catalogue.ts";

/** Who connects where. */
export interface Login {
  user: string;
  password: string;
  database: string;
}

export interface Connection {
  client: pg.Client;
  login: Login;
  catalogue: Catalogue;
  /** The backend's process, as `pg_stat_activity` has it. */
  pid: number;
}

interface Pool {
  idle: { connection: Connection; since: number }[];
  open: number;
  waiting: ((connection: Connection | undefined) => void)[];
  /** Lets one of the waiting open a connection of its own at every tick. */
  growing?: NodeJS.Timeout;
}

/** The server takes some more, for this project's own work. */
const MAXIMUM = 100;
/** From here on an idle connection is closed for each new one: fifty tenants at once stay well within 250 MB. */
const SPARING = 50;
/** So many are opened without hesitation. */
const READILY = 4;
const HESITATION_MS = 10;
const IDLE_MS = 10_000;

export class Connections {
  readonly #server: PostgresServer;
  readonly #pools = new Map<string, Pool>();
  readonly #catalogues = new Map<string, Catalogue>();
  readonly #all = new Set<Connection>();
  /** Those that run a statement or hold a transaction. */
  readonly #lent = new Set<Connection>();
  readonly #clock: Clock;
  #lastUsed: number;
  #sweeper: NodeJS.Timeout | undefined;

  constructor(server: PostgresServer, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
    this.#lastUsed = clock.now();
  }

  /** How many are open. */
  get size(): number {
    return this.#all.size;
  }

  /** When the last statement or transaction ended, by the clock; undefined while one is open. */
  get unusedSince(): number | undefined {
    return this.#lent.size > 0 ? undefined : this.#lastUsed;
  }

  /** @throws AwsError when the server's connections are all in use; PostgreSQL's own error when it refuses the login */
  async acquire(login: Login): Promise<Connection> {
    this.#lastUsed = this.#clock.now();
    const connection = await this.#take(login);
    this.#lent.add(connection);
    return connection;
  }

  async #take(login: Login): Promise<Connection> {
    const pool = this.#pool(login);
    const ready = pool.idle.pop()?.connection;
    if (ready) return ready;
    if (pool.open >= READILY) {
      const released = await this.#wait(pool);
      if (released) return released;
    }
    return this.#open(login, pool);
  }

  /** Hands the connection on. `keep: false` closes it: its session is not as it was found. */
  release(connection: Connection, keep = true): void {
    this.#lent.delete(connection);
    this.#lastUsed = this.#clock.now();
    if (!this.#all.has(connection)) return;
    const pool = this.#pool(connection.login);
    if (!keep) {
      this.#close(connection, pool);
      // Whoever waited for it opens its own.
      pool.waiting.shift()?.(undefined);
      return;
    }
    const next = pool.waiting.shift();
    if (next) next(connection);
    else pool.idle.push({ connection, since: performance.now() });
    this.#sweeper ??= setInterval(() => this.#sweep(), IDLE_MS / 4).unref();
  }

  /** Runs one statement as the superuser, on a connection of its own. */
  async asSuperuser<T>(database: string, task: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = this.#client({ user: this.#server.user, password: this.#server.password, database });
    await client.connect();
    try {
      return await task(client);
    } finally {
      await client.end();
    }
  }

  stop(): void {
    clearInterval(this.#sweeper);
    const all = [...this.#all];
    this.#all.clear();
    this.#lent.clear();
    for (const pool of this.#pools.values()) {
      clearInterval(pool.growing);
      for (const wake of pool.waiting.splice(0)) wake(undefined);
    }
    this.#pools.clear();
    for (const { client } of all) {
      client.removeAllListeners("error");
      client.on("error", () => {});
      void client.end().catch(() => {});
    }
  }

  #pool(login: Login): Pool {
    const password = createHash("sha256").update(login.password).digest("base64");
    const key = `${login.database}\n${login.user}\n${password}`;
    let pool = this.#pools.get(key);
    if (!pool) {
      pool = { idle: [], open: 0, waiting: [] };
      this.#pools.set(key, pool);
    }
    return pool;
  }

  /** Resolves with a connection that came free, or with nothing when it is this caller's turn to open one. */
  #wait(pool: Pool): Promise<Connection | undefined> {
    return new Promise((resolve) => {
      pool.waiting.push(resolve);
      pool.growing ??= setInterval(() => {
        pool.waiting.shift()?.(undefined);
        if (pool.waiting.length > 0) return;
        clearInterval(pool.growing);
        pool.growing = undefined;
      }, HESITATION_MS);
    });
  }

  async #open(login: Login, pool: Pool): Promise<Connection> {
    if (this.#all.size >= SPARING && !this.#closeOldestIdle() && this.#all.size >= MAXIMUM) {
      throw new AwsError("ServiceUnavailableError", `The cluster's ${MAXIMUM} connections are all in use.`, 503);
    }
    const client = this.#client(login);
    const connection: Connection = { client, login, catalogue: this.#catalogue(login.database), pid: 0 };
    pool.open++;
    this.#all.add(connection);
    try {
      await client.connect();
    } catch (error) {
      if (this.#all.delete(connection)) pool.open--;
      throw error;
    }
    connection.pid = (client as unknown as { processID: number }).processID;
    client.on("error", () => this.#close(connection, pool));
    return connection;
  }

  #client({ user, password, database }: Login): pg.Client {
    const { host, port } = this.#server;
    return new pg.Client({ host, port, user, password, database, application_name: "rds-data" });
  }

  #catalogue(database: string): Catalogue {
    let catalogue = this.#catalogues.get(database);
    if (!catalogue) {
      catalogue = new Catalogue();
      this.#catalogues.set(database, catalogue);
    }
    return catalogue;
  }

  #close(connection: Connection, pool: Pool): void {
    if (!this.#all.delete(connection)) return;
    pool.open--;
    pool.idle = pool.idle.filter((entry) => entry.connection !== connection);
    connection.client.on("error", () => {});
    void connection.client.end().catch(() => {});
  }

  #closeOldestIdle(): boolean {
    let oldest: { pool: Pool; since: number; connection: Connection } | undefined;
    for (const pool of this.#pools.values()) {
      const entry = pool.idle[0];
      if (entry && (!oldest || entry.since < oldest.since)) oldest = { pool, ...entry };
    }
    if (oldest) this.#close(oldest.connection, oldest.pool);
    return oldest !== undefined;
  }

  #sweep(): void {
    const limit = performance.now() - IDLE_MS;
    for (const [key, pool] of this.#pools) {
      for (const { connection, since } of [...pool.idle]) if (since < limit) this.#close(connection, pool);
      if (pool.open === 0 && pool.waiting.length === 0) this.#pools.delete(key);
    }
    if (this.#all.size > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }
}
