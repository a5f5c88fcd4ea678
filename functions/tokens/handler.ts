/**
 * Cognito's question before it makes tokens: which tenant the user belongs to, and in which tier that is, both from the
 * registry, so that ID and access tokens say them as `tenant` and `tier`. Clients may show them; the authorizer decides by the registry
 * itself, since a token is as old as an hour.
 */
import { dynamodbRegistry } from "../shared/dynamodb-registry.ts";
import { logger } from "../shared/logger.ts";
import type { TenantRegistry } from "../shared/tenant-registry.ts";

/** The second version of the event: it takes claims of access tokens too. */
export interface TokenEvent {
  request: { userAttributes: Record<string, string> };
  response: { claimsAndScopeOverrideDetails?: TokenOverrides | null };
}

interface TokenOverrides {
  idTokenGeneration: { claimsToAddOrOverride: Record<string, string> };
  accessTokenGeneration: { claimsToAddOrOverride: Record<string, string> };
}

let connected: TenantRegistry | undefined;
const connect = (): TenantRegistry => {
  connected ??= dynamodbRegistry();
  return connected;
};

/** Its last parameter has a default: Node.js 24 on Lambda takes three plain ones for a callback's, and refuses the handler. */
export async function handler<E extends TokenEvent>(
  event: E,
  _context?: unknown,
  registry: Pick<TenantRegistry, "get"> = connect(),
): Promise<E> {
  const tenantId = event.request.userAttributes["custom:tenant"];
  // An operator belongs to no tenant, and gets tokens that name none.
  if (!tenantId) return event;
  const tenant = await registry.get(tenantId);
  if (!tenant) {
    logger().warn("No such tenant", { tenantId });
    return event;
  }
  const claims = { claimsToAddOrOverride: { tenant: tenant.tenantId, tier: tenant.tier } };
  event.response = {
    ...event.response,
    claimsAndScopeOverrideDetails: { idTokenGeneration: claims, accessTokenGeneration: claims },
  };
  return event;
}
