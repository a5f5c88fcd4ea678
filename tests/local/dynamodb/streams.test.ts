import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import {
  type _Record,
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  ListStreamsCommand,
} from "@aws-sdk/client-dynamodb-streams";
import { type ManualClock, manualClock } from "../../../local/clock.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { dynamodb } from "../../../local/services/dynamodb/index.ts";
import { dynamodbStreams } from "../../../local/services/dynamodb/streams/index.ts";
import { iam } from "../../../local/services/iam/index.ts";
import { codeOf } from "../messaging-cloud.ts";
import { roleWith } from "../role-with.ts";

const TableName = "orders";
let running: RunningCloud;
let tables: DynamoDBClient;
let streams: DynamoDBStreamsClient;
let clock: ManualClock;

async function start(directory?: string): Promise<void> {
  // Signatures carry the real time: start there
  clock = manualClock(Date.now());
  const services = { dynamodb, "streams.dynamodb": dynamodbStreams, iam };
  running = await startCloud({ directory, clock, services });
  tables = new DynamoDBClient({ ...running.client(), maxAttempts: 1 });
  streams = new DynamoDBStreamsClient({ ...running.client(), maxAttempts: 1 });
}

async function stop(): Promise<void> {
  tables.destroy();
  streams.destroy();
  await running.stop();
}

beforeEach(() => start());
afterEach(stop);

async function create(StreamViewType: string, more: Partial<CreateTableCommandInput> = {}): Promise<string> {
  const { TableDescription } = await tables.send(
    new CreateTableCommand({
      ...{ TableName, BillingMode: "PAY_PER_REQUEST", ...more },
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: StreamViewType as "NEW_IMAGE" },
    }),
  );
  return TableDescription!.LatestStreamArn!;
}

async function iterator(StreamArn: string, more: Partial<GetShardIteratorCommandInput> = {}): Promise<string> {
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const { ShardId } = StreamDescription!.Shards![0]!;
  const input = { StreamArn, ShardId, ShardIteratorType: "TRIM_HORIZON" as const, ...more };
  return (await streams.send(new GetShardIteratorCommand(input))).ShardIterator!;
}

async function read(StreamArn: string, more = {}): Promise<_Record[]> {
  return (await streams.send(new GetRecordsCommand({ ShardIterator: await iterator(StreamArn, more) }))).Records!;
}

const put = (id: string, n: number, more = {}) =>
  tables.send(new PutItemCommand({ TableName, Item: { id: { S: id }, n: { N: String(n) }, ...more } }));

describe("a table's stream", () => {
  it("tells of what came, changed and went, in order, with the images that it was asked for", async () => {
    const arn = await create("NEW_AND_OLD_IMAGES");
    await put("a", 1);
    await tables.send(
      new UpdateItemCommand({
        ...{ TableName, Key: { id: { S: "a" } }, UpdateExpression: "SET n = :n" },
        ExpressionAttributeValues: { ":n": { N: "2" } },
      }),
    );
    await tables.send(new DeleteItemCommand({ TableName, Key: { id: { S: "a" } } }));
    const records = await read(arn);
    const Keys = { id: { S: "a" } };
    const one = { ...Keys, n: { N: "1" } };
    const two = { ...Keys, n: { N: "2" } };
    expect(records.map(({ eventName, dynamodb: change }) => [eventName, change!.OldImage, change!.NewImage])).toEqual([
      ["INSERT", undefined, one],
      ["MODIFY", one, two],
      ["REMOVE", two, undefined],
    ]);
    expect(records[0]).toEqual({
      ...{ eventID: expect.stringMatching(/^[0-9a-f]{32}$/), eventName: "INSERT", eventVersion: "1.1" },
      ...{ eventSource: "aws:dynamodb", awsRegion: "eu-west-1" },
      dynamodb: {
        ...{ ApproximateCreationDateTime: expect.any(Date), Keys, NewImage: one, SizeBytes: 9 },
        ...{ SequenceNumber: expect.stringMatching(/^1\d{20}$/), StreamViewType: "NEW_AND_OLD_IMAGES" },
      },
    });
  });

  it.each([
    ["KEYS_ONLY", [false, false]],
    ["NEW_IMAGE", [true, false]],
    ["OLD_IMAGE", [false, true]],
  ])("with %s has no more than that", async (view, images) => {
    const arn = await create(view);
    await put("a", 1);
    await put("a", 2);
    const [, record] = await read(arn);
    const { NewImage, OldImage } = record!.dynamodb!;
    expect([NewImage !== undefined, OldImage !== undefined]).toEqual(images);
  });

  it("says nothing of a write that changes nothing, or of one that was refused", async () => {
    const arn = await create("NEW_IMAGE");
    await put("a", 1);
    await put("a", 1);
    await tables.send(new DeleteItemCommand({ TableName, Key: { id: { S: "nobody" } } }));
    const Item = { id: { S: "b" } };
    const refused = { Put: { TableName, Item, ConditionExpression: "attribute_exists(id)" } };
    const transaction = new TransactWriteItemsCommand({
      TransactItems: [{ Put: { TableName, Item: { id: { S: "c" } } } }, refused],
    });
    expect(await codeOf(tables.send(transaction))).toBe("TransactionCanceledException");
    expect(await read(arn)).toHaveLength(1);
  });

  it("tells of batches and transactions item by item", async () => {
    const arn = await create("NEW_IMAGE");
    const items = ["a", "b"].map((id) => ({ PutRequest: { Item: { id: { S: id } } } }));
    await tables.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: items } }));
    const transacted = ["c", "d"].map((id) => ({ Put: { TableName, Item: { id: { S: id } } } }));
    await tables.send(new TransactWriteItemsCommand({ TransactItems: transacted }));
    expect((await read(arn)).map(({ dynamodb: change }) => change!.Keys!.id!.S)).toEqual(["a", "b", "c", "d"]);
  });

  it("tells of an item whose time is over, as removed by DynamoDB, though nobody reads it", async () => {
    const arn = await create("NEW_AND_OLD_IMAGES");
    const specification = { TimeToLiveSpecification: { AttributeName: "until", Enabled: true } };
    await tables.send(new UpdateTimeToLiveCommand({ TableName, ...specification }));
    await put("a", 1, { until: { N: String(Math.floor(clock.now() / 1000) + 90) } });
    await clock.advance(60_000);
    expect(await read(arn)).toHaveLength(1);
    await clock.advance(60_000);
    expect((await read(arn))[1]).toMatchObject({
      eventName: "REMOVE",
      userIdentity: { Type: "Service", PrincipalId: "dynamodb.amazonaws.com" },
      dynamodb: { OldImage: { id: { S: "a" } } },
    });
  });

  it("is described, by the table too, and listed", async () => {
    const StreamArn = await create("KEYS_ONLY");
    const { Table } = await tables.send(new DescribeTableCommand({ TableName }));
    expect(Table).toMatchObject({
      ...{ LatestStreamArn: StreamArn, LatestStreamLabel: StreamArn.split("/stream/")[1] },
      StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
    });
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
    expect(StreamDescription).toMatchObject({
      ...{ StreamStatus: "ENABLED", StreamViewType: "KEYS_ONLY", TableName },
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      Shards: [{ ShardId: expect.stringMatching(/^shardId-\d{20}-[0-9a-f]{8}$/) }],
    });
    const { Streams } = await streams.send(new ListStreamsCommand({ TableName }));
    expect(Streams).toEqual([{ StreamArn, TableName, StreamLabel: Table!.LatestStreamLabel }]);
  });
});

