/** Standard executions in the cloud's database: their records, their frames, their histories. */
import type { DatabaseSync } from "node:sqlite";
import type { Frame } from "./run/frame.ts";

export type Status = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

export interface Logging {
  level: "ALL" | "ERROR" | "FATAL" | "OFF";
  includeExecutionData: boolean;
  group?: string;
}

/** An execution with everything it needs to go on, whatever becomes of its machine. */
export interface Execution {
  arn: string;
  name: string;
  machineArn: string;
  machineName: string;
  type: "STANDARD" | "EXPRESS";
  versionArn?: string;
  aliasArn?: string;
  definition: string;
  roleArn: string;
  logging: Logging;
  /** JSON, as it was sent. */
  input: string;
  status: Status;
  /** ms since the epoch */
  startedAt: number;
  stoppedAt?: number;
  output?: string;
  error?: string;
  cause?: string;
  redriveCount: number;
  redrivenAt?: number;
}

export interface HistoryEvent {
  id: number;
  previousEventId: number;
  /** ms since the epoch */
  at: number;
  type: string;
  /** `stateEnteredEventDetails` → what it says */
  details: Record<string, object>;
}

/** What changes in one go. */
export interface Change {
  execution?: Execution;
  frames?: Frame[];
  /** Frames whose descendants are dropped. */
  forgotten?: Frame[];
  events?: HistoryEvent[];
}

export interface ExecutionStore {
  commit(arn: string, change: Change): void;
  get(arn: string): Execution | undefined;
  frames(arn: string): Frame[];
  events(arn: string): HistoryEvent[];
  list(machineArn: string): Execution[];
  /** Drops the frames of an execution that has nothing left to do. */
  dropFrames(arn: string): void;
}

const KEPT_MS = 90 * 86_400_000;

export function executionStore(database: DatabaseSync, now: number): ExecutionStore {
  database.exec(`
    CREATE TABLE IF NOT EXISTS states_executions (
      arn TEXT PRIMARY KEY, machine TEXT NOT NULL, started_at INTEGER NOT NULL, stopped_at INTEGER, value TEXT NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS states_executions_by_machine ON states_executions (machine, started_at);
    CREATE TABLE IF NOT EXISTS states_frames (
      execution TEXT, path TEXT, frame TEXT NOT NULL, PRIMARY KEY (execution, path)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS states_events (
      execution TEXT, id INTEGER, event TEXT NOT NULL, PRIMARY KEY (execution, id)) STRICT, WITHOUT ROWID`);
  const put = database.prepare("INSERT OR REPLACE INTO states_executions VALUES (?, ?, ?, ?, ?)");
  const putFrame = database.prepare("INSERT OR REPLACE INTO states_frames VALUES (?, ?, ?)");
  // Paths below `/1` begin with `/1/`; "0" is the character after "/"
  const dropBelow = database.prepare("DELETE FROM states_frames WHERE execution = ? AND path >= ? AND path < ?");
  const dropAll = database.prepare("DELETE FROM states_frames WHERE execution = ?");
  const addEvent = database.prepare("INSERT INTO states_events VALUES (?, ?, ?)");
  const one = database.prepare("SELECT value FROM states_executions WHERE arn = ?");
  const framesOf = database.prepare("SELECT frame FROM states_frames WHERE execution = ? ORDER BY path");
  const eventsOf = database.prepare("SELECT event FROM states_events WHERE execution = ? ORDER BY id");
  const byMachine = database.prepare(
    "SELECT value FROM states_executions WHERE machine = ? ORDER BY started_at DESC, rowid DESC",
  );
  const old = database.prepare("SELECT arn FROM states_executions WHERE stopped_at < ?");
  for (const { arn } of old.all(now - KEPT_MS)) {
    for (const [table, key] of [
      ["frames", "execution"],
      ["events", "execution"],
      ["executions", "arn"],
    ]) {
      database.prepare(`DELETE FROM states_${table} WHERE ${key} = ?`).run(String(arn));
    }
  }

  return {
    commit(arn, { execution, frames = [], forgotten = [], events = [] }) {
      database.exec("SAVEPOINT states");
      try {
        for (const { path } of forgotten) dropBelow.run(arn, `${path}/`, `${path}0`);
        for (const frame of frames) putFrame.run(arn, frame.path, JSON.stringify(frame));
        for (const event of events) addEvent.run(arn, event.id, JSON.stringify(event));
        if (execution) {
          const { machineArn, startedAt, stoppedAt } = execution;
          put.run(arn, machineArn, startedAt, stoppedAt ?? null, JSON.stringify(execution));
        }
        database.exec("RELEASE states");
      } catch (error) {
        database.exec("ROLLBACK TO states; RELEASE states");
        throw error;
      }
    },
    get(arn) {
      const row = one.get(arn);
      return row && (JSON.parse(String(row.value)) as Execution);
    },
    frames: (arn) => framesOf.all(arn).map(({ frame }) => JSON.parse(String(frame)) as Frame),
    events: (arn) => eventsOf.all(arn).map(({ event }) => JSON.parse(String(event)) as HistoryEvent),
    list: (machineArn) => byMachine.all(machineArn).map(({ value }) => JSON.parse(String(value)) as Execution),
    dropFrames: (arn) => void dropAll.run(arn),
  };
}

/** Express executions may share a name: their ARN has a part of its own. */
export function executionArn(machineArn: string, type: Execution["type"], name: string): string {
  if (type === "STANDARD") return `${machineArn.replace(":stateMachine:", ":execution:")}:${name}`;
  return `${machineArn.replace(":stateMachine:", ":express:")}:${name}:${crypto.randomUUID()}`;
}
