/** A cell in memory that remembers what the lifecycle did to it. */

import { type LifecyclePorts, TenantChanged } from "../../../functions/lifecycle/ports.ts";
import type { TenantRecord } from "../../../functions/shared/tenant-registry.ts";

export class FakeCloud implements LifecyclePorts {
  readonly records = new Map<string, TenantRecord>();
  readonly statements: string[] = [];
  readonly databases = new Set(["app"]);
  readonly roles = new Set<string>();
  readonly migrated: string[] = [];
  readonly secrets = new Map<string, { arn: string; username: string; password: string }>();
  readonly parameters = new Map<string, string>();
  readonly apiKeys = new Map<string, { value: string; tier: string }>();
  /** Throws once before the call that this matches: `sql create role`, `apiKey`. */
  failAt?: string;
  #bytes = 0;

  registry: LifecyclePorts["registry"] = {
    get: async (tenantId) => this.records.get(tenantId),
    put: async (record, expectedVersion) => {
      if (this.records.get(record.tenantId)?.stateVersion !== expectedVersion) throw new TenantChanged(record.tenantId);
      this.records.set(record.tenantId, record);
    },
  };

  async sql(statement: string) {
    this.#step(`sql ${statement}`);
    this.statements.push(statement);
    const name = /'([^']*)'$|"([^"]*)"/.exec(statement)?.slice(1).find(Boolean) ?? "";
    if (statement.startsWith("select 1 as found from pg_database")) return this.databases.has(name) ? [1] : [];
    if (statement.startsWith("select 1 as found from pg_roles")) return this.roles.has(name) ? [1] : [];
    if (statement.startsWith("create database")) this.databases.add(name);
    if (statement.startsWith("create role")) this.roles.add(name);
    return [];
  }
  async migrate(database: string) {
    this.#step("migrate");
    this.migrated.push(database);
  }
  async databaseSecret(tenantId: string, initial: () => { username: string; password: string }) {
    this.#step("databaseSecret");
    const secret = this.secrets.get(tenantId) ?? { arn: `arn:secret:${tenantId}`, ...initial() };
    this.secrets.set(tenantId, secret);
    return secret;
  }
  async parameter(tenantId: string, name: string, initial: () => string) {
    const path = `${tenantId}/${name}`;
    if (!this.parameters.has(path)) this.parameters.set(path, initial());
    return this.parameters.get(path) as string;
  }
  async setParameter(tenantId: string, name: string, value: string | null) {
    if (value === null) this.parameters.delete(`${tenantId}/${name}`);
    else this.parameters.set(`${tenantId}/${name}`, value);
  }
  async apiKey(tenantId: string, value: string, { tier }: TenantRecord) {
    this.#step("apiKey");
    this.apiKeys.set(tenantId, { value, tier });
    return `key-${tenantId}`;
  }
  random(bytes: number) {
    return Buffer.alloc(bytes, ++this.#bytes);
  }
  now() {
    return new Date("2026-01-01T00:00:00Z");
  }

  #step(step: string) {
    if (this.failAt === undefined || !step.startsWith(this.failAt)) return;
    this.failAt = undefined;
    throw new Error(`${step.split(" ", 3).join(" ")} failed`);
  }
}
