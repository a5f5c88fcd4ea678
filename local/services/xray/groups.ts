/** Groups: traces that are looked at together, by a filter expression. */
import type { Group } from "@aws-sdk/client-xray";
import type { Resource } from "../../../engine/graph.ts";
import type { Cloud, Operation } from "../../service.ts";
import { parseFilter } from "./filter-expression.ts";
import { invalid } from "./sampling.ts";

export interface Groups {
  declare(resource: Resource): void;
  /** By name or ARN. */
  find(nameOrArn: string | undefined): Group;
  operations: Record<string, Operation>;
}

interface GroupInput extends Group {
  GroupARN?: string;
}

export function groupsOf(cloud: Cloud): Groups {
  const { database } = cloud;
  database.exec("CREATE TABLE IF NOT EXISTS xray_groups (name TEXT PRIMARY KEY, description TEXT NOT NULL)");
  const save = database.prepare("INSERT OR REPLACE INTO xray_groups VALUES (?, ?)");
  const drop = database.prepare("DELETE FROM xray_groups WHERE name = ?");
  const arnOf = (name: string) => `arn:aws:xray:${cloud.region}:${cloud.account}:group/${name}`;
  const all = new Map<string, Group>([["Default", { GroupName: "Default", GroupARN: arnOf("Default") }]]);
  for (const { description } of database.prepare("SELECT description FROM xray_groups").all()) {
    const group = JSON.parse(String(description)) as Group;
    all.set(group.GroupName!, group);
  }
  const on = (action: string) => (input: GroupInput) => ({
    action: `xray:${action}`,
    resource: input.GroupARN ?? all.get(input.GroupName ?? "")?.GroupARN ?? arnOf(`${input.GroupName}/*`),
  });

  function find(nameOrArn: string | undefined): Group {
    const group = [...all.values()].find((each) => each.GroupName === nameOrArn || each.GroupARN === nameOrArn);
    if (!group) throw invalid(`Group not found: ${nameOrArn}`);
    return group;
  }

  function put(group: Group): { Group: Group } {
    checkFilter(group.FilterExpression);
    all.set(group.GroupName!, group);
    save.run(group.GroupName!, JSON.stringify(group));
    return { Group: group };
  }

  return {
    declare({ inputs, outputs, name }) {
      const GroupName = String(inputs.groupName ?? name);
      const FilterExpression = String(inputs.filterExpression ?? "");
      checkFilter(FilterExpression);
      all.set(GroupName, { GroupName, GroupARN: String(outputs.arn), FilterExpression });
    },
    find,
    operations: {
      CreateGroup: {
        authorize: on("CreateGroup"),
        run({ GroupName = "", FilterExpression, InsightsConfiguration }: Group) {
          if (!/^[\w-]{1,32}$/.test(GroupName)) throw invalid("GroupName has 1 to 32 letters, digits, _ and -.");
          if (all.has(GroupName)) throw invalid(`Group already exists: ${GroupName}`);
          return put({ GroupName, GroupARN: arnOf(GroupName), FilterExpression, InsightsConfiguration });
        },
      },
      UpdateGroup: {
        authorize: on("UpdateGroup"),
        run({ GroupName, GroupARN, FilterExpression, InsightsConfiguration }: Group) {
          const known = find(GroupName ?? GroupARN);
          return put({
            ...known,
            FilterExpression: FilterExpression ?? known.FilterExpression,
            InsightsConfiguration: InsightsConfiguration ?? known.InsightsConfiguration,
          });
        },
      },
      DeleteGroup: {
        authorize: on("DeleteGroup"),
        run({ GroupName, GroupARN }: Group) {
          const { GroupName: name } = find(GroupName ?? GroupARN);
          all.delete(name!);
          drop.run(name!);
          return {};
        },
      },
      GetGroup: {
        authorize: on("GetGroup"),
        run: ({ GroupName, GroupARN }: Group) => ({ Group: find(GroupName ?? GroupARN) }),
      },
      GetGroups: {
        authorize: () => ({ action: "xray:GetGroups", resource: "*" }),
        run: () => ({ Groups: [...all.values()] }),
      },
    },
  };
}

export function checkFilter(expression: string | undefined): void {
  if (!expression?.trim()) return;
  try {
    parseFilter(expression);
  } catch (error) {
    throw invalid(`Invalid filter expression: ${(error as Error).message}.`);
  }
}
