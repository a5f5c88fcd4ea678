/** Parameters in SQLite; the values of SecureStrings are sealed. */
import { keyring } from "../../keyring.ts";
import type { Cloud } from "../../service.ts";

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
  /** As stored: sealed and base64 for a SecureString. */
  stored: string;
}

export interface ParameterStore {
  find(name: string): Parameter | undefined;
  /** Names that start with `prefix`, in order. */
  list(prefix: string): Parameter[];
  save(parameter: Parameter): void;
  remove(name: string): boolean;
  seal(type: ParameterType, value: string): string;
  open(parameter: Parameter): string;
}

export function parameterStore({ database, directory }: Cloud): ParameterStore {
  const keys = keyring(directory);
  database.exec(
    "CREATE TABLE IF NOT EXISTS ssm_parameters (name TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID",
  );
  const find = database.prepare("SELECT record FROM ssm_parameters WHERE name = ?");
  const list = database.prepare("SELECT record FROM ssm_parameters WHERE name >= ? AND name < ? ORDER BY name");
  const save = database.prepare("INSERT OR REPLACE INTO ssm_parameters VALUES (?, ?)");
  const remove = database.prepare("DELETE FROM ssm_parameters WHERE name = ?");
  const parameterOf = (row: Record<string, unknown>) => JSON.parse(String(row.record)) as Parameter;
  return {
    find(name) {
      const row = find.get(name);
      return row && parameterOf(row);
    },
    list: (prefix) => list.all(prefix, `${prefix}\u{10ffff}`).map(parameterOf),
    save: (parameter) => void save.run(parameter.name, JSON.stringify(parameter)),
    remove: (name) => remove.run(name).changes > 0,
    seal: (type, value) => (type === "SecureString" ? Buffer.from(keys.seal(value)).toString("base64") : value),
    open: ({ type, stored }) => (type === "SecureString" ? keys.open(Buffer.from(stored, "base64")) : stored),
  };
}
