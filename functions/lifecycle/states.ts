/** The tenant's states and what may follow on which. */

import type { TenantState } from "../shared/tenant-registry.ts";

const FOLLOWING: Record<TenantState, readonly TenantState[]> = {
  REQUESTED: ["PROVISIONING"],
  PROVISIONING: ["PROVISIONING", "ACTIVE", "FAILED"],
  FAILED: ["PROVISIONING"],
  // Provisioning an active or suspended tenant again brings it up to date and leaves its state alone.
  ACTIVE: ["ACTIVE", "SUSPENDED"],
  SUSPENDED: ["SUSPENDED", "ACTIVE"],
};

export class TransitionRefused extends Error {
  override readonly name = "TransitionRefused";
  constructor(tenantId: string, from: TenantState | undefined, to: TenantState) {
    super(`Tenant ${tenantId} can not become ${to}: it is ${from ?? "unknown"}`);
  }
}

/** @throws TransitionRefused */
export function assertTransition(tenantId: string, from: TenantState | undefined, to: TenantState): void {
  const allowed = from === undefined ? to === "PROVISIONING" : (FOLLOWING[from] ?? []).includes(to);
  if (!allowed) throw new TransitionRefused(tenantId, from, to);
}

/** A retry of a provisioning that stopped starts over; a tenant in service stays in service. */
export const stateWhileProvisioning = (from: TenantState | undefined): TenantState =>
  from === "ACTIVE" || from === "SUSPENDED" ? from : "PROVISIONING";
