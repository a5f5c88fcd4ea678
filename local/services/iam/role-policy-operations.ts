/** What a role may do: inline policies and attached ones. */
import { AwsError, type Cloud, type Operation } from "../../service.ts";
import type { Entities } from "./entities.ts";
import { page, readDocument, validName } from "./input.ts";

/** Attached policies are known by their ARN, inline ones by a name. */
const isAttached = (name: string): boolean => name.startsWith("arn:");

export function rolePolicyOperations({ account }: Cloud, entities: Entities): Record<string, Operation> {
  const onRole =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ RoleName, PolicyArn }) => ({
      action: `iam:${action}`,
      resource: entities.hasRole(RoleName)
        ? entities.role(RoleName).role.arn
        : `arn:aws:iam::${account}:role/${RoleName}`,
      ...(PolicyArn ? { context: { "iam:PolicyARN": PolicyArn } } : {}),
    });

  function put(roleName: string, name: string, document: string): void {
    const entity = entities.role(roleName);
    entity.role.policies.set(name, document);
    entities.saveRole(entity);
  }

  function remove(roleName: string, name: string, missing: string): void {
    const entity = entities.role(roleName);
    if (!entity.role.policies.delete(name)) throw new AwsError("NoSuchEntity", missing, 404);
    entities.saveRole(entity);
  }

  return {
    PutRolePolicy: {
      authorize: onRole("PutRolePolicy"),
      run: ({ RoleName, PolicyName, PolicyDocument }) => {
        validName("policyName", PolicyName, 128);
        put(RoleName, PolicyName, readDocument(PolicyDocument, "identity"));
        return {};
      },
    },
    GetRolePolicy: {
      authorize: onRole("GetRolePolicy"),
      run: ({ RoleName, PolicyName }) => {
        const document = entities.role(RoleName).role.policies.get(PolicyName);
        if (!document) throw new AwsError("NoSuchEntity", notFound(PolicyName), 404);
        return { RoleName, PolicyName, PolicyDocument: encodeURIComponent(document) };
      },
    },
    DeleteRolePolicy: {
      authorize: onRole("DeleteRolePolicy"),
      run: ({ RoleName, PolicyName }) => {
        remove(RoleName, PolicyName, notFound(PolicyName));
        return {};
      },
    },
    ListRolePolicies: {
      authorize: onRole("ListRolePolicies"),
      run: ({ RoleName, Marker, MaxItems }) => {
        const names = [...entities.role(RoleName).role.policies.keys()].filter((name) => !isAttached(name));
        return page("PolicyNames", names, Marker, MaxItems);
      },
    },
    AttachRolePolicy: {
      authorize: onRole("AttachRolePolicy"),
      run: ({ RoleName, PolicyArn }) => {
        put(RoleName, PolicyArn, entities.document(PolicyArn));
        return {};
      },
    },
    DetachRolePolicy: {
      authorize: onRole("DetachRolePolicy"),
      run: ({ RoleName, PolicyArn }) => {
        remove(RoleName, PolicyArn, `Policy ${PolicyArn} was not found.`);
        return {};
      },
    },
    ListAttachedRolePolicies: {
      authorize: onRole("ListAttachedRolePolicies"),
      run: ({ RoleName, Marker, MaxItems }) => {
        const attached = [...entities.role(RoleName).role.policies.keys()]
          .filter(isAttached)
          .map((arn) => ({ PolicyName: arn.split("/").at(-1), PolicyArn: arn }));
        return page("AttachedPolicies", attached, Marker, MaxItems);
      },
    },
  };
}

const notFound = (name: string): string => `The role policy with name ${name} cannot be found.`;
