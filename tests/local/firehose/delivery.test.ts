/** Records that reach S3: when, where, in which form, and what becomes of those that can not. */
import {
  DeleteDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  FirehoseClient,
  ListDeliveryStreamsCommand,
  ListTagsForDeliveryStreamCommand,
  PutRecordBatchCommand,
  PutRecordCommand,
  TagDeliveryStreamCommand,
  UpdateDestinationCommand,
} from "@aws-sdk/client-firehose";
import {
  CreateStreamCommand,
  KinesisClient,
  PutRecordCommand as PutKinesisRecordCommand,
  SplitShardCommand,
} from "@aws-sdk/client-kinesis";
import { eventually } from "../lambda/fixture.ts";
import { functionResource, role } from "../lambda/resources.ts";
import { codeOf } from "../messaging-cloud.ts";
import { resource } from "../resource.ts";
import { BUCKET, type FirehoseCloud, ROLE_ARN, startFirehose, WRITES } from "./fixture.ts";

let cloud: FirehoseCloud;
const DeliveryStreamName = "usage";

beforeEach(async () => {
  cloud = await startFirehose();
});

afterEach(() => cloud.stop());

const pad = (value: number) => String(value).padStart(2, "0");

describe("a buffer", () => {
  it("is delivered once its first record has waited for the interval, as one object under prefix and hour", async () => {
    await cloud.create();
    const at = new Date(cloud.clock.now());
    await cloud.put("a", "b");
    await cloud.clock.advance(59_000);
    await cloud.put("c");
    expect(await cloud.delivered()).toEqual({});
    await cloud.clock.advance(1_000);
    const [[key, text]] = (await cloud.objectsDelivered(1)) as [[string, string]];
    expect(text).toBe("abc");
    const hour = `${at.getUTCFullYear()}/${pad(at.getUTCMonth() + 1)}/${pad(at.getUTCDate())}/${pad(at.getUTCHours())}`;
    expect(key.startsWith(`data/${hour}/usage-1-${at.getUTCFullYear()}-`)).toBe(true);
    expect(key).toMatch(/usage-1-\d{4}(-\d\d){5}-[0-9a-f-]{36}$/);
    await cloud.clock.advance(600_000);
    expect(Object.keys(await cloud.delivered())).toHaveLength(1);
  });

  it("is delivered at once when it is full", async () => {
    await cloud.create({ BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 900 } });
    await cloud.put("x".repeat(600_000));
    await cloud.put("y".repeat(600_000));
    const [[, text]] = (await cloud.objectsDelivered(1)) as [[string, string]];
    expect(text).toHaveLength(1_200_000);
  });

  it("survives a restart: what waited is delivered when it is due", async () => {
    await cloud.create();
    await cloud.put("kept");
    await cloud.restart();
    // The service starts with whatever first needs it.
    await cloud.client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName }));
    await cloud.clock.advance(60_000);
    expect((await cloud.objectsDelivered(1))[0]![1]).toBe("kept");
  });

  it("is compressed where the stream says so", async () => {
    await cloud.create({ CompressionFormat: "GZIP" });
    await cloud.put("packed");
    await cloud.clock.advance(60_000);
    const [[key, text]] = (await cloud.objectsDelivered(1)) as [[string, string]];
    expect(key).toMatch(/\.gz$/);
    expect(text).toBe("packed");
  });

  it("waits, tries again and says so where the role may not write", async () => {
    await cloud.provision(role(`${ROLE_ARN}-mute`, [], "firehose.amazonaws.com"));
    await cloud.create({ RoleARN: `${ROLE_ARN}-mute` });
    await cloud.put("patient");
    await cloud.clock.advance(60_000);
    await eventually(
      () => cloud.lines.map(({ message }) => message).join(),
      (text) => /usage: .*s3:PutObject/.test(text),
    );
    await cloud.provision(role(`${ROLE_ARN}-mute`, WRITES, "firehose.amazonaws.com"));
    await cloud.clock.advance(5_000);
    expect((await cloud.objectsDelivered(1))[0]![1]).toBe("patient");
  });
});

