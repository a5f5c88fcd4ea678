/** Alarms and their history in SQLite. What the program declares keeps its state over a restart, and only that. */

import type { DatabaseSync } from "node:sqlite";
import type { HistoryItemType } from "@aws-sdk/client-cloudwatch";
import type { Alarm, AlarmState } from "./alarm.ts";

export interface HistoryItem {
  alarm: string;
  kind: Alarm["kind"];
  at: number;
  type: HistoryItemType;
  summary: string;
  /** JSON */
  data: string;
}

export interface AlarmStore {
  /** Those that the API made. */
  kept(): Alarm[];
  /** The state that a declared alarm had. */
  stateOf(name: string): AlarmState | undefined;
  save(alarm: Alarm): void;
  remove(name: string): void;
  addHistory(item: HistoryItem): void;
  /** The newest first. */
  history(alarm?: string): HistoryItem[];
  expire(now: number): void;
}

/** AWS keeps history for thirty days. */
const HISTORY_MS = 30 * 86_400_000;

export function alarmStore(database: DatabaseSync): AlarmStore {
  database.exec(`
    CREATE TABLE IF NOT EXISTS monitoring_alarms (name TEXT PRIMARY KEY, alarm TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS monitoring_history (
      id INTEGER PRIMARY KEY, alarm TEXT NOT NULL, at INTEGER NOT NULL, item TEXT NOT NULL
    ) STRICT`);
  const sql = {
    all: database.prepare("SELECT alarm FROM monitoring_alarms"),
    one: database.prepare("SELECT alarm FROM monitoring_alarms WHERE name = ?"),
    save: database.prepare("INSERT OR REPLACE INTO monitoring_alarms VALUES (?, ?)"),
    remove: database.prepare("DELETE FROM monitoring_alarms WHERE name = ?"),
    addHistory: database.prepare("INSERT INTO monitoring_history (alarm, at, item) VALUES (?, ?, ?)"),
    history: database.prepare("SELECT item FROM monitoring_history WHERE alarm = ? OR ? IS NULL ORDER BY id DESC"),
    expire: database.prepare("DELETE FROM monitoring_history WHERE at < ?"),
  };
  const read = (row: Record<string, unknown>) => JSON.parse(String(row.alarm)) as Alarm;
  return {
    kept: () =>
      sql.all
        .all()
        .map(read)
        .filter(({ isDeclared }) => !isDeclared),
    stateOf(name) {
      const row = sql.one.get(name);
      return row && read(row).state;
    },
    save: (alarm) => void sql.save.run(alarm.name, JSON.stringify(alarm)),
    remove: (name) => void sql.remove.run(name),
    addHistory: (item) => void sql.addHistory.run(item.alarm, item.at, JSON.stringify(item)),
    history: (alarm = undefined) =>
      sql.history.all(alarm ?? null, alarm ?? null).map(({ item }) => JSON.parse(String(item)) as HistoryItem),
    expire: (now) => void sql.expire.run(now - HISTORY_MS),
  };
}
