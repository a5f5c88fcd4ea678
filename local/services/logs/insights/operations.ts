/** What StartQuery, GetQueryResults, StopQuery, DescribeQueries and GetLogRecord do. */
import type { DescribeQueriesRequest, StartQueryRequest } from "@aws-sdk/client-cloudwatch-logs";
import { AwsError, type Call, type Cloud, type Operation } from "../../../service.ts";
import type { GroupAccess } from "../access.ts";
import { logStoreOf } from "../store.ts";
import { discoveredFields } from "./discovered-fields.ts";
import { namedGroups } from "./index.ts";
import { parseQuery } from "./parse.ts";
import { type Query, queriesOf } from "./queries.ts";
import { MalformedQuery } from "./tokens.ts";
import { shown } from "./values.ts";

const MAX_GROUPS = 50;
const MAX_RESULTS = 10_000;
const MAX_RUNNING = 30;

export function operations(cloud: Cloud, { on, group }: GroupAccess): Record<string, Operation["run"]> {
  const queries = queriesOf(cloud);

  function commandsOf(text: string) {
    try {
      return parseQuery(text);
    } catch (error) {
      if (!(error instanceof MalformedQuery)) throw error;
      throw new AwsError("MalformedQueryException", error.message, 400, {
        queryCompileError: {
          location: { startCharOffset: error.start, endCharOffset: error.end },
          message: error.message,
        },
      });
    }
  }

  function start(input: StartQueryRequest, call: Call): object {
    const { queryString = "", queryLanguage = "CWLI", startTime, endTime, limit } = input;
    if (queryLanguage !== "CWLI") throw invalid(`Queries in ${queryLanguage} are not emulated on this machine.`);
    const commands = commandsOf(queryString);
    const sources = commands.flatMap((each) => (each.type === "source" ? each.group : []));
    for (const each of sources) cloud.authorize(call, on("StartQuery")({ logGroupIdentifier: each }));
    const identifiers = [...namedGroups(input), ...sources];
    if (identifiers.length === 0 || identifiers.length > MAX_GROUPS) {
      throw invalid(`A query looks through 1 to ${MAX_GROUPS} log groups.`);
    }
    const groups = identifiers.map((each) => group({ logGroupIdentifier: each }).name);
    if (startTime === undefined || endTime === undefined || startTime > endTime) {
      throw invalid("A query has to have a startTime and an endTime that is not before it.");
    }
    if (limit !== undefined && !(limit >= 1 && limit <= MAX_RESULTS)) {
      throw invalid(`1 validation error detected: Value '${limit}' at 'limit' has to be from 1 to ${MAX_RESULTS}.`);
    }
    if (queries.all().filter(({ status }) => status === "Running").length >= MAX_RUNNING) {
      throw new AwsError("LimitExceededException", `At most ${MAX_RUNNING} queries run at the same time.`);
    }
    const range = { start: msOf(startTime), end: msOf(endTime) };
    return { queryId: queries.start({ text: queryString, commands, groups, ...range, limit }).id };
  }

  function found(queryId: string | undefined): Query {
    const query = queries.get(queryId ?? "");
    if (!query) throw new AwsError("ResourceNotFoundException", "The specified query does not exist.");
    return query;
  }

  return {
    StartQuery: start,
    GetQueryResults({ queryId }: { queryId?: string }) {
      const { rows: results, matched, scanned, bytes, status } = found(queryId);
      const statistics = { recordsMatched: matched, recordsScanned: scanned, bytesScanned: bytes };
      return { queryLanguage: "CWLI", results, statistics, status };
    },
    StopQuery({ queryId }: { queryId?: string }) {
      const query = found(queryId);
      if (query.status !== "Running") throw invalid("The specified query has ended already.");
      query.status = "Cancelled";
      return { success: true };
    },
    DescribeQueries({ logGroupName, status }: DescribeQueriesRequest) {
      const all = queries
        .all()
        .filter(
          (each) => (status ?? each.status) === each.status && each.groups.includes(logGroupName ?? each.groups[0]!),
        );
      return {
        queries: all.map(({ id, text, status, createdAt, groups }) => ({
          ...{ queryLanguage: "CWLI", queryId: id, queryString: text, status, createTime: createdAt },
          logGroupName: groups[0],
        })),
      };
    },
    GetLogRecord({ logRecordPointer = "" }: { logRecordPointer?: string }) {
      const [name = "", position] = Buffer.from(logRecordPointer, "base64").toString().split("\0");
      const at = Number(position);
      const [event] = Number.isInteger(at) ? logStoreOf(cloud).events(name, { after: at - 1, before: at + 1 }) : [];
      if (!event) throw new AwsError("ResourceNotFoundException", "The specified log record does not exist.");
      const fields = discoveredFields({ account: cloud.account, group: name }, event);
      const present = [...fields].flatMap(([field, value]) => (value === undefined ? [] : [[field, shown(value)]]));
      return { logRecord: Object.fromEntries(present) };
    },
  };
}

/** The API takes seconds; milliseconds are understood too, as AWS does. */
const msOf = (time: number): number => (time < 1e11 ? time * 1000 : time);

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", message);
}