describe("reading a stream", () => {
  it("begins at the horizon, the end, or a sequence number, and leads on", async () => {
    const arn = await create("NEW_IMAGE");
    await put("a", 1);
    await put("b", 2);
    const latest = await iterator(arn, { ShardIteratorType: "LATEST" });
    await put("c", 3);
    const ids = (records: _Record[]) => records.map(({ dynamodb: change }) => change!.Keys!.id!.S);
    const all = await read(arn);
    const SequenceNumber = all[1]!.dynamodb!.SequenceNumber;
    expect(ids(all)).toEqual(["a", "b", "c"]);
    expect(ids(await read(arn, { ShardIteratorType: "AT_SEQUENCE_NUMBER", SequenceNumber }))).toEqual(["b", "c"]);
    expect(ids(await read(arn, { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber }))).toEqual(["c"]);
    const end = await streams.send(new GetRecordsCommand({ ShardIterator: latest, Limit: 1 }));
    expect(ids(end.Records!)).toEqual(["c"]);
    const next = await streams.send(new GetRecordsCommand({ ShardIterator: end.NextShardIterator }));
    expect(next.Records).toEqual([]);
  });

  it("ends after a day", async () => {
    const arn = await create("NEW_IMAGE");
    await put("a", 1);
    await clock.advance(24 * 3_600_000 - 1);
    expect(await read(arn)).toHaveLength(1);
    await clock.advance(1);
    expect(await read(arn)).toEqual([]);
  });

  it("is refused with what AWS answers", async () => {
    const arn = await create("NEW_IMAGE");
    const ShardIterator = await iterator(arn);
    expect(await codeOf(read(`${arn}9`))).toBe("ResourceNotFoundException");
    expect(await codeOf(read(arn, { ShardId: "shardId-00000000000000000000-00000000" }))).toBe(
      "ResourceNotFoundException",
    );
    expect(await codeOf(read(arn, { ShardIteratorType: "AT_SEQUENCE_NUMBER" }))).toBe("ValidationException");
    const get = (input: object) => streams.send(new GetRecordsCommand({ ShardIterator, ...input }));
    expect(await codeOf(get({ Limit: 1_001 }))).toBe("ValidationException");
    expect(await codeOf(get({ ShardIterator: "made up" }))).toBe("ValidationException");
    await clock.advance(15 * 60_000 + 1);
    expect(await codeOf(get({}))).toBe("ExpiredIteratorException");
  });

  it("is judged on the stream, not on the table", async () => {
    const arn = await create("NEW_IMAGE");
    const ShardIterator = await iterator(arn);
    const allow = (Resource: string) => ({ Effect: "Allow", Action: "dynamodb:GetRecords", Resource });
    const table = await roleWith(running, "table", allow(arn.split("/stream/")[0]!));
    const stream = await roleWith(running, "stream", allow(arn));
    const as = async (role: string) => {
      const client = new DynamoDBStreamsClient({ ...running.client(role), maxAttempts: 1 });
      return client.send(new GetRecordsCommand({ ShardIterator })).finally(() => client.destroy());
    };
    expect(await codeOf(as(table))).toBe("AccessDeniedException");
    expect((await as(stream)).Records).toEqual([]);
  });
});

it("what was written is in the stream after a kill", async () => {
  await stop();
  const directory = mkdtempSync(join(tmpdir(), "terrace-streams-"));
  await start(directory);
  const arn = await create("NEW_IMAGE");
  await put("a", 1);
  // As after a kill: the first one is not stopped before the second one runs.
  const killed = { running, tables, streams };
  await start(directory);
  await put("b", 2);
  expect((await read(arn)).map(({ dynamodb: change }) => change!.Keys!.id!.S)).toEqual(["a", "b"]);
  killed.tables.destroy();
  killed.streams.destroy();
  await killed.running.stop();
  await stop();
  rmSync(directory, { recursive: true });
  await start();
});
