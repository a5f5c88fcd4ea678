/** Users and groups, which only the API makes: kept in the database, and known to the judge by what they may do. */
import type { CoreCloud } from "../../cloud.ts";
import type { LongLivedKey } from "../../identity/credentials.ts";
import { AwsError } from "../../service.ts";

export interface AccessKey extends LongLivedKey {
  status: "Active" | "Inactive";
  createdAt: number;
}

interface Member {
  name: string;
  arn: string;
  path: string;
  createdAt: number;
  policies: Map<string, string>;
}

export type Group = Member;

export interface User extends Member {
  tags: Record<string, string>;
  boundary?: string;
  boundaryArn?: string;
  /** Names of groups. */
  groups: string[];
  keys: AccessKey[];
}

/** One kind of them, by name. */
export interface Members<Kind extends Member> {
  all(): Kind[];
  has(name: string): boolean;
  /** Throws NoSuchEntity. */
  get(name: string): Kind;
  save(member: Kind): void;
  remove(name: string): void;
}

export interface Users {
  users: Members<User>;
  groups: Members<Group>;
}

export function usersAndGroups({ database, iam }: CoreCloud): Users {
  function members<Kind extends Member>(kind: "user" | "group", changed: () => void): Members<Kind> {
    const table = `iam_${kind}s`;
    database.exec(`CREATE TABLE IF NOT EXISTS ${table} (name TEXT PRIMARY KEY, entity TEXT NOT NULL) STRICT`);
    const upsert = database.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?)`);
    const remove = database.prepare(`DELETE FROM ${table} WHERE name = ?`);
    const known = new Map<string, Kind>();
    for (const row of database.prepare(`SELECT entity FROM ${table}`).all()) {
      const entity = JSON.parse(String(row.entity)) as Kind & { attached: [string, string][] };
      known.set(entity.name, { ...entity, policies: new Map(entity.attached) });
    }
    return {
      all: () => [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
      has: (name) => known.has(name),
      get(name) {
        const found = known.get(name);
        if (!found) throw new AwsError("NoSuchEntity", `The ${kind} with name ${name} cannot be found.`, 404);
        return found;
      },
      save(member) {
        known.set(member.name, member);
        upsert.run(member.name, JSON.stringify({ ...member, attached: [...member.policies] }));
        changed();
      },
      remove(name) {
        known.delete(name);
        remove.run(name);
        changed();
      },
    };
  }

  /** The judge sees a user with all that its groups may do. */
  function judge(): void {
    iam.users.clear();
    for (const { arn, boundary, tags, policies, groups: names } of users.all()) {
      const ofGroups = names.flatMap((group) =>
        [...groups.get(group).policies].map(([name, document]) => [`group/${group}/${name}`, document] as const),
      );
      iam.users.set(arn, { boundary, tags, policies: new Map([...policies, ...ofGroups]) });
    }
    iam.changed();
  }

  const groups = members<Group>("group", judge);
  const users = members<User>("user", judge);
  judge();
  return { users, groups };
}
