import {
  type DynamoDBClient,
  PutItemCommand,
  paginateQuery,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { type DynamoCloud, failure, startDynamo } from "./fixture.ts";

let cloud: DynamoCloud;
let client: DynamoDBClient;
beforeAll(async () => {
  cloud = await startDynamo({
    tables: [
      {
        name: "photos",
        hashKey: "album",
        rangeKey: "taken",
        attributes: { album: "S", taken: "N", camera: "S", rating: "N" },
        globalSecondaryIndexes: [
          {
            name: "by-camera",
            hashKey: "camera",
            rangeKey: "taken",
            projectionType: "INCLUDE",
            nonKeyAttributes: ["title"],
          },
          { name: "by-rating", hashKey: "rating", projectionType: "ALL" },
        ],
        localSecondaryIndexes: [{ name: "rated", rangeKey: "rating", projectionType: "KEYS_ONLY" }],
      },
    ],
  });
  client = cloud.client;
  const photo = (album: string, taken: number, camera: string | undefined, rating: number) =>
    client.send(
      new PutItemCommand({
        TableName: "photos",
        Item: {
          album: { S: album },
          taken: { N: String(taken) },
          title: { S: `${album}-${taken}` },
          secret: { S: "x" },
          rating: { N: String(rating) },
          ...(camera !== undefined && { camera: { S: camera } }),
        },
      }),
    );
  await photo("sea", -5, "nikon", 3);
  await photo("sea", 2, "canon", 1);
  await photo("sea", 10, "nikon", 2);
  await photo("sea", 1.5, undefined, 5);
  await photo("mountain", 7, "nikon", 4);
});
afterAll(() => cloud.stop());

const query = (input: Partial<QueryCommandInput>) => client.send(new QueryCommand({ TableName: "photos", ...input }));
const sea = (condition = "", values: QueryCommandInput["ExpressionAttributeValues"] = {}) => ({
  KeyConditionExpression: `album = :album${condition}`,
  ExpressionAttributeValues: { ":album": { S: "sea" }, ...values },
});
const taken = (page: { Items?: Record<string, { N?: string }>[] }) => page.Items!.map((item) => Number(item.taken!.N));

describe("Query", () => {
  it("returns a partition in the order of its numbers, and reversed", async () => {
    expect(taken(await query(sea()))).toEqual([-5, 1.5, 2, 10]);
    expect(taken(await query({ ...sea(), ScanIndexForward: false }))).toEqual([10, 2, 1.5, -5]);
  });

  it.each<[string, number[]]>([
    [" AND taken = :a", [2]],
    [" AND taken < :a", [-5, 1.5]],
    [" AND taken <= :a", [-5, 1.5, 2]],
    [" AND taken > :a", [10]],
    [" AND taken >= :a", [2, 10]],
  ])("narrows by the sort key:%s", async (condition, expected) => {
    expect(taken(await query(sea(condition, { ":a": { N: "2" } })))).toEqual(expected);
  });

  it("takes BETWEEN, and the conditions in either order and in parentheses", async () => {
    const values = { ":a": { N: "1.5" }, ":b": { N: "2" } };
    expect(taken(await query(sea(" AND taken BETWEEN :a AND :b", values)))).toEqual([1.5, 2]);
    expect(
      taken(
        await query({
          KeyConditionExpression: "(taken BETWEEN :a AND :b) AND (album = :album)",
          ExpressionAttributeValues: { ":album": { S: "sea" }, ...values },
        }),
      ),
    ).toEqual([1.5, 2]);
  });

  it("pages with Limit until nothing is left, without losing or repeating an item", async () => {
    const pages = paginateQuery({ client, pageSize: 1 }, { TableName: "photos", ...sea() });
    const seen: number[] = [];
    for await (const page of pages) seen.push(...taken(page));
    expect(seen).toEqual([-5, 1.5, 2, 10]);
  });

  it("counts what it read apart from what the filter let through", async () => {
    const page = await query({
      ...sea("", { ":r": { N: "3" } }),
      FilterExpression: "rating >= :r",
      Limit: 3,
    });
    expect(page).toMatchObject({ Count: 2, ScannedCount: 3 });
    expect(page.LastEvaluatedKey).toEqual({ album: { S: "sea" }, taken: { N: "2" } });
  });

  it("returns only a count when asked to", async () => {
    const page = await query({ ...sea(), Select: "COUNT" });
    expect(page.Count).toBe(4);
    expect(page.Items).toBeUndefined();
  });
});

describe("an index", () => {
  const nikon = {
    IndexName: "by-camera",
    KeyConditionExpression: "camera = :c",
    ExpressionAttributeValues: { ":c": { S: "nikon" } },
  };

  it("orders by its own sort key and returns what it projects", async () => {
    const page = await query(nikon);
    expect(taken(page)).toEqual([-5, 7, 10]);
    expect(Object.keys(page.Items![0]!).sort()).toEqual(["album", "camera", "taken", "title"]);
  });

  it("pages over items that share their index key", async () => {
    const first = await query({ ...nikon, Limit: 2 });
    expect(Object.keys(first.LastEvaluatedKey!).sort()).toEqual(["album", "camera", "taken"]);
    const second = await query({ ...nikon, ExclusiveStartKey: first.LastEvaluatedKey });
    expect([...taken(first), ...taken(second)]).toEqual([-5, 7, 10]);
  });

  it("leaves out items without its key, and follows changes", async () => {
    const { Items } = await client.send(new ScanCommand({ TableName: "photos", IndexName: "by-camera" }));
    expect(Items).toHaveLength(4);
  });

  it("that is local keeps the table's partition", async () => {
    const page = await query({ ...sea(), IndexName: "rated" });
    expect(taken(page)).toEqual([2, 10, -5, 1.5]);
    expect(Object.keys(page.Items![0]!).sort()).toEqual(["album", "rating", "taken"]);
  });

  it("that is global serves no consistent reads", async () => {
    expect(await failure(query({ ...nikon, ConsistentRead: true }))).toEqual([
      "ValidationException",
      "Consistent reads are not supported on global secondary indexes",
    ]);
  });
});

describe("Scan", () => {
  it("reads all items, filtered, and key attributes may stand in the filter", async () => {
    const page = await client.send(
      new ScanCommand({
        TableName: "photos",
        FilterExpression: "taken > :t",
        ExpressionAttributeValues: { ":t": { N: "2" } },
      }),
    );
    expect(taken(page).sort((a, b) => a - b)).toEqual([7, 10]);
    expect(page.ScannedCount).toBe(5);
  });

  it("in segments reads every item exactly once", async () => {
    const parts = await Promise.all(
      [0, 1, 2].map((Segment) => client.send(new ScanCommand({ TableName: "photos", Segment, TotalSegments: 3 }))),
    );
    expect(parts.flatMap(taken).sort((a, b) => a - b)).toEqual([-5, 1.5, 2, 7, 10]);
  });
});

describe("a query that DynamoDB would refuse is refused in its words:", () => {
  it.each<[string, Partial<QueryCommandInput>, string]>([
    [
      "without the partition key",
      { KeyConditionExpression: "taken = :t", ExpressionAttributeValues: { ":t": { N: "1" } } },
      "Query condition missed key schema element: album",
    ],
    [
      "a range of partitions",
      { KeyConditionExpression: "album > :a", ExpressionAttributeValues: { ":a": { S: "a" } } },
      "Query key condition not supported",
    ],
    [
      "a condition on something else",
      sea(" AND camera = :c", { ":c": { S: "x" } }),
      "Query condition missed key schema element: taken",
    ],
    [
      "a key value of the wrong type",
      sea(" AND taken = :t", { ":t": { S: "1" } }),
      "One or more parameter values were invalid: Condition parameter type does not match schema type",
    ],
    [
      "a filter on a key",
      { ...sea("", { ":t": { N: "1" } }), FilterExpression: "taken = :t" },
      "Filter Expression can only contain non-primary key attributes: Primary key attribute: taken",
    ],
    ["an unknown index", { ...sea(), IndexName: "absent" }, "The table does not have the specified index: absent"],
    [
      "another table's start key",
      { ...sea(), ExclusiveStartKey: { id: { S: "1" } } },
      "The provided starting key is invalid",
    ],
    [
      "a start key of another partition",
      { ...sea(), ExclusiveStartKey: { album: { S: "mountain" }, taken: { N: "7" } } },
      "The provided starting key is outside query boundaries based on provided conditions",
    ],
    [
      "legacy parameters",
      { KeyConditions: { album: { ComparisonOperator: "EQ", AttributeValueList: [{ S: "sea" }] } } },
      "The local cloud takes expressions only; use them in place of the legacy KeyConditions",
    ],
  ])("%s", async (_, input, message) => {
    expect(await failure(query(input))).toEqual(["ValidationException", message]);
  });
});
