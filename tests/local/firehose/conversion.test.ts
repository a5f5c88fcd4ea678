/** Records of JSON delivered as Parquet by a Glue table's columns, and asked of by Athena. */
import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand,
} from "@aws-sdk/client-athena";
import type { DataFormatConversionConfiguration } from "@aws-sdk/client-firehose";
import { CreateDatabaseCommand, CreateTableCommand, GlueClient } from "@aws-sdk/client-glue";
import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { athena } from "../../../local/services/athena/index.ts";
import { glue } from "../../../local/services/glue/index.ts";
import { eventually } from "../lambda/fixture.ts";
import { role } from "../lambda/resources.ts";
import { BUCKET, type FirehoseCloud, ROLE_ARN, startFirehose, WRITES } from "./fixture.ts";

const DatabaseName = "lake";
const reads = { Effect: "Allow", Action: "glue:GetTable", Resource: "*" };

let cloud: FirehoseCloud;
let queries: AthenaClient;

beforeEach(async () => {
  cloud = await startFirehose({ glue, athena });
  const config = { ...cloud.running.client(), maxAttempts: 1 };
  queries = new AthenaClient(config);
  const catalog = new GlueClient(config);
  await catalog.send(new CreateDatabaseCommand({ DatabaseInput: { Name: DatabaseName } }));
  await catalog.send(
    new CreateTableCommand({
      DatabaseName,
      TableInput: {
        Name: "usage",
        StorageDescriptor: {
          Columns: [
            { Name: "tenant", Type: "string" },
            { Name: "bytes", Type: "bigint" },
            { Name: "seen", Type: "timestamp" },
            { Name: "tags", Type: "array<string>" },
          ],
          Location: `s3://${BUCKET}/data/`,
          SerdeInfo: { SerializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe" },
        },
      },
    }),
  );
  catalog.destroy();
  await cloud.provision(role(ROLE_ARN, [...WRITES, reads], "firehose.amazonaws.com"));
});

afterEach(async () => {
  queries.destroy();
  await cloud.stop();
});

const conversion = (more: Partial<DataFormatConversionConfiguration> = {}): DataFormatConversionConfiguration => ({
  Enabled: true,
  SchemaConfiguration: { DatabaseName, TableName: "usage", RoleARN: ROLE_ARN },
  InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: { ColumnToJsonKeyMappings: { seen: "when" } } } },
  OutputFormatConfiguration: { Serializer: { ParquetSerDe: {} } },
  ...more,
});
const create = (DataFormatConversionConfiguration = conversion(), more = {}) =>
  cloud.create({
    BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
    ...{ DataFormatConversionConfiguration, ErrorOutputPrefix: "errors/", ...more },
  });
const keys = async () =>
  (await cloud.objects.send(new ListObjectsV2Command({ Bucket: BUCKET }))).Contents?.map(({ Key }) => Key!) ?? [];
const failure = (sent: Promise<unknown>) =>
  sent.then(
    () => "succeeded",
    (error: Error) => error.message,
  );

async function ask(QueryString: string): Promise<(string | undefined)[][]> {
  const { QueryExecutionId } = await queries.send(
    new StartQueryExecutionCommand({
      ...{ QueryString, QueryExecutionContext: { Database: DatabaseName } },
      ResultConfiguration: { OutputLocation: `s3://${BUCKET}/results/` },
    }),
  );
  const state = async () =>
    (await queries.send(new GetQueryExecutionCommand({ QueryExecutionId }))).QueryExecution!.Status!;
  const { State, StateChangeReason } = await eventually(state, ({ State }) => !["QUEUED", "RUNNING"].includes(State!));
  if (State !== "SUCCEEDED") throw new Error(StateChangeReason);
  const { ResultSet } = await queries.send(new GetQueryResultsCommand({ QueryExecutionId }));
  return ResultSet!.Rows!.slice(1).map(({ Data }) => Data!.map(({ VarCharValue }) => VarCharValue));
}

it("writes one Parquet object of all records, in the table's columns, which Athena reads", async () => {
  await create();
  await cloud.put(
    '{"tenant":"acme","bytes":5,"when":"2026-03-01 10:00:00","tags":["a","b"],"unknown":1}\n',
    '{\n  "tenant": "globex",\n  "bytes": "7"\n}',
    '{"tenant":"acme","bytes":"many"}',
  );
  await cloud.clock.advance(60_000);
  await eventually(keys, (found) => found.length === 1);
  const [Key] = await keys();
  expect(Key).toMatch(/^data\/.*usage-1-.*\.parquet$/);
  const { Body } = await cloud.objects.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
  const bytes = Buffer.from(await Body!.transformToByteArray());
  expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual(["PAR1", "PAR1"]);
  expect(await ask("SELECT tenant, bytes, seen, cardinality(tags) FROM usage ORDER BY tenant, bytes DESC")).toEqual([
    ["acme", "5", "2026-03-01 10:00:00.000", "2"],
    ["acme", undefined, undefined, undefined],
    ["globex", "7", undefined, undefined],
  ]);
});

it("puts what is no JSON object below the error prefix, and delivers the rest", async () => {
  await create();
  await cloud.put('{"tenant":"acme"}', "plain text", "[1]");
  await cloud.clock.advance(60_000);
  await eventually(keys, (found) => found.length === 2);
  const errors = Object.entries(await cloud.delivered()).filter(([key]) => key.startsWith("errors/"));
  expect(errors[0]![0]).toMatch(/^errors\/format-conversion-failed\//);
  const lines = errors[0]![1]
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.map(({ errorCode, rawData }) => [errorCode, Buffer.from(rawData, "base64").toString()])).toEqual([
    ["DataFormatConversion.MalformedData", "plain text"],
    ["DataFormatConversion.MalformedData", "[1]"],
  ]);
  expect(await ask("SELECT count(*) FROM usage")).toEqual([["1"]]);
});

it("waits, and says why, while the role may not read the table", async () => {
  await cloud.provision(role(ROLE_ARN, WRITES, "firehose.amazonaws.com"));
  await create();
  await cloud.put('{"tenant":"acme"}');
  await cloud.clock.advance(60_000);
  await eventually(
    () => cloud.lines.map(({ message }) => message).join("\n"),
    (text) => text.includes("not authorized to perform: glue:GetTable"),
  );
  expect(await keys()).toEqual([]);
  await cloud.provision(role(ROLE_ARN, [...WRITES, reads], "firehose.amazonaws.com"));
  await cloud.clock.advance(5_000);
  await eventually(keys, (found) => found.length === 1);
});

it.each<[what: string, declared: DataFormatConversionConfiguration, more: object, message: string]>([
  ["ORC", conversion({ OutputFormatConfiguration: { Serializer: { OrcSerDe: {} } } }), {}, "ORC is not written"],
  ["no deserializer", conversion({ InputFormatConfiguration: {} }), {}, "needs an OpenXJsonSerDe or a HiveJsonSerDe"],
  ["no table", conversion({ SchemaConfiguration: { RoleARN: ROLE_ARN } }), {}, "SchemaConfiguration needs"],
  ["a compression of its own", conversion(), { CompressionFormat: "GZIP" }, "CompressionFormat has to be UNCOMPRESSED"],
  [
    "a buffer of less than 64 MB",
    conversion(),
    { BufferingHints: { SizeInMBs: 5 } },
    "SizeInMBs 5 is out of bounds: 64",
  ],
])("is refused with %s", async (_what, declared, more, message) => {
  expect(await failure(create(declared, more))).toContain(message);
});
