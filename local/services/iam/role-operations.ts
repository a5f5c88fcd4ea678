/** Roles themselves: create, read, change, delete. */
import type { Cloud, Operation } from "../../service.ts";
import { AwsError } from "../../service.ts";
import type { Entities, RoleEntity } from "./entities.ts";
import {
  inUse,
  page,
  readDocument,
  requestContext,
  type Tag,
  tagged,
  tagList,
  taken,
  uniqueId,
  validName,
} from "./input.ts";

export function roleOperations({ account, clock }: Cloud, entities: Entities): Record<string, Operation> {
  const arnOf = (name: string, path = "/") => `arn:aws:iam::${account}:role${path}${name}`;
  const onRole =
    (action: string): NonNullable<Operation["authorize"]> =>
    ({ RoleName, Path, PermissionsBoundary, Tags }) => {
      const known = entities.hasRole(RoleName) ? entities.role(RoleName) : undefined;
      return {
        action: `iam:${action}`,
        resource: known?.role.arn ?? arnOf(RoleName, Path),
        context: requestContext({ boundary: PermissionsBoundary ?? known?.boundaryArn, tags: Tags, own: known?.tags }),
      };
    };
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
          throw taken("Role", RoleName);
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
    UpdateRoleDescription: {
      authorize: onRole("UpdateRoleDescription"),
      run: ({ RoleName, Description }) => {
        const entity = { ...entities.role(RoleName), description: Description };
        entities.saveRole(entity);
        return { Role: describe(entity) };
      },
    },
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
          throw inUse("delete policies");
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
    RoleId: uniqueId("AROA", role.name),
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
