import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
} from "@aws-sdk/client-dynamodb";
import { type DynamoCloud, failure, startDynamo } from "./fixture.ts";

let cloud: DynamoCloud;
let client: DynamoDBClient;
beforeEach(async () => {
  cloud = await startDynamo({
    tables: [
      { name: "accounts", hashKey: "id", attributes: { id: "S" } },
      { name: "orders", hashKey: "id", attributes: { id: "S" } },
    ],
  });
  client = cloud.client;
});
afterEach(() => cloud.stop());

const key = (id: string) => ({ id: { S: id } });
const transact = (
  TransactItems: TransactWriteItemsCommandInput["TransactItems"],
  more: Partial<TransactWriteItemsCommandInput> = {},
) => client.send(new TransactWriteItemsCommand({ TransactItems, ...more }));
const balance = async (id: string) =>
  (await client.send(new GetItemCommand({ TableName: "accounts", Key: key(id) }))).Item?.balance?.N;
const pay = (id: string, amount: number, minimum?: number) => ({
  Update: {
    TableName: "accounts",
    Key: key(id),
    UpdateExpression: "ADD balance :amount",
    ...(minimum !== undefined && { ConditionExpression: "balance >= :minimum" }),
    ExpressionAttributeValues: {
      ":amount": { N: String(amount) },
      ...(minimum !== undefined && { ":minimum": { N: String(minimum) } }),
    },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  },
});

describe("a batch", () => {
  it("writes, deletes and reads over several tables", async () => {
    await client.send(
      new BatchWriteItemCommand({
        RequestItems: {
          accounts: ["a", "b"].map((id) => ({ PutRequest: { Item: key(id) } })),
          orders: [{ PutRequest: { Item: key("o") } }],
        },
      }),
    );
    await client.send(
      new BatchWriteItemCommand({ RequestItems: { accounts: [{ DeleteRequest: { Key: key("a") } }] } }),
    );
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({
        RequestItems: { accounts: { Keys: [key("a"), key("b")] }, orders: { Keys: [key("o")] } },
      }),
    );
    expect(Responses).toEqual({ accounts: [key("b")], orders: [key("o")] });
    expect(UnprocessedKeys).toEqual({});
  });

  it("of more than 25 writes, or naming an item twice, is refused", async () => {
    const put = (id: string) => ({ PutRequest: { Item: key(id) } });
    const write = (ids: string[]) =>
      failure(client.send(new BatchWriteItemCommand({ RequestItems: { accounts: ids.map(put) } })));
    expect(await write(Array.from({ length: 26 }, (_, at) => `${at}`))).toEqual([
      "ValidationException",
      "Too many items requested for the BatchWriteItem call",
    ]);
    expect(await write(["a", "a"])).toEqual(["ValidationException", "Provided list of item keys contains duplicates"]);
  });
});

describe("a transaction", () => {
  it("happens whole", async () => {
    await transact([pay("a", 10), pay("b", 5)]);
    await transact([pay("a", -4, 4), pay("b", 4), { Put: { TableName: "orders", Item: key("o") } }]);
    expect([await balance("a"), await balance("b")]).toEqual(["6", "9"]);
    const { Responses } = await client.send(
      new TransactGetItemsCommand({
        TransactItems: [
          { Get: { TableName: "orders", Key: key("o") } },
          { Get: { TableName: "orders", Key: key("none") } },
        ],
      }),
    );
    expect(Responses).toEqual([{ Item: key("o") }, {}]);
  });

  it("or not at all, and says which part refused", async () => {
    await transact([pay("a", 10)]);
    await expect(transact([pay("b", 100), pay("a", -100, 100)])).rejects.toMatchObject({
      name: "TransactionCanceledException",
      message:
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]",
      CancellationReasons: [
        { Code: "None" },
        {
          Code: "ConditionalCheckFailed",
          Message: "The conditional request failed",
          Item: { ...key("a"), balance: { N: "10" } },
        },
      ],
    });
    expect([await balance("a"), await balance("b")]).toEqual(["10", undefined]);
  });

  it("with a condition check alone changes nothing", async () => {
    const check = { TableName: "accounts", Key: key("a"), ConditionExpression: "attribute_exists(id)" };
    expect(await failure(transact([{ ConditionCheck: check }, pay("b", 1)]))).toMatchObject([
      "TransactionCanceledException",
      expect.anything(),
    ]);
    await transact([pay("a", 1)]);
    await transact([{ ConditionCheck: check }, pay("b", 1)]);
    expect([await balance("a"), await balance("b")]).toEqual(["1", "1"]);
  });

  it("repeated with its token happens once; the token with another content is refused", async () => {
    const token = { ClientRequestToken: "order-1" };
    await transact([pay("a", 10)], token);
    await transact([pay("a", 10)], token);
    expect(await balance("a")).toBe("10");
    const [code] = await failure(transact([pay("a", 11)], token));
    expect(code).toBe("IdempotentParameterMismatchException");
    await cloud.clock.advance(10 * 60_000);
    await transact([pay("a", 10)], token);
    expect(await balance("a")).toBe("20");
  });

  it("must not touch one item twice", async () => {
    expect(await failure(transact([pay("a", 1), pay("a", 2)]))).toEqual([
      "ValidationException",
      "Transaction request cannot include multiple operations on one item",
    ]);
  });
});
