/** Pools, clients and groups of the running graph, and the users that outlive it (SQLite). */

import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { AwsError, type Clock } from "../../../service.ts";
import type { Attributes, Client, Group, Pool, ResourceServer } from "./pool.ts";

export type UserStatus = "UNCONFIRMED" | "CONFIRMED" | "FORCE_CHANGE_PASSWORD" | "RESET_REQUIRED";

export interface User {
  poolId: string;
  username: string;
  /** `sub` included. */
  attributes: Attributes;
  passwordHash?: string;
  /** ms since the epoch: how old a temporary password is */
  passwordSetAt: number;
  status: UserStatus;
  enabled: boolean;
  createdAt: number;
  updatedAt: number;
  /** An authenticator application's secret (base32), and whether it is asked for. */
  totp?: { secret: string; verified: boolean; enabled: boolean; lastStep?: number };
}

interface Row {
  pool_id: string;
  username: string;
  attributes: string;
  password_hash: string | null;
  password_set_at: number;
  status: UserStatus;
  enabled: number;
  created_at: number;
  updated_at: number;
  extra: string;
}

export type Directory = ReturnType<typeof directory>;

export function directory(database: DatabaseSync, clock: Clock) {
  database.exec(`
    create table if not exists cognito_users (
      pool_id text, username text, attributes text not null, password_hash text, password_set_at integer not null,
      status text not null, enabled integer not null, created_at integer not null, updated_at integer not null,
      primary key (pool_id, username)) without rowid;
    create index if not exists cognito_users_email on cognito_users (pool_id, lower(json_extract(attributes, '$.email')));
    create table if not exists cognito_members (
      pool_id text, group_name text, username text, primary key (pool_id, username, group_name)) without rowid;`);
  const columns = database.prepare("select name from pragma_table_info('cognito_users')").all();
  if (!columns.some(({ name }) => name === "extra"))
    database.exec("alter table cognito_users add column extra text not null default '{}'");

  const pools = new Map<string, Pool>();
  const clients = new Map<string, Client>();
  const groups = new Map<string, Group>();
  /** Where users sign in on pages → whose pool it is. */
  const domains = new Map<string, string>();
  const resourceServers = new Map<string, ResourceServer>();
  const find = database.prepare("select * from cognito_users where pool_id = ? and username = ?");
  const findFolded = database.prepare("select * from cognito_users where pool_id = ? and lower(username) = lower(?)");
  const findEmail = database.prepare(
    "select * from cognito_users where pool_id = ? and lower(json_extract(attributes, '$.email')) = lower(?)",
  );
  const findAlias = database.prepare(
    "select * from cognito_users where pool_id = ? and json_extract(attributes, ?) = ? order by created_at",
  );
  const upsert = database.prepare("insert or replace into cognito_users values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

  const toUser = (row: Row): User => ({
    poolId: row.pool_id,
    username: row.username,
    attributes: JSON.parse(row.attributes),
    passwordHash: row.password_hash ?? undefined,
    passwordSetAt: row.password_set_at,
    status: row.status,
    enabled: row.enabled === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...JSON.parse(row.extra),
  });

  /** By user name, or by whatever else the pool lets people sign in with. */
  function lookUp(pool: Pool, name: string): User | undefined {
    const exact = (pool.caseSensitive ? find : findFolded).get(pool.id, name) as Row | undefined;
    if (exact !== undefined) return toUser(exact);
    for (const alias of [...pool.usernameAttributes, ...pool.aliasAttributes]) {
      const rows = (alias === "email"
        ? findEmail.all(pool.id, name)
        : findAlias.all(pool.id, `$."${alias}"`, name)) as unknown as Row[];
      const found = rows
        .map(toUser)
        .filter(({ attributes }) => isSignInAlias(pool, alias, attributes))
        .find(({ attributes }) => !(pool.caseSensitive && alias === "email") || attributes.email === name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  return {
    pools,
    clients,
    groups,
    domains,
    resourceServers,
    lookUp,

    pool(id: string | undefined): Pool {
      const pool = pools.get(id ?? "");
      if (pool === undefined) throw new AwsError("ResourceNotFoundException", `User pool ${id} does not exist.`);
      return pool;
    },

    client(id: string | undefined): Client {
      const client = clients.get(id ?? "");
      if (client === undefined)
        throw new AwsError("ResourceNotFoundException", `User pool client ${id} does not exist.`);
      return client;
    },

    group(poolId: string, name: string | undefined): Group {
      const group = groups.get(`${poolId}/${name}`);
      if (group === undefined) throw new AwsError("ResourceNotFoundException", "Group not found.");
      return group;
    },

    user(pool: Pool, name: string | undefined): User {
      const user = name === undefined ? undefined : lookUp(pool, name);
      if (user === undefined) throw new AwsError("UserNotFoundException", "User does not exist.");
      return user;
    },

    users(pool: Pool): User[] {
      const rows = database.prepare("select * from cognito_users where pool_id = ? order by username").all(pool.id);
      return (rows as unknown as Row[]).map(toUser);
    },

    /** A user who is not saved yet. */
    newUser(pool: Pool, name: string, attributes: Attributes, status: UserStatus): User {
      const sub = randomUUID();
      const now = clock.now();
      return {
        poolId: pool.id,
        username: pool.usernameAttributes.length > 0 ? sub : name,
        attributes: { sub, ...attributes },
        passwordSetAt: now,
        status,
        enabled: true,
        createdAt: now,
        updatedAt: now,
      };
    },

    save(user: User): void {
      upsert.run(
        user.poolId,
        user.username,
        JSON.stringify(user.attributes),
        user.passwordHash ?? null,
        user.passwordSetAt,
        user.status,
        user.enabled ? 1 : 0,
        user.createdAt,
        clock.now(),
        JSON.stringify({ totp: user.totp }),
      );
    },

    remove(user: User): void {
      for (const table of ["cognito_users", "cognito_members"])
        database.prepare(`delete from ${table} where pool_id = ? and username = ?`).run(user.poolId, user.username);
    },

    join(user: User, group: Group): void {
      database
        .prepare("insert or ignore into cognito_members values (?, ?, ?)")
        .run(user.poolId, group.name, user.username);
    },

    leave(user: User, group: Group): void {
      database
        .prepare("delete from cognito_members where pool_id = ? and group_name = ? and username = ?")
        .run(user.poolId, group.name, user.username);
    },

    members(group: Group): string[] {
      const rows = database
        .prepare("select username from cognito_members where pool_id = ? and group_name = ? order by username")
        .all(group.poolId, group.name);
      return rows.map(({ username }) => String(username));
    },

    /** The user's groups, the most important (lowest precedence) first. */
    groupsOf(user: User): Group[] {
      const rows = database
        .prepare("select group_name from cognito_members where pool_id = ? and username = ?")
        .all(user.poolId, user.username) as { group_name: string }[];
      return rows
        .map(({ group_name }) => groups.get(`${user.poolId}/${group_name}`))
        .filter((group) => group !== undefined)
        .sort((left, right) => (left.precedence ?? Infinity) - (right.precedence ?? Infinity));
    },
  };
}

/** An e-mail address or phone number beside a user name is one's own only once it is verified. */
function isSignInAlias({ usernameAttributes }: Pool, alias: string, attributes: Attributes): boolean {
  if (usernameAttributes.includes(alias) || alias === "preferred_username") return true;
  return attributes[`${alias}_verified`] === "true";
}
