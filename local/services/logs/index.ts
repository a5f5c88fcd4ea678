/**
 * CloudWatch Logs: groups, streams and events, kept over restarts; metric filters; Insights queries and their definitions.
 *
 * Not emulated: subscriptions, exports, data protection, anomalies, live tail, Insights' other languages and a few of its
 * commands (see insights/parse.ts). A metric filter's default value is not reported. A group keeps its newest 32 MB.
 */
import type { Resource } from "../../../engine/graph.ts";
import { type Access, AwsError, type Cloud, type Operation, type Service } from "../../service.ts";
import { filterPattern } from "./filter-pattern.ts";
import { insightsOperations } from "./insights/index.ts";
import { queryDefinitions } from "./insights/query-definitions.ts";
import { declareMetricFilter, metricFilterOperations } from "./metric-filter-operations.ts";
import { metricFiltersOf } from "./metric-filters.ts";
import { BATCH_EVENTS, type LogEvent, type LogGroup, logStoreOf, type StoredEvent } from "./store.ts";

export interface GroupInput {
  logGroupName?: string;
  /** A name or an ARN. */
  logGroupIdentifier?: string;
  logStreamName?: string;
}

/** What other groups of operations need of log groups. */
export interface GroupAccess {
  /** What IAM is asked. */
  on(action: string): (input: GroupInput) => Access;
  /** @throws AwsError ResourceNotFoundException */
  group(input: GroupInput): LogGroup;
}

interface RangeInput extends GroupInput {
  startTime?: number;
  endTime?: number;
  limit?: number;
  nextToken?: string;
}

const DAY_MS = 86_400_000;
const OLDEST_MS = 14 * DAY_MS;
const NEWEST_MS = 2 * 3_600_000;

