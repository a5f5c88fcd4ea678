/** API keys and what they are on, persistent: the lifecycle of tenants makes them at run time. */
import { randomBytes } from "node:crypto";
import type { Cloud } from "../../../service.ts";

export interface ApiKey {
  id: string;
  name: string;
  value: string;
  enabled: boolean;
  description?: string;
  tags: Record<string, string>;
  createdAt: number;
  updatedAt: number;
}

export interface KeyStore {
  put(key: ApiKey): void;
  get(id: string): ApiKey | undefined;
  all(): ApiKey[];
  remove(id: string): void;
  /** The key that a client or an authorizer names by its value. */
  byValue(value: string): ApiKey | undefined;
  /** False where it is on the plan already. */
  attach(planId: string, keyId: string): boolean;
  detach(planId: string, keyId: string): boolean;
  plansOf(keyId: string): string[];
  keysOf(planId: string): ApiKey[];
  /** Requests counted in a period of a quota. */
  used(planId: string, keyId: string, period: string): number;
  saveUsed(planId: string, keyId: string, period: string, used: number): void;
}

export function newKeyId(): string {
  return randomBytes(16)
    .reduce((id, byte) => id + (byte % 36).toString(36), "")
    .slice(0, 10);
}

export function keyStore({ database }: Cloud): KeyStore {
  database.exec(`
    CREATE TABLE IF NOT EXISTS apigateway_keys (
      id TEXT PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL UNIQUE, enabled INTEGER NOT NULL, description TEXT,
      tags TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS apigateway_plan_keys (
      plan TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (plan, key)) STRICT;
    CREATE TABLE IF NOT EXISTS apigateway_usage (
      plan TEXT NOT NULL, key TEXT NOT NULL, period TEXT NOT NULL, used INTEGER NOT NULL,
      PRIMARY KEY (plan, key)) STRICT`);
  const upsert = database.prepare("INSERT OR REPLACE INTO apigateway_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  const select = database.prepare("SELECT * FROM apigateway_keys WHERE id = ?");
  const selectAll = database.prepare("SELECT * FROM apigateway_keys ORDER BY created, id");
  const selectByValue = database.prepare("SELECT * FROM apigateway_keys WHERE value = ?");
  const remove = database.prepare("DELETE FROM apigateway_keys WHERE id = ?");
  const removeFromPlans = database.prepare("DELETE FROM apigateway_plan_keys WHERE key = ?");
  const attach = database.prepare("INSERT OR IGNORE INTO apigateway_plan_keys VALUES (?, ?)");
  const detach = database.prepare("DELETE FROM apigateway_plan_keys WHERE plan = ? AND key = ?");
  const plansOf = database.prepare("SELECT plan FROM apigateway_plan_keys WHERE key = ?");
  const keysOf = database.prepare(
    "SELECT k.* FROM apigateway_keys k JOIN apigateway_plan_keys p ON p.key = k.id WHERE p.plan = ? ORDER BY k.created",
  );
  const used = database.prepare("SELECT used FROM apigateway_usage WHERE plan = ? AND key = ? AND period = ?");
  const saveUsed = database.prepare("INSERT OR REPLACE INTO apigateway_usage VALUES (?, ?, ?, ?)");
  // Looked up with every request that needs a key.
  const values = new Map<string, ApiKey | undefined>();
  const plans = new Map<string, string[]>();
  const forget = () => {
    values.clear();
    plans.clear();
  };

  return {
    put({ id, name, value, enabled, description, tags, createdAt, updatedAt }) {
      const text = JSON.stringify(tags);
      upsert.run(id, name, value, Number(enabled), description ?? null, text, createdAt, updatedAt);
      forget();
    },
    get: (id) => read(select.get(id)),
    all: () => selectAll.all().map((row) => read(row)!),
    remove(id) {
      remove.run(id);
      removeFromPlans.run(id);
      forget();
    },
    byValue(value) {
      if (!values.has(value)) values.set(value, read(selectByValue.get(value)));
      // An unknown value may be anything that a client sends: those are not kept without end.
      const found = values.get(value);
      if (!found) values.delete(value);
      return found;
    },
    attach(planId, keyId) {
      plans.clear();
      return Number(attach.run(planId, keyId).changes) > 0;
    },
    detach(planId, keyId) {
      plans.clear();
      return Number(detach.run(planId, keyId).changes) > 0;
    },
    plansOf(keyId) {
      let found = plans.get(keyId);
      if (!found) {
        found = plansOf.all(keyId).map((row) => String(row.plan));
        plans.set(keyId, found);
      }
      return found;
    },
    keysOf: (planId) => keysOf.all(planId).map((row) => read(row)!),
    used: (planId, keyId, period) => Number(used.get(planId, keyId, period)?.used ?? 0),
    saveUsed: (planId, keyId, period, count) => void saveUsed.run(planId, keyId, period, count),
  };
}

function read(row: Record<string, unknown> | undefined): ApiKey | undefined {
  return (
    row && {
      id: String(row.id),
      name: String(row.name),
      value: String(row.value),
      enabled: Boolean(row.enabled),
      description: row.description === null ? undefined : String(row.description),
      tags: JSON.parse(String(row.tags)),
      createdAt: Number(row.created),
      updatedAt: Number(row.updated),
    }
  );
}
