/** The tenants' records in DynamoDB, as functions read them. Only the lifecycle function writes them. */

import type { TenantAccess } from "./tenant-access.ts";

/** tenancy.md's states, as far as the platform has them today; a state it does not know blocks the tenant. */
export type TenantState = "REQUESTED" | "PROVISIONING" | "ACTIVE" | "SUSPENDED" | "FAILED";

export interface TenantRecord {
  tenantId: string;
  displayName: string;
  tier: string;
  placement: "silo" | "bridge" | "pool";
  cell: string;
  state: TenantState;
  /** Compare-and-set: goes up by one with every change. */
  stateVersion: number;
  hosts: string[];
  adminEmail?: string;
  database: string;
  dbRole?: string;
  dbSecretArn?: string;
  apiKeyId?: string;
  statementTimeoutMs?: number;
  lastError?: string;
  createdAt: string;
  updatedAt: string;
}

export interface TenantRegistry {
  get(tenantId: string): Promise<TenantRecord | undefined>;
  /** Every tenant of the cell that is ACTIVE. */
  active(): Promise<TenantRecord[]>;
}

/** A tenant that may not be worked for now: its messages stay in the queue and end in the dead-letter queue for a redrive. */
export class TenantNotActive extends Error {
  override readonly name = "TenantNotActive";
  constructor(tenantId: string, state: string | undefined) {
    super(`Tenant ${tenantId} is ${state ?? "unknown"}, not ACTIVE`);
  }
}

/** @throws TenantNotActive */
export function accessOf(tenantId: string, record: TenantRecord | undefined): TenantAccess {
  if (record?.state !== "ACTIVE" || !record.dbSecretArn) throw new TenantNotActive(tenantId, record?.state);
  return { tenantId, tier: record.tier, database: record.database, dbSecretArn: record.dbSecretArn };
}
