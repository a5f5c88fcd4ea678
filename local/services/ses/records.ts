/** Identities, templates, configuration sets and suppressed addresses in SQLite. */
import type { Cloud } from "../../service.ts";

export interface Identity {
  name: string;
  tags: Record<string, string>;
}

export interface Template {
  name: string;
  subject?: string;
  text?: string;
  html?: string;
  createdAt: number;
}

export interface ConfigurationSet {
  name: string;
  sendingEnabled: boolean;
  tags: Record<string, string>;
}

export interface Suppressed {
  name: string;
  reason: "BOUNCE" | "COMPLAINT";
  updatedAt: number;
}

/** By name. */
export interface Shelf<T extends { name: string }> {
  find(name: string | undefined): T | undefined;
  list(): T[];
  save(item: T): void;
  remove(name: string): boolean;
}

export interface Account {
  name: "account";
  /** Outside the sandbox: recipients need no verification. */
  production: boolean;
  sendingEnabled: boolean;
}

export type Records = ReturnType<typeof records>;

export function records({ database }: Pick<Cloud, "database">) {
  database.exec(`CREATE TABLE IF NOT EXISTS ses_records (
    kind TEXT NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (kind, name)
  ) STRICT, WITHOUT ROWID`);
  const find = database.prepare("SELECT record FROM ses_records WHERE kind = ? AND name = ?");
  const list = database.prepare("SELECT record FROM ses_records WHERE kind = ? ORDER BY name");
  const save = database.prepare("INSERT OR REPLACE INTO ses_records VALUES (?, ?, ?)");
  const remove = database.prepare("DELETE FROM ses_records WHERE kind = ? AND name = ?");
  const shelf = <T extends { name: string }>(kind: string): Shelf<T> => ({
    find(name) {
      const row = find.get(kind, name ?? "");
      return row && (JSON.parse(String(row.record)) as T);
    },
    list: () => list.all(kind).map((row) => JSON.parse(String(row.record)) as T),
    save: (item) => void save.run(kind, item.name, JSON.stringify(item)),
    remove: (name) => remove.run(kind, name).changes > 0,
  });
  return {
    identities: shelf<Identity>("identity"),
    templates: shelf<Template>("template"),
    configurationSets: shelf<ConfigurationSet>("configuration set"),
    suppressed: shelf<Suppressed>("suppressed"),
    account: shelf<Account>("account"),
  };
}