describe("a prefix", () => {
  it("is evaluated by the time of the first record, in the stream's zone", async () => {
    await cloud.create({
      Prefix: "day=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/at='!{timestamp:'T'mm}'/",
      ErrorOutputPrefix: "errors/!{firehose:error-output-type}/",
      CustomTimeZone: "Asia/Tokyo",
    });
    const tokyo = new Date(cloud.clock.now() + 9 * 3_600_000).toISOString();
    await cloud.put("x");
    await cloud.clock.advance(60_000);
    const [[key]] = (await cloud.objectsDelivered(1)) as [[string, string]];
    const folder = `day=${tokyo.slice(0, 10)}/hour=${tokyo.slice(11, 13)}/at='T${tokyo.slice(14, 16)}'/`;
    expect(key.startsWith(`${folder}usage-1-`)).toBe(true);
  });

  it("with unknown expressions, or with any and no error prefix, is refused", async () => {
    const attempt = (Prefix: string, ErrorOutputPrefix?: string) => codeOf(cloud.create({ Prefix, ErrorOutputPrefix }));
    expect(await attempt("!{nonsense:x}/", "errors/")).toBe("InvalidArgumentException");
    expect(await attempt("!{timestamp:yyyy}/")).toBe("InvalidArgumentException");
    expect(await attempt("!{timestamp:yyyy}/", "errors/!{timestamp:yyyy}/")).toBe("InvalidArgumentException");
    expect(await attempt("!{partitionKeyFromQuery:tenant}/", "errors/")).toBe("InvalidArgumentException");
  });
});

describe("partitions by content", () => {
  const partitioned = {
    Prefix: "tenant=!{partitionKeyFromQuery:tenant}/day=!{timestamp:yyyy-MM-dd}/",
    ErrorOutputPrefix: "errors/!{firehose:error-output-type}/",
    BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
    DynamicPartitioningConfiguration: { Enabled: true },
    ProcessingConfiguration: {
      Enabled: true,
      Processors: [
        {
          Type: "MetadataExtraction" as const,
          Parameters: [
            { ParameterName: "MetadataExtractionQuery" as const, ParameterValue: "{tenant:.meta.tenantId}" },
            { ParameterName: "JsonParsingEngine" as const, ParameterValue: "JQ-1.6" },
          ],
        },
        {
          Type: "AppendDelimiterToRecord" as const,
          Parameters: [{ ParameterName: "Delimiter" as const, ParameterValue: "\\n" }],
        },
      ],
    },
  };
  const of = (tenantId: string, n: number) => JSON.stringify({ meta: { tenantId }, n });

  it("keep each tenant's records together, a line each", async () => {
    await cloud.create(partitioned);
    await cloud.put(of("acme", 1), of("globex", 2), of("acme", 3));
    await cloud.clock.advance(60_000);
    const found = await cloud.objectsDelivered(2);
    expect(found.map(([key, text]) => [key.split("/")[0], text])).toEqual([
      ["tenant=acme", `${of("acme", 1)}\n${of("acme", 3)}\n`],
      ["tenant=globex", `${of("globex", 2)}\n`],
    ]);
  });

  it("send what has no key, or is no JSON, below the error prefix with its reason", async () => {
    await cloud.create(partitioned);
    await cloud.put(of("acme", 1), '{"meta":{}}', "no json");
    await cloud.clock.advance(60_000);
    const [[key, text]] = (await cloud.objectsDelivered(2)) as [[string, string]];
    expect(key).toMatch(/^errors\/processing-failed\/usage-1-/);
    const failures = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(failures.map(({ rawData }) => Buffer.from(rawData, "base64").toString())).toEqual([
      '{"meta":{}}',
      "no json",
    ]);
    expect(failures[0]).toMatchObject({
      attemptsMade: 1,
      errorCode: "DynamicPartitioning.MetadataExtractionFailed",
      errorMessage: expect.stringContaining("tenant"),
    });
  });

  it("refuse a query of another form by name, and small buffers", async () => {
    const Processors = [
      {
        Type: "MetadataExtraction" as const,
        Parameters: [{ ParameterName: "MetadataExtractionQuery" as const, ParameterValue: ".[] | select(.a)" }],
      },
    ];
    const query = cloud.create({ ...partitioned, ProcessingConfiguration: { Enabled: true, Processors } });
    await expect(query).rejects.toThrow("object of paths");
    const BufferingHints = { SizeInMBs: 1, IntervalInSeconds: 60 };
    await expect(cloud.create({ ...partitioned, BufferingHints })).rejects.toThrow("SizeInMBs 1");
  });

  it("are the blueprint's own when a program declares them", async () => {
    await cloud.provision(
      resource("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", DeliveryStreamName, {
        name: DeliveryStreamName,
        destination: "extended_s3",
        extendedS3Configuration: {
          ...{ bucketArn: `arn:aws:s3:::${BUCKET}`, roleArn: ROLE_ARN, compressionFormat: "GZIP" },
          prefix: "tenants/!{partitionKeyFromQuery:tenant}/usage/day=!{timestamp:yyyy-MM-dd}/",
          errorOutputPrefix: "errors/usage/!{firehose:error-output-type}/day=!{timestamp:yyyy-MM-dd}/",
          ...{ bufferingSize: 64, bufferingInterval: 300, dynamicPartitioningConfiguration: { enabled: true } },
          processingConfiguration: {
            enabled: true,
            processors: [
              {
                type: "MetadataExtraction",
                parameters: [{ parameterName: "MetadataExtractionQuery", parameterValue: "{tenant:.tenantId}" }],
              },
            ],
          },
        },
      }),
    );
    await cloud.put('{"tenantId":"acme"}');
    await cloud.clock.advance(300_000);
    const [[key, text]] = (await cloud.objectsDelivered(1)) as [[string, string]];
    expect(key).toMatch(/^tenants\/acme\/usage\/day=\d{4}-\d\d-\d\d\/usage-1-.*\.gz$/);
    expect(text).toBe('{"tenantId":"acme"}');
  });
});

