/** The rules in the form of Pulumi's policy SDK. */
import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";
import { judge, type Rule, type Subject } from "./rule.ts";

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

/** What is not known before a deployment throws when it is read: rules see it as absent. */
function known(props: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(props)) {
    try {
      result[key] = JSON.parse(JSON.stringify(props[key]) ?? "null");
    } catch {
      // unknown in this preview
    }
  }
  return result;
}
