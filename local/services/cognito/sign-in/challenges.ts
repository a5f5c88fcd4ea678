/** What a sign-in still asks for. A restart ends it: the user signs in again. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../../service.ts";
import type { User } from "../pools/directory.ts";
import type { Client } from "../pools/pool.ts";
import { notAuthorized } from "../tokens/signing-keys.ts";
import type { Round } from "./custom-auth.ts";
import type { SrpExchange } from "./srp.ts";

export type ChallengeName =
  | "NEW_PASSWORD_REQUIRED"
  | "SOFTWARE_TOKEN_MFA"
  | "MFA_SETUP"
  | "PASSWORD_VERIFIER"
  | "CUSTOM_CHALLENGE";

export interface Challenge {
  name: ChallengeName;
  clientId: string;
  /** Of the pool; of nobody's, where an unknown name is kept secret. */
  username: string;
  until: number;
  srp?: SrpExchange;
  /** Of a sign-in by the pool's functions: what came before, and what only they know. */
  custom?: { rounds: Round[]; expected: Record<string, string>; metadata: string | null };
  /** An authenticator application that is being set up. */
  totp?: { secret: string; verified: boolean };
}

export type Challenges = ReturnType<typeof challenges>;

export function challenges(clock: Clock) {
  const open = new Map<string, Challenge>();

  function find(session: string | undefined): Challenge {
    const challenge = open.get(session ?? "");
    if (challenge === undefined || challenge.until <= clock.now())
      throw notAuthorized("Invalid session for the user, session is expired.");
    return challenge;
  }

  return {
    begin(name: ChallengeName, client: Client, user: Pick<User, "username">, more: Partial<Challenge> = {}): string {
      for (const [session, { until }] of open) if (until <= clock.now()) open.delete(session);
      const session = randomBytes(48).toString("base64url");
      const until = clock.now() + client.sessionSeconds * 1000;
      open.set(session, { ...more, name, clientId: client.id, username: user.username, until });
      return session;
    },
    find,
    /** The challenge of this name and client; it stays open until it is closed. */
    answer(session: string | undefined, name: ChallengeName, client: Client): Challenge {
      const challenge = find(session);
      if (challenge.clientId !== client.id || challenge.name !== name)
        throw notAuthorized("Invalid session for the user, session is expired.");
      return challenge;
    },
    /** The session of an exchange that only its secret block names. */
    sessionOf(client: Client, secretBlock: string): string {
      const found = [...open].find(
        ([, { srp, clientId }]) => clientId === client.id && srp?.secretBlock === secretBlock,
      );
      return found?.[0] ?? "";
    },
    close: (session: string | undefined): void => void open.delete(session ?? ""),
  };
}
