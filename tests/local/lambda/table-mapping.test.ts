/** A table's changes that call a function. */
import {
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { eventually } from "./fixture.ts";
import { queueIn, type StreamCloud, startStreams } from "./stream-fixture.ts";

const TableName = "orders";
let cloud: StreamCloud;
let tables: DynamoDBClient;
let eventSourceArn: string;

beforeEach(async () => {
  cloud = await startStreams();
  tables = new DynamoDBClient({ ...cloud.running.client(), maxAttempts: 1 });
  const { TableDescription } = await tables.send(
    new CreateTableCommand({
      ...{ TableName, BillingMode: "PAY_PER_REQUEST" },
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    }),
  );
  eventSourceArn = TableDescription!.LatestStreamArn!;
});

afterEach(async () => {
  tables.destroy();
  await cloud.stop();
});

const put = (id: string, total = "1") =>
  tables.send(
    new PutItemCommand({ TableName, Item: { id: { S: id }, total: { N: total }, raw: { B: Buffer.from("x") } } }),
  );

/** What the function was called with, one list of records for each call. */
async function calls(): Promise<{ eventName: string; dynamodb: Record<string, unknown> }[][]> {
  const lines = await cloud.logOf("consumer");
  return lines
    .filter((line) => line.includes('"Records"'))
    .map((line) => JSON.parse(line.slice(line.indexOf("{"))).Records);
}

const called = (records: number) =>
  eventually(
    async () => {
      await cloud.clock.advance(1_000);
      return calls();
    },
    (found) => found.flat().length >= records,
  );

const logging = () =>
  cloud.define("consumer", "export const handler = async (event) => { console.log(JSON.stringify(event)); };", {
    timeout: 900,
  });

it("hands over each change in order, with its keys and both images, binary as base64", async () => {
  await logging();
  await cloud.map({ eventSourceArn });
  await put("a");
  await tables.send(
    new UpdateItemCommand({
      ...{ TableName, Key: { id: { S: "a" } }, UpdateExpression: "SET #t = :t" },
      ...{ ExpressionAttributeNames: { "#t": "total" }, ExpressionAttributeValues: { ":t": { N: "2" } } },
    }),
  );
  await tables.send(new DeleteItemCommand({ TableName, Key: { id: { S: "a" } } }));
  const records = (await called(3)).flat();
  expect(records.map(({ eventName }) => eventName)).toEqual(["INSERT", "MODIFY", "REMOVE"]);
  expect(records[1]).toEqual({
    eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
    eventName: "MODIFY",
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: "eu-west-1",
    dynamodb: {
      ApproximateCreationDateTime: expect.any(Number),
      Keys: { id: { S: "a" } },
      NewImage: { id: { S: "a" }, total: { N: "2" }, raw: { B: Buffer.from("x").toString("base64") } },
      OldImage: { id: { S: "a" }, total: { N: "1" }, raw: { B: Buffer.from("x").toString("base64") } },
      SequenceNumber: expect.stringMatching(/^\d+$/),
      SizeBytes: expect.any(Number),
      StreamViewType: "NEW_AND_OLD_IMAGES",
    },
    eventSourceARN: eventSourceArn,
  });
});

it("filters by what a change is and by attributes", async () => {
  await logging();
  const pattern = '{"eventName":["INSERT"],"dynamodb":{"NewImage":{"total":{"N":["7"]}}}}';
  await cloud.map({ eventSourceArn, filterCriteria: { filters: [{ pattern }] } });
  await put("a");
  await put("a", "7");
  await put("b", "7");
  const records = (await called(1)).flat();
  expect(records.map(({ dynamodb }) => dynamodb.Keys)).toEqual([{ id: { S: "b" } }]);
});

it("that fails for good is told to the destination with its place in the table's stream", async () => {
  const destinationArn = await queueIn(cloud, "failures");
  await cloud.consumer('fail("never")');
  await cloud.map({ eventSourceArn, maximumRetryAttempts: 0, destinationConfig: { onFailure: { destinationArn } } });
  await put("a");
  const [body] = await cloud.messages("failures");
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(JSON.parse(body!)).toMatchObject({
    requestContext: { condition: "RetryAttemptsExhausted", approximateInvokeCount: 1 },
    DDBStreamBatchInfo: {
      startSequenceNumber: expect.stringMatching(/^\d+$/),
      approximateArrivalOfFirstRecord: time,
      approximateArrivalOfLastRecord: time,
      batchSize: 1,
      streamArn: eventSourceArn,
    },
  });
});

it("has no position by time", async () => {
  await cloud.consumer();
  const startingPositionTimestamp = new Date(0).toISOString();
  const attempt = cloud.map({ eventSourceArn, startingPosition: "AT_TIMESTAMP", startingPositionTimestamp });
  await expect(attempt).rejects.toThrow("TRIM_HORIZON, LATEST");
});
