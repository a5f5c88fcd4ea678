/** Access keys: the administrator's, made once per state folder, and the temporary ones of roles. */
import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { AwsError, type Clock, type Credentials, type Principal } from "../service.ts";

export interface StoredKey {
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: number;
  principal: Principal;
}

export interface LongLivedKey {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface CredentialStore {
  administrator: { accessKeyId: string; secretAccessKey: string };
  issue(principal: Principal, durationSeconds: number): Credentials;
  /** A user's long-lived key: a new one, or one that was put away by `revoke`. */
  keep(principal: Principal, key?: LongLivedKey): LongLivedKey;
  revoke(accessKeyId: string): void;
  /** Throws what AWS answers to an unknown or expired key. */
  find(accessKeyId: string, sessionToken: string | undefined): StoredKey;
}

export function credentialStore(database: DatabaseSync, clock: Clock, account: string): CredentialStore {
  database.exec(`CREATE TABLE IF NOT EXISTS credentials (
    access_key_id TEXT PRIMARY KEY, secret TEXT NOT NULL, token TEXT, expiration INTEGER, principal TEXT NOT NULL
  ) STRICT`);
  const insert = database.prepare("INSERT INTO credentials VALUES (?, ?, ?, ?, ?)");
  const select = database.prepare("SELECT * FROM credentials WHERE access_key_id = ?");
  const remove = database.prepare("DELETE FROM credentials WHERE access_key_id = ?");
  database.prepare("DELETE FROM credentials WHERE expiration < ?").run(clock.now());
  // Every signed request looks its key up.
  const cache = new Map<string, StoredKey>();

  const administrator = readAdministrator() ?? makeAdministrator();

  function readAdministrator() {
    const row = database
      .prepare(
        `SELECT access_key_id, secret FROM credentials WHERE expiration IS NULL AND principal ->> 'type' = 'administrator'`,
      )
      .get();
    return row && { accessKeyId: String(row.access_key_id), secretAccessKey: String(row.secret) };
  }

  function makeAdministrator() {
    return keep({ type: "administrator", arn: `arn:aws:iam::${account}:root`, account });
  }

  function keep(
    principal: Principal,
    key: LongLivedKey = { accessKeyId: keyId("AKIA"), secretAccessKey: secret() },
  ): LongLivedKey {
    insert.run(key.accessKeyId, key.secretAccessKey, null, null, JSON.stringify(principal));
    return key;
  }

  function lookUp(accessKeyId: string): StoredKey | undefined {
    const cached = cache.get(accessKeyId);
    if (cached) return cached;
    const row = select.get(accessKeyId);
    if (!row) return undefined;
    const key: StoredKey = {
      secretAccessKey: String(row.secret),
      sessionToken: row.token === null ? undefined : String(row.token),
      expiration: row.expiration === null ? undefined : Number(row.expiration),
      principal: { ...JSON.parse(String(row.principal)), accessKeyId },
    };
    cache.set(accessKeyId, key);
    return key;
  }

  return {
    administrator,
    keep,
    revoke(accessKeyId) {
      cache.delete(accessKeyId);
      remove.run(accessKeyId);
    },
    issue(principal, durationSeconds) {
      const credentials = {
        accessKeyId: keyId("ASIA"),
        secretAccessKey: secret(),
        sessionToken: randomBytes(96).toString("base64"),
        expiration: clock.now() + durationSeconds * 1000,
      };
      const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials;
      insert.run(accessKeyId, secretAccessKey, sessionToken, expiration, JSON.stringify(principal));
      return credentials;
    },
    find(accessKeyId, sessionToken) {
      const key = lookUp(accessKeyId);
      if (!key || key.sessionToken !== sessionToken) {
        throw new AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403);
      }
      if (key.expiration !== undefined && key.expiration <= clock.now()) {
        throw new AwsError("ExpiredToken", "The security token included in the request is expired", 403);
      }
      return key;
    },
  };
}

/** 20 characters of AWS's alphabet, its prefix saying whether the key is long-lived or temporary. */
function keyId(prefix: "AKIA" | "ASIA"): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return prefix + Array.from(randomBytes(16), (byte) => alphabet[byte & 31]).join("");
}

function secret(): string {
  return randomBytes(30).toString("base64");
}
