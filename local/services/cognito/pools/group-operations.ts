/** Groups through the API. */
import type { CreateGroupCommandInput } from "@aws-sdk/client-cognito-identity-provider";
import { type Access, AwsError, type Operation } from "../../../service.ts";
import { describeGroup } from "./description.ts";
import type { Directory } from "./directory.ts";
import type { Properties } from "./pool.ts";
import type { Settings } from "./settings.ts";

export function groupOperations(
  directory: Directory,
  settings: Settings,
  onPool: (action: string) => (input: { UserPoolId?: string }) => Access,
): Record<string, Operation> {
  const operation = (action: string, run: Operation["run"]): Record<string, Operation> => ({
    [action]: { authorize: onPool(action), run },
  });

  function saveGroup(input: CreateGroupCommandInput, isNew: boolean) {
    const properties: Properties = {
      name: input.GroupName,
      userPoolId: input.UserPoolId,
      description: input.Description,
      precedence: input.Precedence,
      roleArn: input.RoleArn,
    };
    settings.keep("group", `${input.UserPoolId}/${input.GroupName}`, properties, isNew);
    return { Group: describeGroup(settings.group(properties)) };
  }

  return {
    ...operation("CreateGroup", (input: CreateGroupCommandInput) => {
      directory.pool(input.UserPoolId);
      if (directory.groups.has(`${input.UserPoolId}/${input.GroupName}`))
        throw new AwsError("GroupExistsException", "A group with the name already exists.");
      return saveGroup(input, true);
    }),
    ...operation("UpdateGroup", (input: CreateGroupCommandInput) => {
      const before = describeGroup(directory.group(input.UserPoolId!, input.GroupName));
      return saveGroup({ ...before, ...input } as CreateGroupCommandInput, false);
    }),
    ...operation("GetGroup", ({ UserPoolId, GroupName }) => ({
      Group: describeGroup(directory.group(UserPoolId, GroupName)),
    })),
    ...operation("ListGroups", ({ UserPoolId }) => ({
      Groups: [...directory.groups.values()]
        .filter(({ poolId }) => poolId === directory.pool(UserPoolId).id)
        .map(describeGroup),
    })),
    ...operation("DeleteGroup", ({ UserPoolId, GroupName }) => {
      const group = directory.group(UserPoolId, GroupName);
      for (const name of directory.members(group))
        directory.leave(directory.user(directory.pool(UserPoolId), name), group);
      directory.groups.delete(`${UserPoolId}/${GroupName}`);
      settings.forget("group", `${UserPoolId}/${GroupName}`);
      return {};
    }),
  };
}
