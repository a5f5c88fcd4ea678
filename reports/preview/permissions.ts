/** Who may do more, or less, than before. Pure. */
import type { Resource, Value } from "../../engine/graph.ts";
import { stackOf, subjectsOf } from "../../policy/rule.ts";
import {
  identityStatements,
  RESOURCE_POLICIES,
  roleOf,
  type Statement,
  statementsOf,
} from "../../policy/statements.ts";

export interface PermissionChange {
  change: "gained" | "lost";
  /** A role, service or account, by its logical name where it is of this stack. */
  who: string;
  effect: "may" | "must not";
  /** `sqs:SendMessage` … */
  actions: string[];
  /** By logical name where it is of this stack. */
  on: string;
  /** `only where aws:SourceAccount is 111122223333` */
  where?: string;
}

export function comparePermissions(before: readonly Resource[], after: readonly Resource[]): PermissionChange[] {
  const [old, now] = [permissionsOf(before), permissionsOf(after)];
  return [...summed(now, old, "gained"), ...summed(old, now, "lost")];
}

/** `who \0 effect \0 on \0 where` → actions */
type Permissions = Map<string, Set<string>>;

function permissionsOf(resources: readonly Resource[]): Permissions {
  const subjects = subjectsOf(resources);
  const stack = stackOf(subjects);
  const names = namesOf(resources);
  const found: Permissions = new Map();
  const add = (who: string, statement: Statement, on: string, actions: string[]) => {
    const key = [who, statement.effect === "Deny" ? "must not" : "may", on, conditionsOf(statement, names)].join("\0");
    const known = found.get(key) ?? new Set();
    for (const action of actions) known.add(action);
    found.set(key, known);
  };
  for (const subject of subjects) {
    const role = roleOf(subject, stack);
    for (const statement of identityStatements(subject)) {
      for (const resource of statement.resources)
        add(role?.name ?? subject.name, statement, named(resource, names), statement.actions);
    }
    for (const statement of statementsOf(subject.properties[RESOURCE_POLICIES[subject.type] ?? ""])) {
      const on =
        statement.resources.length > 0
          ? statement.resources.map((each) => named(each, names)).join(", ")
          : subject.name;
      for (const who of Object.values(statement.principals).flat())
        add(named(who, names), statement, on, statement.actions);
    }
    if (subject.type === "aws:lambda/permission:Permission") {
      const { principal, function: target, action, sourceArn } = subject.properties;
      const conditions = new Map(sourceArn ? [["arnlike aws:sourcearn", [String(sourceArn)]]] : []);
      const statement = { effect: "Allow", actions: [], resources: [], principals: {}, conditions };
      add(String(principal), statement, named(String(target), names), [String(action)]);
    }
    if (subject.type === "aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
      const attached = String(subject.properties.policyArn);
      const statement = { effect: "Allow", actions: [], resources: [], principals: {}, conditions: new Map() };
      add(role?.name ?? subject.name, statement, `what the policy ${attached.split("/").at(-1)} names`, [
        named(attached, names),
      ]);
    }
  }
  return found;
}

function summed(here: Permissions, there: Permissions, change: PermissionChange["change"]): PermissionChange[] {
  return [...here].flatMap(([key, actions]) => {
    const known = there.get(key);
    const different = [...actions].filter((action) => !known?.has(action)).sort();
    if (different.length === 0) return [];
    const [who = "", effect, on = "", where] = key.split("\0");
    return [
      {
        change,
        who,
        effect: effect as PermissionChange["effect"],
        actions: different,
        on,
        ...(where ? { where } : {}),
      },
    ];
  });
}

/** ARNs, names and ids → logical names. */
function namesOf(resources: readonly Resource[]): [string, string][] {
  const identities = ({ outputs, id }: Resource): (Value | undefined)[] => [
    outputs.arn,
    outputs.name,
    outputs.bucket,
    outputs.executionArn,
    id,
  ];
  return resources
    .filter(({ custom }) => custom)
    .flatMap((resource) => identities(resource).map((value) => [value, resource.name]))
    .filter((entry): entry is [string, string] => typeof entry[0] === "string" && entry[0].length > 8)
    .sort(([a], [b]) => b.length - a.length);
}

function named(text: string, names: [string, string][]): string {
  for (const [value, name] of names) {
    if (text === value) return name;
    if (value.startsWith("arn:") && (text.startsWith(`${value}/`) || text.startsWith(`${value}:`))) {
      return `${name}${text.slice(value.length)}`;
    }
  }
  return text;
}

function conditionsOf({ conditions }: Statement, names: [string, string][]): string {
  return [...conditions]
    .map(([name, values]) => {
      const [operator, key] = name.split(" ") as [string, string];
      return `${key} ${inWords(operator)} ${values.map((value) => named(value, names)).join(" or ")}`;
    })
    .join(" and ");
}

function inWords(operator: string): string {
  const plain = operator.replace(/^(forallvalues|foranyvalue):/, "").replace(/ifexists$/, "");
  const words: Record<string, string> = {
    stringequals: "is",
    arnequals: "is",
    bool: "is",
    stringlike: "is like",
    arnlike: "is like",
    stringnotequals: "is not",
  };
  return words[plain] ?? plain;
}
