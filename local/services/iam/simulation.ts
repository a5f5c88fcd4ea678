/** SimulatePrincipalPolicy and SimulateCustomPolicy: what a role, a user or a policy may do, and which statement says so. */
import type { CoreCloud } from "../../cloud.ts";
import type { Context } from "../../iam/conditions.ts";
import { type Decision, evaluate } from "../../iam/evaluate.ts";
import { contextOf, type Identity } from "../../iam/index.ts";
import { parsePolicy, type Statement } from "../../iam/policy.ts";
import { AwsError, type Operation, type Principal } from "../../service.ts";
import type { Entities } from "./entities.ts";
import { readDocument } from "./input.ts";
import type { Users } from "./users.ts";

interface SimulateInput {
  /** Further policies, as if they were attached. */
  PolicyInputList?: string[];
  PermissionsBoundaryPolicyInputList?: string[];
  ActionNames: string[];
  ResourceArns?: string[];
  ResourcePolicy?: string;
  ContextEntries?: { ContextKeyName: string; ContextKeyValues: string[] }[];
}

export function simulation(cloud: CoreCloud, entities: Entities, users: Users["users"]): Record<string, Operation> {
  function identityOf(arn: string): { identity: Identity; principal: Principal } {
    const user = users.all().find((each) => each.arn === arn);
    if (user) {
      return { identity: cloud.iam.users.get(arn)!, principal: { type: "user", arn, account: cloud.account } };
    }
    if (!/:(role|user)\//.test(arn)) {
      throw new AwsError("InvalidInput", `Invalid Entity Arn: ${arn} does not clearly define entity type and name.`);
    }
    const { role } = entities.role(arn);
    return { identity: role, principal: cloud.principalFor(role.arn, "simulation") };
  }

  function simulate(identity: Identity, principal: Principal, input: SimulateInput) {
    const { ActionNames, ResourceArns = ["*"], ResourcePolicy, ContextEntries = [] } = input;
    const extra = (input.PolicyInputList ?? []).map((text, index) => {
      return [`PolicyInputList.${index + 1}`, readDocument(text, "identity")] as const;
    });
    const policies = new Map([...identity.policies, ...extra]);
    const boundary = input.PermissionsBoundaryPolicyInputList?.[0] ?? identity.boundary;
    const given: Context = Object.fromEntries(
      ContextEntries.map(({ ContextKeyName, ContextKeyValues }) => [ContextKeyName.toLowerCase(), ContextKeyValues]),
    );
    const EvaluationResults = ActionNames.flatMap((action) =>
      ResourceArns.map((resource) => {
        const call = { principal, sourceIp: "127.0.0.1" };
        const known = contextOf(call, { action, resource }, cloud.clock.now(), identity.tags);
        const decision = evaluate({
          ...{ principal, action, resource },
          context: { ...known, ...given },
          identityPolicies: [...policies.values()].map(parsePolicy),
          boundary: boundary ? parsePolicy(boundary) : undefined,
          resourcePolicy: ResourcePolicy ? parsePolicy(ResourcePolicy) : undefined,
        });
        return {
          EvalActionName: action,
          EvalResourceName: resource,
          EvalDecision: decisionOf(decision),
          MatchedStatements: matched(decision, policies),
          MissingContextValues: [],
        };
      }),
    );
    return { EvaluationResults, IsTruncated: false };
  }

  return {
    SimulatePrincipalPolicy: {
      authorize: ({ PolicySourceArn }) => ({ action: "iam:SimulatePrincipalPolicy", resource: PolicySourceArn }),
      run: ({ PolicySourceArn, ...input }: SimulateInput & { PolicySourceArn: string }) => {
        const { identity, principal } = identityOf(PolicySourceArn);
        return simulate(identity, principal, input);
      },
    },
    SimulateCustomPolicy: {
      authorize: () => ({ action: "iam:SimulateCustomPolicy", resource: "*" }),
      run: (input: SimulateInput) => {
        const principal: Principal = {
          ...{ type: "user", account: cloud.account, arn: `arn:aws:iam::${cloud.account}:user/simulated` },
        };
        return simulate({ policies: new Map() }, principal, input);
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
