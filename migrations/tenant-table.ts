/** What makes a table a tenant's: a tenant in every key, and rows that only that tenant's role sees. */

import { type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely, type RawBuilder, sql } from "kysely";

/** The tenant of the role that runs the statement: `t_acme` → `acme`. */
const CURRENT_TENANT: RawBuilder<string> = sql`substr(current_user::text, 3)`;

/** Every tenant table starts with this column, and every key of it. */
export function withTenant<Columns extends string>(
  table: CreateTableBuilder<string, Columns>,
): CreateTableBuilder<string, Columns | "tenant_id"> {
  return table.addColumn("tenant_id", "text", (column) =>
    column.notNull().defaultTo(CURRENT_TENANT).check(sql`tenant_id ~ '^[a-z][a-z0-9]{2,30}$'`),
  );
}

/** Milliseconds, as JavaScript's Date has them: a time that was read finds its own row again. */
export const instant = sql`timestamptz(3)`;

export function now(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder {
  return column.notNull().defaultTo(sql`now()`);
}

type Privilege = "select" | "insert" | "update" | "delete";

/**
 * Turns row security on, for the table's owner too, and gives the tenants' group what it may do. The first condition is one
 * that an index answers; the second keeps out every role that is not a tenant's.
 */
export async function protect(db: Kysely<unknown>, table: string, privileges: Privilege[]): Promise<void> {
  const name = sql.table(table);
  await sql`alter table ${name} enable row level security`.execute(db);
  await sql`alter table ${name} force row level security`.execute(db);
  const condition = sql`tenant_id = ${CURRENT_TENANT} and current_user = 't_' || tenant_id`;
  await sql`create policy tenant_isolation on ${name} using (${condition}) with check (${condition})`.execute(db);
  await sql`grant ${sql.raw(privileges.join(", "))} on ${name} to terrace_tenant`.execute(db);
}
