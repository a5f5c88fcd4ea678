/** A pool's RSA key: what its tokens are signed with, and what others verify them by. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  randomUUID,
} from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import type { JSONWebKeySet, JWTPayload } from "jose";
import { AwsError, type Clock } from "../../../service.ts";

interface SigningKey {
  kid: string;
  privateKey: KeyObject;
}

export type SigningKeys = ReturnType<typeof signingKeys>;

export function signingKeys(database: DatabaseSync, clock: Clock, region: string) {
  database.exec(
    "create table if not exists cognito_keys (pool_id text primary key, kid text not null, private_key text not null)",
  );
  const issuer = (poolId: string) => `https://cognito-idp.${region}.amazonaws.com/${poolId}`;
  const keys = new Map<string, Promise<SigningKey>>();

  /** Made when first needed, then kept: tokens stay valid over a restart. */
  function keyOf(poolId: string): Promise<SigningKey> {
    const known = keys.get(poolId) ?? load(poolId);
    keys.set(poolId, known);
    return known;
  }

  async function load(poolId: string): Promise<SigningKey> {
    const stored = database.prepare("select kid, private_key from cognito_keys where pool_id = ?").get(poolId);
    if (stored !== undefined)
      return { kid: stored.kid as string, privateKey: createPrivateKey(stored.private_key as string) };
    const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
    const kid = randomBytes(32).toString("base64");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    database.prepare("insert into cognito_keys values (?, ?, ?)").run(poolId, kid, pem);
    return { kid, privateKey };
  }

  async function jwks(poolId: string): Promise<JSONWebKeySet> {
    const { kid, privateKey } = await keyOf(poolId);
    const { n, e } = createPublicKey(privateKey).export({ format: "jwk" }) as { n: string; e: string };
    return { keys: [{ alg: "RS256", e, kid, kty: "RSA", n, use: "sig" }] };
  }

  return {
    issuer,
    jwks,

    async sign(poolId: string, claims: JWTPayload, lifetimeSeconds: number): Promise<string> {
      const [{ kid, privateKey }, { SignJWT }] = await Promise.all([keyOf(poolId), import("jose")]);
      const now = Math.floor(clock.now() / 1000);
      return new SignJWT({ ...claims, iss: issuer(poolId), iat: now, exp: now + lifetimeSeconds, jti: randomUUID() })
        .setProtectedHeader({ kid, alg: "RS256" })
        .sign(privateKey);
    },

    /** The claims of a current access or ID token of one of `pools`. Throws NotAuthorizedException. */
    async verify(
      token: string,
      pools: { has(id: string): boolean },
      use: "access" | "id" = "access",
    ): Promise<JWTPayload & { poolId: string }> {
      let poolId: string;
      try {
        const { iss } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
        poolId = String(iss).split("/").at(-1)!;
      } catch {
        throw notAuthorized("Invalid Access Token");
      }
      if (!pools.has(poolId)) throw notAuthorized("Invalid Access Token");
      const { createLocalJWKSet, jwtVerify } = await import("jose");
      try {
        const { payload } = await jwtVerify(token, createLocalJWKSet(await jwks(poolId)), {
          issuer: issuer(poolId),
          currentDate: new Date(clock.now()),
        });
        if (payload.token_use !== use) throw notAuthorized("Invalid Access Token");
        return { ...payload, poolId };
      } catch (error) {
        const isOld = (error as { code?: string }).code === "ERR_JWT_EXPIRED";
        throw notAuthorized(isOld ? "Access Token has expired" : "Invalid Access Token");
      }
    },
  };
}

export function notAuthorized(message: string): AwsError {
  return new AwsError("NotAuthorizedException", message);
}
