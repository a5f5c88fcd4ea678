import {
  CreateTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  PutResourcePolicyCommand,
  QueryCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  type UpdateTableCommandInput,
} from "@aws-sdk/client-dynamodb";
import { dynamodb } from "../../../local/services/dynamodb/index.ts";
import { dynamodbStreams } from "../../../local/services/dynamodb/streams/index.ts";
import { codeOf, type MessagingCloud, startMessaging } from "../messaging-cloud.ts";
import { roleWith } from "../role-with.ts";

const TableName = "albums";
let cloud: MessagingCloud;
let client: DynamoDBClient;

beforeEach(async () => {
  cloud = await startMessaging({ dynamodb, "streams.dynamodb": dynamodbStreams });
  client = new DynamoDBClient({ ...cloud.running.client(), maxAttempts: 1 });
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    }),
  );
});

afterEach(async () => {
  client.destroy();
  await cloud.stop();
});

const update = (input: Omit<UpdateTableCommandInput, "TableName">) =>
  client.send(new UpdateTableCommand({ TableName, ...input }));
const put = (pk: string, owner?: string | number) => {
  const attribute = typeof owner === "number" ? { N: String(owner) } : { S: owner ?? "" };
  const Item = { pk: { S: pk }, ...(owner !== undefined && { owner: attribute }) };
  return client.send(new PutItemCommand({ TableName, Item }));
};
const byOwner = {
  AttributeDefinitions: [{ AttributeName: "owner", AttributeType: "S" as const }],
  GlobalSecondaryIndexUpdates: [
    {
      Create: {
        IndexName: "by-owner",
        KeySchema: [{ AttributeName: "owner", KeyType: "HASH" as const }],
        Projection: { ProjectionType: "ALL" as const },
      },
    },
  ],
};
const ofAcme = () =>
  client.send(
    new QueryCommand({
      ...{ TableName, IndexName: "by-owner", KeyConditionExpression: "#o = :o" },
      ExpressionAttributeNames: { "#o": "owner" },
      ExpressionAttributeValues: { ":o": { S: "acme" } },
    }),
  );

describe("UpdateTable", () => {
  it("adds an index with the items that are there and have its key, over a restart too, and takes it away", async () => {
    await put("a", "acme");
    await put("b");
    await put("c", 7);
    const { TableDescription } = await update(byOwner);
    expect(TableDescription?.GlobalSecondaryIndexes).toMatchObject([{ IndexName: "by-owner", IndexStatus: "ACTIVE" }]);
    await put("d", "acme");
    client.destroy();
    await cloud.restart();
    client = new DynamoDBClient({ ...cloud.running.client(), maxAttempts: 1 });
    expect((await ofAcme()).Items?.map(({ pk }) => pk?.S)).toEqual(["a", "d"]);
    await update({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "by-owner" } }] });
    expect(await codeOf(ofAcme())).toBe("ValidationException");
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    expect(Table?.AttributeDefinitions).toEqual([{ AttributeName: "pk", AttributeType: "S" }]);
  });

  it("turns a stream on and off, and protects from deletion", async () => {
    const StreamSpecification = { StreamEnabled: true, StreamViewType: "NEW_IMAGE" as const };
    const { TableDescription } = await update({ StreamSpecification, DeletionProtectionEnabled: true });
    expect(TableDescription?.LatestStreamArn).toMatch(/table\/albums\/stream\//);
    await put("a");
    const { Streams } = await cloud.running.call("streams.dynamodb", "ListStreams", { TableName });
    expect(Streams).toHaveLength(1);
    expect(await codeOf(update({ StreamSpecification }))).toBe("ValidationException");
    const off = await update({ StreamSpecification: { StreamEnabled: false } });
    expect(off.TableDescription?.StreamSpecification).toBeUndefined();
    expect(off.TableDescription?.DeletionProtectionEnabled).toBe(true);
  });

  it("changes billing and capacity, and refuses the one without the other", async () => {
    expect(await codeOf(update({ BillingMode: "PROVISIONED" }))).toBe("ValidationException");
    const ProvisionedThroughput = { ReadCapacityUnits: 5, WriteCapacityUnits: 2 };
    const { TableDescription } = await update({ BillingMode: "PROVISIONED", ProvisionedThroughput });
    expect(TableDescription).toMatchObject({
      BillingModeSummary: { BillingMode: "PROVISIONED" },
      ProvisionedThroughput,
    });
  });

  it("refuses nothing to do, an index that is there or is not, and keys that are not defined", async () => {
    expect(await codeOf(update({}))).toBe("ValidationException");
    await update(byOwner);
    expect(await codeOf(update(byOwner))).toBe("ValidationException");
    const gone = { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "none" } }] };
    expect(await codeOf(update(gone))).toBe("ResourceNotFoundException");
    const { Create } = byOwner.GlobalSecondaryIndexUpdates[0]!;
    const other = { ...Create, IndexName: "other", KeySchema: [{ AttributeName: "x", KeyType: "HASH" as const }] };
    expect(await codeOf(update({ GlobalSecondaryIndexUpdates: [{ Create: other }] }))).toBe("ValidationException");
  });
});

it("point-in-time recovery is what it was set to", async () => {
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
  await client.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }));
  const { ContinuousBackupsDescription } = await client.send(new DescribeContinuousBackupsCommand({ TableName }));
  expect(ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe("ENABLED");
});

it("a table's own policy lets a role in, and keeps one out that IAM lets in", async () => {
  const ResourceArn = `arn:aws:dynamodb:eu-west-1:000000000000:table/${TableName}`;
  const [reader, banned] = [
    await roleWith(cloud.running, "reader", { Effect: "Allow", Action: "s3:ListAllMyBuckets", Resource: "*" }),
    await roleWith(cloud.running, "banned", { Effect: "Allow", Action: "dynamodb:*", Resource: "*" }),
  ];
  const statement = (Effect: string, role: string) => ({
    ...{ Effect, Principal: { AWS: role }, Action: "dynamodb:GetItem", Resource: ResourceArn },
  });
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [statement("Allow", reader), statement("Deny", banned)],
  });
  await client.send(new PutResourcePolicyCommand({ ResourceArn, Policy }));
  const get = (role: string) =>
    cloud.running.call(
      "dynamodb",
      "GetItem",
      { TableName, Key: { pk: { S: "a" } } },
      { principal: cloud.running.principalFor(role, "s") },
    );
  expect(await get(reader)).toEqual({});
  await expect(get(banned)).rejects.toThrow("dynamodb:GetItem");
});
