/** Parameters in SQLite; the values of SecureStrings are sealed. */
import { keyring } from "../../keyring.ts";
import type { Cloud } from "../../service.ts";
import { expiryOf, type ParameterPolicy } from "./policies.ts";

export type ParameterType = "String" | "StringList" | "SecureString";

export interface Parameter {
  name: string;
  type: ParameterType;
  version: number;
  modifiedAt: number;
  description?: string;
  allowedPattern?: string;
  dataType: string;
  tier: string;
  keyId?: string;
  tags: Record<string, string>;
  /** ARN of who wrote this version. */
  modifiedBy?: string;
  /** Of this version. */
  labels?: string[];
  policies?: ParameterPolicy[];
  /** As stored: sealed and base64 for a SecureString. */
  stored: string;
}

export interface ParameterStore {
  find(name: string): Parameter | undefined;
  /** Names that start with `prefix`, in order. */
  list(prefix: string): Parameter[];
  /** The newest version. */
  save(parameter: Parameter): void;
  /** Every version that is kept, the newest last. */
  versions(name: string): Parameter[];
  saveVersion(parameter: Parameter): void;
  removeVersion(name: string, version: number): void;
  remove(name: string): boolean;
  seal(type: ParameterType, value: string): string;
  open(parameter: Parameter): string;
}

export function parameterStore({ database, directory, clock }: Cloud): ParameterStore {
  const keys = keyring(directory);
  database.exec(
    `CREATE TABLE IF NOT EXISTS ssm_parameters (name TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS ssm_versions (
      name TEXT NOT NULL, version INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY (name, version)
    ) STRICT, WITHOUT ROWID`,
  );
  const find = database.prepare("SELECT record FROM ssm_parameters WHERE name = ?");
  const list = database.prepare("SELECT record FROM ssm_parameters WHERE name >= ? AND name < ? ORDER BY name");
  const save = database.prepare("INSERT OR REPLACE INTO ssm_parameters VALUES (?, ?)");
  const remove = database.prepare("DELETE FROM ssm_parameters WHERE name = ?");
  const versions = database.prepare("SELECT record FROM ssm_versions WHERE name = ? ORDER BY version");
  const saveVersion = database.prepare("INSERT OR REPLACE INTO ssm_versions VALUES (?, ?, ?)");
  const removeVersion = database.prepare("DELETE FROM ssm_versions WHERE name = ? AND version = ?");
  const removeVersions = database.prepare("DELETE FROM ssm_versions WHERE name = ?");
  const parameterOf = (row: Record<string, unknown>) => JSON.parse(String(row.record)) as Parameter;
  function removeAll(name: string): boolean {
    removeVersions.run(name);
    return remove.run(name).changes > 0;
  }

  /** A parameter whose policy says so is deleted by the time it is looked at. */
  function alive(parameter: Parameter): boolean {
    if ((expiryOf(parameter.policies) ?? Number.POSITIVE_INFINITY) > clock.now()) return true;
    removeAll(parameter.name);
    return false;
  }

  function current(name: string): Parameter | undefined {
    const row = find.get(name);
    const parameter = row && parameterOf(row);
    return parameter && alive(parameter) ? parameter : undefined;
  }

  return {
    find: current,
    list: (prefix) => list.all(prefix, `${prefix}\u{10ffff}`).map(parameterOf).filter(alive),
    save: (parameter) => void save.run(parameter.name, JSON.stringify(parameter)),
    versions(name) {
      const newest = current(name);
      const kept = newest ? versions.all(name).map(parameterOf) : [];
      return newest && kept.length === 0 ? [newest] : kept;
    },
    saveVersion: (parameter) => void saveVersion.run(parameter.name, parameter.version, JSON.stringify(parameter)),
    removeVersion: (name, version) => void removeVersion.run(name, version),
    remove: removeAll,
    seal: (type, value) => (type === "SecureString" ? Buffer.from(keys.seal(value)).toString("base64") : value),
    open: ({ type, stored }) => (type === "SecureString" ? keys.open(Buffer.from(stored, "base64")) : stored),
  };
}
