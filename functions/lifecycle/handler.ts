/**
 * Tenants come, change and pause here, whether the stack declares them or an operator asks. Its answer ends up in the stack's
 * state and holds no secret. It does not delete tenants and does not move them between cells yet.
 */

import type { Context } from "aws-lambda";
import { environment } from "../shared/environment.ts";
import { logger } from "../shared/logger.ts";
import type { TenantRecord } from "../shared/tenant-registry.ts";
import { connectLifecycle } from "./connect.ts";
import { provision, setState } from "./provision.ts";
import { type LifecycleRequest, readLifecycleRequest } from "./request.ts";

let ports: ReturnType<typeof connectLifecycle> | undefined;

export async function handler(event: unknown, context: Context) {
  const request = readLifecycleRequest(event);
  const log = logger(request.operation === "provision" ? request.tenant.id : request.tenantId, context);
  try {
    const record = await run(request);
    log.info("Tenant changed", {
      operation: request.operation,
      state: record.state,
      stateVersion: record.stateVersion,
    });
    const { tenantId, state, database, dbRole, dbSecretArn, apiKeyId } = record;
    return { tenantId, state, database, dbRole, dbSecretArn, apiKeyId };
  } catch (error) {
    log.error("The operation failed", { operation: request.operation, error: error as Error });
    throw error;
  }
}

async function run(request: LifecycleRequest): Promise<TenantRecord> {
  ports ??= connectLifecycle();
  if (request.operation === "suspend") return setState(request.tenantId, "SUSPENDED", ports);
  if (request.operation === "resume") return setState(request.tenantId, "ACTIVE", ports);
  const settings = { cell: environment("TERRACE_CELL"), poolDatabase: environment("POOL_DATABASE") };
  return provision(request.tenant, settings, ports);
}