describe("a function that transforms", () => {
  const FN = "arn:aws:lambda:eu-west-1:000000000000:function:transform";
  const transformed = {
    ErrorOutputPrefix: "errors/",
    ProcessingConfiguration: {
      Enabled: true,
      Processors: [
        { Type: "Lambda" as const, Parameters: [{ ParameterName: "LambdaArn" as const, ParameterValue: FN }] },
      ],
    },
  };

  async function define(source: string): Promise<void> {
    const invoke = { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: FN };
    await cloud.provision(
      role(ROLE_ARN, [...WRITES, invoke], "firehose.amazonaws.com"),
      role("arn:aws:iam::000000000000:role/fn", [{ Effect: "Allow", Action: "logs:*", Resource: "*" }]),
      functionResource("transform", source, { timeout: 900 }),
    );
  }

  it("changes, drops and fails records one by one", async () => {
    await define(`export const handler = async ({ records, deliveryStreamArn, invocationId }) => ({
      records: records.map(({ recordId, data }) => {
        const text = Buffer.from(data, "base64").toString();
        const result = { drop: "Dropped", fail: "ProcessingFailed" }[text] ?? "Ok";
        return { recordId, result, data: Buffer.from(text.toUpperCase() + "\\n").toString("base64") };
      }),
    });`);
    await cloud.create(transformed);
    await cloud.put("a", "drop", "b", "fail");
    await cloud.clock.advance(60_000);
    const [[, data], [errorKey, errors]] = (await cloud.objectsDelivered(2)) as [string, string][] as never as [
      [string, string],
      [string, string],
    ];
    expect(data).toBe("A\nB\n");
    expect(errorKey).toMatch(/^errors\/processing-failed\/\d{4}\/\d\d\/\d\d\/\d\d\/usage-1-/);
    expect(JSON.parse(errors)).toMatchObject({
      errorCode: "Lambda.ProcessingFailedStatus",
      rawData: Buffer.from("fail").toString("base64"),
      lambdaArn: FN,
    });
  });

  it("that throws is tried three times more, and then all its records are kept below the error prefix", async () => {
    await define("export const handler = async () => { throw new Error('broken'); };");
    await cloud.create(transformed);
    await cloud.put("a", "b");
    await cloud.clock.advance(60_000);
    const found = await eventually(
      async () => {
        await cloud.clock.advance(1_000);
        return Object.entries(await cloud.delivered());
      },
      (all) => all.length === 1,
    );
    const failures = found[0]![1]
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(failures).toHaveLength(2);
    expect(failures[0]).toMatchObject({ attemptsMade: 4, errorCode: "Lambda.FunctionError" });
    expect(failures[0].errorMessage).toContain("broken");
  });
});

describe("a Kinesis stream as source", () => {
  const KinesisStreamARN = "arn:aws:kinesis:eu-west-1:000000000000:stream/clicks";
  const READS = ["DescribeStreamSummary", "GetShardIterator", "GetRecords", "ListShards"].map(
    (action) => `kinesis:${action}`,
  );
  let streams: KinesisClient;

  beforeEach(async () => {
    streams = new KinesisClient({ ...cloud.running.client(), maxAttempts: 1 });
    await streams.send(new CreateStreamCommand({ StreamName: "clicks", ShardCount: 1 }));
    const reads = { Effect: "Allow", Action: READS, Resource: KinesisStreamARN };
    await cloud.provision(role(ROLE_ARN, [...WRITES, reads], "firehose.amazonaws.com"));
  });
  afterEach(() => streams.destroy());

  const putInto = (text: string) =>
    streams.send(
      new PutKinesisRecordCommand({ StreamName: "clicks", PartitionKey: "one", Data: new TextEncoder().encode(text) }),
    );

  it("is read from when the delivery was made on, through a split and a restart, nothing twice", async () => {
    await putInto("before");
    await cloud.create({}, { KinesisStreamARN, RoleARN: ROLE_ARN });
    await putInto("1");
    await cloud.clock.advance(2_000);
    await streams.send(
      new SplitShardCommand({
        StreamName: "clicks",
        ShardToSplit: "shardId-000000000000",
        NewStartingHashKey: String(2n ** 127n),
      }),
    );
    await putInto("2");
    await cloud.clock.advance(5_000);
    streams.destroy();
    await cloud.restart();
    streams = new KinesisClient({ ...cloud.running.client(), maxAttempts: 1 });
    const reads = { Effect: "Allow", Action: READS, Resource: KinesisStreamARN };
    await cloud.provision(role(ROLE_ARN, [...WRITES, reads], "firehose.amazonaws.com"));
    await cloud.client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName }));
    await putInto("3");
    await cloud.clock.advance(3_000);
    await cloud.clock.advance(60_000);
    expect((await cloud.objectsDelivered(1)).map(([, text]) => text).join("")).toBe("123");
  });

  it("takes no records besides", async () => {
    await cloud.create({}, { KinesisStreamARN, RoleARN: ROLE_ARN });
    await expect(cloud.put("direct")).rejects.toThrow("not permitted on KinesisStreamAsSource");
  });
});

