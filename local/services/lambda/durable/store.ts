/** Executions, operations and history in the cloud's database: what is written here survives a killed process. */
import type { DatabaseSync } from "node:sqlite";
import {
  type DurableExecution,
  type DurableOperation,
  type ExecutionStatus,
  type HistoryEvent,
  isClosed,
  type LiveExecution,
} from "./execution.ts";
import type { NewEvent } from "./history.ts";

export interface Filter {
  functionName: string;
  version?: string;
  name?: string;
  statuses?: ExecutionStatus[];
  startedAfter?: number;
  startedBefore?: number;
}

export interface DurableStore {
  /** Writes an execution with these of its operations, and numbers the events. */
  save(execution: LiveExecution, operations?: DurableOperation[], events?: NewEvent[]): void;
  load(arn: string): LiveExecution | undefined;
  /** Of this function, in whatever version. */
  named(functionName: string, name: string): DurableExecution | undefined;
  runningOf(functionName: string): string[];
  /** The newest first. */
  list(filter: Filter): DurableExecution[];
  history(arn: string): HistoryEvent[];
  /** Forgets what its retention is over for. */
  purge(now: number): void;
}

const DAY_MS = 86_400_000;

export function durableStore(database: DatabaseSync): DurableStore {
  database.exec(`
    CREATE TABLE IF NOT EXISTS lambda_durable_executions (arn TEXT PRIMARY KEY, function TEXT NOT NULL, name TEXT NOT NULL,
      status TEXT NOT NULL, started_at INTEGER NOT NULL, expires_at INTEGER, body TEXT NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS lambda_durable_names ON lambda_durable_executions (function, name);
    CREATE TABLE IF NOT EXISTS lambda_durable_operations (arn TEXT NOT NULL, position INTEGER NOT NULL, id TEXT NOT NULL,
      body TEXT NOT NULL, PRIMARY KEY (arn, id)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS lambda_durable_events (arn TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL,
      PRIMARY KEY (arn, number)) STRICT, WITHOUT ROWID;`);
  const put = database.prepare(`INSERT INTO lambda_durable_executions VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (arn) DO UPDATE SET status = excluded.status, expires_at = excluded.expires_at, body = excluded.body`);
  const putOperation = database.prepare(`INSERT INTO lambda_durable_operations VALUES (?, ?, ?, ?)
    ON CONFLICT (arn, id) DO UPDATE SET body = excluded.body`);
  const putEvent = database.prepare("INSERT INTO lambda_durable_events VALUES (?, ?, ?)");
  const get = database.prepare("SELECT body FROM lambda_durable_executions WHERE arn = ?");
  const byName = database.prepare("SELECT body FROM lambda_durable_executions WHERE function = ? AND name = ?");
  const running = database.prepare(
    "SELECT arn FROM lambda_durable_executions WHERE function = ? AND status = 'RUNNING' ORDER BY rowid",
  );
  const ofFunction = database.prepare(
    "SELECT body FROM lambda_durable_executions WHERE function = ? ORDER BY started_at DESC, rowid DESC",
  );
  const operationsOf = database.prepare("SELECT body FROM lambda_durable_operations WHERE arn = ? ORDER BY position");
  const eventsOf = database.prepare("SELECT body FROM lambda_durable_events WHERE arn = ? ORDER BY number");
  const countEvents = database.prepare("SELECT count(*) AS count FROM lambda_durable_events WHERE arn = ?");
  const expired = database.prepare("SELECT arn FROM lambda_durable_executions WHERE expires_at <= ?");
  const drops = ["executions", "operations", "events"].map((table) =>
    database.prepare(`DELETE FROM lambda_durable_${table} WHERE arn = ?`),
  );

  function atOnce(write: () => void): void {
    database.exec("SAVEPOINT durable");
    try {
      write();
      database.exec("RELEASE durable");
    } catch (error) {
      database.exec("ROLLBACK TO durable; RELEASE durable");
      throw error;
    }
  }

  return {
    save(execution, operations = [], events = []) {
      const { operations: all, seen: _, events: __, invocation: ___, ...kept } = execution;
      const { arn, functionName, name, status, startedAt, endedAt = 0, retentionDays } = kept;
      const expiresAt = isClosed(kept) ? endedAt + retentionDays * DAY_MS : null;
      const positions = new Map([...all.keys()].map((id, position) => [id, position]));
      atOnce(() => {
        put.run(arn, functionName, name, status, startedAt, expiresAt, JSON.stringify(kept));
        for (const operation of operations) {
          putOperation.run(arn, positions.get(operation.Id)!, operation.Id, JSON.stringify(operation));
        }
        events.forEach((event, index) => {
          const EventId = execution.events + index + 1;
          putEvent.run(arn, EventId, JSON.stringify({ ...event, EventId }));
        });
      });
      execution.events += events.length;
    },
    load(arn) {
      const row = get.get(arn);
      if (!row) return undefined;
      const operations = operationsOf.all(arn).map(({ body }) => JSON.parse(String(body)) as DurableOperation);
      return {
        ...(JSON.parse(String(row.body)) as DurableExecution),
        operations: new Map(operations.map((operation) => [operation.Id, operation])),
        seen: 0,
        events: Number(countEvents.get(arn)?.count),
      };
    },
    named(functionName, name) {
      const row = byName.get(functionName, name);
      return row && JSON.parse(String(row.body));
    },
    runningOf: (functionName) => running.all(functionName).map(({ arn }) => String(arn)),
    list({ functionName, version, name, statuses, startedAfter, startedBefore }) {
      return ofFunction
        .all(functionName)
        .map(({ body }) => JSON.parse(String(body)) as DurableExecution)
        .filter(
          (each) =>
            (version === undefined || each.version === version) &&
            (name === undefined || each.name === name) &&
            (!statuses || statuses.includes(each.status)) &&
            (startedAfter === undefined || each.startedAt > startedAfter) &&
            (startedBefore === undefined || each.startedAt < startedBefore),
        );
    },
    history: (arn) => eventsOf.all(arn).map(({ body }) => JSON.parse(String(body)) as HistoryEvent),
    purge(now) {
      for (const { arn } of expired.all(now)) {
        atOnce(() => {
          for (const drop of drops) drop.run(String(arn));
        });
      }
    },
  };
}
