/** Roles themselves: create, read, change, delete. */
import type { Cloud, Operation } from "../../service.ts";
import { AwsError } from "../../service.ts";
import type { Entities, RoleEntity } from "./entities.ts";
import { page, readDocument, validName } from "./input.ts";

interface Tag {
  Key: string;
  Value: string;
}

export function roleOperations({ account, clock }: Cloud, entities: Entities): Record<string, Operation> {
  const arnOf = (name: string, path = "/") => `arn:aws:iam::${account}:role${path}${name}`;
  const onRole =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ RoleName, Path }) => ({
      action: `iam:${action}`,
      resource: entities.hasRole(RoleName) ? entities.role(RoleName).role.arn : arnOf(RoleName, Path),
    });
  const changing = (action: string, change: (entity: RoleEntity, input: never) => void): Operation => ({
    authorize: onRole(action),
    run: (input) => {
      const entity = entities.role(input.RoleName);
      change(entity, input as never);
      entities.saveRole(entity);
      return {};
    },
  });

  return {
    CreateRole: {
      authorize: onRole("CreateRole"),
      run: (input) => {
        const {
          RoleName,
          AssumeRolePolicyDocument,
          Path = "/",
          Description,
          MaxSessionDuration = 3600,
          Tags = [],
        } = input;
        validName("roleName", RoleName, 64);
        if (entities.hasRole(RoleName)) {
          throw new AwsError("EntityAlreadyExists", `Role with name ${RoleName} already exists.`, 409);
        }
        const boundaryArn: string | undefined = input.PermissionsBoundary;
        const entity: RoleEntity = {
          role: {
            arn: arnOf(RoleName, Path),
            name: RoleName,
            trustPolicy: readDocument(AssumeRolePolicyDocument, "trust"),
            maxSessionSeconds: sessionSeconds(MaxSessionDuration),
            boundary: boundaryArn && entities.document(boundaryArn),
            policies: new Map(),
          },
          ...{ path: Path, description: Description, createdAt: clock.now(), boundaryArn },
          tags: tagged({}, Tags),
        };
        entities.saveRole(entity, true);
        return { Role: describe(entity) };
      },
    },
    GetRole: { authorize: onRole("GetRole"), run: ({ RoleName }) => ({ Role: describe(entities.role(RoleName)) }) },
    ListRoles: {
      authorize: () => ({ action: "iam:ListRoles", resource: `arn:aws:iam::${account}:role/` }),
      run: ({ PathPrefix = "/", Marker, MaxItems }) => {
        const found = entities.roles().filter(({ path }) => path.startsWith(PathPrefix));
        return page("Roles", found.map(describe), Marker, MaxItems);
      },
    },
    UpdateRole: changing("UpdateRole", (entity, input: { Description?: string; MaxSessionDuration?: number }) => {
      if (input.Description !== undefined) entity.description = input.Description;
      if (input.MaxSessionDuration !== undefined)
        entity.role.maxSessionSeconds = sessionSeconds(input.MaxSessionDuration);
    }),
    UpdateAssumeRolePolicy: changing(
      "UpdateAssumeRolePolicy",
      (entity, { PolicyDocument }: { PolicyDocument: string }) => {
        entity.role.trustPolicy = readDocument(PolicyDocument, "trust");
      },
    ),
    PutRolePermissionsBoundary: changing(
      "PutRolePermissionsBoundary",
      (entity, input: { PermissionsBoundary: string }) => {
        entity.role.boundary = entities.document(input.PermissionsBoundary);
        entity.boundaryArn = input.PermissionsBoundary;
      },
    ),
    DeleteRolePermissionsBoundary: changing("DeleteRolePermissionsBoundary", (entity) => {
      entity.role.boundary = undefined;
      entity.boundaryArn = undefined;
    }),
    TagRole: changing("TagRole", (entity, { Tags }: { Tags: Tag[] }) => {
      entity.tags = tagged(entity.tags, Tags);
    }),
    UntagRole: changing("UntagRole", (entity, { TagKeys }: { TagKeys: string[] }) => {
      for (const key of TagKeys) delete entity.tags[key];
    }),
    ListRoleTags: {
      authorize: onRole("ListRoleTags"),
      run: ({ RoleName }) => ({ Tags: tagList(entities.role(RoleName).tags), IsTruncated: false }),
    },
    DeleteRole: {
      authorize: onRole("DeleteRole"),
      run: ({ RoleName }) => {
        if (entities.role(RoleName).role.policies.size > 0) {
          throw new AwsError("DeleteConflict", "Cannot delete entity, must delete policies first.", 409);
        }
        entities.removeRole(RoleName);
        return {};
      },
    },
  };
}

function describe({ role, path, description, createdAt, tags, boundaryArn }: RoleEntity) {
  return {
    Path: path,
    RoleName: role.name,
    RoleId: `AROA${role.name.replace(/[^A-Za-z0-9]/g, "")}`.padEnd(20, "X").slice(0, 20).toUpperCase(),
    Arn: role.arn,
    CreateDate: new Date(createdAt),
    AssumeRolePolicyDocument: encodeURIComponent(role.trustPolicy),
    MaxSessionDuration: role.maxSessionSeconds,
    ...(description === undefined ? {} : { Description: description }),
    ...(Object.keys(tags).length > 0 ? { Tags: tagList(tags) } : {}),
    ...(boundaryArn
      ? { PermissionsBoundary: { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: boundaryArn } }
      : {}),
  };
}

function sessionSeconds(seconds: number): number {
  if (seconds >= 3600 && seconds <= 43_200) return seconds;
  throw new AwsError("ValidationError", "MaxSessionDuration has to be between 3600 and 43200 seconds.");
}

const tagged = (known: Record<string, string>, tags: Tag[]): Record<string, string> => ({
  ...known,
  ...Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])),
});

const tagList = (tags: Record<string, string>): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
