/**
 * Roles and policies that the API made, beside those that the program declares: they are kept in the database, the
 * program's are laid out again at each start (so what the API changes about one of those lasts until then).
 */
import type { Iam, Role } from "../../iam/index.ts";
import { AWS_MANAGED_POLICIES } from "../../iam/managed-policies.ts";
import { AwsError, type Cloud } from "../../service.ts";

export interface RoleEntity {
  role: Role;
  path: string;
  description?: string;
  createdAt: number;
  tags: Record<string, string>;
  boundaryArn?: string;
}

export interface PolicyEntity {
  arn: string;
  name: string;
  path: string;
  /** That of the default version. */
  document: string;
  description?: string;
  createdAt: number;
  versions: { id: string; document: string; createdAt: number }[];
  defaultVersion: string;
  /** The number of the newest version there ever was: none is given twice. */
  latest?: number;
  tags?: Record<string, string>;
}

export interface Entities {
  roles(): RoleEntity[];
  /** By name or ARN. Throws NoSuchEntity. */
  role(name: string): RoleEntity;
  hasRole(name: string): boolean;
  /** @param made By the API: kept over a restart. */
  saveRole(entity: RoleEntity, made?: boolean): void;
  removeRole(name: string): void;
  policies(): PolicyEntity[];
  /** The document of a customer's or AWS's own policy. Throws NoSuchEntity. */
  document(arn: string): string;
  policy(arn: string): PolicyEntity;
  savePolicy(entity: PolicyEntity, made?: boolean): void;
  removePolicy(arn: string): void;
}

export function entities({ database }: Cloud, judge: Iam): Entities {
  database.exec(`
    CREATE TABLE IF NOT EXISTS iam_roles (name TEXT PRIMARY KEY, entity TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS iam_policies (arn TEXT PRIMARY KEY, entity TEXT NOT NULL) STRICT`);
  const sql = {
    saveRole: database.prepare("INSERT OR REPLACE INTO iam_roles VALUES (?, ?)"),
    removeRole: database.prepare("DELETE FROM iam_roles WHERE name = ?"),
    savePolicy: database.prepare("INSERT OR REPLACE INTO iam_policies VALUES (?, ?)"),
    removePolicy: database.prepare("DELETE FROM iam_policies WHERE arn = ?"),
  };
  const roles = new Map<string, RoleEntity>();
  const policies = new Map<string, PolicyEntity>();
  const made = new Set<string>();
  for (const row of database.prepare("SELECT entity FROM iam_policies").all()) {
    const entity = JSON.parse(String(row.entity)) as PolicyEntity;
    policies.set(entity.arn, { ...onlyVersion(entity), ...entity });
  }
  for (const row of database.prepare("SELECT entity FROM iam_roles").all()) {
    const kept = JSON.parse(String(row.entity)) as RoleEntity & { attached: [string, string][] };
    const entity = { ...kept, role: { ...kept.role, policies: new Map(kept.attached) } };
    made.add(entity.role.name);
    roles.set(entity.role.name, entity);
    judge.roles.set(entity.role.arn, entity.role);
  }

  return {
    roles: () => [...roles.values()].sort((a, b) => (a.role.name < b.role.name ? -1 : 1)),
    role(name) {
      const found = roles.get(name) ?? [...roles.values()].find(({ role }) => role.arn === name);
      if (!found) throw new AwsError("NoSuchEntity", `The role with name ${name} cannot be found.`, 404);
      return found;
    },
    hasRole: (name) => roles.has(name),
    saveRole(entity, byApi = false) {
      const { role } = entity;
      role.tags = entity.tags;
      roles.set(role.name, entity);
      judge.roles.set(role.arn, role);
      judge.changed();
      if (byApi) made.add(role.name);
      if (made.has(role.name)) sql.saveRole.run(role.name, JSON.stringify({ ...entity, attached: [...role.policies] }));
    },
    removeRole(name) {
      const found = roles.get(name);
      roles.delete(name);
      made.delete(name);
      if (found) judge.roles.delete(found.role.arn);
      judge.changed();
      sql.removeRole.run(name);
    },
    policies: () => [...policies.values()].sort((a, b) => (a.arn < b.arn ? -1 : 1)),
    document(arn) {
      const document = policies.get(arn)?.document ?? AWS_MANAGED_POLICIES[arn];
      if (!document) throw new AwsError("NoSuchEntity", `Policy ${arn} does not exist or is not attachable.`, 404);
      return document;
    },
    policy(arn) {
      const found = policies.get(arn);
      if (!found) throw new AwsError("NoSuchEntity", `Policy ${arn} was not found.`, 404);
      return found;
    },
    savePolicy(entity, byApi = false) {
      policies.set(entity.arn, entity);
      if (byApi) sql.savePolicy.run(entity.arn, JSON.stringify(entity));
    },
    removePolicy(arn) {
      policies.delete(arn);
      sql.removePolicy.run(arn);
    },
  };
}

/** The versions of a policy that has one. */
export function onlyVersion({ document, createdAt }: Pick<PolicyEntity, "document" | "createdAt">) {
  return { versions: [{ id: "v1", document, createdAt }], defaultVersion: "v1" };
}