/** What AWS takes. */
const RETENTION_DAYS = [
  ...[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
];

export function logs(cloud: Cloud): Service {
  const store = logStoreOf(cloud);
  const now = () => cloud.clock.now();
  const arnOf = (name: string) => `arn:aws:logs:${cloud.region}:${cloud.account}:log-group:${name}`;

  /** AWS judges every call on a group by the ARN of a stream, be it of none: policies name `<group>:*`. */
  const on =
    (action: string) =>
    (input: GroupInput): Access => ({
      action: `logs:${action}`,
      resource: `${arnOf(nameOf(input))}:log-stream:${input.logStreamName ?? ""}`,
    });

  function group(input: GroupInput): LogGroup {
    const found = store.group(nameOf(input));
    if (!found) throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.");
    return found;
  }

  function stream(input: GroupInput): { group: string; stream: string } {
    const { name } = group(input);
    const streamName = String(input.logStreamName);
    if (!store.hasStream(name, streamName)) {
      throw new AwsError("ResourceNotFoundException", "The specified log stream does not exist.");
    }
    return { group: name, stream: streamName };
  }

  function declare({ inputs, outputs }: Resource): void {
    const name = String(outputs.name);
    const createdAt = store.group(name)?.createdAt ?? now();
    store.saveGroup({ name, createdAt, retentionDays: Number(inputs.retentionInDays) || undefined });
    store.expire(name, now());
  }

  function put(input: GroupInput & { logEvents: LogEvent[] }): object {
    const target = stream(input);
    const { logEvents: events } = input;
    if (events.length === 0 || events.length > BATCH_EVENTS) {
      throw new AwsError("InvalidParameterException", `A batch has from 1 to ${BATCH_EVENTS} log events.`);
    }
    if (events.some(({ timestamp }, index) => index > 0 && timestamp < events[index - 1]!.timestamp)) {
      const message = "Log events in a single PutLogEvents request must be in chronological order.";
      throw new AwsError("InvalidParameterException", message);
    }
    const [from, to] = [now() - OLDEST_MS, now() + NEWEST_MS];
    const tooOld = events.filter(({ timestamp }) => timestamp < from).length;
    const tooNew = events.filter(({ timestamp }) => timestamp > to).length;
    const taken = events.slice(tooOld, events.length - tooNew);
    if (taken.length > 0) store.append(target.group, target.stream, taken, now());
    if (tooOld + tooNew === 0) return {};
    return {
      rejectedLogEventsInfo: {
        tooOldLogEventEndIndex: tooOld || undefined,
        tooNewLogEventStartIndex: tooNew > 0 ? events.length - tooNew : undefined,
      },
    };
  }

  function get(input: RangeInput & { startFromHead?: boolean }): object {
    const target = stream(input);
    const token = input.nextToken === undefined ? undefined : readToken(input.nextToken);
    const newestFirst = token ? token.back : !input.startFromHead;
    const range = { streams: [target.stream], start: input.startTime, end: input.endTime, newestFirst };
    const place = token && (token.back ? { before: token.position } : { after: token.position });
    const found = take(store.events(target.group, { ...range, ...place }), limitOf(input));
    if (newestFirst) found.reverse();
    const stay = token?.position ?? 0;
    return {
      events: found.map(({ timestamp, ingestedAt, message }) => ({ timestamp, ingestionTime: ingestedAt, message })),
      nextForwardToken: `f/${found.at(-1)?.position ?? stay}`,
      nextBackwardToken: `b/${found[0]?.position ?? stay}`,
    };
  }

  function filter(
    input: RangeInput & { logStreamNames?: string[]; logStreamNamePrefix?: string; filterPattern?: string },
  ) {
    const { name } = group(input);
    const matches = filterPattern(input.filterPattern ?? "");
    const limit = limitOf(input);
    const prefix = input.logStreamNamePrefix ?? "";
    const after = input.nextToken === undefined ? undefined : readToken(input.nextToken).position;
    const query = { streams: input.logStreamNames, start: input.startTime, end: input.endTime, after };
    const found: StoredEvent[] = [];
    for (const event of store.events(name, query)) {
      if (event.stream.startsWith(prefix) && matches(event.message)) found.push(event);
      if (found.length > limit) break;
    }
    const page = found.slice(0, limit);
    const nextToken = found.length > limit ? `f/${page.at(-1)!.position}` : undefined;
    page.sort((a, b) => a.timestamp - b.timestamp || a.position - b.position);
    return {
      events: page.map(({ stream, timestamp, ingestedAt, message, position }) => ({
        logStreamName: stream,
        timestamp,
        ingestionTime: ingestedAt,
        message,
        eventId: String(position),
      })),
      nextToken,
    };
  }

  const retention = (input: GroupInput, retentionDays: number | undefined) => {
    const found = group(input);
    if (retentionDays !== undefined && !RETENTION_DAYS.includes(retentionDays)) {
      throw new AwsError("InvalidParameterException", `retentionInDays is one of ${RETENTION_DAYS.join(", ")}`);
    }
    store.saveGroup({ ...found, retentionDays });
    return {};
  };

  const operations: Record<string, Operation> = {
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
    PutLogEvents: { authorize: on("PutLogEvents"), run: put },
    GetLogEvents: { authorize: on("GetLogEvents"), run: get },
    FilterLogEvents: { authorize: on("FilterLogEvents"), run: filter },
    DescribeLogGroups: {
      authorize: () => ({ action: "logs:DescribeLogGroups", resource: `${arnOf("")}:log-stream:` }),
      run(input: { logGroupNamePrefix?: string; logGroupNamePattern?: string; limit?: number; nextToken?: string }) {
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
      run(input: RangeInput & { logStreamNamePrefix?: string; orderBy?: string; descending?: boolean }) {
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

  const definitions = queryDefinitions(cloud);
  return {
    name: "logs",
    client: () => import("@aws-sdk/client-cloudwatch-logs"),
    requiresMembers: "InvalidParameterException",
    resources: {
      "aws:cloudwatch/logGroup:LogGroup": declare,
      "aws:cloudwatch/logMetricFilter:LogMetricFilter": declareMetricFilter(cloud),
      "aws:cloudwatch/queryDefinition:QueryDefinition": definitions.declare,
    },
    operations: {
      ...operations,
      ...metricFilterOperations(cloud, { on, group }),
      ...insightsOperations(cloud, { on, group }),
      ...definitions.operations,
    },
  };
}

function nameOf({ logGroupName, logGroupIdentifier = "" }: GroupInput): string {
  return logGroupName ?? logGroupIdentifier.replace(/^arn:.*:log-group:/, "").replace(/:\*$/, "");
}

function limitOf({ limit }: RangeInput): number {
  return Math.min(Math.max(limit ?? BATCH_EVENTS, 1), BATCH_EVENTS);
}

function readToken(token: string): { back: boolean; position: number } {
  const parts = /^([fb])\/(\d+)$/.exec(token);
  if (!parts) throw new AwsError("InvalidParameterException", "The specified nextToken is invalid.");
  return { back: parts[1] === "b", position: Number(parts[2]) };
}

function take<T>(values: Iterable<T>, count: number): T[] {
  const taken: T[] = [];
  for (const value of values) {
    if (taken.push(value) >= count) break;
  }
  return taken;
}

function page<T>(all: T[], { limit = 50, nextToken }: { limit?: number; nextToken?: string }) {
  const start = nextToken === undefined ? 0 : Number(nextToken);
  const end = start + Math.min(limit, 50);
  return { items: all.slice(start, end), nextToken: end < all.length ? String(end) : undefined };
}
