/** Log groups and their streams: made, described, kept for a number of days, deleted. */
import { AwsError, type Cloud, type Operation } from "../../service.ts";
import type { GroupAccess, GroupInput } from "./access.ts";
import { metricFiltersOf } from "./metric-filters.ts";
import { logStoreOf } from "./store.ts";
import { subscriptionFiltersOf } from "./subscriptions/filters.ts";

interface PageInput {
  limit?: number;
  nextToken?: string;
}

/** What AWS takes. */
const RETENTION_DAYS = [
  ...[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
];

export function groupOperations(cloud: Cloud, { arnOf, on, group, stream }: GroupAccess): Record<string, Operation> {
  const store = logStoreOf(cloud);
  const now = () => cloud.clock.now();

  const retention = (input: GroupInput, retentionDays: number | undefined) => {
    const found = group(input);
    if (retentionDays !== undefined && !RETENTION_DAYS.includes(retentionDays)) {
      throw new AwsError("InvalidParameterException", `retentionInDays is one of ${RETENTION_DAYS.join(", ")}`);
    }
    store.saveGroup({ ...found, retentionDays });
    return {};
  };

  return {
    CreateLogGroup: {
      authorize: on("CreateLogGroup"),
      run({ logGroupName: name }: { logGroupName: string }) {
        if (!/^[.\-_/#A-Za-z0-9]{1,512}$/.test(name)) {
          throw new AwsError("InvalidParameterException", `"${name}" is not a log group's name.`);
        }
        if (store.group(name)) {
          throw new AwsError("ResourceAlreadyExistsException", "The specified log group already exists");
        }
        store.saveGroup({ name, createdAt: now() });
        return {};
      },
    },
    DeleteLogGroup: {
      authorize: on("DeleteLogGroup"),
      run(input: GroupInput) {
        const { name } = group(input);
        store.removeGroup(name);
        metricFiltersOf(cloud).removeGroup(name);
        subscriptionFiltersOf(cloud).removeGroup(name);
        return {};
      },
    },
    PutRetentionPolicy: {
      authorize: on("PutRetentionPolicy"),
      run: (input: GroupInput & { retentionInDays: number }) => retention(input, input.retentionInDays),
    },
    DeleteRetentionPolicy: {
      authorize: on("DeleteRetentionPolicy"),
      run: (input: GroupInput) => retention(input, undefined),
    },
    CreateLogStream: {
      authorize: on("CreateLogStream"),
      run(input: GroupInput & { logStreamName: string }) {
        const { name } = group(input);
        if (store.hasStream(name, input.logStreamName)) {
          throw new AwsError("ResourceAlreadyExistsException", "The specified log stream already exists");
        }
        store.addStream(name, input.logStreamName, now());
        return {};
      },
    },
    DeleteLogStream: {
      authorize: on("DeleteLogStream"),
      run(input: GroupInput) {
        const target = stream(input);
        store.removeStream(target.group, target.stream);
        return {};
      },
    },
    DescribeLogGroups: {
      authorize: () => ({ action: "logs:DescribeLogGroups", resource: `${arnOf("")}:log-stream:` }),
      run(input: { logGroupNamePrefix?: string; logGroupNamePattern?: string } & PageInput) {
        const { logGroupNamePrefix: prefix = "", logGroupNamePattern: part = "" } = input;
        const all = store.groups().filter(({ name }) => name.startsWith(prefix) && name.includes(part));
        const { items, nextToken } = page(all, input);
        const logGroups = items.map(({ name, createdAt, retentionDays }) => ({
          logGroupName: name,
          arn: `${arnOf(name)}:*`,
          logGroupArn: arnOf(name),
          creationTime: createdAt,
          retentionInDays: retentionDays,
          storedBytes: store.bytes(name),
        }));
        return { logGroups, nextToken };
      },
    },
    DescribeLogStreams: {
      authorize: on("DescribeLogStreams"),
      run(input: GroupInput & PageInput & { logStreamNamePrefix?: string; orderBy?: string; descending?: boolean }) {
        const { name } = group(input);
        const all = store.streams(name).filter((each) => each.name.startsWith(input.logStreamNamePrefix ?? ""));
        if (input.orderBy === "LastEventTime") all.sort((a, b) => (a.lastEventAt ?? 0) - (b.lastEventAt ?? 0));
        if (input.descending) all.reverse();
        const { items, nextToken } = page(all, input);
        const logStreams = items.map((each) => ({
          logStreamName: each.name,
          arn: `${arnOf(name)}:log-stream:${each.name}`,
          creationTime: each.createdAt,
          firstEventTimestamp: each.firstEventAt,
          lastEventTimestamp: each.lastEventAt,
          lastIngestionTime: each.lastIngestedAt,
        }));
        return { logStreams, nextToken };
      },
    },
  };
}

function page<T>(all: T[], { limit = 50, nextToken }: PageInput) {
  const start = nextToken === undefined ? 0 : Number(nextToken);
  const end = start + Math.min(limit, 50);
  return { items: all.slice(start, end), nextToken: end < all.length ? String(end) : undefined };
}
