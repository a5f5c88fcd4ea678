/** The rules in the form of Pulumi's policy SDK. */
import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";
import { judge, type Rule, type Subject, UNKNOWN } from "./rule.ts";

export function policyOf(rule: Rule): StackValidationPolicy {
  return {
    name: rule.name,
    description: `${rule.description} ${rule.remedy}`,
    enforcementLevel: rule.level,
    validateStack({ resources }, report) {
      for (const { message, urn, remedy } of judge(resources.map(subjectOf), [rule]))
        report(`${message}. ${remedy}`, urn);
    },
  };
}

function subjectOf({ urn, type, name, props, opts }: PolicyResource): Subject {
  return { urn, type, name, properties: known(props), secrets: [], protect: opts.protect };
}

/** Plain values. What is not known before a deployment throws when Pulumi's objects are asked for it. */
function known(props: Record<string, unknown>): Record<string, unknown> {
  return plain(() => props) as Record<string, unknown>;
}

function plain(read: () => unknown): unknown {
  let value: unknown;
  try {
    value = read();
  } catch {
    return UNKNOWN;
  }
  if (value === null || typeof value !== "object") return value;
  // Not by its iterator, which would read the elements itself.
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => plain(() => value[index]));
  return Object.fromEntries(
    Object.keys(value).map((key) => [key, plain(() => (value as Record<string, unknown>)[key])]),
  );
}