describe("Firehose refuses", () => {
  it("records and batches that are too large, and streams that are not there", async () => {
    await cloud.create();
    expect(await codeOf(cloud.put("x".repeat(1_024_001)))).toBe("ValidationException");
    const Records = Array.from({ length: 501 }, () => ({ Data: new Uint8Array(1) }));
    expect(await codeOf(cloud.client.send(new PutRecordBatchCommand({ DeliveryStreamName, Records })))).toBe(
      "ValidationException",
    );
    await expect(cloud.put(...Array.from({ length: 5 }, () => "x".repeat(900_000)))).rejects.toThrow("4 MB");
    const Record = { Data: new Uint8Array(1) };
    const put = new PutRecordCommand({ DeliveryStreamName: "nothing", Record });
    await expect(cloud.client.send(put)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    expect(await codeOf(cloud.create())).toBe("ResourceInUseException");
  });

  it("a role that it may not assume, and who may not hand one on or put records", async () => {
    await cloud.provision(role(`${ROLE_ARN}-lambda`, WRITES), role(`${ROLE_ARN}-nobody`, []));
    await expect(cloud.create({ RoleARN: `${ROLE_ARN}-lambda` })).rejects.toThrow("unable to assume role");
    await cloud.create();
    const nobody = new FirehoseClient({ ...cloud.running.client(`${ROLE_ARN}-nobody`), maxAttempts: 1 });
    const Record = { Data: new Uint8Array(1) };
    await expect(nobody.send(new PutRecordCommand({ DeliveryStreamName, Record }))).rejects.toThrow(
      "firehose:PutRecord",
    );
    nobody.destroy();
  });
});

it("a stream is described, changed under its version, tagged, listed and deleted", async () => {
  await cloud.create();
  const describe = async () =>
    (await cloud.client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName }))).DeliveryStreamDescription!;
  const { VersionId, Destinations, ...rest } = await describe();
  expect(rest).toMatchObject({
    DeliveryStreamARN: "arn:aws:firehose:eu-west-1:000000000000:deliverystream/usage",
    DeliveryStreamStatus: "ACTIVE",
    DeliveryStreamType: "DirectPut",
  });
  const update = (CurrentDeliveryStreamVersionId: string) =>
    cloud.client.send(
      new UpdateDestinationCommand({
        ...{ DeliveryStreamName, CurrentDeliveryStreamVersionId },
        DestinationId: Destinations![0]!.DestinationId,
        ExtendedS3DestinationUpdate: { Prefix: "elsewhere/" },
      }),
    );
  await update(VersionId!);
  expect(await codeOf(update(VersionId!))).toBe("ConcurrentModificationException");
  await cloud.client.send(new TagDeliveryStreamCommand({ DeliveryStreamName, Tags: [{ Key: "team", Value: "a" }] }));
  await cloud.restart();
  expect((await describe()).Destinations![0]!.ExtendedS3DestinationDescription).toMatchObject({
    Prefix: "elsewhere/",
    BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 60 },
    CompressionFormat: "UNCOMPRESSED",
  });
  const { Tags } = await cloud.client.send(new ListTagsForDeliveryStreamCommand({ DeliveryStreamName }));
  expect(Tags).toEqual([{ Key: "team", Value: "a" }]);
  const list = new ListDeliveryStreamsCommand({});
  expect((await cloud.client.send(list)).DeliveryStreamNames).toEqual(["usage"]);
  await cloud.put("gone with its stream");
  await cloud.client.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName }));
  expect((await cloud.client.send(new ListDeliveryStreamsCommand({}))).DeliveryStreamNames).toEqual([]);
  await cloud.clock.advance(60_000);
  expect(await cloud.delivered()).toEqual({});
});
