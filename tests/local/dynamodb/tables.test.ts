import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ListTablesCommand,
  PutItemCommand,
  ScanCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { type DynamoCloud, failure, startDynamo } from "./fixture.ts";

let cloud: DynamoCloud;
beforeEach(async () => {
  cloud = await startDynamo({
    tables: [
      {
        name: "photos",
        hashKey: "id",
        attributes: { id: "S", camera: "S" },
        globalSecondaryIndexes: [{ name: "by-camera", hashKey: "camera", projectionType: "ALL" }],
      },
    ],
  });
});
afterEach(() => cloud.stop());

const create = (TableName: string) =>
  cloud.client.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );

describe("a table", () => {
  it("of the program is described as AWS would", async () => {
    const { Table } = await cloud.client.send(new DescribeTableCommand({ TableName: "photos" }));
    expect(Table).toMatchObject({
      TableName: "photos",
      TableArn: "arn:aws:dynamodb:eu-west-1:000000000000:table/photos",
      TableStatus: "ACTIVE",
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      GlobalSecondaryIndexes: [
        { IndexName: "by-camera", IndexStatus: "ACTIVE", Projection: { ProjectionType: "ALL" } },
      ],
    });
  });

  it("may be created, listed, used and deleted at run time", async () => {
    await create("made-here");
    await waitUntilTableExists({ client: cloud.client, minDelay: 1, maxWaitTime: 5 }, { TableName: "made-here" });
    const { TableNames } = await cloud.client.send(new ListTablesCommand({}));
    expect(TableNames).toEqual(["made-here", "photos"]);
    await cloud.client.send(new PutItemCommand({ TableName: "made-here", Item: { id: { S: "1" } } }));
    await cloud.restart();
    expect((await cloud.client.send(new ScanCommand({ TableName: "made-here" }))).Count).toBe(1);
    await cloud.client.send(new DeleteTableCommand({ TableName: "made-here" }));
    expect(await failure(cloud.client.send(new DescribeTableCommand({ TableName: "made-here" })))).toEqual([
      "ResourceNotFoundException",
      "Requested resource not found: Table: made-here not found",
    ]);
  });

  it("exists once", async () => {
    expect(await failure(create("photos"))).toEqual(["ResourceInUseException", "Table already exists: photos"]);
  });

  it("keeps its items when it is declared again, and when an index joins, fills that index", async () => {
    await cloud.client.send(
      new PutItemCommand({ TableName: "photos", Item: { id: { S: "1" }, camera: { S: "nikon" }, year: { N: "1" } } }),
    );
    await cloud.provision({
      name: "photos",
      hashKey: "id",
      attributes: { id: "S", year: "N" },
      globalSecondaryIndexes: [{ name: "by-year", hashKey: "year", projectionType: "ALL" }],
    });
    const page = await cloud.client.send(new ScanCommand({ TableName: "photos", IndexName: "by-year" }));
    expect(page.Items).toEqual([{ id: { S: "1" }, camera: { S: "nikon" }, year: { N: "1" } }]);
  });

  it("with another key is another table, as when AWS replaces it", async () => {
    await cloud.client.send(new PutItemCommand({ TableName: "photos", Item: { id: { S: "1" } } }));
    await cloud.provision({ name: "photos", hashKey: "photoId", attributes: { photoId: "S" } });
    expect((await cloud.client.send(new ScanCommand({ TableName: "photos" }))).Count).toBe(0);
  });

  it("has its time to live switched on once", async () => {
    const ttl = { TableName: "photos", TimeToLiveSpecification: { Enabled: true, AttributeName: "expires" } };
    await cloud.client.send(new UpdateTimeToLiveCommand(ttl));
    const { TimeToLiveDescription } = await cloud.client.send(new DescribeTimeToLiveCommand({ TableName: "photos" }));
    expect(TimeToLiveDescription).toEqual({ TimeToLiveStatus: "ENABLED", AttributeName: "expires" });
    expect(await failure(cloud.client.send(new UpdateTimeToLiveCommand(ttl)))).toEqual([
      "ValidationException",
      "TimeToLive is already enabled",
    ]);
  });
});
