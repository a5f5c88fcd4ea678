/** The tokens of a sign-in, with Cognito's claims as the pool's trigger leaves them. */
import { createHash, randomUUID } from "node:crypto";
import type { JWTPayload } from "jose";
import type { Cloud } from "../../../service.ts";
import type { Directory, User } from "../pools/directory.ts";
import type { Client, Pool } from "../pools/pool.ts";
import type { Triggers } from "../triggers.ts";
import { type RefreshTokens, refreshTokens, type Session } from "./refresh-tokens.ts";
import { notAuthorized, type SigningKeys, signingKeys } from "./signing-keys.ts";
import { applyTokenTrigger } from "./token-trigger.ts";

export interface AuthenticationResult {
  AccessToken: string;
  IdToken: string;
  RefreshToken?: string;
  ExpiresIn: number;
  TokenType: "Bearer";
}

/** How a sign-in came about, as the trigger is told: `Authentication`, `RefreshTokens`, `HostedAuth` … */
export interface Occasion {
  source?: string;
  scopes?: string[];
  nonce?: string;
}

export const USER_SCOPE = "aws.cognito.signin.user.admin";
const BOOLEANS = ["email_verified", "phone_number_verified"];

export type Tokens = ReturnType<typeof tokens>;

export function tokens(cloud: Cloud, directory: Directory, triggers: Triggers) {
  const keys: SigningKeys = signingKeys(cloud.database, cloud.clock, cloud.region);
  const refreshing: RefreshTokens = refreshTokens(cloud.database, cloud.clock);
  const seconds = () => Math.floor(cloud.clock.now() / 1000);

  async function issue(
    user: User,
    client: Client,
    session: Session,
    { source = "Authentication", nonce }: Occasion,
  ): Promise<AuthenticationResult> {
    const groups = directory.groupsOf(user);
    const roles = groups.map(({ roleArn }) => roleArn).filter((arn) => arn !== undefined);
    const scopes = session.scopes ?? [USER_SCOPE];
    const fixed = { origin_jti: session.originJti, event_id: session.eventId, auth_time: session.authTime };
    const shared: JWTPayload = {
      sub: user.attributes.sub,
      ...(groups.length > 0 && { "cognito:groups": groups.map(({ name }) => name) }),
      ...fixed,
    };
    const drafts = await applyTokenTrigger(triggers, directory.pool(user.poolId), user, client, {
      source: `TokenGeneration_${source}`,
      groups: groups.map(({ name }) => name),
      roles,
      scopes,
      id: {
        ...shared,
        ...readable(user, client, session.scopes),
        ...(roles.length > 0 && { "cognito:roles": roles, "cognito:preferred_role": roles[0] }),
        "cognito:username": user.username,
        aud: client.id,
        token_use: "id",
      },
      access: { ...shared, client_id: client.id, token_use: "access", scope: "", username: user.username },
    });
    const access = { ...drafts.access, scope: drafts.scopes.join(" "), ...(session.scopes && { version: 2 }) };
    const AccessToken = await keys.sign(user.poolId, access, client.accessTokenSeconds);
    // OpenID Connect's own: they tie the ID token to the request and to the access token.
    const tied = session.scopes && { at_hash: leftHalf(AccessToken), ...(nonce !== undefined && { nonce }) };
    return {
      AccessToken,
      IdToken: await keys.sign(user.poolId, { ...drafts.id, ...tied }, client.idTokenSeconds),
      ExpiresIn: client.accessTokenSeconds,
      TokenType: "Bearer",
    };
  }

  return {
    jwks: keys.jwks,
    issuer: keys.issuer,

    /** A new sign-in: all three tokens. */
    async signIn(user: User, client: Client, occasion: Occasion = {}): Promise<AuthenticationResult> {
      const session: Session = {
        poolId: user.poolId,
        clientId: client.id,
        username: user.username,
        originJti: randomUUID(),
        eventId: randomUUID(),
        authTime: seconds(),
        scopes: occasion.scopes,
      };
      const result = await issue(user, client, session, occasion);
      return { ...result, RefreshToken: refreshing.issue(session, client.refreshTokenSeconds) };
    },

    /** Whose refresh token it is. Throws NotAuthorizedException. */
    ownerOf: (refreshToken: string, client: Client): string => refreshing.open(refreshToken, client.id).username,

    /** Fresh tokens of the same sign-in; where the client rotates them, a new refresh token too. */
    async refresh(refreshToken: string, client: Client): Promise<AuthenticationResult & { scopes?: string[] }> {
      const session = refreshing.open(refreshToken, client.id);
      const user = directory.lookUp(directory.pool(client.poolId), session.username);
      if (user === undefined) throw notAuthorized("Invalid Refresh Token");
      if (!user.enabled) throw notAuthorized("User is disabled.");
      const result = await issue(user, client, session, { source: "RefreshTokens" });
      const grace = client.rotationGraceSeconds;
      const rotated = grace === undefined ? {} : { RefreshToken: refreshing.rotate(refreshToken, session, grace) };
      return { ...result, ...rotated, scopes: session.scopes };
    },

    /** An application's own access token. */
    async forClient(client: Client, scopes: string[]): Promise<{ AccessToken: string; ExpiresIn: number }> {
      const claims = {
        sub: client.id,
        token_use: "access",
        scope: scopes.join(" "),
        auth_time: seconds(),
        version: 2,
        client_id: client.id,
      };
      const AccessToken = await keys.sign(client.poolId, claims, client.accessTokenSeconds);
      return { AccessToken, ExpiresIn: client.accessTokenSeconds };
    },

    /** The user an access token speaks for; throws unless it is genuine, current, not revoked, and has the scope. */
    async userOf(
      accessToken: string | undefined,
      scope = USER_SCOPE,
    ): Promise<{ user: User; client: Client; pool: Pool; scopes: string[] }> {
      const claims = await keys.verify(accessToken ?? "", directory.pools);
      if (!refreshing.isLive(claims.origin_jti as string | undefined))
        throw notAuthorized("Access Token has been revoked");
      const scopes = String(claims.scope).split(" ");
      if (!scopes.includes(scope)) throw notAuthorized("Access Token does not have required scopes");
      const client = directory.client(claims.client_id as string);
      const pool = directory.pool(client.poolId);
      return { user: directory.user(pool, claims.username as string), client, pool, scopes };
    },

    /**
     * What an ID token of a pool says. Throws NotAuthorizedException.
     * @param isChecked whether its user may still sign in, and did not sign out
     */
    async readIdToken(token: string, poolId: string, isChecked: boolean): Promise<JWTPayload> {
      const { poolId: _, ...claims } = await keys.verify(token, { has: (id) => id === poolId }, "id").catch((error) => {
        throw notAuthorized(`Invalid login token.${/expired/.test(error.message) ? " Token expired." : ""}`);
      });
      const user = directory.lookUp(directory.pool(poolId), String(claims["cognito:username"]));
      if (isChecked && !user?.enabled) throw notAuthorized("Invalid login token. User is disabled or deleted.");
      if (isChecked && !refreshing.isLive(claims.origin_jti as string | undefined)) {
        throw notAuthorized("Invalid login token. Token has been revoked.");
      }
      return claims;
    },

    revoke: (refreshToken: string): void => refreshing.revoke(refreshToken),
    revokeAll: (user: User): void => refreshing.revokeAll(user),
  };
}

