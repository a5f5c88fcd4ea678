import type { Rule, Stack, Subject } from "../rule.ts";
import { IDENTITY_POLICIES, identityStatements, roleOf } from "../statements.ts";

export const grantsStayInTheirCell: Rule = {
  name: "grants-stay-in-their-cell",
  description: "A role of one cell or tenant reaches nothing that belongs to another.",
  remedy: "Grant the resource of the role's own cell; what cells share belongs to none.",
  level: "mandatory",
  types: ["aws:iam/role:Role", ...Object.keys(IDENTITY_POLICIES)],
  *check(subject, stack) {
    const role = roleOf(subject, stack);
    const home = { cell: tag(role, "Cell"), tenant: tag(role, "TenantId") };
    if (!home.cell && !home.tenant) return;
    for (const { effect, resources } of identityStatements(subject)) {
      if (effect !== "Allow") continue;
      for (const resource of resources) {
        const owner = ownerOf(resource, stack);
        if (!owner) continue;
        const cell = tag(owner, "Cell");
        const tenant = tag(owner, "TenantId");
        if (cell && home.cell && cell !== home.cell) {
          yield `a role of cell ${home.cell} reaches ${owner.name} of cell ${cell}`;
        } else if (tenant && tenant !== home.tenant && home.tenant) {
          yield `a role of tenant ${home.tenant} reaches ${owner.name} of tenant ${tenant}`;
        }
      }
    }
  },
};

/** The resource that an ARN, or an ARN with something behind it (`/*`, `:*`), names. */
function ownerOf(arn: string, stack: Stack): Subject | undefined {
  return byArn(stack).find(
    ([known]) => arn === known || arn.startsWith(`${known}/`) || arn.startsWith(`${known}:`),
  )?.[1];
}

const known = new WeakMap<Stack, [string, Subject][]>();

/** Longest first: a function's ARN begins like that of one with a shorter name. */
function byArn(stack: Stack): [string, Subject][] {
  let list = known.get(stack);
  if (!list) {
    list = stack.all
      .filter(({ properties }) => typeof properties.arn === "string" && tag({ properties } as Subject, "Cell"))
      .map((subject): [string, Subject] => [subject.properties.arn, subject])
      .sort(([a], [b]) => b.length - a.length);
    known.set(stack, list);
  }
  return list;
}

function tag(subject: Subject | undefined, key: string): string | undefined {
  return subject?.properties.tags?.[key] ?? subject?.properties.tagsAll?.[key];
}
