/** The tokens of a sign-in: RS256 JWTs with Cognito's claims, opaque refresh tokens, and the pool's public keys. */

import { createHash, createPrivateKey, generateKeyPair, type KeyObject, randomBytes, randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { createLocalJWKSet, exportJWK, type JSONWebKeySet, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { AwsError, type Clock } from "../../service.ts";
import type { Directory, User } from "./directory.ts";
import type { Client, Pool } from "./pool.ts";

export interface Session {
  poolId: string;
  clientId: string;
  username: string;
  /** Ties access and ID tokens to the refresh token they came from. */
  originJti: string;
  eventId: string;
  /** seconds since the epoch */
  authTime: number;
}

export interface AuthenticationResult {
  AccessToken: string;
  IdToken: string;
  RefreshToken?: string;
  ExpiresIn: number;
  TokenType: "Bearer";
}

interface SigningKey {
  kid: string;
  privateKey: KeyObject;
}

const USER_SCOPE = "aws.cognito.signin.user.admin";
const BOOLEANS = ["email_verified", "phone_number_verified"];

function notAuthorized(message: string): AwsError {
  return new AwsError("NotAuthorizedException", message);
}

export type Tokens = ReturnType<typeof tokens>;

export function tokens(database: DatabaseSync, clock: Clock, region: string, directory: Directory) {
  database.exec(`
    create table if not exists cognito_keys (pool_id text primary key, kid text not null, private_key text not null);
    create table if not exists cognito_refresh_tokens (
      digest text primary key, pool_id text not null, client_id text not null, username text not null,
      origin_jti text not null, event_id text not null, auth_time integer not null, expires_at integer not null);
    create index if not exists cognito_refresh_tokens_by_user on cognito_refresh_tokens (pool_id, username);
    create index if not exists cognito_refresh_tokens_by_origin on cognito_refresh_tokens (origin_jti);`);

  const issuer = (poolId: string) => `https://cognito-idp.${region}.amazonaws.com/${poolId}`;
  const seconds = () => Math.floor(clock.now() / 1000);
  const digest = (token: string) => createHash("sha256").update(token).digest("base64");

  const keys = new Map<string, Promise<SigningKey>>();
  /** Made when first needed, then kept: tokens stay valid over a restart. */
  function signingKey(poolId: string): Promise<SigningKey> {
    const known = keys.get(poolId) ?? loadKey(poolId);
    keys.set(poolId, known);
    return known;
  }

  async function loadKey(poolId: string): Promise<SigningKey> {
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
    const { kid, privateKey } = await signingKey(poolId);
    const { n, e } = await exportJWK(privateKey);
    return { keys: [{ alg: "RS256", e, kid, kty: "RSA", n, use: "sig" }] };
  }

  async function sign(poolId: string, claims: JWTPayload, lifetimeSeconds: number): Promise<string> {
    const { kid, privateKey } = await signingKey(poolId);
    const now = seconds();
    return new SignJWT({ ...claims, iss: issuer(poolId), iat: now, exp: now + lifetimeSeconds, jti: randomUUID() })
      .setProtectedHeader({ kid, alg: "RS256" })
      .sign(privateKey);
  }

  async function issue(user: User, client: Client, session: Session): Promise<AuthenticationResult> {
    const groups = directory.groupsOf(user);
    const roles = groups.map(({ roleArn }) => roleArn).filter((arn) => arn !== undefined);
    const shared = {
      sub: user.attributes.sub,
      ...(groups.length > 0 && { "cognito:groups": groups.map(({ name }) => name) }),
      origin_jti: session.originJti,
      event_id: session.eventId,
      auth_time: session.authTime,
    };
    const readable = Object.entries(user.attributes).filter(
      ([name]) => name !== "sub" && (client.readAttributes?.includes(name) ?? true),
    );
    const idClaims = {
      ...shared,
      ...Object.fromEntries(
        readable.map(([name, value]) => [name, BOOLEANS.includes(name) ? value === "true" : value]),
      ),
      ...(roles.length > 0 && { "cognito:roles": roles, "cognito:preferred_role": roles[0] }),
      "cognito:username": user.username,
      aud: client.id,
      token_use: "id",
    };
    const accessClaims = {
      ...shared,
      client_id: client.id,
      token_use: "access",
      scope: USER_SCOPE,
      username: user.username,
    };
    return {
      AccessToken: await sign(user.poolId, accessClaims, client.accessTokenSeconds),
      IdToken: await sign(user.poolId, idClaims, client.idTokenSeconds),
      ExpiresIn: client.accessTokenSeconds,
      TokenType: "Bearer",
    };
  }

  return {
    jwks,

    /** A new sign-in: all three tokens. */
    async signIn(user: User, client: Client): Promise<AuthenticationResult> {
      const now = seconds();
      const session: Session = {
        poolId: user.poolId,
        clientId: client.id,
        username: user.username,
        originJti: randomUUID(),
        eventId: randomUUID(),
        authTime: now,
      };
      const refreshToken = randomBytes(96).toString("base64url");
      database.prepare("delete from cognito_refresh_tokens where expires_at <= ?").run(now);
      database
        .prepare("insert into cognito_refresh_tokens values (?, ?, ?, ?, ?, ?, ?, ?)")
        .run(
          digest(refreshToken),
          user.poolId,
          client.id,
          user.username,
          session.originJti,
          session.eventId,
          now,
          now + client.refreshTokenSeconds,
        );
      return { ...(await issue(user, client, session)), RefreshToken: refreshToken };
    },

    /** Fresh access and ID tokens of the same sign-in. */
    async refresh(refreshToken: string, client: Client): Promise<AuthenticationResult> {
      const row = database.prepare("select * from cognito_refresh_tokens where digest = ?").get(digest(refreshToken));
      if (row === undefined || row.client_id !== client.id) throw notAuthorized("Invalid Refresh Token");
      if ((row.expires_at as number) <= seconds()) throw notAuthorized("Refresh Token has expired");
      const user = directory.lookUp(directory.pool(client.poolId), row.username as string);
      if (user === undefined) throw notAuthorized("Invalid Refresh Token");
      if (!user.enabled) throw notAuthorized("User is disabled.");
      return issue(user, client, {
        poolId: user.poolId,
        clientId: client.id,
        username: user.username,
        originJti: row.origin_jti as string,
        eventId: row.event_id as string,
        authTime: row.auth_time as number,
      });
    },

    /** The user an access token speaks for; throws unless it is genuine, current and not revoked. */
    async userOf(accessToken: string | undefined): Promise<{ user: User; client: Client; claims: JWTPayload }> {
      const claims = await verify(accessToken ?? "");
      const live = database
        .prepare("select 1 from cognito_refresh_tokens where origin_jti = ?")
        .get(claims.origin_jti as string);
      if (live === undefined) throw notAuthorized("Access Token has been revoked");
      const client = directory.client(claims.client_id as string);
      return { user: directory.user(directory.pool(client.poolId), claims.username as string), client, claims };
    },

    revoke(refreshToken: string): void {
      database.prepare("delete from cognito_refresh_tokens where digest = ?").run(digest(refreshToken));
    },

    revokeAll(user: User): void {
      database
        .prepare("delete from cognito_refresh_tokens where pool_id = ? and username = ?")
        .run(user.poolId, user.username);
    },
  };

  async function verify(accessToken: string): Promise<JWTPayload> {
    let poolId: string;
    try {
      const { iss } = JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString());
      poolId = String(iss).split("/").at(-1)!;
    } catch {
      throw notAuthorized("Invalid Access Token");
    }
    if (!directory.pools.has(poolId)) throw notAuthorized("Invalid Access Token");
    try {
      const { payload } = await jwtVerify(accessToken, createLocalJWKSet(await jwks(poolId)), {
        issuer: issuer(poolId),
        currentDate: new Date(clock.now()),
      });
      if (payload.token_use !== "access") throw notAuthorized("Invalid Access Token");
      return payload;
    } catch (error) {
      const expired = (error as { code?: string }).code === "ERR_JWT_EXPIRED";
      throw notAuthorized(expired ? "Access Token has expired" : "Invalid Access Token");
    }
  }
}

/** `/.well-known/openid-configuration`: the issuer is AWS's, the keys are here. Hosted sign-in pages are not emulated. */
export function discovery(pool: Pool, region: string, endpoint: string): object {
  return {
    issuer: `https://cognito-idp.${region}.amazonaws.com/${pool.id}`,
    jwks_uri: `${endpoint}/${pool.id}/.well-known/jwks.json`,
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code", "token"],
    scopes_supported: ["openid", "email", "phone", "profile"],
    subject_types_supported: ["public"],
  };
}
