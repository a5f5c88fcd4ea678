/**
 * The transactional outbox's writing side. A change and its event are one SQL statement, so that neither exists without the
 * other, and in one call of the Data API instead of a transaction's four.
 */

import { type Kysely, type OperationNodeSource, type RawBuilder, sql } from "kysely";
import type { Database } from "../../migrations/schema.ts";
import type { EventData, EventType } from "./events.ts";

/** An insert, update or delete with a `returning` clause. */
export interface ChangeOf<Row> extends OperationNodeSource {
  execute(): Promise<Row[]>;
}

/** The event's data, or an expression over the changed row that makes it. */
export type EventPayload<Type extends EventType> = EventData[Type] | RawBuilder<unknown>;

/**
 * Makes a change and records its event for the row it touched.
 * @param change Of one row at most.
 * @param actor The user who makes it; null for the platform itself.
 * @returns The row; undefined, and no event, where there was none.
 */
export async function recorded<Row, Type extends EventType>(
  database: Kysely<Database>,
  change: ChangeOf<Row>,
  type: Type,
  payload: EventPayload<Type>,
  actor: string | null = null,
): Promise<Row | undefined> {
  const data = "toOperationNode" in payload ? payload : sql`${JSON.stringify(payload)}::jsonb`;
  const { rows } = await sql<Row>`with changed as (${change}), event as (
      insert into outbox (event_type, payload, actor) select ${type}::text, ${data}, ${actor}::text from changed
    ) select * from changed`.execute(database);
  return rows[0];
}
