/**
 * Athena: SQL over the objects of the local S3, by the tables of the local Glue catalog, answered by DuckDB. A query reads
 * with the rights of who asks: their Glue permissions say which tables, their S3 permissions which objects.
 *
 * Not emulated: views, CTAS and INSERT, prepared statements, other catalogs, capacity reservations, Spark, reuse of results,
 * and encryption of results.
 */
import { randomUUID } from "node:crypto";
import type { Call, Cloud, Operation, Service } from "../../service.ts";
import { type Queries, type QueryExecution, queryExecutions } from "./queries.ts";
import { rowsOf } from "./results.ts";
import { invalidRequest, type NamedQuery, type Workgroup, type Workgroups, workgroupsOf } from "./workgroups.ts";

const MOST_ROWS = 1_000;

export function athena(cloud: Cloud): Service {
  const workgroups = workgroupsOf(cloud);
  const queries = queryExecutions(cloud, workgroups);
  return {
    name: "athena",
    client: () => import("@aws-sdk/client-athena"),
    requiresMembers: "InvalidRequestException",
    resources: {
      "aws:athena/workgroup:Workgroup": workgroups.declare,
      "aws:athena/namedQuery:NamedQuery": workgroups.declareQuery,
    },
    operations: { ...queryOperations(cloud, queries), ...workgroupOperations(cloud, workgroups) },
    stop: queries.stop,
  };
}

const workgroupArn = ({ region, account }: Cloud, name: string) =>
  `arn:aws:athena:${region}:${account}:workgroup/${name}`;

function queryOperations(cloud: Cloud, queries: Queries): Record<string, Operation> {
  const on = (action: string) => (input: { WorkGroup?: string }) => ({
    ...{ action: `athena:${action}`, resource: workgroupArn(cloud, input.WorkGroup ?? "primary") },
  });
  /** A query is its workgroup's. */
  const onQuery = (action: string) => (input: { QueryExecutionId: string }) =>
    on(action)({ WorkGroup: queries.find(input.QueryExecutionId).workgroup });

  async function results(input: { QueryExecutionId: string; NextToken?: string; MaxResults?: number }, call: Call) {
    const query = queries.find(input.QueryExecutionId);
    if (query.state !== "SUCCEEDED") {
      const reason = query.state === "FAILED" || query.state === "CANCELLED" ? "FAILED" : query.state;
      const said = reason === "FAILED" ? `Final query state: ${query.state}` : `Current state: ${reason}`;
      throw invalidRequest(
        `Query has not yet finished. ${said}`.replace("not yet finished. Final", "did not finish successfully. Final"),
        "INVALID_QUERY_EXECUTION_STATE",
      );
    }
    const { MaxResults = MOST_ROWS } = input;
    if (!(MaxResults >= 1 && MaxResults <= MOST_ROWS)) {
      throw invalidRequest(`MaxResults is more than maximum allowed length ${MOST_ROWS}`, "INVALID_INPUT");
    }
    const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(query.output)!;
    const { Body } = await cloud.call("s3", "GetObject", { Bucket, Key }, { principal: call.principal });
    const text = Buffer.from(Body).toString();
    // The names of the columns are a row of their own, the first.
    const rows = query.type === "DML" ? rowsOf(text) : text === "" ? [] : text.split("\n").map((line) => [line]);
    const from = Number(input.NextToken ?? 0);
    if (!Number.isInteger(from) || from < 0) throw invalidRequest("Invalid token");
    const until = from + MaxResults;
    return {
      ResultSet: {
        Rows: rows.slice(from, until).map((row) => ({ Data: row.map((VarCharValue) => ({ VarCharValue })) })),
        ResultSetMetadata: { ColumnInfo: query.columns },
      },
      NextToken: until < rows.length ? String(until) : undefined,
      UpdateCount: 0,
    };
  }

  return {
    StartQueryExecution: {
      authorize: on("StartQueryExecution"),
      run: (input, call) => ({ QueryExecutionId: queries.start(input, call) }),
    },
    StopQueryExecution: {
      authorize: onQuery("StopQueryExecution"),
      run({ QueryExecutionId }) {
        queries.cancel(QueryExecutionId);
        return {};
      },
    },
    GetQueryExecution: {
      authorize: onQuery("GetQueryExecution"),
      run: ({ QueryExecutionId }) => ({ QueryExecution: described(queries.find(QueryExecutionId)) }),
    },
    BatchGetQueryExecution: {
      authorize: ({ QueryExecutionIds }) =>
        QueryExecutionIds.map((id: string) => onQuery("BatchGetQueryExecution")({ QueryExecutionId: id })),
      run: ({ QueryExecutionIds }) => ({
        QueryExecutions: QueryExecutionIds.map((id: string) => described(queries.find(id))),
        UnprocessedQueryExecutionIds: [],
      }),
    },
    GetQueryResults: { authorize: onQuery("GetQueryResults"), run: results },
    ListQueryExecutions: {
      authorize: on("ListQueryExecutions"),
      run({ WorkGroup = "primary", ...input }) {
        const ids = queries.list().filter(({ workgroup }) => workgroup === WorkGroup);
        const { items, NextToken } = pageOf(ids, input);
        return { QueryExecutionIds: items.map(({ id }) => id), NextToken };
      },
    },
  };
}

