/**
 * What the API made in an earlier run goes on by itself, whatever the program declares: the services that have work of their
 * own in the state folder start once the platform is ready. Services whose work always begins with a request are not among them.
 */
import type { DatabaseSync } from "node:sqlite";
import type { RunningCloud } from "../cloud.ts";

const WORK: { service: string; rows: string; operation?: string }[] = [
  { service: "lambda", rows: "lambda_made WHERE kind IN ('eventSourceMapping', 'provisionedConcurrencyConfig')" },
  { service: "lambda", rows: "lambda_events" },
  { service: "lambda", rows: "lambda_durable_executions WHERE status = 'RUNNING'" },
  { service: "events", rows: "events_kept WHERE kind = 'rule'" },
  { service: "events", rows: "events_deliveries" },
  { service: "scheduler", rows: "scheduler_schedules" },
  { service: "monitoring", rows: "monitoring_alarms" },
  // Its machines wait for their roles, and so for a request.
  { service: "states", rows: "states_executions WHERE stopped_at IS NULL", operation: "ListStateMachines" },
];

/** A service that can not go on says so in the log, and holds up no other. */
export async function resume(cloud: RunningCloud): Promise<void> {
  const due = WORK.filter(({ rows }) => hasRows(cloud.database, rows));
  const started = due.map(async ({ service, operation }) => {
    try {
      await cloud.service(service);
      if (operation) await cloud.call(service, operation, {});
    } catch (error) {
      cloud.log({ level: "warn", source: service, message: `does not go on: ${(error as Error).message}` });
    }
  });
  await Promise.all(started);
}

function hasRows(database: DatabaseSync, rows: string): boolean {
  const [table] = rows.split(" ");
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table!);
  return known !== undefined && database.prepare(`SELECT 1 FROM ${rows} LIMIT 1`).get() !== undefined;
}
