/** Log events: taken in batches, read back from a stream, searched through a group. */
import { AwsError, type Cloud, type Operation } from "../../service.ts";
import type { GroupAccess, GroupInput } from "./access.ts";
import { filterPattern } from "./filter-pattern.ts";
import { BATCH_EVENTS, type LogEvent, logStoreOf, type StoredEvent } from "./store.ts";
import type { Forwarding } from "./subscriptions/forwarding.ts";

interface RangeInput extends GroupInput {
  startTime?: number;
  endTime?: number;
  limit?: number;
  nextToken?: string;
}

const DAY_MS = 86_400_000;
const OLDEST_MS = 14 * DAY_MS;
const NEWEST_MS = 2 * 3_600_000;

export function eventOperations(
  cloud: Cloud,
  { on, group, stream }: GroupAccess,
  forwarding: Forwarding,
): Record<string, Operation> {
  const store = logStoreOf(cloud);
  const now = () => cloud.clock.now();

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
    if (taken.length > 0) {
      const batch = store.append(target.group, target.stream, taken, now());
      forwarding.take(target.group, target.stream, taken, batch);
    }
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

  return {
    PutLogEvents: { authorize: on("PutLogEvents"), run: put },
    GetLogEvents: { authorize: on("GetLogEvents"), run: get },
    FilterLogEvents: { authorize: on("FilterLogEvents"), run: filter },
  };
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
