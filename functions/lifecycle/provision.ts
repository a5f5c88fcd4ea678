/**
 * Gives a tenant what belongs to it, or brings it up to date: database, role, secret, API key, parameters, record. Every
 * step looks first, so that a run that stopped anywhere is finished by the next one; a tenant in service is not interrupted.
 */

import type { TenantRecord } from "../shared/tenant-registry.ts";
import type { LifecyclePorts } from "./ports.ts";
import type { TenantSpecification } from "./request.ts";
import { scramVerifier } from "./scram.ts";
import { assertTransition, stateWhileProvisioning } from "./states.ts";
import { configureRole, createDatabase, createRole, databaseExists, roleExists } from "./tenant-statements.ts";

const DEFAULT_STATEMENT_TIMEOUT_MS = 5_000;

export interface ProvisionSettings {
  cell: string;
  poolDatabase: string;
}

/** What a provisioning makes of a tenant; nothing in it is secret. */
type Resources = Required<Pick<TenantRecord, "dbRole" | "dbSecretArn">> & Pick<TenantRecord, "apiKeyId">;

/** @throws what failed, after the record says so; TenantChanged when another run is faster. */
export async function provision(
  tenant: TenantSpecification,
  { cell, poolDatabase }: ProvisionSettings,
  ports: LifecyclePorts,
): Promise<TenantRecord> {
  if (tenant.cell !== cell) throw new Error(`Tenant ${tenant.id} belongs to cell ${tenant.cell}; this is ${cell}`);
  const before = await ports.registry.get(tenant.id);
  const state = stateWhileProvisioning(before?.state);
  assertTransition(tenant.id, before?.state, state);

  const started: TenantRecord = {
    ...before,
    tenantId: tenant.id,
    displayName: tenant.displayName,
    tier: tenant.tier,
    placement: tenant.placement,
    cell: tenant.cell,
    hosts: tenant.hosts.map((host) => host.toLowerCase()),
    adminEmail: tenant.adminEmail ?? undefined,
    database: tenant.placement === "bridge" ? `t_${tenant.id}` : poolDatabase,
    statementTimeoutMs: tenant.limits?.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS,
    state,
    stateVersion: (before?.stateVersion ?? 0) + 1,
    lastError: undefined,
    createdAt: before?.createdAt ?? ports.now().toISOString(),
    updatedAt: ports.now().toISOString(),
  };
  await ports.registry.put(started, before?.stateVersion);

  try {
    const resources = await makeResources(tenant, started, ports);
    const done = changed(started, { ...resources, state: state === "PROVISIONING" ? "ACTIVE" : state }, ports);
    await ports.registry.put(done, started.stateVersion);
    return done;
  } catch (error) {
    const failure = {
      state: state === "PROVISIONING" ? ("FAILED" as const) : state,
      lastError: (error as Error).message,
    };
    // The first error is the one to tell; where the record can not be written either, it stays PROVISIONING, for a retry.
    await ports.registry.put(changed(started, failure, ports), started.stateVersion).catch(() => undefined);
    throw error;
  }
}

/** The tenant is turned away at the API and at every queue, or let in again. */
export async function setState(
  tenantId: string,
  state: "ACTIVE" | "SUSPENDED",
  ports: LifecyclePorts,
): Promise<TenantRecord> {
  const before = await ports.registry.get(tenantId);
  assertTransition(tenantId, before?.state, state);
  const record = before as TenantRecord;
  if (record.state === state) return record;
  const after = changed(record, { state }, ports);
  await ports.registry.put(after, record.stateVersion);
  return after;
}

const changed = (record: TenantRecord, changes: Partial<TenantRecord>, { now }: LifecyclePorts): TenantRecord => ({
  ...record,
  ...changes,
  stateVersion: record.stateVersion + 1,
  updatedAt: now().toISOString(),
});

async function makeResources(
  tenant: TenantSpecification,
  record: TenantRecord,
  ports: LifecyclePorts,
): Promise<Resources> {
  const identity = { role: `t_${tenant.id}`, database: record.database };
  if (tenant.placement === "bridge") {
    if ((await ports.sql(databaseExists(identity))).length === 0) await ports.sql(createDatabase(identity));
    await ports.migrate(record.database);
  }

  // The secret comes first and is the truth: the role gets its password, on the first run and on every other.
  const secret = await ports.databaseSecret(tenant.id, () => ({
    username: identity.role,
    password: ports.random(32).toString("base64url"),
  }));
  if ((await ports.sql(roleExists(identity))).length === 0) await ports.sql(createRole(identity));
  const verifier = scramVerifier(secret.password, ports.random(16));
  const statementTimeoutMs = record.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS;
  for (const statement of configureRole(identity, { verifier, statementTimeoutMs })) await ports.sql(statement);

  const apiKey = await ports.parameter(tenant.id, "api-key", () => ports.random(30).toString("base64url"));
  await ports.parameter(tenant.id, "webhook-secret", () => `whsec_${ports.random(32).toString("base64")}`);
  await ports.parameter(tenant.id, "cursor-key", () => ports.random(32).toString("base64url"));
  if (tenant.webhookUrl !== undefined) await ports.setParameter(tenant.id, "webhook-url", tenant.webhookUrl);
  const apiKeyId = await ports.apiKey(tenant.id, apiKey, record);
  return { dbRole: identity.role, dbSecretArn: secret.arn, apiKeyId };
}
