/** What tables, streams and topics measure of themselves, through the unmodified SDK clients. */
import { DescribeAlarmsCommand, PutMetricAlarmCommand } from "@aws-sdk/client-cloudwatch";
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { dynamodb } from "../../../local/services/dynamodb/index.ts";
import { kinesis } from "../../../local/services/kinesis/index.ts";
import { sns } from "../../../local/services/sns/index.ts";
import { sqs } from "../../../local/services/sqs/index.ts";
import { type CloudWatchCloud, MINUTE, metric, startCloudWatch } from "./fixture.ts";

let on: CloudWatchCloud;

beforeEach(async () => {
  on = await startCloudWatch({ dynamodb, kinesis, sns, sqs });
});

afterEach(() => on.stop());

/** Sums, or what else is asked for, of a namespace's metrics. */
async function measured(namespace: string, dimensions: Record<string, string>, names: Record<string, string>) {
  const queries = Object.entries(names).map(([name, stat], index) =>
    metric(`m${index}`, name, stat, { namespace, dimensions }),
  );
  const found = await on.values(...queries);
  return Object.fromEntries(Object.keys(names).map((name, index) => [name, found[`m${index}`]?.[0]]));
}

describe("a table", () => {
  const TableName = "photos";
  const id = (value: string) => ({ id: { S: value } });
  let tables: DynamoDBClient;

  beforeEach(async () => {
    tables = new DynamoDBClient({ ...on.cloud.client(), maxAttempts: 1 });
    await tables.send(
      new CreateTableCommand({
        ...{ TableName, BillingMode: "PAY_PER_REQUEST" },
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      }),
    );
  });

  afterEach(() => tables.destroy());

  it("measures the capacity that reads and writes took, alone, in batches and in transactions", async () => {
    await tables.send(new PutItemCommand({ TableName, Item: { ...id("a"), text: { S: "x".repeat(1500) } } }));
    const batch = await tables.send(
      new BatchWriteItemCommand({
        RequestItems: { [TableName]: [{ PutRequest: { Item: id("b") } }, { PutRequest: { Item: id("c") } }] },
        ReturnConsumedCapacity: "TOTAL",
      }),
    );
    expect(batch.ConsumedCapacity).toEqual([{ TableName, CapacityUnits: 2 }]);
    const TransactItems = [{ Put: { TableName, Item: id("d") } }];
    const transaction = await tables.send(
      new TransactWriteItemsCommand({ TransactItems, ReturnConsumedCapacity: "TOTAL" }),
    );
    expect(transaction.ConsumedCapacity).toEqual([{ TableName, CapacityUnits: 2 }]);
    await tables.send(new GetItemCommand({ TableName, Key: id("a") }));
    await tables.send(new GetItemCommand({ TableName, Key: id("a"), ConsistentRead: true }));
    const units = { ConsumedWriteCapacityUnits: "Sum", ConsumedReadCapacityUnits: "Sum" };
    expect(await measured("AWS/DynamoDB", { TableName }, units)).toEqual({
      ConsumedWriteCapacityUnits: 2 + 2 + 2,
      ConsumedReadCapacityUnits: 0.5 + 1,
    });
  });

  it("measures how long each operation took, what came back, and whose fault a refusal was", async () => {
    await tables.send(new PutItemCommand({ TableName, Item: id("a") }));
    const again = new PutItemCommand({ TableName, Item: id("a"), ConditionExpression: "attribute_not_exists(id)" });
    await expect(tables.send(again)).rejects.toThrow("conditional");
    await expect(tables.send(new PutItemCommand({ TableName, Item: {} }))).rejects.toThrow();
    const ExpressionAttributeValues = { ":id": { S: "a" } };
    await tables.send(new QueryCommand({ TableName, KeyConditionExpression: "id = :id", ExpressionAttributeValues }));
    const of = (Operation: string, names: Record<string, string>) =>
      measured("AWS/DynamoDB", { TableName, Operation }, names);
    expect(await of("PutItem", { SuccessfulRequestLatency: "SampleCount" })).toEqual({ SuccessfulRequestLatency: 1 });
    expect((await of("Query", { SuccessfulRequestLatency: "Maximum" })).SuccessfulRequestLatency).toBeGreaterThan(0);
    expect(await of("Query", { ReturnedItemCount: "Sum" })).toEqual({ ReturnedItemCount: 1 });
    expect(await measured("AWS/DynamoDB", {}, { UserErrors: "Sum" })).toEqual({ UserErrors: 1 });
    const failed = { ConditionalCheckFailedRequests: "Sum" };
    expect(await measured("AWS/DynamoDB", { TableName }, failed)).toEqual({ ConditionalCheckFailedRequests: 1 });
  });

  it("can set off an alarm", async () => {
    await on.client.send(
      new PutMetricAlarmCommand({
        ...{ AlarmName: "busy", Namespace: "AWS/DynamoDB", MetricName: "ConsumedWriteCapacityUnits", Statistic: "Sum" },
        Dimensions: [{ Name: "TableName", Value: TableName }],
        ...{ Period: 60, EvaluationPeriods: 1, Threshold: 2, ComparisonOperator: "GreaterThanThreshold" },
      }),
    );
    for (const name of "abc") await tables.send(new PutItemCommand({ TableName, Item: id(name) }));
    await on.clock.advance(2 * MINUTE);
    const { MetricAlarms } = await on.client.send(new DescribeAlarmsCommand({ AlarmNames: ["busy"] }));
    expect(MetricAlarms![0]!.StateValue).toBe("ALARM");
  });
});

