/** SimulatePrincipalPolicy: what a role may do, and which statement says so. */
import type { CoreCloud } from "../../cloud.ts";
import type { Context } from "../../iam/conditions.ts";
import { type Decision, evaluate } from "../../iam/evaluate.ts";
import { contextOf } from "../../iam/index.ts";
import { parsePolicy, type Statement } from "../../iam/policy.ts";
import type { Operation } from "../../service.ts";
import type { Entities } from "./entities.ts";

interface SimulateInput {
  PolicySourceArn: string;
  ActionNames: string[];
  ResourceArns?: string[];
  ResourcePolicy?: string;
  ContextEntries?: { ContextKeyName: string; ContextKeyValues: string[] }[];
}

export function simulation(cloud: CoreCloud, entities: Entities): Record<string, Operation> {
  return {
    SimulatePrincipalPolicy: {
      authorize: ({ PolicySourceArn }: SimulateInput) => ({
        action: "iam:SimulatePrincipalPolicy",
        resource: PolicySourceArn,
      }),
      run: ({
        PolicySourceArn,
        ActionNames,
        ResourceArns = ["*"],
        ResourcePolicy,
        ContextEntries = [],
      }: SimulateInput) => {
        const { role } = entities.role(PolicySourceArn);
        const principal = cloud.principalFor(role.arn, "simulation");
        const given: Context = Object.fromEntries(
          ContextEntries.map(({ ContextKeyName, ContextKeyValues }) => [
            ContextKeyName.toLowerCase(),
            ContextKeyValues,
          ]),
        );
        const EvaluationResults = ActionNames.flatMap((action) =>
          ResourceArns.map((resource) => {
            const call = { principal, sourceIp: "127.0.0.1" };
            const decision = evaluate({
              ...{ principal, action, resource },
              context: { ...contextOf(call, { action, resource }, cloud.clock.now()), ...given },
              identityPolicies: [...role.policies.values()].map(parsePolicy),
              boundary: role.boundary ? parsePolicy(role.boundary) : undefined,
              resourcePolicy: ResourcePolicy ? parsePolicy(ResourcePolicy) : undefined,
            });
            return {
              EvalActionName: action,
              EvalResourceName: resource,
              EvalDecision: decisionOf(decision),
              MatchedStatements: matched(decision, role.policies),
              MissingContextValues: [],
            };
          }),
        );
        return { EvaluationResults, IsTruncated: false };
      },
    },
  };
}

function decisionOf({ allowed, statement }: Decision): "allowed" | "explicitDeny" | "implicitDeny" {
  if (allowed) return "allowed";
  return statement?.effect === "Deny" ? "explicitDeny" : "implicitDeny";
}

/** By the policy that the statement stands in. */
function matched({ statement }: Decision, policies: Map<string, string>) {
  if (!statement) return [];
  const found = [...policies].find(([, document]) => parsePolicy(document).includes(statement as Statement));
  return [
    { SourcePolicyId: found?.[0] ?? "resource policy", SourcePolicyType: found ? "IAM Policy" : "Resource Policy" },
  ];
}
