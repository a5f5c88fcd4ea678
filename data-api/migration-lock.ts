/**
 * The lock that lets one migrator at a time work on a database. A session's lock would stay with whichever of the Data API's
 * connections took it, so it is a transaction's: the migrator's own where it is given one, else another that only holds it.
 */

import { CompiledQuery, type Kysely, sql } from "kysely";
import type { DataApiConnection } from "./data-api-connection.ts";
import { DatabaseError } from "./errors.ts";
import { delay } from "./retry.ts";

/** Any number, as long as every migrator of a database uses the same. */
const LOCK_ID = 7_236_455_112_958_313n;
/** Below the Data API's 45 seconds for a statement. */
const WAIT_SECONDS = 40;
/** AWS ends a transaction that is idle for three minutes. */
const KEEP_ALIVE_MS = 60_000;
const LOCK_NOT_AVAILABLE = "55P03";

const setTimeoutSql = (ms: number) => `set local lock_timeout = ${Math.max(1, Math.ceil(ms))}`;
// No SELECT: it would keep its snapshot, which `create index concurrently` waits for. And what the function returns is void,
// which the Data API can not be relied on to carry.
const LOCK_SQL = `do ' begin perform pg_advisory_xact_lock(${LOCK_ID}); end '`;
const TRY_SQL = `do ' begin
  if not pg_try_advisory_xact_lock(${LOCK_ID}) then raise lock_not_available; end if;
end '`;
const KEEP_ALIVE_SQL = "set local lock_timeout = 0";

interface Held {
  connection: DataApiConnection;
  keepAlive: NodeJS.Timeout;
}

export class MigrationLock {
  readonly #connect: () => DataApiConnection;
  readonly #timeoutMs: number;
  readonly #delayMs: (attempt: number) => number;
  readonly #held = new WeakMap<object, Held>();

  /**
   * @param timeoutMs how long to wait for another migrator
   * @param delayMs pause before it is asked for again
   */
  constructor(connect: () => DataApiConnection, timeoutMs: number, delayMs: (attempt: number) => number) {
    this.#connect = connect;
    this.#timeoutMs = timeoutMs;
    this.#delayMs = delayMs;
  }

  /** @throws Error when another migrator holds it all the time */
  // biome-ignore lint/suspicious/noExplicitAny: kysely's signature
  async acquire(db: Kysely<any>): Promise<void> {
    if (db.isTransaction) await this.#acquireWithin(db);
    else await this.#acquireBeside(db);
  }

  // biome-ignore lint/suspicious/noExplicitAny: kysely's signature
  async release(db: Kysely<any>): Promise<void> {
    const held = this.#held.get(db);
    if (!held) return;
    this.#held.delete(db);
    clearInterval(held.keepAlive);
    await held.connection.rollbackTransaction();
  }

  // biome-ignore lint/suspicious/noExplicitAny: kysely's signature
  async #acquireWithin(db: Kysely<any>): Promise<void> {
    const waitMs = Math.min(this.#timeoutMs, WAIT_SECONDS * 1000);
    try {
      await sql.raw(setTimeoutSql(waitMs)).execute(db);
      await sql.raw(LOCK_SQL).execute(db);
    } catch (error) {
      throw isTaken(error) ? this.#stillTaken(waitMs, error) : error;
    }
    await sql`set local lock_timeout = 0`.execute(db);
  }

  // biome-ignore lint/suspicious/noExplicitAny: kysely's signature
  async #acquireBeside(db: Kysely<any>): Promise<void> {
    const deadline = performance.now() + this.#timeoutMs;
    const connection = this.#connect();
    const run = (text: string) => connection.executeQuery(CompiledQuery.raw(text));
    for (let attempt = 1; ; attempt++) {
      await connection.beginTransaction({});
      try {
        // Asked again and again, not waited for: `create index concurrently` would wait for whoever waits.
        await run(TRY_SQL);
        break;
      } catch (error) {
        await connection.rollbackTransaction();
        if (!isTaken(error)) throw error;
        if (performance.now() >= deadline) throw this.#stillTaken(this.#timeoutMs, error);
      }
      await delay(this.#delayMs(attempt));
    }
    const keepAlive = setInterval(() => void run(KEEP_ALIVE_SQL).catch(() => undefined), KEEP_ALIVE_MS);
    keepAlive.unref();
    this.#held.set(db, { connection, keepAlive });
  }

  #stillTaken(waitedMs: number, cause: unknown): Error {
    return new Error(`Another migrator has held this database's lock for ${waitedMs} ms.`, { cause });
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof DatabaseError && error.sqlState === LOCK_NOT_AVAILABLE;
}
