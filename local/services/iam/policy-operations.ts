/** Customer managed policies and their versions; what AWS manages can be read. */
import { AWS_MANAGED_POLICIES } from "../../iam/managed-policies.ts";
import { AwsError, type Cloud, type Operation } from "../../service.ts";
import type { Entities, PolicyEntity } from "./entities.ts";
import { page, readDocument, type Tag, tagged, tagList, uniqueId, validName } from "./input.ts";
import type { Users } from "./users.ts";

const MOST_VERSIONS = 5;

export function policyOperations(
  { account, clock }: Cloud,
  entities: Entities,
  { users, groups }: Users,
): Record<string, Operation> {
  const arnOf = (name: string, path = "/") => `arn:aws:iam::${account}:policy${path}${name}`;
  const onPolicy =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ PolicyArn, PolicyName, Path }) => ({ action: `iam:${action}`, resource: PolicyArn ?? arnOf(PolicyName, Path) });
  const named = (arn: string) => ({
    PolicyRoles: entities.roles().filter(({ role }) => role.policies.has(arn)),
    PolicyUsers: users.all().filter(({ policies }) => policies.has(arn)),
    PolicyGroups: groups.all().filter(({ policies }) => policies.has(arn)),
  });
  const attachments = (arn: string) => Object.values(named(arn)).flat().length;
  const boundaries = (arn: string) =>
    [...entities.roles(), ...users.all()].filter(({ boundaryArn }) => boundaryArn === arn).length;
  const describe = (policy: PolicyEntity) => {
    const { arn, name, path, createdAt, description, tags = {} } = policy;
    return {
      ...{ PolicyName: name, PolicyId: uniqueId("ANPA", name), Arn: arn, Path: path, IsAttachable: true },
      ...{ DefaultVersionId: policy.defaultVersion, AttachmentCount: attachments(arn) },
      PermissionsBoundaryUsageCount: boundaries(arn),
      ...{ CreateDate: new Date(createdAt), UpdateDate: new Date(policy.versions.at(-1)!.createdAt) },
      ...(description === undefined ? {} : { Description: description }),
      ...(Object.keys(tags).length > 0 ? { Tags: tagList(tags) } : {}),
    };
  };

  /** A policy that can be read: one's own, or AWS's. */
  function readable(arn: string): PolicyEntity {
    const document = AWS_MANAGED_POLICIES[arn];
    if (document === undefined) return entities.policy(arn);
    const path = arn.slice(arn.indexOf(":policy/") + 7, arn.lastIndexOf("/") + 1);
    const versions = [{ id: "v1", document, createdAt: 0 }];
    return { ...{ arn, name: arn.split("/").at(-1)!, path, document, createdAt: 0 }, versions, defaultVersion: "v1" };
  }

  function version(policy: PolicyEntity, id: string) {
    const found = policy.versions.find((each) => each.id === id);
    if (!found) throw new AwsError("NoSuchEntity", `Policy ${policy.arn} version ${id} does not exist.`, 404);
    return found;
  }

  const describeVersion = (policy: PolicyEntity, id: string) => ({
    VersionId: id,
    IsDefaultVersion: policy.defaultVersion === id,
    CreateDate: new Date(version(policy, id).createdAt),
  });

  /** What a default version says counts at once, wherever the policy is attached or is a boundary. */
  function setDefault(policy: PolicyEntity, id: string): void {
    const { arn } = policy;
    policy.document = version(policy, id).document;
    policy.defaultVersion = id;
    entities.savePolicy(policy, true);
    for (const entity of entities.roles()) {
      const { role } = entity;
      if (role.policies.has(arn)) role.policies.set(arn, policy.document);
      if (entity.boundaryArn === arn) role.boundary = policy.document;
      if (role.policies.has(arn) || entity.boundaryArn === arn) entities.saveRole(entity);
    }
    for (const user of users.all()) {
      if (user.policies.has(arn)) user.policies.set(arn, policy.document);
      if (user.boundaryArn === arn) user.boundary = policy.document;
      if (user.policies.has(arn) || user.boundaryArn === arn) users.save(user);
    }
    for (const group of groups.all()) {
      if (!group.policies.has(arn)) continue;
      group.policies.set(arn, policy.document);
      groups.save(group);
    }
  }

  return {
    CreatePolicy: {
      authorize: onPolicy("CreatePolicy"),
      run: ({ PolicyName, PolicyDocument, Path = "/", Description, Tags = [] }) => {
        validName("policyName", PolicyName, 128);
        const arn = arnOf(PolicyName, Path);
        if (entities.policies().some((each) => each.arn === arn)) {
          throw new AwsError("EntityAlreadyExists", `A policy called ${PolicyName} already exists.`, 409);
        }
        const document = readDocument(PolicyDocument, "identity");
        const createdAt = clock.now();
        const entity: PolicyEntity = {
          ...{ arn, name: PolicyName, path: Path, document, description: Description, createdAt },
          ...{ versions: [{ id: "v1", document, createdAt }], defaultVersion: "v1", tags: tagged({}, Tags) },
        };
        entities.savePolicy(entity, true);
        return { Policy: describe(entity) };
      },
    },
    GetPolicy: {
      authorize: onPolicy("GetPolicy"),
      run: ({ PolicyArn }) => ({ Policy: describe(readable(PolicyArn)) }),
    },
    CreatePolicyVersion: {
      authorize: onPolicy("CreatePolicyVersion"),
      run: ({ PolicyArn, PolicyDocument, SetAsDefault }) => {
        const policy = entities.policy(PolicyArn);
        const document = readDocument(PolicyDocument, "identity");
        if (policy.versions.length >= MOST_VERSIONS) {
          throw new AwsError(
            "LimitExceeded",
            `A managed policy can have up to ${MOST_VERSIONS} versions. Before you create a new version, you must delete an existing version.`,
            409,
          );
        }
        const id = `v${Math.max(policy.latest ?? 1, ...policy.versions.map((each) => Number(each.id.slice(1)))) + 1}`;
        policy.versions.push({ id, document, createdAt: clock.now() });
        policy.latest = Number(id.slice(1));
        setDefault(policy, SetAsDefault ? id : policy.defaultVersion);
        return { PolicyVersion: describeVersion(policy, id) };
      },
    },
    GetPolicyVersion: {
      authorize: onPolicy("GetPolicyVersion"),
      run: ({ PolicyArn, VersionId }) => {
        const policy = readable(PolicyArn);
        const Document = encodeURIComponent(version(policy, VersionId).document);
        return { PolicyVersion: { Document, ...describeVersion(policy, VersionId) } };
      },
    },
    ListPolicyVersions: {
      authorize: onPolicy("ListPolicyVersions"),
      run: ({ PolicyArn, Marker, MaxItems }) => {
        const policy = readable(PolicyArn);
        const versions = policy.versions.map(({ id }) => describeVersion(policy, id)).reverse();
        return page("Versions", versions, Marker, MaxItems);
      },
    },
    SetDefaultPolicyVersion: {
      authorize: onPolicy("SetDefaultPolicyVersion"),
      run: ({ PolicyArn, VersionId }) => {
        setDefault(entities.policy(PolicyArn), VersionId);
        return {};
      },
    },
    DeletePolicyVersion: {
      authorize: onPolicy("DeletePolicyVersion"),
      run: ({ PolicyArn, VersionId }) => {
        const policy = entities.policy(PolicyArn);
        version(policy, VersionId);
        if (policy.defaultVersion === VersionId) {
          throw new AwsError("DeleteConflict", "Cannot delete the default version of a policy.", 409);
        }
        policy.versions = policy.versions.filter(({ id }) => id !== VersionId);
        entities.savePolicy(policy, true);
        return {};
      },
    },
    ListPolicies: {
      authorize: () => ({ action: "iam:ListPolicies", resource: "*" }),
      run: ({ Marker, MaxItems, PathPrefix = "/", Scope = "All", OnlyAttached = false }) => {
        const aws = Scope === "Local" ? [] : Object.keys(AWS_MANAGED_POLICIES).map(readable);
        const own = Scope === "AWS" ? [] : entities.policies();
        const found = [...aws, ...own].filter(
          ({ arn, path }) => path.startsWith(PathPrefix) && (!OnlyAttached || attachments(arn) > 0),
        );
        return page("Policies", found.map(describe), Marker, MaxItems);
      },
    },
    ListEntitiesForPolicy: {
      authorize: onPolicy("ListEntitiesForPolicy"),
      run: ({ PolicyArn }) => {
        const { PolicyRoles, PolicyUsers, PolicyGroups } = named(readable(PolicyArn).arn);
        return {
          PolicyRoles: PolicyRoles.map(({ role }) => ({ RoleName: role.name, RoleId: uniqueId("AROA", role.name) })),
          PolicyUsers: PolicyUsers.map(({ name }) => ({ UserName: name, UserId: uniqueId("AIDA", name) })),
          PolicyGroups: PolicyGroups.map(({ name }) => ({ GroupName: name, GroupId: uniqueId("AGPA", name) })),
          IsTruncated: false,
        };
      },
    },
    TagPolicy: {
      authorize: onPolicy("TagPolicy"),
      run: ({ PolicyArn, Tags }: { PolicyArn: string; Tags: Tag[] }) => {
        const policy = entities.policy(PolicyArn);
        entities.savePolicy({ ...policy, tags: tagged(policy.tags ?? {}, Tags) }, true);
        return {};
      },
    },
    UntagPolicy: {
      authorize: onPolicy("UntagPolicy"),
      run: ({ PolicyArn, TagKeys }: { PolicyArn: string; TagKeys: string[] }) => {
        const policy = entities.policy(PolicyArn);
        const tags = Object.entries(policy.tags ?? {}).filter(([key]) => !TagKeys.includes(key));
        entities.savePolicy({ ...policy, tags: Object.fromEntries(tags) }, true);
        return {};
      },
    },
    ListPolicyTags: {
      authorize: onPolicy("ListPolicyTags"),
      run: ({ PolicyArn }) => ({ Tags: tagList(entities.policy(PolicyArn).tags ?? {}), IsTruncated: false }),
    },
    DeletePolicy: {
      authorize: onPolicy("DeletePolicy"),
      run: ({ PolicyArn }) => {
        const { versions } = entities.policy(PolicyArn);
        if (attachments(PolicyArn) + boundaries(PolicyArn) > 0) {
          throw new AwsError("DeleteConflict", "Cannot delete a policy attached to entities.", 409);
        }
        if (versions.length > 1) {
          throw new AwsError(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions.",
            409,
          );
        }
        entities.removePolicy(PolicyArn);
        return {};
      },
    },
  };
}
