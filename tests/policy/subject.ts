import type { Properties, Subject } from "../../policy/rule.ts";

let count = 0;

/** A resource for a rule to look at, with a name of its own. */
export function subject(type: string, properties: Properties = {}, more: Partial<Subject> = {}): Subject {
  const name = more.name ?? `resource-${++count}`;
  return {
    urn: `urn:pulumi:test::test::${type}::${name}`,
    type,
    name,
    properties,
    secrets: [],
    protect: false,
    ...more,
  };
}

/** A role and its policy with one statement. */
export function allowing(statement: object, tags: Record<string, string> = {}): Subject[] {
  return [
    subject("aws:iam/role:Role", { name: "worker", tags }),
    subject("aws:iam/rolePolicy:RolePolicy", { role: "worker", policy: document({ Effect: "Allow", ...statement }) }),
  ];
}

export function document(...statements: object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}
