/** Tenants' databases as the functions meet them: PostgreSQL behind the Data API, each tenant by its own role. */

import { migrateToLatest } from "../../migrations/index.ts";
import { startDataApi } from "../local/rds-data/data-api-server.ts";
import { addTenant, connectAsMaster } from "../migrations/tenant-role.ts";

export async function startTenantDatabases(tenantIds: string[]) {
  const server = await startDataApi();
  await server.provision();
  await migrateToLatest({ db: connectAsMaster(server) });
  const tenants = new Map<string, Awaited<ReturnType<typeof addTenant>>>();
  for (const tenantId of tenantIds) tenants.set(tenantId, await addTenant(server, tenantId));
  return {
    server,
    of(tenantId: string) {
      const database = tenants.get(tenantId);
      if (!database) throw new Error(`The test made no tenant ${tenantId}`);
      return database;
    },
    stop: () => server.stop(),
  };
}

export type TenantDatabases = Awaited<ReturnType<typeof startTenantDatabases>>;