it("a stream measures what comes in and what is read", async () => {
  const StreamName = "usage";
  const streams = new KinesisClient({ ...on.cloud.client(), maxAttempts: 1 });
  await streams.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  const record = (text: string) => ({ Data: Buffer.from(text), PartitionKey: "p" });
  await streams.send(new PutRecordCommand({ StreamName, ...record("12345") }));
  await streams.send(new PutRecordsCommand({ StreamName, Records: [record("1"), record("22")] }));
  const { ShardIterator } = await streams.send(
    new GetShardIteratorCommand({ StreamName, ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" }),
  );
  await streams.send(new GetRecordsCommand({ ShardIterator }));
  streams.destroy();
  const names = {
    ...{ IncomingRecords: "Sum", IncomingBytes: "Sum", "PutRecord.Success": "Sum", "PutRecords.TotalRecords": "Sum" },
    ...{ "GetRecords.Records": "Sum", "GetRecords.Bytes": "Sum", "GetRecords.IteratorAgeMilliseconds": "Maximum" },
    ...{ "GetRecords.Latency": "SampleCount", WriteProvisionedThroughputExceeded: "Sum" },
  };
  expect(await measured("AWS/Kinesis", { StreamName }, names)).toEqual({
    ...{ IncomingRecords: 3, IncomingBytes: 8, "PutRecord.Success": 1, "PutRecords.TotalRecords": 2 },
    ...{ "GetRecords.Records": 3, "GetRecords.Bytes": 8, "GetRecords.IteratorAgeMilliseconds": 0 },
    ...{ "GetRecords.Latency": 1, WriteProvisionedThroughputExceeded: 0 },
  });
});

it("a topic measures what is published, delivered, filtered out and lost", async () => {
  const topics = new SNSClient({ ...on.cloud.client(), maxAttempts: 1 });
  const { TopicArn } = await topics.send(new CreateTopicCommand({ Name: "events" }));
  // The queue is not there: whoever is to get the message does not.
  const Endpoint = "arn:aws:sqs:eu-west-1:000000000000:nobody";
  await topics.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint }));
  const FilterPolicy = JSON.stringify({ type: ["other"] });
  const filtered = { TopicArn, Protocol: "sqs", Endpoint: `${Endpoint}2`, Attributes: { FilterPolicy } };
  await topics.send(new SubscribeCommand(filtered));
  await topics.send(new PublishCommand({ TopicArn, Message: "12345" }));
  topics.destroy();
  const names = {
    ...{ NumberOfMessagesPublished: "Sum", PublishSize: "Maximum", NumberOfNotificationsFailed: "Sum" },
    ...{ NumberOfNotificationsFilteredOut: "Sum", NumberOfNotificationsDelivered: "Sum" },
  };
  expect(await measured("AWS/SNS", { TopicName: "events" }, names)).toEqual({
    ...{ NumberOfMessagesPublished: 1, PublishSize: 5, NumberOfNotificationsFailed: 1 },
    ...{ NumberOfNotificationsFilteredOut: 1, NumberOfNotificationsDelivered: undefined },
  });
});
