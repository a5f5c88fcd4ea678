/** Codes that are sent to a user: six digits, for one purpose, for a while, for a few attempts. */
import { createHash, randomInt, timingSafeEqual } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { AwsError, type Clock } from "../../../service.ts";
import type { User } from "../pools/directory.ts";

/** `verify:email` proves an attribute. */
export type Purpose = "sign-up" | "forgot-password" | `verify:${string}`;

const HOUR_MS = 3_600_000;
const MOST_ATTEMPTS = 5;
const MOST_CODES_AN_HOUR = 5;

export type Codes = ReturnType<typeof codes>;

export function codes(database: DatabaseSync, clock: Clock) {
  database.exec(`
    create table if not exists cognito_codes (
      pool_id text, username text, purpose text, digest text not null, expires_at integer not null,
      failures integer not null, primary key (pool_id, username, purpose)) without rowid`);
  /** When codes were sent. A restart forgets it. */
  const sent = new Map<string, number[]>();

  const key = ({ poolId, username }: User, purpose: Purpose) => [poolId, username, purpose] as const;
  const digest = (user: User, code: string) =>
    createHash("sha256").update(`${user.poolId}/${user.username}/${code}`).digest();

  function limit(name: string): void {
    const recent = (sent.get(name) ?? []).filter((at) => at > clock.now() - HOUR_MS);
    if (recent.length >= MOST_CODES_AN_HOUR) throw limitExceeded();
    if (sent.size > 10_000) sent.clear();
    sent.set(name, [...recent, clock.now()]);
  }

  return {
    /** A new code; what was sent before for this purpose is void. Throws LimitExceededException at the sixth in an hour. */
    issue(user: User, purpose: Purpose): string {
      limit(key(user, purpose).join("/"));
      const code = String(randomInt(1_000_000)).padStart(6, "0");
      const lifetime = purpose === "forgot-password" ? HOUR_MS : 24 * HOUR_MS;
      database
        .prepare("insert or replace into cognito_codes values (?, ?, ?, ?, ?, 0)")
        .run(...key(user, purpose), digest(user, code).toString("base64"), clock.now() + lifetime);
      return code;
    },

    /** Throws CodeMismatchException, ExpiredCodeException, LimitExceededException. */
    check(user: User, purpose: Purpose, code: string | undefined): void {
      const row = database
        .prepare("select * from cognito_codes where pool_id = ? and username = ? and purpose = ?")
        .get(...key(user, purpose));
      if (!row || Number(row.expires_at) <= clock.now()) throw expired();
      if (Number(row.failures) >= MOST_ATTEMPTS) throw limitExceeded();
      if (timingSafeEqual(digest(user, code ?? ""), Buffer.from(String(row.digest), "base64"))) return;
      database
        .prepare("update cognito_codes set failures = failures + 1 where pool_id = ? and username = ? and purpose = ?")
        .run(...key(user, purpose));
      throw new AwsError("CodeMismatchException", "Invalid verification code provided, please try again.");
    },

    spend(user: User, purpose: Purpose): void {
      database
        .prepare("delete from cognito_codes where pool_id = ? and username = ? and purpose = ?")
        .run(...key(user, purpose));
    },

    forget(user: User): void {
      database.prepare("delete from cognito_codes where pool_id = ? and username = ?").run(user.poolId, user.username);
    },
  };
}

export function expired(): AwsError {
  return new AwsError("ExpiredCodeException", "Invalid code provided, please request a code again.");
}

function limitExceeded(): AwsError {
  return new AwsError("LimitExceededException", "Attempt limit exceeded, please try after some time.");
}
