/** Scheduler's API: schedules and their groups, made through the same path as the program's. */
import { type Access, AwsError, type Cloud, type Operation } from "../../service.ts";
import { type Definition, definitionOf, described, type Given, invalid } from "./definition.ts";
import { DEFAULT_GROUP, type Group, type Groups } from "./groups.ts";
import type { Schedules } from "./schedules.ts";

const PAGE = 100;

interface Paging {
  MaxResults?: number;
  NextToken?: string;
  NamePrefix?: string;
}

interface Tag {
  Key: string;
  Value: string;
}

export function schedulerOperations(cloud: Cloud, schedules: Schedules, groups: Groups): Record<string, Operation> {
  const { clock } = cloud;
  const onSchedule =
    (action: string) =>
    (input: { Name: string; GroupName?: string }): Access => ({
      action: `scheduler:${action}`,
      resource: schedules.arnOf(input.GroupName ?? DEFAULT_GROUP, input.Name),
    });
  const onGroup =
    (action: string) =>
    (input: { Name: string }): Access => ({
      action: `scheduler:${action}`,
      resource: schedules.groupArn(input.Name),
    });
  const onArn =
    (action: string) =>
    (input: { ResourceArn: string }): Access => ({
      action: `scheduler:${action}`,
      resource: input.ResourceArn,
    });
  const passing =
    (action: string) =>
    (input: Given): Access[] => [
      onSchedule(action)(input as { Name: string }),
      {
        action: "iam:PassRole",
        resource: input.Target?.RoleArn ?? "",
        context: { "iam:PassedToService": "scheduler.amazonaws.com" },
      },
    ];

  /** AWS answers a schedule or group of another name with its ARN only. */
  const groupOf = (arn: string): Group => {
    const prefix = schedules.groupArn("");
    if (!arn.startsWith(prefix)) throw invalid(`${arn} is not the ARN of a schedule group.`);
    return groups.find(arn.slice(prefix.length));
  };

  const describeGroup = ({ name, createdAt, modifiedAt }: Group) => ({
    Arn: schedules.groupArn(name),
    Name: name,
    State: "ACTIVE",
    CreationDate: new Date(createdAt),
    LastModificationDate: new Date(modifiedAt),
  });

  return {
    CreateSchedule: {
      authorize: passing("CreateSchedule"),
      run(input: Given) {
        const definition = definitionOf(input, clock.now());
        groups.find(definition.GroupName);
        if (schedules.get(definition.GroupName, definition.Name)) {
          throw new AwsError("ConflictException", `Schedule ${definition.Name} already exists.`, 409);
        }
        return { ScheduleArn: schedules.put(definition, false).arn };
      },
    },
    UpdateSchedule: {
      authorize: passing("UpdateSchedule"),
      run(input: Given) {
        const { definition, isDeclared } = schedules.find(input.GroupName ?? DEFAULT_GROUP, input.Name!);
        // What is left out has its default again, as on AWS.
        const next = definitionOf(input, clock.now(), definition.createdAt);
        return { ScheduleArn: schedules.put(next, isDeclared).arn };
      },
    },
    GetSchedule: {
      authorize: onSchedule("GetSchedule"),
      run({ Name, GroupName = DEFAULT_GROUP }) {
        const { definition, arn } = schedules.find(GroupName, Name);
        return described(definition, arn);
      },
    },
    DeleteSchedule: {
      authorize: onSchedule("DeleteSchedule"),
      run({ Name, GroupName = DEFAULT_GROUP }) {
        schedules.remove(schedules.find(GroupName, Name));
        return {};
      },
    },
    ListSchedules: {
      authorize: ({ GroupName = "*" }) => ({
        action: "scheduler:ListSchedules",
        resource: schedules.arnOf(GroupName, "*"),
      }),
      run(input: Paging & { GroupName?: string; State?: string }) {
        const { GroupName, State, NamePrefix = "" } = input;
        if (GroupName !== undefined) groups.find(GroupName);
        const isMeant = ({ GroupName: group, State: state, Name }: Definition) =>
          (GroupName === undefined || group === GroupName) &&
          (State === undefined || state === State) &&
          Name.startsWith(NamePrefix);
        const found = schedules.all().filter(({ definition }) => isMeant(definition));
        const { items, NextToken } = page(found, input);
        return {
          Schedules: items.map(({ arn, definition }) => {
            const { Name, GroupName: group, State: state, Target } = definition;
            const { CreationDate, LastModificationDate } = described(definition, arn) as Record<string, unknown>;
            const times = { CreationDate, LastModificationDate };
            return { Arn: arn, Name, GroupName: group, State: state, ...times, Target: { Arn: Target.Arn } };
          }),
          NextToken,
        };
      },
    },
    CreateScheduleGroup: {
      authorize: onGroup("CreateScheduleGroup"),
      run({ Name, Tags = [] }: { Name: string; Tags?: Tag[] }) {
        if (!/^[0-9a-zA-Z-_.]{1,64}$/.test(Name)) throw invalid("Name has 1 to 64 letters, digits, - _ and .");
        if (groups.has(Name)) throw new AwsError("ConflictException", `Schedule group ${Name} already exists.`, 409);
        const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
        const now = clock.now();
        groups.put({ name: Name, createdAt: now, modifiedAt: now, tags, isDeclared: false });
        return { ScheduleGroupArn: schedules.groupArn(Name) };
      },
    },
    GetScheduleGroup: { authorize: onGroup("GetScheduleGroup"), run: ({ Name }) => describeGroup(groups.find(Name)) },
    DeleteScheduleGroup: {
      authorize: onGroup("DeleteScheduleGroup"),
      run({ Name }) {
        if (Name === DEFAULT_GROUP) throw invalid("The default group cannot be deleted.");
        groups.find(Name);
        for (const schedule of schedules.all()) if (schedule.definition.GroupName === Name) schedules.remove(schedule);
        groups.remove(Name);
        return {};
      },
    },
    ListScheduleGroups: {
      authorize: () => onGroup("ListScheduleGroups")({ Name: "*" }),
      run(input: Paging) {
        const found = groups.all().filter(({ name }) => name.startsWith(input.NamePrefix ?? ""));
        const { items, NextToken } = page(found, input);
        return { ScheduleGroups: items.map(describeGroup), NextToken };
      },
    },
    ListTagsForResource: {
      authorize: onArn("ListTagsForResource"),
      run: ({ ResourceArn }) => ({
        Tags: Object.entries(groupOf(ResourceArn).tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    },
    TagResource: {
      authorize: onArn("TagResource"),
      run({ ResourceArn, Tags }: { ResourceArn: string; Tags: Tag[] }) {
        const group = groupOf(ResourceArn);
        const added = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
        groups.put({ ...group, tags: { ...group.tags, ...added } });
        return {};
      },
    },
    UntagResource: {
      authorize: onArn("UntagResource"),
      run({ ResourceArn, TagKeys }: { ResourceArn: string; TagKeys: string[] }) {
        const group = groupOf(ResourceArn);
        const kept = Object.entries(group.tags).filter(([key]) => !TagKeys.includes(key));
        groups.put({ ...group, tags: Object.fromEntries(kept) });
        return {};
      },
    },
  };
}

function page<Item>(found: Item[], { MaxResults = PAGE, NextToken }: Paging): { items: Item[]; NextToken?: string } {
  const from = Number(NextToken ?? 0);
  if (!Number.isInteger(from) || from < 0) throw invalid("Invalid NextToken.");
  if (!(MaxResults >= 1 && MaxResults <= PAGE)) throw invalid(`MaxResults is from 1 to ${PAGE}`);
  const items = found.slice(from, from + MaxResults);
  return { items, NextToken: from + items.length < found.length ? String(from + items.length) : undefined };
}
