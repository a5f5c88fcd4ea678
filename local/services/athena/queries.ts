/** Query executions: kept, run one after the other's start, their results written to S3 as who asked. */
import { randomUUID } from "node:crypto";
import { AwsError, type Call, type Cloud } from "../../service.ts";
import { csvOf } from "./results.ts";
import { SqlError } from "./sql/translate.ts";
import type { ColumnInfo } from "./types.ts";
import { invalidRequest, type Workgroups } from "./workgroups.ts";

type State = "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

export interface QueryExecution {
  id: string;
  sql: string;
  parameters?: string[];
  database: string;
  workgroup: string;
  /** `s3://bucket/key` */
  output: string;
  state: State;
  reason?: string;
  errorType?: number;
  submittedAt: number;
  completedAt?: number;
  scannedBytes: number;
  type: "DML" | "DDL" | "UTILITY";
  token?: string;
  columns?: ColumnInfo[];
  updated?: number;
}

export interface StartInput {
  QueryString: string;
  ClientRequestToken?: string;
  QueryExecutionContext?: { Database?: string; Catalog?: string };
  ResultConfiguration?: { OutputLocation?: string };
  WorkGroup?: string;
  ExecutionParameters?: string[];
}

const MOST_BYTES = 262_144;

export function queryExecutions(cloud: Cloud, workgroups: Workgroups) {
  const { database, clock } = cloud;
  database.exec("CREATE TABLE IF NOT EXISTS athena_queries (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT");
  const write = database.prepare("INSERT OR REPLACE INTO athena_queries VALUES (?, ?)");
  const read = database.prepare("SELECT body FROM athena_queries WHERE id = ?");
  const all = database.prepare("SELECT body FROM athena_queries ORDER BY rowid DESC");
  const running = new Map<string, { stop: AbortController; over: Promise<void> }>();
  let stopped = false;

  const save = (query: QueryExecution) => void write.run(query.id, JSON.stringify(query));
  const list = (): QueryExecution[] => all.all().map(({ body }) => JSON.parse(String(body)));
  for (const query of list()) {
    if (query.state !== "QUEUED" && query.state !== "RUNNING") continue;
    const reason = "The platform was stopped while the query ran.";
    save({ ...query, state: "FAILED", reason, completedAt: clock.now() });
  }

  function find(id: string): QueryExecution {
    const row = read.get(id ?? "");
    if (row) return JSON.parse(String(row.body));
    throw invalidRequest(`QueryExecution ${id} was not found`, "INVALID_INPUT");
  }

  function start(input: StartInput, { principal }: Call): string {
    const group = workgroups.find(input.WorkGroup ?? "primary");
    if (group.State === "DISABLED") throw invalidRequest(`WorkGroup ${group.Name} is disabled.`);
    const { QueryString: sql = "", ClientRequestToken: token, ExecutionParameters: parameters } = input;
    if (sql.trim() === "") throw invalidRequest("QueryString must not be empty", "MALFORMED_QUERY");
    if (Buffer.byteLength(sql) > MOST_BYTES) throw invalidRequest(`QueryString is longer than ${MOST_BYTES} bytes`);
    const { ResultConfiguration, EnforceWorkGroupConfiguration } = group.Configuration;
    const own = EnforceWorkGroupConfiguration ? undefined : input.ResultConfiguration?.OutputLocation;
    const location = own ?? ResultConfiguration?.OutputLocation ?? input.ResultConfiguration?.OutputLocation;
    if (!location) {
      throw invalidRequest(
        "No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.",
      );
    }
    if (!/^s3:\/\/[^/]+/.test(location)) throw invalidRequest("outputLocation is not a valid S3 path.");
    const owner = ResultConfiguration?.ExpectedBucketOwner;
    if (owner && owner !== cloud.account) throw invalidRequest("The bucket's owner is not the expected one.");
    const known = token === undefined ? undefined : list().find((each) => each.token === token);
    if (known) {
      if (known.sql === sql && known.workgroup === group.Name) return known.id;
      throw invalidRequest("Idempotent parameters do not match", "INVALID_INPUT");
    }
    const id = randomUUID();
    const word = /^[\s(]*(?:--[^\n]*\n\s*)*(\w+)/.exec(sql)?.[1]?.toUpperCase() ?? "";
    const type = ["SELECT", "WITH", "VALUES"].includes(word)
      ? "DML"
      : /^(SHOW|DESCRIBE)$/.test(word)
        ? "UTILITY"
        : "DDL";
    const query: QueryExecution = {
      ...{ id, sql, parameters, database: (input.QueryExecutionContext?.Database ?? "default").toLowerCase() },
      ...{ workgroup: group.Name, output: `${location.replace(/\/?$/, "/")}${id}.${type === "DML" ? "csv" : "txt"}` },
      ...{ state: "QUEUED", submittedAt: clock.now(), scannedBytes: 0, type, token },
    };
    save(query);
    const call = { principal, viaService: `athena.${cloud.region}.amazonaws.com` };
    setImmediate(() => {
      if (stopped || find(id).state !== "QUEUED") return;
      const stop = new AbortController();
      running.set(id, { stop, over: run(query, call, stop.signal) });
    });
    return id;
  }

  async function run(query: QueryExecution, call: Partial<Call>, signal: AbortSignal): Promise<void> {
    save(Object.assign(query, { state: "RUNNING" }));
    const cutoff = workgroups.groups.get(query.workgroup)?.Configuration.BytesScannedCutoffPerQuery;
    try {
      const answer = await answered(query, call, cutoff, signal);
      signal.throwIfAborted();
      await writeResult(query, answer.rows, answer.columns, call);
      query.columns = answer.columns;
      query.state = "SUCCEEDED";
    } catch (error) {
      const { code, message } = error as AwsError;
      query.state = signal.aborted || code === "CUTOFF" ? "CANCELLED" : "FAILED";
      query.reason = signal.aborted
        ? "Query cancelled by user"
        : error instanceof SqlError && code !== "CUTOFF"
          ? `${code}: ${message}`
          : message;
      // 1 is Athena, 2 the user.
      query.errorType = error instanceof SqlError || error instanceof AwsError ? 2 : 1;
    }
    running.delete(query.id);
    if (stopped) return;
    query.completedAt = clock.now();
    save(query);
  }

  async function answered(query: QueryExecution, call: Partial<Call>, cutoff: number | undefined, signal: AbortSignal) {
    if (query.type !== "DML") {
      const { runDdl } = await import("./ddl.ts");
      return runDdl(cloud, query.sql, query.database, call);
    }
    const { select } = await import("./select.ts");
    return select(cloud, {
      ...{ id: query.id, sql: query.sql, parameters: query.parameters ?? [], database: query.database, call, signal },
      scanned(bytes) {
        query.scannedBytes += bytes;
        if (cutoff !== undefined && query.scannedBytes > cutoff) {
          throw new SqlError("CUTOFF", "Query cancelled! : Bytes scanned limit was exceeded");
        }
      },
    });
  }

  async function writeResult(
    query: QueryExecution,
    rows: (string | undefined)[][],
    columns: ColumnInfo[],
    call: Partial<Call>,
  ): Promise<void> {
    const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(query.output)!;
    const header = columns.map(({ Name }) => Name);
    const body = query.type === "DML" ? csvOf([header, ...rows]) : rows.map((row) => row.join("\t")).join("\n");
    try {
      await cloud.call("s3", "PutObject", { Bucket, Key, Body: Buffer.from(body) }, call);
      const metadata = Buffer.from(JSON.stringify({ columns }));
      await cloud.call("s3", "PutObject", { Bucket, Key: `${Key}.metadata`, Body: metadata }, call);
    } catch (error) {
      const { code, message } = error as AwsError;
      if (code === "NoSuchBucket") {
        throw new AwsError(
          code,
          "The S3 location provided to save your query results is invalid or does not exist. Please check your S3 location is correct and try again. If you continue to see the issue, contact customer support for further assistance.",
        );
      }
      throw new AwsError(code, `Access denied when writing output to url: ${query.output}. ${message}`);
    }
  }

  return {
    find,
    list,
    start,
    cancel(id: string): void {
      const query = find(id);
      const current = running.get(id);
      if (current) current.stop.abort();
      else if (query.state === "QUEUED") {
        save({ ...query, state: "CANCELLED", reason: "Query cancelled by user", completedAt: clock.now() });
      }
    },
    /** DuckDB does not survive the end of what it works for: that waits for it. */
    async stop() {
      stopped = true;
      for (const { stop } of running.values()) stop.abort();
      await Promise.all([...running.values()].map(({ over }) => over));
    },
  };
}

export type Queries = ReturnType<typeof queryExecutions>;
