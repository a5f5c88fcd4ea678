/** Accepted asynchronous invocations, as they outlive a killed process. */
import type { DatabaseSync } from "node:sqlite";

export interface KeptEvent {
  id: string;
  function: string;
  payload: string;
  /** Invocations so far that the function failed. */
  failures: number;
  /** Attempts that found no free concurrency. */
  throttles: number;
  acceptedAt: number;
  dueAt: number;
  qualifier?: string;
  tenantId?: string;
  traceHeader?: string;
}

export interface KeptEvents {
  add(event: KeptEvent): void;
  /** Its failures, its throttles and when it is due. */
  update(event: KeptEvent): void;
  remove(id: string): void;
  /** Those of a function. */
  of(name: string): KeptEvent[];
}

export function keptEvents(database: DatabaseSync): KeptEvents {
  database.exec(`CREATE TABLE IF NOT EXISTS lambda_events (
    id TEXT PRIMARY KEY, function TEXT NOT NULL, payload TEXT NOT NULL, failures INTEGER NOT NULL, throttles INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL, due_at INTEGER NOT NULL, qualifier TEXT, tenant_id TEXT, trace_header TEXT) STRICT`);
  // A state folder of an earlier release has none.
  const columns = database.prepare("SELECT name FROM pragma_table_info('lambda_events')").all();
  if (!columns.some(({ name }) => name === "trace_header")) {
    database.exec("ALTER TABLE lambda_events ADD COLUMN trace_header TEXT");
  }
  const insert = database.prepare("INSERT INTO lambda_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const update = database.prepare("UPDATE lambda_events SET failures = ?, throttles = ?, due_at = ? WHERE id = ?");
  const remove = database.prepare("DELETE FROM lambda_events WHERE id = ?");
  const leftOf = database.prepare("SELECT * FROM lambda_events WHERE function = ?");
  return {
    add({ id, function: name, payload, failures, throttles, acceptedAt, dueAt, qualifier, tenantId, traceHeader }) {
      const rest = [qualifier, tenantId, traceHeader].map((value) => value ?? null);
      insert.run(id, name, payload, failures, throttles, acceptedAt, dueAt, ...rest);
    },
    update: ({ failures, throttles, dueAt, id }) => void update.run(failures, throttles, dueAt, id),
    remove: (id) => void remove.run(id),
    of: (name) =>
      leftOf.all(name).map((row) => ({
        id: String(row.id),
        function: name,
        payload: String(row.payload),
        failures: Number(row.failures),
        throttles: Number(row.throttles),
        acceptedAt: Number(row.accepted_at),
        dueAt: Number(row.due_at),
        qualifier: row.qualifier === null ? undefined : String(row.qualifier),
        tenantId: row.tenant_id === null ? undefined : String(row.tenant_id),
        traceHeader: row.trace_header === null ? undefined : String(row.trace_header),
      })),
  };
}
