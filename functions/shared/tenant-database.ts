/** The tenant's database, as the tenant's own role: the session may read this one secret, and the Data API takes its name. */

import { Kysely } from "kysely";
import { DataApiDialect } from "../../data-api/index.ts";
import { columnTypes, type Database } from "../../migrations/schema.ts";
import { environment } from "./environment.ts";
import type { TenantAccess } from "./tenant-access.ts";
import { tenantCredentials } from "./tenant-credentials.ts";

export type TenantDatabase = Kysely<Database>;

const MAXIMUM_KEPT = 200;
const known = new Map<string, TenantDatabase>();

export function tenantDatabase({ tenantId, database, dbSecretArn }: TenantAccess): TenantDatabase {
  const key = `${tenantId} ${database} ${dbSecretArn}`;
  let found = known.get(key);
  if (!found) {
    const dialect = new DataApiDialect({
      resourceArn: environment("CLUSTER_ARN"),
      secretArn: dbSecretArn,
      database,
      columnTypes,
      credentials: tenantCredentials(tenantId),
    });
    found = new Kysely<Database>({ dialect });
    known.set(key, found);
    if (known.size > MAXIMUM_KEPT) known.delete(known.keys().next().value as string);
  }
  return found;
}
