/** Who asks for what, who is signed in at the pages, and the codes that applications exchange for tokens. */
import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../../service.ts";
import type { Directory, User } from "../pools/directory.ts";
import type { Client, Pool } from "../pools/pool.ts";
import { equal } from "../sign-in/client-proof.ts";
import type { Visit } from "./exchange.ts";

/** What an application asked for; it goes from page to page in the address. */
export interface Wish {
  client: Client;
  redirectUri: string;
  scopes: string[];
  state?: string;
  nonce?: string;
  codeChallenge?: string;
}

/** @property redirectUri where the application may be told; undefined where nobody vouches for the address */
export interface Refusal {
  error: string;
  description?: string;
  redirectUri?: string;
  state?: string;
}

interface Code extends Wish {
  username: string;
  until: number;
}

const SESSION_MS = 3_600_000;
const CODE_MS = 300_000;
export const SESSION_COOKIE = "cognito";

export type Authorization = ReturnType<typeof authorization>;

export function authorization(clock: Clock, directory: Directory) {
  const sessions = new Map<string, { poolId: string; username: string; until: number }>();
  const codes = new Map<string, Code>();
  const drop = (map: Map<string, { until: number }>) => {
    for (const [key, { until }] of map) if (until <= clock.now()) map.delete(key);
  };

  return {
    wishOf({ query, pool }: Pick<Visit, "query" | "pool">): Wish | Refusal {
      const client = directory.clients.get(query.get("client_id") ?? "");
      if (!client || client.poolId !== pool.id) return { error: "invalid_request", description: "unknown client_id" };
      const { oauth } = client;
      if (!oauth) return { error: "unauthorized_client" };
      const redirectUri = query.get("redirect_uri") ?? "";
      if (!oauth.callbackUrls.includes(redirectUri)) return { error: "redirect_mismatch" };
      const state = query.get("state") ?? undefined;
      const refuse = (error: string, description?: string) => ({ error, description, redirectUri, state });
      if (query.get("response_type") !== "code" || !oauth.flows.includes("code")) return refuse("unauthorized_client");
      const scopes = (query.get("scope") ?? "").split(/[\s+]+/).filter((scope) => scope !== "");
      if (scopes.some((scope) => !oauth.scopes.includes(scope))) return refuse("invalid_request", "invalid_scope");
      const codeChallenge = query.get("code_challenge") ?? undefined;
      if (codeChallenge !== undefined && query.get("code_challenge_method") !== "S256")
        return refuse("invalid_request", "Only code_challenge_method S256 is supported");
      return {
        client,
        redirectUri,
        scopes: scopes.length > 0 ? scopes : oauth.scopes,
        state,
        nonce: query.get("nonce") ?? undefined,
        codeChallenge,
      };
    },

    /** The user whose browser this is. */
    visitor(pool: Pool, cookies: Record<string, string>): User | undefined {
      const session = sessions.get(cookies[SESSION_COOKIE] ?? "");
      if (!session || session.until <= clock.now() || session.poolId !== pool.id) return undefined;
      const user = directory.lookUp(pool, session.username);
      return user?.enabled ? user : undefined;
    },
    /** @returns the cookie */
    enter(user: User): string {
      drop(sessions);
      const id = randomBytes(32).toString("base64url");
      sessions.set(id, { poolId: user.poolId, username: user.username, until: clock.now() + SESSION_MS });
      return `${SESSION_COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${SESSION_MS / 1000}`;
    },
    leave(cookies: Record<string, string>): string {
      sessions.delete(cookies[SESSION_COOKIE] ?? "");
      return `${SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`;
    },

    grant(wish: Wish, user: User): string {
      drop(codes);
      const code = randomBytes(24).toString("base64url");
      codes.set(code, { ...wish, username: user.username, until: clock.now() + CODE_MS });
      return code;
    },
    /** Once; undefined where the code is unknown, too old, another client's, or not proven to be this application's. */
    redeem(client: Client, code: string, redirectUri: string, verifier: string | undefined): Code | undefined {
      const found = codes.get(code);
      codes.delete(code);
      if (!found || found.until <= clock.now()) return undefined;
      if (found.client.id !== client.id || found.redirectUri !== redirectUri) return undefined;
      const { codeChallenge } = found;
      if ((codeChallenge === undefined) !== (verifier === undefined)) return undefined;
      if (codeChallenge === undefined) return found;
      const proof = createHash("sha256").update(verifier!).digest("base64url");
      return equal(proof, codeChallenge) ? found : undefined;
    },
  };
}

export function isRefusal(wish: Wish | Refusal): wish is Refusal {
  return "error" in wish;
}
