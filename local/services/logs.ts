/**
 * CloudWatch Logs: groups, streams and events, persistent.
 * Not emulated: insights queries, metric filters, subscriptions, export, data protection. Retention is applied at start.
 */
import type { Resource } from "../../engine/graph.ts";
import { type Access, AwsError, type Cloud, type Service } from "../service.ts";

interface EventRow {
  id: number;
  stream: string;
  time: number;
  ingested: number;
  message: string;
}

interface Range {
  startTime?: number;
  endTime?: number;
  limit?: number;
}

export function logs(cloud: Cloud): Service {
  const { database } = cloud;
  database.exec(`
    CREATE TABLE IF NOT EXISTS logs_groups (name TEXT PRIMARY KEY, retention_days INTEGER, created INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS logs_events (
      id INTEGER PRIMARY KEY, log_group TEXT NOT NULL, stream TEXT NOT NULL, time INTEGER NOT NULL,
      ingested INTEGER NOT NULL, message TEXT NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS logs_events_by_group ON logs_events (log_group, time);
    CREATE TABLE IF NOT EXISTS logs_streams (
      log_group TEXT NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (log_group, name)) STRICT`);
  const insertGroup = database.prepare(
    "INSERT INTO logs_groups VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET retention_days = excluded.retention_days",
  );
  const insertStream = database.prepare("INSERT OR IGNORE INTO logs_streams VALUES (?, ?, ?)");
  const insertEvent = database.prepare(
    "INSERT INTO logs_events (log_group, stream, time, ingested, message) VALUES (?, ?, ?, ?, ?)",
  );
  const groupNamed = database.prepare("SELECT * FROM logs_groups WHERE name = ?");
  const streamNamed = database.prepare("SELECT * FROM logs_streams WHERE log_group = ? AND name = ?");
  const expire = database.prepare("DELETE FROM logs_events WHERE log_group = ? AND time < ?");

  const arnOf = (group: string, stream = "*") =>
    `arn:aws:logs:${cloud.region}:${cloud.account}:log-group:${group}:${stream === "*" ? "*" : `log-stream:${stream}`}`;
  const nameOf = (input: { logGroupName?: string; logGroupIdentifier?: string }) =>
    input.logGroupName ?? input.logGroupIdentifier?.replace(/^.*:log-group:/, "").replace(/:\*$/, "") ?? "";
  const onGroup =
    (action: string) =>
    (input: { logGroupName?: string; logGroupIdentifier?: string; logStreamName?: string }): Access => ({
      action: `logs:${action}`,
      resource: arnOf(nameOf(input), action === "PutLogEvents" ? input.logStreamName : "*"),
    });

  function existing(group: string): void {
    if (!groupNamed.get(group)) {
      throw new AwsError("ResourceNotFoundException", "The specified log group does not exist.");
    }
  }

  function declare({ inputs, outputs }: Resource): void {
    const name = String(outputs.name);
    const days = Number(inputs.retentionInDays ?? 0);
    insertGroup.run(name, days || null, cloud.clock.now());
    if (days > 0) expire.run(name, cloud.clock.now() - days * 86_400_000);
  }

  function events(
    group: string,
    streams: string[] | undefined,
    range: Range & { nextToken?: string; forward?: boolean },
  ) {
    const conditions = ["log_group = ?", "time >= ?", "time < ?", range.forward === false ? "id < ?" : "id > ?"];
    const after =
      range.nextToken === undefined ? (range.forward === false ? Number.MAX_SAFE_INTEGER : 0) : Number(range.nextToken);
    const values: (string | number)[] = [group, range.startTime ?? 0, range.endTime ?? Number.MAX_SAFE_INTEGER, after];
    if (streams) {
      conditions.push(`stream IN (${streams.map(() => "?").join(", ")})`);
      values.push(...streams);
    }
    const order = range.forward === false ? "DESC" : "ASC";
    const query = `SELECT * FROM logs_events WHERE ${conditions.join(" AND ")} ORDER BY id ${order} LIMIT ?`;
    const rows = database.prepare(query).all(...values, range.limit ?? 10_000) as unknown as EventRow[];
    return range.forward === false ? rows.reverse() : rows;
  }

  return {
    name: "logs",
    client: () => import("@aws-sdk/client-cloudwatch-logs"),
    resources: { "aws:cloudwatch/logGroup:LogGroup": declare },
    operations: {
      CreateLogGroup: {
        authorize: onGroup("CreateLogGroup"),
        run({ logGroupName }) {
          if (groupNamed.get(logGroupName)) {
            throw new AwsError("ResourceAlreadyExistsException", "The specified log group already exists");
          }
          insertGroup.run(logGroupName, null, cloud.clock.now());
          return {};
        },
      },
      CreateLogStream: {
        authorize: onGroup("CreateLogStream"),
        run({ logGroupName, logStreamName }) {
          existing(logGroupName);
          if (insertStream.run(logGroupName, logStreamName, cloud.clock.now()).changes === 0) {
            throw new AwsError("ResourceAlreadyExistsException", "The specified log stream already exists");
          }
          return {};
        },
      },
      PutLogEvents: {
        authorize: onGroup("PutLogEvents"),
        run({ logGroupName, logStreamName, logEvents }) {
          existing(logGroupName);
          if (!streamNamed.get(logGroupName, logStreamName)) {
            throw new AwsError("ResourceNotFoundException", "The specified log stream does not exist.");
          }
          const now = cloud.clock.now();
          database.exec("BEGIN");
          try {
            for (const { timestamp, message } of logEvents)
              insertEvent.run(logGroupName, logStreamName, timestamp, now, message);
            database.exec("COMMIT");
          } catch (error) {
            database.exec("ROLLBACK");
            throw error;
          }
          return { nextSequenceToken: "0" };
        },
      },
      GetLogEvents: {
        authorize: onGroup("GetLogEvents"),
        run(input) {
          const group = nameOf(input);
          existing(group);
          const forward = input.startFromHead === true;
          const token = input.nextToken?.replace(/^[fb]\//, "");
          const rows = events(group, [input.logStreamName], { ...input, nextToken: token, forward });
          return {
            events: rows.map(({ time, ingested, message }) => ({ timestamp: time, ingestionTime: ingested, message })),
            nextForwardToken: `f/${rows.at(-1)?.id ?? token ?? 0}`,
            nextBackwardToken: `b/${rows[0]?.id ?? token ?? 0}`,
          };
        },
      },
      FilterLogEvents: {
        authorize: onGroup("FilterLogEvents"),
        run(input) {
          const group = nameOf(input);
          existing(group);
          const matches = filterPattern(input.filterPattern ?? "");
          const limit = input.limit ?? 10_000;
          const rows = events(group, input.logStreamNames, { ...input, limit });
          return {
            events: rows
              .filter(({ message }) => matches(message))
              .map((row) => ({
                eventId: String(row.id),
                logStreamName: row.stream,
                timestamp: row.time,
                ingestionTime: row.ingested,
                message: row.message,
              })),
            nextToken: rows.length === limit ? String(rows.at(-1)!.id) : undefined,
          };
        },
      },
      DescribeLogGroups: {
        authorize: () => ({ action: "logs:DescribeLogGroups", resource: arnOf("*") }),
        run: ({ logGroupNamePrefix = "" }) => ({
          logGroups: database
            .prepare("SELECT * FROM logs_groups ORDER BY name")
            .all()
            .filter(({ name }) => String(name).startsWith(logGroupNamePrefix))
            .map((row) => ({
              logGroupName: row.name,
              arn: arnOf(String(row.name)),
              retentionInDays: row.retention_days ?? undefined,
              creationTime: row.created,
            })),
        }),
      },
      DescribeLogStreams: {
        authorize: onGroup("DescribeLogStreams"),
        run(input) {
          const group = nameOf(input);
          existing(group);
          const rows = database.prepare("SELECT * FROM logs_streams WHERE log_group = ? ORDER BY name").all(group);
          const wanted = rows.filter(({ name }) => String(name).startsWith(input.logStreamNamePrefix ?? ""));
          return {
            logStreams: wanted.map(({ name, created }) => ({
              logStreamName: name,
              creationTime: created,
              arn: arnOf(group, String(name)),
            })),
          };
        },
      },
    },
  };
}

/** The three forms people type: a JSON property comparison, `?any ?of`, or words that must all be there. */
function filterPattern(pattern: string): (message: string) => boolean {
  const trimmed = pattern.trim();
  if (trimmed === "") return () => true;
  const property = /^\{\s*\$\.([\w.]+)\s*(!?=)\s*"?([^"}]*?)"?\s*\}$/.exec(trimmed);
  if (property) {
    const [, path, operator, wanted] = property;
    return (message) => {
      try {
        let value: unknown = JSON.parse(message);
        for (const key of path!.split(".")) value = (value as Record<string, unknown> | undefined)?.[key];
        return (String(value) === wanted) === (operator === "=");
      } catch {
        return false;
      }
    };
  }
  const terms = [...trimmed.matchAll(/([?-]?)(?:"([^"]*)"|(\S+))/g)].map(([, sign, quoted, word]) => ({
    sign,
    text: quoted ?? word!,
  }));
  const any = terms.filter(({ sign }) => sign === "?");
  const all = terms.filter(({ sign }) => sign === "");
  const none = terms.filter(({ sign }) => sign === "-");
  return (message) =>
    (any.length === 0 || any.some(({ text }) => message.includes(text))) &&
    all.every(({ text }) => message.includes(text)) &&
    none.every(({ text }) => !message.includes(text));
}
