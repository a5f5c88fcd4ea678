/** Groups of schedules. `default` is always there. */
import { AwsError, type Cloud } from "../../service.ts";

export interface Group {
  name: string;
  createdAt: number;
  modifiedAt: number;
  tags: Record<string, string>;
  isDeclared: boolean;
}

export interface Groups {
  all(): Group[];
  /** @throws AwsError ResourceNotFoundException */
  find(name: string): Group;
  has(name: string): boolean;
  put(group: Group): void;
  remove(name: string): void;
}

export const DEFAULT_GROUP = "default";

export function groupsOf({ database, clock }: Cloud): Groups {
  const groups = new Map<string, Group>();
  database.exec("CREATE TABLE IF NOT EXISTS scheduler_groups (name TEXT PRIMARY KEY, detail TEXT NOT NULL) STRICT");
  const save = database.prepare("INSERT OR REPLACE INTO scheduler_groups VALUES (?, ?)");
  const drop = database.prepare("DELETE FROM scheduler_groups WHERE name = ?");
  const now = clock.now();
  groups.set(DEFAULT_GROUP, { name: DEFAULT_GROUP, createdAt: now, modifiedAt: now, tags: {}, isDeclared: true });
  for (const row of database.prepare("SELECT name, detail FROM scheduler_groups").all()) {
    groups.set(String(row.name), JSON.parse(String(row.detail)));
  }

  return {
    all: () => [...groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    has: (name) => groups.has(name),
    find(name) {
      const group = groups.get(name);
      if (group) return group;
      throw new AwsError("ResourceNotFoundException", `Schedule group ${name} does not exist.`, 404);
    },
    put(group) {
      groups.set(group.name, group);
      if (group.isDeclared) drop.run(group.name);
      else save.run(group.name, JSON.stringify(group));
    },
    remove(name) {
      groups.delete(name);
      drop.run(name);
    },
  };
}
