/** Groups, and which users are in them. */
import type { Cloud, Operation } from "../../service.ts";
import { inUse, page, taken, uniqueId, validName } from "./input.ts";
import { describeUser } from "./user-operations.ts";
import type { Group, Users } from "./users.ts";

export function groupOperations({ account, clock }: Cloud, { users, groups }: Users): Record<string, Operation> {
  const arnOf = (name: string, path = "/") => `arn:aws:iam::${account}:group${path}${name}`;
  const onGroup = (action: string): NonNullable<Operation["authorize"]> => {
    return ({ GroupName: name, Path }) => ({
      action: `iam:${action}`,
      resource: groups.has(name) ? groups.get(name).arn : arnOf(name, Path),
    });
  };

  return {
    CreateGroup: {
      authorize: onGroup("CreateGroup"),
      run: ({ GroupName, Path = "/" }) => {
        validName("groupName", GroupName, 128);
        if (groups.has(GroupName)) throw taken("Group", GroupName);
        const group: Group = {
          ...{ name: GroupName, arn: arnOf(GroupName, Path), path: Path, createdAt: clock.now() },
          policies: new Map(),
        };
        groups.save(group);
        return { Group: describeGroup(group) };
      },
    },
    GetGroup: {
      authorize: onGroup("GetGroup"),
      run: ({ GroupName, Marker, MaxItems }) => {
        const group = groups.get(GroupName);
        const members = users.all().filter(({ groups: memberOf }) => memberOf.includes(GroupName));
        return { Group: describeGroup(group), ...page("Users", members.map(describeUser), Marker, MaxItems) };
      },
    },
    ListGroups: {
      authorize: () => ({ action: "iam:ListGroups", resource: `arn:aws:iam::${account}:group/` }),
      run: ({ PathPrefix = "/", Marker, MaxItems }) =>
        page(
          "Groups",
          groups
            .all()
            .filter(({ path }) => path.startsWith(PathPrefix))
            .map(describeGroup),
          Marker,
          MaxItems,
        ),
    },
    ListGroupsForUser: {
      authorize: ({ UserName }) => ({
        action: "iam:ListGroupsForUser",
        resource: users.has(UserName) ? users.get(UserName).arn : `arn:aws:iam::${account}:user/${UserName}`,
      }),
      run: ({ UserName, Marker, MaxItems }) => {
        const memberOf = users.get(UserName).groups.map((name) => describeGroup(groups.get(name)));
        return page("Groups", memberOf, Marker, MaxItems);
      },
    },
    DeleteGroup: {
      authorize: onGroup("DeleteGroup"),
      run: ({ GroupName }) => {
        if (groups.get(GroupName).policies.size > 0) throw inUse("delete policies");
        if (users.all().some(({ groups: memberOf }) => memberOf.includes(GroupName)))
          throw inUse("remove users from group");
        groups.remove(GroupName);
        return {};
      },
    },
    AddUserToGroup: {
      authorize: onGroup("AddUserToGroup"),
      run: ({ GroupName, UserName }) => {
        const user = users.get(UserName);
        groups.get(GroupName);
        users.save({ ...user, groups: [...new Set([...user.groups, GroupName])] });
        return {};
      },
    },
    RemoveUserFromGroup: {
      authorize: onGroup("RemoveUserFromGroup"),
      run: ({ GroupName, UserName }) => {
        const user = users.get(UserName);
        groups.get(GroupName);
        users.save({ ...user, groups: user.groups.filter((name) => name !== GroupName) });
        return {};
      },
    },
  };
}

function describeGroup({ name, arn, path, createdAt }: Group) {
  return { GroupName: name, GroupId: uniqueId("AGPA", name), Arn: arn, Path: path, CreateDate: new Date(createdAt) };
}
