/**
 * IAM: roles, policies and what is attached to what. The judging is in local/iam/.
 * Not emulated: passwords and MFA of users, instance profiles, identity providers, service-linked roles, reports.
 */
import type { Resource } from "../../../engine/graph.ts";
import type { CoreCloud } from "../../cloud.ts";
import type { Role } from "../../iam/index.ts";
import { AWS_MANAGED_POLICIES } from "../../iam/managed-policies.ts";
import { parseIdentityPolicy, parsePolicy } from "../../iam/policy.ts";
import type { Service } from "../../service.ts";
import { entities as createEntities, onlyVersion, type PolicyEntity } from "./entities.ts";
import { groupOperations } from "./group-operations.ts";
import { holderPolicyOperations } from "./holder-policy-operations.ts";
import { policyOperations } from "./policy-operations.ts";
import { roleOperations } from "./role-operations.ts";
import { simulation } from "./simulation.ts";
import { userOperations } from "./user-operations.ts";
import { usersAndGroups } from "./users.ts";

export function iam(cloud: CoreCloud): Service {
  const { iam: judge, clock } = cloud;
  const entities = createEntities(cloud, judge);
  const { users, groups } = usersAndGroups(cloud);

  function putRole({ inputs, outputs }: Resource): void {
    const arn = String(outputs.arn);
    const boundaryArn = inputs.permissionsBoundary ? String(inputs.permissionsBoundary) : undefined;
    const role: Role = {
      arn,
      name: String(outputs.name),
      trustPolicy: policyText(inputs.assumeRolePolicy),
      maxSessionSeconds: Number(inputs.maxSessionDuration ?? 3600),
      boundary: boundaryArn && entities.document(boundaryArn),
      policies: judge.roles.get(arn)?.policies ?? new Map(),
    };
    parsePolicy(role.trustPolicy);
    for (const inline of (inputs.inlinePolicies ?? []) as { name: string; policy: string }[]) {
      role.policies.set(inline.name, inline.policy);
    }
    for (const managed of (inputs.managedPolicyArns ?? []) as string[]) {
      const document = managedDocument(managed);
      if (document) role.policies.set(managed, document);
    }
    entities.saveRole({
      ...{ role, path: String(inputs.path ?? "/"), createdAt: clock.now(), boundaryArn },
      description: inputs.description === undefined ? undefined : String(inputs.description),
      tags: (inputs.tags ?? {}) as Record<string, string>,
    });
  }

  /** AWS has more policies of its own than are here: a program that names another one starts, and the log says what is missing. */
  function managedDocument(arn: string): string | undefined {
    if (!/^arn:aws[\w-]*:iam::aws:policy\//.test(arn) || AWS_MANAGED_POLICIES[arn]) return entities.document(arn);
    const message = `${arn} is not among the policies of AWS that are on this machine: who has it may nothing by it.`;
    cloud.log({ level: "warn", source: "iam", message });
    return undefined;
  }

  function attach(roleName: string, name: string, document: string): void {
    parseIdentityPolicy(document);
    const entity = entities.role(roleName);
    entity.role.policies.set(name, document);
    entities.saveRole(entity);
  }

  return {
    name: "iam",
    client: () => import("@aws-sdk/client-iam"),
    requiresMembers: "ValidationError",
    resources: {
      "aws:iam/role:Role": putRole,
      "aws:iam/rolePolicy:RolePolicy": ({ inputs, name }) =>
        attach(String(inputs.role), String(inputs.name ?? name), policyText(inputs.policy)),
      "aws:iam/policy:Policy": ({ inputs, outputs, name }) =>
        entities.savePolicy(
          declaredPolicy({
            arn: String(outputs.arn),
            name: String(outputs.name ?? name),
            path: String(inputs.path ?? "/"),
            document: policyText(inputs.policy),
            createdAt: clock.now(),
          }),
        ),
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ({ inputs }) => {
        const arn = String(inputs.policyArn);
        const document = managedDocument(arn);
        if (document) attach(String(inputs.role), arn, document);
      },
    },
    operations: {
      ...roleOperations(cloud, entities),
      ...userOperations(cloud, entities, { users, groups }),
      ...groupOperations(cloud, { users, groups }),
      ...holderPolicyOperations(cloud, entities, {
        kind: "Role",
        has: entities.hasRole,
        get(name) {
          const { role, boundaryArn } = entities.role(name);
          return { ...role, boundaryArn };
        },
        save: (name) => entities.saveRole(entities.role(name)),
      }),
      ...holderPolicyOperations(cloud, entities, {
        kind: "User",
        ...users,
        save: (name) => users.save(users.get(name)),
      }),
      ...holderPolicyOperations(cloud, entities, {
        kind: "Group",
        ...groups,
        save: (name) => groups.save(groups.get(name)),
      }),
      ...policyOperations(cloud, entities, { users, groups }),
      ...simulation(cloud, entities, users),
    },
  };
}

const declaredPolicy = (policy: Omit<PolicyEntity, "versions" | "defaultVersion">): PolicyEntity => ({
  ...policy,
  ...onlyVersion(policy),
});

/** Pulumi takes a policy as JSON text or as an object. */
function policyText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