function described(query: QueryExecution) {
  const { id, sql, parameters, database, workgroup, output, state, reason, errorType, submittedAt, completedAt } =
    query;
  const millis = completedAt === undefined ? undefined : completedAt - submittedAt;
  return {
    ...{ QueryExecutionId: id, Query: sql, StatementType: query.type, WorkGroup: workgroup },
    ...{ ExecutionParameters: parameters, ResultConfiguration: { OutputLocation: output } },
    QueryExecutionContext: { Database: database, Catalog: "awsdatacatalog" },
    Status: {
      ...{ State: state, StateChangeReason: reason, SubmissionDateTime: new Date(submittedAt) },
      ...(completedAt !== undefined && { CompletionDateTime: new Date(completedAt) }),
      ...(state === "FAILED" && {
        AthenaError: {
          ErrorCategory: errorType,
          ErrorType: errorType === 2 ? 1006 : 1,
          Retryable: false,
          ErrorMessage: reason,
        },
      }),
    },
    Statistics: {
      ...{ DataScannedInBytes: query.scannedBytes, EngineExecutionTimeInMillis: millis },
      ...{ TotalExecutionTimeInMillis: millis, QueryQueueTimeInMillis: 0, ServiceProcessingTimeInMillis: 0 },
    },
    EngineVersion: { SelectedEngineVersion: "AUTO", EffectiveEngineVersion: "Athena engine version 3" },
  };
}

