/** Identity pools: which tokens they take, and which roles and tags somebody gets for one. Kept where the API made them. */
import { AwsError, type Cloud } from "../../service.ts";

export interface Provider {
  ProviderName: string;
  ClientId: string;
  ServerSideTokenCheck?: boolean;
}

export interface Rule {
  Claim: string;
  MatchType: "Equals" | "Contains" | "StartsWith" | "NotEqual";
  Value: string;
  RoleARN: string;
}

export interface RoleMapping {
  Type: "Token" | "Rules";
  AmbiguousRoleResolution?: "AuthenticatedRole" | "Deny";
  RulesConfiguration?: { Rules: Rule[] };
}

export interface TagMap {
  useDefaults: boolean;
  /** Tag → claim. */
  tags: Record<string, string>;
}

export interface IdentityPool {
  id: string;
  name: string;
  allowsUnauthenticated: boolean;
  allowsClassicFlow: boolean;
  providers: Provider[];
  roles: { authenticated?: string; unauthenticated?: string };
  /** By provider and client: `cognito-idp.…/pool:client`. */
  mappings: Record<string, RoleMapping>;
  /** By provider. */
  principalTags: Record<string, TagMap>;
  tags: Record<string, string>;
}

export interface Identity {
  id: string;
  poolId: string;
  /** Provider and subject; undefined for who did not sign in. */
  login?: string;
  createdAt: number;
}

export type Pools = ReturnType<typeof poolsOf>;

export function poolsOf({ database, clock, region, account }: Cloud) {
  database.exec(`
    CREATE TABLE IF NOT EXISTS cognito_identity_pools (id TEXT PRIMARY KEY, pool TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS cognito_identities (
      id TEXT PRIMARY KEY, pool_id TEXT NOT NULL, login TEXT, created_at INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS cognito_identities_by_login ON cognito_identities (pool_id, login)`);
  const sql = {
    save: database.prepare("INSERT OR REPLACE INTO cognito_identity_pools VALUES (?, ?)"),
    remove: database.prepare("DELETE FROM cognito_identity_pools WHERE id = ?"),
    identity: database.prepare("SELECT * FROM cognito_identities WHERE id = ?"),
    byLogin: database.prepare("SELECT * FROM cognito_identities WHERE pool_id = ? AND login = ?"),
    ofPool: database.prepare("SELECT * FROM cognito_identities WHERE pool_id = ? ORDER BY created_at, id"),
    addIdentity: database.prepare("INSERT INTO cognito_identities VALUES (?, ?, ?, ?)"),
    removeIdentity: database.prepare("DELETE FROM cognito_identities WHERE id = ?"),
    removeIdentities: database.prepare("DELETE FROM cognito_identities WHERE pool_id = ?"),
  };
  const pools = new Map<string, IdentityPool>();
  const made = new Set<string>();
  for (const row of database.prepare("SELECT pool FROM cognito_identity_pools").all()) {
    const pool = JSON.parse(String(row.pool)) as IdentityPool;
    pools.set(pool.id, pool);
    made.add(pool.id);
  }
  const identityOf = (row: Record<string, unknown>): Identity => ({
    ...{ id: String(row.id), poolId: String(row.pool_id), createdAt: Number(row.created_at) },
    login: row.login === null ? undefined : String(row.login),
  });

  return {
    newId: () => `${region}:${crypto.randomUUID()}`,
    arnOf: (id: string) => `arn:aws:cognito-identity:${region}:${account}:identitypool/${id}`,
    all: () => [...pools.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    has: (id: string) => pools.has(id),
    /** Throws ResourceNotFoundException. */
    get(id: string): IdentityPool {
      const found = pools.get(id);
      if (!found) throw new AwsError("ResourceNotFoundException", `IdentityPool '${id}' not found.`);
      return found;
    },
    /** @param byApi kept over a restart; what the program declares comes from it again */
    save(pool: IdentityPool, byApi = false): void {
      pools.set(pool.id, pool);
      if (byApi) made.add(pool.id);
      if (made.has(pool.id)) sql.save.run(pool.id, JSON.stringify(pool));
    },
    remove(id: string): void {
      pools.delete(id);
      made.delete(id);
      sql.remove.run(id);
      sql.removeIdentities.run(id);
    },

    identities: (poolId: string) => sql.ofPool.all(poolId).map(identityOf),
    /** Throws ResourceNotFoundException. */
    identity(id: string): Identity {
      const row = sql.identity.get(id);
      if (!row) throw new AwsError("ResourceNotFoundException", `Identity '${id}' not found.`);
      return identityOf(row);
    },
    /** The identity of a login, made at the first; another one each time for who did not sign in. */
    identify(poolId: string, login: string | undefined): Identity {
      const known = login === undefined ? undefined : sql.byLogin.get(poolId, login);
      if (known) return identityOf(known);
      const identity = { id: `${region}:${crypto.randomUUID()}`, poolId, login, createdAt: clock.now() };
      sql.addIdentity.run(identity.id, poolId, login ?? null, identity.createdAt);
      return identity;
    },
    forget: (id: string) => void sql.removeIdentity.run(id),
  };
}
