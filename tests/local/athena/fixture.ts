/** A cloud with Athena, and a lake as the component declares it. */
import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  type QueryExecution,
  StartQueryExecutionCommand,
  type StartQueryExecutionCommandInput,
} from "@aws-sdk/client-athena";
import { GlueClient } from "@aws-sdk/client-glue";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { DataLake, type DataLakeArgs } from "../../../components/index.ts";
import type { Graph, Resource, Value } from "../../../engine/graph.ts";
import { deploy } from "../../../engine/testing.ts";
import { type ManualClock, manualClock } from "../../../local/clock.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { athena } from "../../../local/services/athena/index.ts";
import { glue } from "../../../local/services/glue/index.ts";
import { iam } from "../../../local/services/iam/index.ts";
import { s3 } from "../../../local/services/s3/index.ts";
import { eventually } from "../lambda/fixture.ts";
import { role } from "../lambda/resources.ts";

export const READER = "arn:aws:iam::000000000000:role/reader";

export interface Asked {
  execution: QueryExecution;
  /** With the names of the columns first. */
  rows: (string | undefined)[][];
  types: (string | undefined)[];
}

export interface AthenaCloud {
  running: RunningCloud;
  client: AthenaClient;
  catalog: GlueClient;
  objects: S3Client;
  clock: ManualClock;
  /** Name of the lake's data bucket. */
  bucket: string;
  results: string;
  put(key: string, body: string | Uint8Array, bucket?: string): Promise<void>;
  start(sql: string, more?: Partial<StartQueryExecutionCommandInput>, client?: AthenaClient): Promise<string>;
  /** Asks, and waits for the end. */
  ask(sql: string, more?: Partial<StartQueryExecutionCommandInput>, client?: AthenaClient): Promise<Asked>;
  /** A client whose role has these statements. */
  as(...statements: Value[]): Promise<AthenaClient>;
  stop(): Promise<void>;
}

export const DAY = "2026-03-01";

export async function startAthena(args: Partial<DataLakeArgs> = {}): Promise<AthenaCloud> {
  // Signatures carry the real time: start there
  const clock = manualClock(Date.now());
  const running = await startCloud({ clock, services: { iam, s3, glue, athena } });
  const tables = { requests: { columns: { route: "string", milliseconds: "double", status: "int" } } };
  const graph = await deploy(() => {
    new DataLake("usage", { tables, tenants: ["acme", "globex"], firstDay: DAY, lakeName: "usage", ...args });
  });
  const wanted = graph.resources.filter(({ type }) => /^aws:(s3|glue|athena|iam)\//.test(type));
  const provision = (resources: Resource[]) => running.provision({ resources } as unknown as Graph);
  await provision(wanted);
  const config = { ...running.client(), maxAttempts: 1 };
  const bucketOf = (name: string) => String(graph.resource("aws:s3/bucket:Bucket", name).outputs.bucket);
  const clients: { destroy(): void }[] = [];
  const kept = <T extends { destroy(): void }>(client: T): T => {
    clients.push(client);
    return client;
  };
  const cloud: AthenaCloud = {
    ...{ running, clock, bucket: bucketOf("usage-data"), results: bucketOf("usage-results") },
    client: kept(new AthenaClient(config)),
    catalog: kept(new GlueClient(config)),
    objects: kept(new S3Client({ ...config, forcePathStyle: true })),
    async put(Key, Body, Bucket = cloud.bucket) {
      await cloud.objects.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    async start(QueryString, more = {}, client = cloud.client) {
      const { QueryExecutionId } = await client.send(
        new StartQueryExecutionCommand({
          ...{ QueryString, WorkGroup: "usage", QueryExecutionContext: { Database: "usage" }, ...more },
        }),
      );
      return QueryExecutionId!;
    },
    async ask(sql, more, client = cloud.client) {
      const QueryExecutionId = await cloud.start(sql, more, client);
      const read = () => cloud.client.send(new GetQueryExecutionCommand({ QueryExecutionId }));
      const { QueryExecution: execution } = await eventually(
        read,
        (found) => !["QUEUED", "RUNNING"].includes(found.QueryExecution!.Status!.State!),
      );
      if (execution!.Status!.State !== "SUCCEEDED") return { execution: execution!, rows: [], types: [] };
      const { ResultSet } = await client.send(new GetQueryResultsCommand({ QueryExecutionId }));
      return {
        execution: execution!,
        rows: ResultSet!.Rows!.map(({ Data }) => Data!.map(({ VarCharValue }) => VarCharValue)),
        types: ResultSet!.ResultSetMetadata!.ColumnInfo!.map(({ Type }) => Type),
      };
    },
    async as(...statements) {
      await provision([role(READER, statements)]);
      return kept(new AthenaClient({ ...running.client(READER), maxAttempts: 1 }));
    },
    async stop() {
      for (const client of clients) client.destroy();
      await running.stop();
    },
  };
  return cloud;
}

export const lines = (...records: object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join("");
