/**
 * The group that holds the tenants' privileges. It belongs to the server, so it may exist from another database's run.
 *
 * A tenant's LOGIN role is no migration's business: the lifecycle function makes it, connected as the cluster's master user
 * to the tenant's database, by
 *
 *     create role "t_acme" login password '…';
 *     alter role "t_acme" set statement_timeout = '2000ms';
 *     grant terrace_tenant to "t_acme" with inherit true, set false;
 *     grant connect on database "app" to "t_acme";
 *
 * The policies compare `current_user` with the row's tenant: the role's name *is* the tenant's identity. Connecting is
 * granted per tenant, so that a bridge tenant's database takes no other tenant's role.
 */

import type { Kysely } from "kysely";
import { sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`do '
    begin
      create role terrace_tenant nologin;
    exception when duplicate_object then null;
    end '`.execute(db);
  await sql`do '
    begin
      execute format(''revoke all on database %I from public'', current_database());
    end '`.execute(db);
  await sql`revoke all on schema public from public`.execute(db);
  await sql`grant usage on schema public to terrace_tenant`.execute(db);
}
