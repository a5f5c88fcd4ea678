/**
 * Pools, clients, groups, domains and resource servers: one way in for what the program declares and for what the API
 * makes. What the API made is kept; what the program declares is declared again at each start.
 */
import { randomBytes } from "node:crypto";
import type { Cloud } from "../../../service.ts";
import type { Directory } from "./directory.ts";
import {
  type Client,
  clientOf,
  type Group,
  groupOf,
  type Pool,
  type Properties,
  poolOf,
  type ResourceServer,
} from "./pool.ts";

export type Kind = "pool" | "client" | "group" | "domain" | "resource server";

export type Settings = ReturnType<typeof settings>;

export function settings(cloud: Cloud, directory: Directory) {
  const { database, clock, region, account } = cloud;
  database.exec(`
    create table if not exists cognito_settings (
      kind text, id text, properties text not null, created_at integer not null, primary key (kind, id)) without rowid;
    create table if not exists cognito_client_secrets (client_id text primary key, secret text not null) without rowid;`);
  const sql = {
    all: database.prepare("select * from cognito_settings order by created_at"),
    save: database.prepare("insert or replace into cognito_settings values (?, ?, ?, ?)"),
    remove: database.prepare("delete from cognito_settings where kind = ? and id = ?"),
    secret: database.prepare("select secret from cognito_client_secrets where client_id = ?"),
    saveSecret: database.prepare("insert or ignore into cognito_client_secrets values (?, ?)"),
  };
  const poolArn = (id: string) => `arn:aws:cognito-idp:${region}:${account}:userpool/${id}`;

  /** A client's secret is made once. */
  function secretOf(id: string, { generateSecret, clientSecret }: Properties): string | undefined {
    if (!generateSecret) return undefined;
    if (clientSecret) return String(clientSecret);
    sql.saveSecret.run(id, randomBytes(32).toString("base64url"));
    return String(sql.secret.get(id)!.secret);
  }

  const apply = {
    pool(id: string, properties: Properties, createdAt?: number): Pool {
      const times = {
        createdAt: createdAt ?? directory.pools.get(id)?.createdAt ?? clock.now(),
        updatedAt: clock.now(),
      };
      const pool = poolOf(id, properties, poolArn(id), times);
      directory.pools.set(id, pool);
      return pool;
    },
    client(id: string, properties: Properties, createdAt?: number): Client {
      const times = {
        createdAt: createdAt ?? directory.clients.get(id)?.createdAt ?? clock.now(),
        updatedAt: clock.now(),
      };
      const client = clientOf(id, properties, secretOf(id, properties), times);
      directory.clients.set(id, client);
      return client;
    },
    group(properties: Properties): Group {
      const group = groupOf(properties);
      directory.groups.set(`${group.poolId}/${group.name}`, group);
      return group;
    },
    domain({ domain, userPoolId }: Properties): void {
      directory.domains.set(domain, userPoolId);
    },
    resourceServer({ identifier, userPoolId, name, scopes = [] }: Properties): ResourceServer {
      const server = { identifier, poolId: userPoolId, name, scopes };
      directory.resourceServers.set(`${userPoolId}|${identifier}`, server);
      return server;
    },
  };

  const kept = new Set<string>();
  for (const { kind, id, properties, created_at } of sql.all.all()) {
    kept.add(`${kind} ${id}`);
    const values = JSON.parse(String(properties));
    if (kind === "pool") apply.pool(String(id), values, Number(created_at));
    else if (kind === "client") apply.client(String(id), values, Number(created_at));
    else if (kind === "group") apply.group(values);
    else if (kind === "domain") apply.domain(values);
    else apply.resourceServer(values);
  }

  return {
    ...apply,
    poolArn,
    /** Keeps what the API made, or changed of what it had made. */
    keep(kind: Kind, id: string, properties: Properties, isNew: boolean): void {
      if (!isNew && !kept.has(`${kind} ${id}`)) return;
      kept.add(`${kind} ${id}`);
      sql.save.run(kind, id, JSON.stringify(properties), clock.now());
    },
    forget(kind: Kind, id: string): void {
      kept.delete(`${kind} ${id}`);
      sql.remove.run(kind, id);
    },
  };
}
