/**
 * Decides on a request: whose token it is, whether that tenant may be served, and whether it was sent to one of the tenant's
 * own hosts. A valid token of one tenant is worth nothing at another's door.
 */

import { errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { TenantRecord } from "../shared/tenant-registry.ts";

export interface Grant {
  subject: string;
  tenant: TenantRecord;
}

export type Decision = { allowed: true; grant: Grant } | { allowed: false; status: 401 | 403; reason: string };

export interface AuthorizeOptions {
  issuer: string;
  clientId: string;
  keys: JWTVerifyGetKey;
  tenant(tenantId: string): Promise<TenantRecord | undefined>;
  now?: () => Date;
}

/**
 * @param headers Lower-case names.
 * @throws what `keys` and `tenant` throw: not being able to decide is no decision.
 */
export async function authorize(headers: Record<string, string>, options: AuthorizeOptions): Promise<Decision> {
  const token = /^Bearer +(\S+)$/i.exec(headers["authorization"] ?? "")?.[1];
  if (!token) return refused(401, "There is no bearer token");

  const claims = await verified(token, options);
  if (typeof claims === "string") return refused(401, claims);
  const tenantId = claims["custom:tenant"];
  if (typeof tenantId !== "string" || typeof claims.sub !== "string") return refused(403, "The token names no tenant");

  const tenant = await options.tenant(tenantId);
  if (tenant?.state !== "ACTIVE") return refused(403, `Tenant ${tenantId} is ${tenant?.state ?? "unknown"}`);
  const host = (headers["host"] ?? "").toLowerCase().replace(/:\d+$/, "");
  if (!tenant.hosts.includes(host)) return refused(403, `Tenant ${tenantId} is not served at ${host || "no host"}`);
  return { allowed: true, grant: { subject: claims.sub, tenant } };
}

async function verified(token: string, { issuer, clientId, keys, now }: AuthorizeOptions) {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: clientId,
      algorithms: ["RS256"],
      requiredClaims: ["sub", "exp"],
      currentDate: now?.(),
    });
    return payload["token_use"] === "id" ? payload : "The token is not an ID token";
  } catch (error) {
    // A key set that can not be had says nothing about the token.
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) throw error;
    if (error.code === "ERR_JOSE_GENERIC" || error instanceof errors.JWKSInvalid) throw error;
    return `The token is not valid: ${error.code}`;
  }
}

const refused = (status: 401 | 403, reason: string): Decision => ({ allowed: false, status, reason });
