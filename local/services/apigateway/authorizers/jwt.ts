/** Checks JSON Web Tokens for JWT and user pool authorizers. Cognito's own keys are asked of this machine's Cognito. */
import type { JWTPayload, JWTVerifyGetKey } from "jose";
import type { Cloud } from "../../../service.ts";

/** The claims of a valid token of this issuer; undefined for any other. */
export type JwtVerifier = (token: string, issuer: string, audiences?: string[]) => Promise<JWTPayload | undefined>;

const MAX_KEPT = 5_000;

export function jwtVerifier(cloud: Cloud): JwtVerifier {
  const keySets = new Map<string, Promise<JWTVerifyGetKey>>();
  // A signature costs more than the rest of a request.
  const verified = new Map<string, { claims: JWTPayload; until: number }>();

  async function keysOf(issuer: string): Promise<JWTVerifyGetKey> {
    const { createRemoteJWKSet } = await import("jose");
    const { host, pathname } = new URL(issuer);
    if (/^cognito-idp\.[\w-]+\.amazonaws\.com$/.test(host)) {
      return createRemoteJWKSet(new URL(`${cloud.endpoint}${pathname}/.well-known/jwks.json`));
    }
    const discovery = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
    const { jwks_uri } = (await discovery.json()) as { jwks_uri: string };
    return createRemoteJWKSet(new URL(jwks_uri));
  }

  return async (token, issuer, audiences) => {
    const key = `${issuer} ${audiences?.join(" ") ?? ""} ${token}`;
    const now = cloud.clock.now();
    const known = verified.get(key);
    if (known && known.until > now) return known.claims;
    const { errors, jwtVerify } = await import("jose");
    let keys = keySets.get(issuer);
    if (!keys) {
      keys = keysOf(issuer);
      keySets.set(issuer, keys);
      keys.catch(() => keySets.delete(issuer));
    }
    try {
      const { payload } = await jwtVerify(token, await keys, {
        issuer,
        algorithms: ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"],
        currentDate: new Date(now),
        requiredClaims: ["exp"],
      });
      // Cognito's access tokens name their client in a claim of its own.
      const named = [payload.aud ?? payload.client_id].flat();
      if (audiences?.length && !audiences.some((audience) => named.includes(audience))) return undefined;
      if (verified.size > MAX_KEPT) verified.clear();
      verified.set(key, { claims: payload, until: payload.exp! * 1000 });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  };
}
