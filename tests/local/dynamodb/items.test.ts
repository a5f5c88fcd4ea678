import {
  type AttributeValue,
  DeleteItemCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { type DynamoCloud, failure, startDynamo } from "./fixture.ts";

let cloud: DynamoCloud;
let client: DynamoDBClient;
beforeEach(async () => {
  cloud = await startDynamo({
    tables: [{ name: "photos", hashKey: "album", rangeKey: "taken", attributes: { album: "S", taken: "N" } }],
  });
  client = cloud.client;
});
afterEach(() => cloud.stop());

const key = { album: { S: "sea" }, taken: { N: "1" } };
const get = async (Key: Record<string, AttributeValue> = key) =>
  (await client.send(new GetItemCommand({ TableName: "photos", Key }))).Item;
const put = (item: Record<string, AttributeValue>, more: object = {}) =>
  client.send(new PutItemCommand({ TableName: "photos", Item: { ...key, ...item }, ...more }));
const update = (UpdateExpression: string, more: object = {}) =>
  client.send(new UpdateItemCommand({ TableName: "photos", Key: key, UpdateExpression, ...more }));

describe("an item", () => {
  it("comes back as it was put, every type of attribute", async () => {
    const item = {
      text: { S: "ü" },
      bytes: { B: new Uint8Array([0, 255]) },
      yes: { BOOL: true },
      nothing: { NULL: true },
      list: { L: [{ N: "1" }, { M: { deep: { BS: [new Uint8Array([1])] } } }] },
      names: { SS: ["a", "b"] },
      numbers: { NS: ["1", "2.5"] },
      large: { N: "12345678901234567890123456789012345678" },
    } satisfies Record<string, AttributeValue>;
    await put(item);
    expect(await get()).toEqual({ ...key, ...item });
  });

  it("is found by an equal number, however it was written", async () => {
    await put({});
    expect(await get({ album: { S: "sea" }, taken: { N: "1.00" } })).toEqual(key);
  });

  it("outlives the process", async () => {
    await put({ text: { S: "kept" } });
    await cloud.restart();
    client = cloud.client;
    expect(await get()).toMatchObject({ text: { S: "kept" } });
  });

  it("is returned as it was by ALL_OLD, and gone after DeleteItem", async () => {
    await put({ text: { S: "old" } });
    const replaced = await put({ text: { S: "new" } }, { ReturnValues: "ALL_OLD" });
    expect(replaced.Attributes).toMatchObject({ text: { S: "old" } });
    const deleted = await client.send(
      new DeleteItemCommand({ TableName: "photos", Key: key, ReturnValues: "ALL_OLD" }),
    );
    expect(deleted.Attributes).toMatchObject({ text: { S: "new" } });
    expect(await get()).toBeUndefined();
  });

  it("may be read in part", async () => {
    await put({ a: { M: { b: { L: [{ N: "1" }, { N: "2" }] } } }, c: { S: "x" } });
    const request = { TableName: "photos", Key: key, ProjectionExpression: "a.b[1], #c" };
    const { Item } = await client.send(new GetItemCommand({ ...request, ExpressionAttributeNames: { "#c": "c" } }));
    expect(Item).toEqual({ a: { M: { b: { L: [{ N: "2" }] } } }, c: { S: "x" } });
  });
});

describe("UpdateItem", () => {
  it("makes the item where there is none", async () => {
    await update("ADD hits :one", { ExpressionAttributeValues: { ":one": { N: "1" } } });
    expect(await get()).toEqual({ ...key, hits: { N: "1" } });
  });

  it("returns what ReturnValues asks for", async () => {
    await put({ a: { N: "1" }, b: { N: "1" } });
    const values = { ExpressionAttributeValues: { ":v": { N: "2" } } };
    const returned = async (ReturnValues: string) =>
      (await update("SET a = :v", { ...values, ReturnValues })).Attributes;
    expect(await returned("UPDATED_OLD")).toEqual({ a: { N: "1" } });
    expect(await returned("UPDATED_NEW")).toEqual({ a: { N: "2" } });
    expect(await returned("ALL_NEW")).toEqual({ ...key, a: { N: "2" }, b: { N: "1" } });
    expect(await returned("NONE")).toBeUndefined();
  });

  it("never changes a key", async () => {
    expect(await failure(update("SET taken = :v", { ExpressionAttributeValues: { ":v": { N: "2" } } }))).toEqual([
      "ValidationException",
      "One or more parameter values were invalid: Cannot update attribute taken. This attribute is part of the key",
    ]);
  });
});

describe("a condition that does not hold", () => {
  it("refuses the write and leaves the item alone", async () => {
    await put({ state: { S: "first" } });
    const second = put({ state: { S: "second" } }, { ConditionExpression: "attribute_not_exists(album)" });
    expect(await failure(second)).toEqual(["ConditionalCheckFailedException", "The conditional request failed"]);
    expect(await get()).toMatchObject({ state: { S: "first" } });
  });

  it("hands back the item it met, when asked to", async () => {
    await put({ version: { N: "3" } });
    const conditional = {
      ConditionExpression: "version = :v",
      ExpressionAttributeValues: { ":v": { N: "2" } },
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    };
    await expect(put({}, conditional)).rejects.toMatchObject({
      name: "ConditionalCheckFailedException",
      Item: { ...key, version: { N: "3" } },
    });
  });
});

describe("a request that DynamoDB would refuse is refused in its words:", () => {
  it.each<[string, () => Promise<unknown>, string, string]>([
    [
      "an unknown table",
      () => client.send(new GetItemCommand({ TableName: "absent", Key: key })),
      "ResourceNotFoundException",
      "Requested resource not found",
    ],
    [
      "a key of another shape",
      () => get({ album: { S: "sea" } }),
      "ValidationException",
      "The provided key element does not match the schema",
    ],
    [
      "an item without its range key",
      () => client.send(new PutItemCommand({ TableName: "photos", Item: { album: { S: "sea" } } })),
      "ValidationException",
      "One or more parameter values were invalid: Missing the key taken in the item",
    ],
    [
      "a key of the wrong type",
      () => put({ taken: { S: "1" } }),
      "ValidationException",
      "One or more parameter values were invalid: Type mismatch for key taken expected: N actual: S",
    ],
    [
      "an empty key",
      () => put({ album: { S: "" } }),
      "ValidationException",
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: album",
    ],
    [
      "an item over 400 KB",
      () => put({ text: { S: "x".repeat(400 * 1024) } }),
      "ValidationException",
      "Item size has exceeded the maximum allowed size",
    ],
    [
      "an update that grows the item over 400 KB",
      () => update("SET big = :v", { ExpressionAttributeValues: { ":v": { S: "x".repeat(400 * 1024) } } }),
      "ValidationException",
      "Item size to update has exceeded the maximum allowed size",
    ],
    [
      "an empty set",
      () => put({ names: { SS: [] } }),
      "ValidationException",
      "One or more parameter values were invalid: An string set  may not be empty",
    ],
    [
      "a set with duplicates",
      () => put({ names: { SS: ["a", "a"] } }),
      "ValidationException",
      "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
    ],
    [
      "values without an expression",
      () => put({}, { ExpressionAttributeValues: { ":v": { S: "x" } } }),
      "ValidationException",
      "ExpressionAttributeValues can only be specified when using expressions",
    ],
    [
      "a ReturnValues that PutItem does not know",
      () => put({}, { ReturnValues: "ALL_NEW" }),
      "ValidationException",
      "Return values set to invalid value",
    ],
  ])("%s", async (_, act, code, message) => {
    expect(await failure(act())).toEqual([code, message]);
  });
});

describe("time to live", () => {
  it("an item disappears when the clock passes its expiry, and not before", async () => {
    await cloud.provision({
      name: "sessions",
      hashKey: "id",
      attributes: { id: "S" },
      ttl: { enabled: true, attributeName: "expires" },
    });
    const expires = Math.floor(cloud.clock.now() / 1000) + 60;
    const Item = { id: { S: "a" }, expires: { N: String(expires) } };
    await client.send(new PutItemCommand({ TableName: "sessions", Item }));
    const read = async () =>
      (await client.send(new GetItemCommand({ TableName: "sessions", Key: { id: { S: "a" } } }))).Item;
    await cloud.clock.advance(59_000);
    expect(await read()).toEqual(Item);
    await cloud.clock.advance(2_000);
    expect(await read()).toBeUndefined();
  });

  it("what expired is cleared away at the next start", async () => {
    const sessions = {
      name: "sessions",
      hashKey: "id",
      attributes: { id: "S" as const },
      ttl: { enabled: true, attributeName: "expires" },
    };
    await cloud.provision(sessions);
    for (const [id, seconds] of [
      ["old", 60],
      ["young", 3600],
    ] as const) {
      const expires = { N: String(Math.floor(cloud.clock.now() / 1000) + seconds) };
      await client.send(new PutItemCommand({ TableName: "sessions", Item: { id: { S: id }, expires } }));
    }
    await cloud.clock.advance(61_000);
    await cloud.restart();
    await cloud.provision(sessions);
    const { Table } = await cloud.client.send(new DescribeTableCommand({ TableName: "sessions" }));
    expect(Table!.ItemCount).toBe(1);
  });
});
