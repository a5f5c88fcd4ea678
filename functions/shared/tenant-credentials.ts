/**
 * Sessions of the tenant role, one per tenant: the tag `TenantId` is what IAM compares with a secret's tag and an object's
 * prefix. A session is kept until shortly before it ends.
 */

import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from "@smithy/types";
import { environment } from "./environment.ts";

/** The most that AWS allows a role assumed by a role. */
const SESSION_SECONDS = 3600;
/** Signed URLs live 15 minutes and end with the session that signed them. */
const RENEW_BEFORE_MS = 16 * 60 * 1000;
const MAXIMUM_SESSIONS = 1000;

type AssumeRole = (tenantId: string) => Promise<AwsCredentialIdentity & { expiration: Date }>;

export function tenantSessions(assumeRole: AssumeRole, now: () => number = Date.now) {
  const sessions = new Map<string, ReturnType<AssumeRole>>();

  async function session(tenantId: string) {
    const pending = sessions.get(tenantId);
    const known = await pending?.catch(() => undefined);
    if (known && known.expiration.getTime() - RENEW_BEFORE_MS > now()) return known;
    // Of callers that wait for the same renewal the first starts it.
    const renewed = sessions.get(tenantId);
    if (renewed && renewed !== pending) return renewed;
    const started = assumeRole(tenantId);
    sessions.delete(tenantId);
    sessions.set(tenantId, started);
    if (sessions.size > MAXIMUM_SESSIONS) sessions.delete(sessions.keys().next().value as string);
    try {
      return await started;
    } catch (error) {
      if (sessions.get(tenantId) === started) sessions.delete(tenantId);
      throw error;
    }
  }

  return (tenantId: string): AwsCredentialIdentityProvider =>
    () =>
      session(tenantId);
}

/** Credentials of the tenant's session, for any SDK client. */
export const tenantCredentials = tenantSessions(async (tenantId) => {
  const { AssumeRoleCommand, STSClient } = await import("@aws-sdk/client-sts");
  const { Credentials } = await new STSClient({}).send(
    new AssumeRoleCommand({
      RoleArn: environment("TENANT_ROLE_ARN"),
      RoleSessionName: tenantId,
      DurationSeconds: SESSION_SECONDS,
      Tags: [{ Key: "TenantId", Value: tenantId }],
    }),
  );
  return {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretAccessKey ?? "",
    sessionToken: Credentials?.SessionToken,
    expiration: Credentials?.Expiration ?? new Date(0),
  };
});
