/** Refresh tokens, each the root of one sign-in; only their digests are kept. */
import { createHash, randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../../service.ts";
import type { User } from "../pools/directory.ts";
import { notAuthorized } from "./signing-keys.ts";

export interface Session {
  poolId: string;
  clientId: string;
  username: string;
  /** Ties access and ID tokens to the refresh token they came from. */
  originJti: string;
  eventId: string;
  /** seconds since the epoch */
  authTime: number;
  /** Of the hosted pages; undefined for a sign-in through the API. */
  scopes?: string[];
}

export type RefreshTokens = ReturnType<typeof refreshTokens>;

export function refreshTokens(database: DatabaseSync, clock: Clock) {
  database.exec(`
    create table if not exists cognito_refresh_tokens (
      digest text primary key, pool_id text not null, client_id text not null, username text not null,
      origin_jti text not null, event_id text not null, auth_time integer not null, expires_at integer not null);
    create index if not exists cognito_refresh_tokens_by_user on cognito_refresh_tokens (pool_id, username);
    create index if not exists cognito_refresh_tokens_by_origin on cognito_refresh_tokens (origin_jti);`);
  const columns = database.prepare("select name from pragma_table_info('cognito_refresh_tokens')").all();
  if (!columns.some(({ name }) => name === "scopes"))
    database.exec(`
      alter table cognito_refresh_tokens add column scopes text;
      alter table cognito_refresh_tokens add column ends_at integer`);
  const seconds = () => Math.floor(clock.now() / 1000);
  const digest = (token: string) => createHash("sha256").update(token).digest("base64");

  function insert(session: Session, expiresAt: number): string {
    const token = randomBytes(96).toString("base64url");
    database.prepare("delete from cognito_refresh_tokens where expires_at <= ?").run(seconds());
    const { poolId, clientId, username, originJti, eventId, authTime, scopes } = session;
    database
      .prepare("insert into cognito_refresh_tokens values (?, ?, ?, ?, ?, ?, ?, ?, ?, null)")
      .run(
        digest(token),
        poolId,
        clientId,
        username,
        originJti,
        eventId,
        authTime,
        expiresAt,
        scopes ? scopes.join(" ") : null,
      );
    return token;
  }

  return {
    issue: (session: Session, lifetimeSeconds: number): string => insert(session, seconds() + lifetimeSeconds),

    /** Throws NotAuthorizedException. */
    open(token: string, clientId: string): Session & { expiresAt: number } {
      const row = database.prepare("select * from cognito_refresh_tokens where digest = ?").get(digest(token));
      if (row === undefined || row.client_id !== clientId) throw notAuthorized("Invalid Refresh Token");
      if (row.ends_at !== null && (row.ends_at as number) <= clock.now()) throw notAuthorized("Invalid Refresh Token");
      if ((row.expires_at as number) <= seconds()) throw notAuthorized("Refresh Token has expired");
      return {
        poolId: row.pool_id as string,
        clientId,
        username: row.username as string,
        originJti: row.origin_jti as string,
        eventId: row.event_id as string,
        authTime: row.auth_time as number,
        scopes: row.scopes === null ? undefined : String(row.scopes).split(" "),
        expiresAt: row.expires_at as number,
      };
    },

    /** A successor that lasts as long as the first would have; the first ends after its time of grace. */
    rotate(token: string, session: Session & { expiresAt: number }, graceSeconds: number): string {
      database
        .prepare("update cognito_refresh_tokens set ends_at = coalesce(ends_at, ?) where digest = ?")
        .run(clock.now() + graceSeconds * 1000, digest(token));
      return insert(session, session.expiresAt);
    },

    isLive(originJti: string | undefined): boolean {
      const found = database.prepare("select 1 from cognito_refresh_tokens where origin_jti = ?").get(originJti ?? "");
      return found !== undefined;
    },

    /** All of the sign-in that the token belongs to. */
    revoke(token: string): void {
      database
        .prepare(
          "delete from cognito_refresh_tokens where origin_jti = (select origin_jti from cognito_refresh_tokens where digest = ?)",
        )
        .run(digest(token));
    },

    revokeAll(user: User): void {
      database
        .prepare("delete from cognito_refresh_tokens where pool_id = ? and username = ?")
        .run(user.poolId, user.username);
    },
  };
}