/** What the client may read; of a hosted sign-in, what the granted scopes speak of. */
export function readable(user: User, client: Client, scopes?: string[]): Record<string, string | boolean> {
  const own = Object.entries(user.attributes).filter(
    ([name]) => name !== "sub" && (client.readAttributes?.includes(name) ?? true) && isGranted(name, scopes),
  );
  return Object.fromEntries(own.map(([name, value]) => [name, BOOLEANS.includes(name) ? value === "true" : value]));
}

function isGranted(name: string, scopes: string[] = ["profile"]): boolean {
  if (scopes.includes("profile") || !scopes.some((scope) => ["email", "phone"].includes(scope))) return true;
  if (/^email(_verified)?$/.test(name)) return scopes.includes("email");
  return /^phone_number(_verified)?$/.test(name) && scopes.includes("phone");
}

function leftHalf(token: string): string {
  return createHash("sha256").update(token).digest().subarray(0, 16).toString("base64url");
}

/** `/.well-known/openid-configuration`: the issuer is AWS's; keys and pages are here. */
export function discovery(pool: Pool, region: string, endpoint: string, signInUrl: string | undefined): object {
  return {
    issuer: `https://cognito-idp.${region}.amazonaws.com/${pool.id}`,
    jwks_uri: `${endpoint}/${pool.id}/.well-known/jwks.json`,
    ...(signInUrl !== undefined && {
      authorization_endpoint: `${signInUrl}/oauth2/authorize`,
      token_endpoint: `${signInUrl}/oauth2/token`,
      userinfo_endpoint: `${signInUrl}/oauth2/userInfo`,
      revocation_endpoint: `${signInUrl}/oauth2/revoke`,
      end_session_endpoint: `${signInUrl}/logout`,
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    }),
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code", "token"],
    scopes_supported: ["openid", "email", "phone", "profile"],
    subject_types_supported: ["public"],
  };
}