function workgroupOperations(cloud: Cloud, workgroups: Workgroups): Record<string, Operation> {
  const { clock } = cloud;
  const on = (action: string) => (input: { WorkGroup?: string; Name?: string }) => ({
    ...{ action: `athena:${action}`, resource: workgroupArn(cloud, input.WorkGroup ?? input.Name ?? "primary") },
  });
  const inGroup = (action: string) => (input: { WorkGroup?: string }) => on(action)({ WorkGroup: input.WorkGroup });
  const onNamed = (action: string) => (input: { NamedQueryId: string }) =>
    on(action)({ WorkGroup: named(input.NamedQueryId).WorkGroup });
  const dated = ({ CreationTime, ...group }: Workgroup) => ({ ...group, CreationTime: new Date(CreationTime) });

  function named(id: string): NamedQuery {
    const found = workgroups.queries.get(id);
    if (found) return found;
    throw invalidRequest(`Named Query with id ${id} does not exist`, "INVALID_INPUT");
  }

  return {
    CreateWorkGroup: {
      authorize: on("CreateWorkGroup"),
      run({ Name, Description, Configuration = {} }) {
        if (workgroups.groups.has(Name)) throw invalidRequest("WorkGroup is already created");
        workgroups.put({ Name, Description, Configuration, State: "ENABLED", CreationTime: clock.now() });
        return {};
      },
    },
    GetWorkGroup: {
      authorize: on("GetWorkGroup"),
      run: ({ WorkGroup }) => ({ WorkGroup: dated(workgroups.find(WorkGroup)) }),
    },
    UpdateWorkGroup: {
      authorize: on("UpdateWorkGroup"),
      run({ WorkGroup, Description, State, ConfigurationUpdates = {} }) {
        const group = workgroups.find(WorkGroup);
        const { ResultConfigurationUpdates, RemoveBytesScannedCutoffPerQuery, ...rest } = ConfigurationUpdates;
        const ResultConfiguration = { ...group.Configuration.ResultConfiguration, ...ResultConfigurationUpdates };
        const Configuration = { ...group.Configuration, ...rest, ResultConfiguration };
        if (RemoveBytesScannedCutoffPerQuery) delete Configuration.BytesScannedCutoffPerQuery;
        workgroups.put({
          ...{ ...group, Configuration, State: State ?? group.State, Description: Description ?? group.Description },
        });
        return {};
      },
    },
    DeleteWorkGroup: {
      authorize: on("DeleteWorkGroup"),
      run({ WorkGroup, RecursiveDeleteOption }) {
        workgroups.find(WorkGroup);
        if (WorkGroup === "primary") throw invalidRequest("Primary workgroup cannot be deleted");
        const own = [...workgroups.queries.values()].filter((query) => query.WorkGroup === WorkGroup);
        if (own.length > 0 && !RecursiveDeleteOption) throw invalidRequest(`WorkGroup ${WorkGroup} is not empty`);
        for (const { NamedQueryId } of own) workgroups.removeQuery(NamedQueryId);
        workgroups.remove(WorkGroup);
        return {};
      },
    },
    ListWorkGroups: {
      authorize: () => ({ action: "athena:ListWorkGroups", resource: "*" }),
      run(input) {
        const { items, NextToken } = pageOf([...workgroups.groups.values()], input);
        const WorkGroups = items.map(({ Name, State, Description, CreationTime }) => ({
          ...{ Name, State, Description, CreationTime: new Date(CreationTime) },
        }));
        return { WorkGroups, NextToken };
      },
    },
    CreateNamedQuery: {
      authorize: inGroup("CreateNamedQuery"),
      run({ Name, Description, Database, QueryString, WorkGroup = "primary" }) {
        workgroups.find(WorkGroup);
        const NamedQueryId = randomUUID();
        workgroups.putQuery({ NamedQueryId, Name, Description, Database, QueryString, WorkGroup });
        return { NamedQueryId };
      },
    },
    GetNamedQuery: {
      authorize: onNamed("GetNamedQuery"),
      run: ({ NamedQueryId }) => ({ NamedQuery: named(NamedQueryId) }),
    },
    BatchGetNamedQuery: {
      authorize: ({ NamedQueryIds }) =>
        NamedQueryIds.map((NamedQueryId: string) => onNamed("BatchGetNamedQuery")({ NamedQueryId })),
      run: ({ NamedQueryIds }) => ({ NamedQueries: NamedQueryIds.map(named), UnprocessedNamedQueryIds: [] }),
    },
    ListNamedQueries: {
      authorize: inGroup("ListNamedQueries"),
      run({ WorkGroup = "primary", ...input }) {
        const own = [...workgroups.queries.values()].filter((query) => query.WorkGroup === WorkGroup);
        const { items, NextToken } = pageOf(own, input);
        return { NamedQueryIds: items.map(({ NamedQueryId }) => NamedQueryId), NextToken };
      },
    },
    DeleteNamedQuery: {
      authorize: onNamed("DeleteNamedQuery"),
      run({ NamedQueryId }) {
        workgroups.removeQuery(NamedQueryId);
        return {};
      },
    },
  };
}

function pageOf<T>(all: T[], { NextToken, MaxResults = 50 }: { NextToken?: string; MaxResults?: number }) {
  const from = Number(NextToken ?? 0);
  const until = from + MaxResults;
  return { items: all.slice(from, until), NextToken: until < all.length ? String(until) : undefined };
}
