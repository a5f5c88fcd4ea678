/** Before tokens are made the pool's function may change them: ID tokens (V1), access tokens and scopes too (V2). */
import type { JWTPayload } from "jose";
import type { User } from "../pools/directory.ts";
import type { Client, Pool } from "../pools/pool.ts";
import type { Triggers } from "../triggers.ts";

export interface TokenDrafts {
  source: string;
  groups: string[];
  roles: string[];
  scopes: string[];
  id: JWTPayload;
  access: JWTPayload;
}

interface Claims {
  claimsToAddOrOverride?: Record<string, unknown>;
  claimsToSuppress?: string[];
}

interface Groups {
  groupsToOverride?: string[];
  iamRolesToOverride?: string[];
  preferredRole?: string;
}

interface Response {
  claimsOverrideDetails?: Claims & { groupOverrideDetails?: Groups };
  claimsAndScopeOverrideDetails?: {
    idTokenGeneration?: Claims;
    accessTokenGeneration?: Claims & { scopesToAdd?: string[]; scopesToSuppress?: string[] };
    groupOverrideDetails?: Groups;
  };
}

/** What makes a token genuine is not the function's to change. */
const FIXED = new Set([
  ..."acr amr at_hash auth_time azp exp iat iss jti nbf nonce origin_jti sub token_use aud client_id".split(" "),
  "cognito:username",
  "username",
  "scope",
]);

export async function applyTokenTrigger(
  triggers: Triggers,
  pool: Pool,
  user: User,
  client: Client,
  drafts: TokenDrafts,
): Promise<Pick<TokenDrafts, "id" | "access" | "scopes">> {
  const isFirst = pool.tokenTriggerVersion === "V1_0";
  const [preferredRole] = drafts.roles;
  const groupConfiguration = {
    groupsToOverride: drafts.groups,
    iamRolesToOverride: drafts.roles,
    preferredRole: preferredRole ?? null,
  };
  const response = await triggers.ask<Response>("preTokenGeneration", {
    pool,
    source: drafts.source,
    username: user.username,
    clientId: client.id,
    version: isFirst ? "1" : pool.tokenTriggerVersion === "V2_0" ? "2" : "3",
    request: {
      userAttributes: { ...user.attributes, "cognito:user_status": user.status },
      groupConfiguration,
      ...(!isFirst && { scopes: drafts.scopes }),
    },
    response: isFirst ? { claimsOverrideDetails: null } : { claimsAndScopeOverrideDetails: null },
  });
  if (!response) return drafts;
  if (isFirst) {
    const details = response.claimsOverrideDetails ?? {};
    const id = changed(withGroups(drafts.id, details.groupOverrideDetails, true), details);
    return { id, access: withGroups(drafts.access, details.groupOverrideDetails, false), scopes: drafts.scopes };
  }
  const { idTokenGeneration, accessTokenGeneration, groupOverrideDetails } =
    response.claimsAndScopeOverrideDetails ?? {};
  const suppressed = accessTokenGeneration?.scopesToSuppress ?? [];
  const scopes = [...drafts.scopes, ...(accessTokenGeneration?.scopesToAdd ?? [])];
  return {
    id: changed(withGroups(drafts.id, groupOverrideDetails, true), idTokenGeneration),
    access: changed(withGroups(drafts.access, groupOverrideDetails, false), accessTokenGeneration),
    scopes: [...new Set(scopes)].filter((scope) => !suppressed.includes(scope)),
  };
}

function changed(claims: JWTPayload, change: Claims | undefined): JWTPayload {
  const added = Object.entries(change?.claimsToAddOrOverride ?? {}).filter(([name]) => !FIXED.has(name));
  const gone = (change?.claimsToSuppress ?? []).filter((name) => !FIXED.has(name));
  const kept = Object.entries(claims).filter(([name]) => !gone.includes(name));
  return Object.fromEntries([...kept, ...added]);
}

function withGroups(claims: JWTPayload, groups: Groups | undefined, withRoles: boolean): JWTPayload {
  if (!groups) return claims;
  const { "cognito:groups": _, "cognito:roles": __, "cognito:preferred_role": ___, ...rest } = claims;
  const { groupsToOverride = [], iamRolesToOverride = [], preferredRole } = groups;
  return {
    ...rest,
    ...(groupsToOverride.length > 0 && { "cognito:groups": groupsToOverride }),
    ...(withRoles && iamRolesToOverride.length > 0 && { "cognito:roles": iamRolesToOverride }),
    ...(withRoles && preferredRole && { "cognito:preferred_role": preferredRole }),
  };
}
