/**
 * IAM: roles, policies and what is attached to what. The judging is in local/iam/.
 * Not emulated: users, groups, instance profiles, and changes through the API (read operations only).
 */
import type { Resource } from "../../engine/graph.ts";
import type { CoreCloud } from "../cloud.ts";
import type { Role } from "../iam/index.ts";
import { AWS_MANAGED_POLICIES } from "../iam/managed-policies.ts";
import { parseIdentityPolicy, parsePolicy } from "../iam/policy.ts";
import { AwsError, type Service } from "../service.ts";

export function iam(cloud: CoreCloud): Service {
  const { iam: judge } = cloud;
  const policies = new Map<string, string>();

  function roleNamed(name: string): Role {
    const role = [...judge.roles.values()].find((candidate) => candidate.name === name || candidate.arn === name);
    if (!role) throw new AwsError("NoSuchEntity", `The role with name ${name} cannot be found.`, 404);
    return role;
  }

  function documentOf(arn: string): string {
    const document = policies.get(arn) ?? AWS_MANAGED_POLICIES[arn];
    if (!document) throw new AwsError("NoSuchEntity", `Policy ${arn} does not exist or is not attachable.`, 404);
    return document;
  }

  function putRole({ inputs, outputs }: Resource): void {
    const arn = String(outputs.arn);
    const known = judge.roles.get(arn);
    const role: Role = {
      arn,
      name: String(outputs.name),
      trustPolicy: policyText(inputs.assumeRolePolicy),
      maxSessionSeconds: Number(inputs.maxSessionDuration ?? 3600),
      boundary: inputs.permissionsBoundary ? documentOf(String(inputs.permissionsBoundary)) : undefined,
      policies: known?.policies ?? new Map(),
    };
    parsePolicy(role.trustPolicy);
    for (const inline of (inputs.inlinePolicies ?? []) as { name: string; policy: string }[]) {
      role.policies.set(inline.name, inline.policy);
    }
    for (const managed of (inputs.managedPolicyArns ?? []) as string[]) role.policies.set(managed, documentOf(managed));
    judge.roles.set(arn, role);
  }

  function attach(roleName: string, name: string, document: string): void {
    parseIdentityPolicy(document);
    roleNamed(roleName).policies.set(name, document);
  }

  const changing =
    (provision: (resource: Resource) => void) =>
    (resource: Resource): void => {
      provision(resource);
      judge.changed();
    };

  return {
    name: "iam",
    resources: {
      "aws:iam/role:Role": changing(putRole),
      "aws:iam/rolePolicy:RolePolicy": changing(({ inputs, name }) =>
        attach(String(inputs.role), String(inputs.name ?? name), policyText(inputs.policy)),
      ),
      "aws:iam/policy:Policy": changing(({ inputs, outputs }) => {
        policies.set(String(outputs.arn), policyText(inputs.policy));
      }),
      "aws:iam/rolePolicyAttachment:RolePolicyAttachment": changing(({ inputs }) =>
        attach(String(inputs.role), String(inputs.policyArn), documentOf(String(inputs.policyArn))),
      ),
    },
    operations: {
      GetRole: {
        authorize: ({ RoleName }) => ({ action: "iam:GetRole", resource: roleNamed(RoleName).arn }),
        run: ({ RoleName }) => ({ Role: describe(roleNamed(RoleName)) }),
      },
      ListRoles: {
        authorize: () => ({ action: "iam:ListRoles", resource: `arn:aws:iam::${cloud.account}:role/` }),
        run: () => ({ Roles: [...judge.roles.values()].map(describe), IsTruncated: false }),
      },
      ListRolePolicies: {
        authorize: ({ RoleName }) => ({ action: "iam:ListRolePolicies", resource: roleNamed(RoleName).arn }),
        run: ({ RoleName }) => ({
          PolicyNames: [...roleNamed(RoleName).policies.keys()].filter((name) => !name.startsWith("arn:")),
          IsTruncated: false,
        }),
      },
      GetRolePolicy: {
        authorize: ({ RoleName }) => ({ action: "iam:GetRolePolicy", resource: roleNamed(RoleName).arn }),
        run: ({ RoleName, PolicyName }) => {
          const document = roleNamed(RoleName).policies.get(PolicyName);
          if (!document)
            throw new AwsError("NoSuchEntity", `The role policy with name ${PolicyName} cannot be found.`, 404);
          return { RoleName, PolicyName, PolicyDocument: encodeURIComponent(document) };
        },
      },
    },
  };

  function describe(role: Role) {
    return {
      Path: "/",
      RoleName: role.name,
      RoleId: `AROA${role.name}`.slice(0, 20).toUpperCase(),
      Arn: role.arn,
      CreateDate: new Date(0),
      AssumeRolePolicyDocument: encodeURIComponent(role.trustPolicy),
      MaxSessionDuration: role.maxSessionSeconds,
    };
  }
}

/** Pulumi takes a policy as JSON text or as an object. */
function policyText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
