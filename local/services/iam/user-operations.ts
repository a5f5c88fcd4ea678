/** Users and their access keys. No passwords, MFA devices or certificates. */
import type { CoreCloud } from "../../cloud.ts";
import { AwsError, type Call, type Operation } from "../../service.ts";
import type { Entities } from "./entities.ts";
import { inUse, page, type Tag, tagged, tagList, taken, uniqueId, validName } from "./input.ts";
import type { User, Users } from "./users.ts";

const MOST_KEYS = 2;

export function userOperations(
  { account, clock, credentials }: CoreCloud,
  entities: Entities,
  { users }: Users,
): Record<string, Operation> {
  const arnOf = (name: string, path = "/") => `arn:aws:iam::${account}:user${path}${name}`;
  /** A call without a name is about its caller. */
  const nameIn = ({ UserName }: { UserName?: string }, { principal }: Call): string => {
    if (UserName !== undefined) return UserName;
    if (principal.type === "user") return principal.arn.slice(principal.arn.lastIndexOf("/") + 1);
    throw new AwsError("ValidationError", "Must specify userName when calling with non-User credentials");
  };
  const onUser = (action: string): NonNullable<Operation["authorize"]> => {
    return (input, call) => {
      const name = nameIn(input, call);
      return {
        action: `iam:${action}`,
        resource: users.has(name) ? users.get(name).arn : arnOf(name, input.Path),
      };
    };
  };
  const changing = (action: string, change: (user: User, input: never) => void): Operation => ({
    authorize: onUser(action),
    run: (input, call) => {
      const user = users.get(nameIn(input, call));
      change(user, input as never);
      users.save(user);
      return {};
    },
  });
  const key = (user: User, id: string) => {
    const found = user.keys.find(({ accessKeyId }) => accessKeyId === id);
    if (!found) throw new AwsError("NoSuchEntity", `The Access Key with id ${id} cannot be found.`, 404);
    return found;
  };

  return {
    CreateUser: {
      authorize: onUser("CreateUser"),
      run: ({ UserName, Path = "/", Tags = [], PermissionsBoundary }) => {
        validName("userName", UserName, 64);
        if (users.has(UserName)) throw taken("User", UserName);
        const user: User = {
          ...{ name: UserName, arn: arnOf(UserName, Path), path: Path, createdAt: clock.now() },
          ...{ policies: new Map(), tags: tagged({}, Tags), groups: [], keys: [] },
          ...(PermissionsBoundary
            ? { boundaryArn: PermissionsBoundary, boundary: entities.document(PermissionsBoundary) }
            : {}),
        };
        users.save(user);
        return { User: describeUser(user) };
      },
    },
    GetUser: {
      authorize: onUser("GetUser"),
      run: (input, call) => ({ User: describeUser(users.get(nameIn(input, call))) }),
    },
    ListUsers: {
      authorize: () => ({ action: "iam:ListUsers", resource: `arn:aws:iam::${account}:user/` }),
      run: ({ PathPrefix = "/", Marker, MaxItems }) =>
        page(
          "Users",
          users
            .all()
            .filter(({ path }) => path.startsWith(PathPrefix))
            .map(describeUser),
          Marker,
          MaxItems,
        ),
    },
    DeleteUser: {
      authorize: onUser("DeleteUser"),
      run: (input, call) => {
        const { name, policies, groups: memberOf, keys } = users.get(nameIn(input, call));
        if (keys.length > 0) throw inUse("delete access keys");
        if (policies.size > 0) throw inUse("delete policies");
        if (memberOf.length > 0) throw inUse("remove users from group");
        users.remove(name);
        return {};
      },
    },
    PutUserPermissionsBoundary: changing(
      "PutUserPermissionsBoundary",
      (user, { PermissionsBoundary }: { PermissionsBoundary: string }) => {
        user.boundary = entities.document(PermissionsBoundary);
        user.boundaryArn = PermissionsBoundary;
      },
    ),
    DeleteUserPermissionsBoundary: changing("DeleteUserPermissionsBoundary", (user) => {
      user.boundary = undefined;
      user.boundaryArn = undefined;
    }),
    TagUser: changing("TagUser", (user, { Tags }: { Tags: Tag[] }) => {
      user.tags = tagged(user.tags, Tags);
    }),
    UntagUser: changing("UntagUser", (user, { TagKeys }: { TagKeys: string[] }) => {
      for (const each of TagKeys) delete user.tags[each];
    }),
    ListUserTags: {
      authorize: onUser("ListUserTags"),
      run: (input, call) => ({ Tags: tagList(users.get(nameIn(input, call)).tags), IsTruncated: false }),
    },
    CreateAccessKey: {
      authorize: onUser("CreateAccessKey"),
      run: (input, call) => {
        const user = users.get(nameIn(input, call));
        if (user.keys.length >= MOST_KEYS) {
          throw new AwsError("LimitExceeded", `Cannot exceed quota for AccessKeysPerUser: ${MOST_KEYS}`, 409);
        }
        const made = credentials.keep({ type: "user", arn: user.arn, account });
        const created = { ...made, status: "Active" as const, createdAt: clock.now() };
        user.keys.push(created);
        users.save(user);
        return {
          AccessKey: {
            ...{ UserName: user.name, AccessKeyId: made.accessKeyId, Status: "Active" },
            ...{ SecretAccessKey: made.secretAccessKey, CreateDate: new Date(created.createdAt) },
          },
        };
      },
    },
    ListAccessKeys: {
      authorize: onUser("ListAccessKeys"),
      run: (input, call) => {
        const { name, keys } = users.get(nameIn(input, call));
        const shown = keys.map(({ accessKeyId, status, createdAt }) => ({
          ...{ UserName: name, AccessKeyId: accessKeyId, Status: status, CreateDate: new Date(createdAt) },
        }));
        return page("AccessKeyMetadata", shown, input.Marker, input.MaxItems);
      },
    },
    UpdateAccessKey: changing("UpdateAccessKey", (user, input: { AccessKeyId: string; Status: string }) => {
      const found = key(user, input.AccessKeyId);
      if (input.Status !== "Active" && input.Status !== "Inactive") {
        throw new AwsError("ValidationError", "Status must be Active or Inactive.");
      }
      credentials.revoke(found.accessKeyId);
      const { accessKeyId, secretAccessKey } = found;
      if (input.Status === "Active") {
        credentials.keep({ type: "user", arn: user.arn, account }, { accessKeyId, secretAccessKey });
      }
      found.status = input.Status;
    }),
    DeleteAccessKey: changing("DeleteAccessKey", (user, { AccessKeyId }: { AccessKeyId: string }) => {
      const found = key(user, AccessKeyId);
      credentials.revoke(AccessKeyId);
      user.keys = user.keys.filter((each) => each !== found);
    }),
  };
}

export function describeUser({ name, arn, path, createdAt, tags, boundaryArn }: User) {
  return {
    ...{ UserName: name, UserId: uniqueId("AIDA", name), Arn: arn, Path: path, CreateDate: new Date(createdAt) },
    ...(Object.keys(tags).length > 0 ? { Tags: tagList(tags) } : {}),
    ...(boundaryArn
      ? { PermissionsBoundary: { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: boundaryArn } }
      : {}),
  };
}
