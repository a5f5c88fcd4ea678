/** Usage as a stream: records through Kinesis and Firehose into a bucket, and asked of with SQL. */
import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand,
} from "@aws-sdk/client-athena";
import {
  CreateDeliveryStreamCommand,
  DeleteDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  FirehoseClient,
} from "@aws-sdk/client-firehose";
import { CreateDatabaseCommand, CreateTableCommand, DeleteDatabaseCommand, GlueClient } from "@aws-sdk/client-glue";
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { clientConfig } from "../cloud.ts";
import { until } from "../story.ts";
import type { Chapter, Scene } from "./scene.ts";

const PREFIX = "usage/";

export const usageQueryChapter: Chapter = async (scene) => {
  const { story } = scene;
  story.heading("Usage is asked of with SQL");
  await story.step(
    "A record for each photo goes into a stream, and a delivery puts them into a bucket",
    () => delivered(scene),
    (objects) => `${objects} objects`,
  );
  await story.step(
    "Athena adds them up, tenant by tenant, to what was uploaded",
    () => queried(scene),
    (rows) =>
      rows
        .map(([tenant, photos, bytes]) => `${tenant} ${photos} photos, ${Math.round(Number(bytes) / 1024)} KiB`)
        .join("; "),
  );
};

/** By tenant: how many photos, and bytes. */
function expected({ uploads }: Scene): string[][] {
  return [...uploads.entries()]
    .map(([tenant, all]) => [
      ...[tenant, String(all.length), String(all.reduce((sum, { photograph }) => sum + photograph.data.length, 0))],
    ])
    .sort(([a], [b]) => (a! < b! ? -1 : 1));
}

async function delivered({ platform, made, uploads }: Scene): Promise<number> {
  const config = clientConfig(platform.outputs);
  const streams = new KinesisClient(config);
  const deliveries = new FirehoseClient(config);
  const StreamName = `${made.prefix}-usage`;
  const bucket = await made.bucket();
  await streams.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  made.undo(() => streams.send(new DeleteStreamCommand({ StreamName })));
  const { StreamDescriptionSummary } = await streams.send(new DescribeStreamSummaryCommand({ StreamName }));
  const { StreamARN } = StreamDescriptionSummary!;
  const RoleARN = await made.role("delivery", "firehose.amazonaws.com", [
    {
      Action: [
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetShardIterator",
        "kinesis:GetRecords",
        "kinesis:ListShards",
      ],
      Resource: StreamARN!,
    },
    { Action: "s3:PutObject", Resource: `arn:aws:s3:::${bucket}/*` },
  ]);
  await deliveries.send(
    new CreateDeliveryStreamCommand({
      ...{ DeliveryStreamName: StreamName, DeliveryStreamType: "KinesisStreamAsSource" },
      KinesisStreamSourceConfiguration: { KinesisStreamARN: StreamARN, RoleARN },
      ExtendedS3DestinationConfiguration: {
        ...{ RoleARN, BucketARN: `arn:aws:s3:::${bucket}`, Prefix: PREFIX },
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
      },
    }),
  );
  made.undo(() => deliveries.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: StreamName })));
  await until("The delivery's start", async () => {
    const input = new DescribeDeliveryStreamCommand({ DeliveryStreamName: StreamName });
    const { DeliveryStreamDescription } = await deliveries.send(input);
    return DeliveryStreamDescription!.DeliveryStreamStatus === "ACTIVE" || undefined;
  });
  const Records = [...uploads.entries()].flatMap(([tenant, all]) =>
    all.map(({ photograph }) => ({
      PartitionKey: tenant,
      Data: Buffer.from(`${JSON.stringify({ tenant, bytes: photograph.data.length })}\n`),
    })),
  );
  await streams.send(new PutRecordsCommand({ StreamName, Records }));
  const wanted = Records.reduce((sum, { Data }) => sum + Data.length, 0);
  return until("The records in the bucket", async () => {
    const { Contents = [] } = await made.objects.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: PREFIX }));
    const bytes = Contents.reduce((sum, { Size = 0 }) => sum + Size, 0);
    return bytes >= wanted ? Contents.length : undefined;
  });
}

async function queried(scene: Scene): Promise<string[][]> {
  const { platform, made } = scene;
  const config = clientConfig(platform.outputs);
  const catalog = new GlueClient(config);
  const athena = new AthenaClient(config);
  const bucket = await made.bucket();
  const Database = made.prefix.replaceAll("-", "_");
  await catalog.send(new CreateDatabaseCommand({ DatabaseInput: { Name: Database } }));
  made.undo(() => catalog.send(new DeleteDatabaseCommand({ Name: Database })));
  await catalog.send(
    new CreateTableCommand({
      DatabaseName: Database,
      TableInput: {
        ...{ Name: "usage", TableType: "EXTERNAL_TABLE" },
        StorageDescriptor: {
          Location: `s3://${bucket}/${PREFIX}`,
          Columns: [
            { Name: "tenant", Type: "string" },
            { Name: "bytes", Type: "bigint" },
          ],
          InputFormat: "org.apache.hadoop.mapred.TextInputFormat",
          OutputFormat: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
          SerdeInfo: { SerializationLibrary: "org.openx.data.jsonserde.JsonSerDe" },
        },
      },
    }),
  );
  const { QueryExecutionId } = await athena.send(
    new StartQueryExecutionCommand({
      QueryString: "SELECT tenant, count(*), sum(bytes) FROM usage GROUP BY tenant ORDER BY tenant",
      QueryExecutionContext: { Database },
      ResultConfiguration: { OutputLocation: `s3://${bucket}/results/` },
    }),
  );
  await until("The query's end", async () => {
    const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId }));
    const { State, StateChangeReason } = QueryExecution!.Status!;
    if (State === "FAILED" || State === "CANCELLED") throw new Error(`the query ended ${State}: ${StateChangeReason}`);
    return State === "SUCCEEDED" || undefined;
  });
  const { ResultSet } = await athena.send(new GetQueryResultsCommand({ QueryExecutionId }));
  const rows = ResultSet!.Rows!.slice(1).map(({ Data }) => Data!.map(({ VarCharValue = "" }) => VarCharValue));
  if (JSON.stringify(rows) !== JSON.stringify(expected(scene))) {
    throw new Error(`it says ${JSON.stringify(rows)}, and not ${JSON.stringify(expected(scene))}`);
  }
  return rows;
}
