/** Policies on single attributes: what they are asked, and what they let through, by the unmodified SDK client. */
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { accessedAttributes } from "../../../local/services/dynamodb/accessed-attributes.ts";
import { type DynamoCloud, startDynamo } from "./fixture.ts";

describe("what a request speaks of", () => {
  it.each<[what: string, request: Parameters<typeof accessedAttributes>[0], names: string[]]>([
    ["key and item", { Key: { id: { S: "1" } }, Item: { id: { S: "1" }, name: { S: "x" } } }, ["id", "name"]],
    [
      "a projection's tops, not what is below",
      { ProjectionExpression: "a.b[0].c, d[1], #e.f", ExpressionAttributeNames: { "#e": "e.x" } },
      ["a", "d", "e.x"],
    ],
    [
      "an update's",
      {
        UpdateExpression: "SET a = if_not_exists(b, :zero) + :one REMOVE c.d ADD e :f DELETE #g :h",
        ExpressionAttributeNames: { "#g": "G" },
      },
      ["a", "b", "c", "e", "G"],
    ],
    [
      "a condition's",
      { ConditionExpression: "attribute_exists(a) AND (size(b) > :n OR NOT c BETWEEN :x AND :y) and d IN (:p, :q)" },
      ["a", "b", "c", "d"],
    ],
    [
      "a query's",
      { KeyConditionExpression: "id = :id AND begins_with(at, :day)", FilterExpression: "contains(tags, :t)" },
      ["id", "at", "tags"],
    ],
    ["an undefined placeholder, as it stands", { ProjectionExpression: "#none" }, ["#none"]],
  ])("%s", (_what, request, names) => {
    expect(accessedAttributes(request)).toEqual(names);
  });
});

describe("a policy on dynamodb:Attributes", () => {
  const role = "arn:aws:iam::000000000000:role/clerk";
  const TableName = "people";
  let cloud: DynamoCloud;
  let clerk: DynamoDBClient;

  beforeAll(async () => {
    cloud = await startDynamo({ tables: [{ name: TableName, hashKey: "id", attributes: { id: "S" } }] });
    const statement = {
      Effect: "Allow",
      Action: "dynamodb:*",
      Resource: `arn:aws:dynamodb:*:*:table/${TableName}`,
      // As AWS's own example has it.
      Condition: {
        "ForAllValues:StringEquals": { "dynamodb:Attributes": ["id", "name"] },
        StringEqualsIfExists: {
          "dynamodb:Select": "SPECIFIC_ATTRIBUTES",
          "dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"],
        },
      },
    };
    cloud.running.iam.roles.set(role, {
      ...{ arn: role, name: "clerk", trustPolicy: '{"Statement":[]}', maxSessionSeconds: 3600 },
      policies: new Map([["own", JSON.stringify({ Version: "2012-10-17", Statement: [statement] })]]),
    });
    clerk = new DynamoDBClient({ ...cloud.running.client(role), maxAttempts: 1 });
  });
  afterAll(() => cloud.stop());

  const Key = { id: { S: "1" } };
  const named = { ...Key, name: { S: "ann" } };
  const paid = { ...Key, salary: { N: "1" } };
  const outcome = (command: object) =>
    clerk.send(command as GetItemCommand).then(
      () => "allowed",
      ({ name }: Error) => name,
    );

  it.each<[what: string, command: object]>([
    ["writes them", new PutItemCommand({ TableName, Item: named })],
    [
      "reads them by name",
      new GetItemCommand({
        TableName,
        Key,
        ProjectionExpression: "id, #n",
        ExpressionAttributeNames: { "#n": "name" },
      }),
    ],
    [
      "changes them",
      new UpdateItemCommand({
        TableName,
        Key,
        UpdateExpression: "SET #n = :x",
        ExpressionAttributeNames: { "#n": "name" },
        ExpressionAttributeValues: { ":x": { S: "bob" } },
        ReturnValues: "UPDATED_NEW",
      }),
    ],
    [
      "writes them in a batch",
      new BatchWriteItemCommand({ RequestItems: { [TableName]: [{ PutRequest: { Item: named } }] } }),
    ],
  ])("%s", async (_what, command) => {
    expect(await outcome(command)).toBe("allowed");
  });

  it.each<[what: string, command: object]>([
    ["writes another", new PutItemCommand({ TableName, Item: paid })],
    [
      "writes another in a batch",
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: [{ PutRequest: { Item: named } }, { PutRequest: { Item: { ...paid, id: { S: "2" } } } }],
        },
      }),
    ],
    [
      "writes another in a transaction",
      new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item: paid } }] }),
    ],
    ["reads another", new GetItemCommand({ TableName, Key, ProjectionExpression: "salary" })],
    ["reads all, naming none", new GetItemCommand({ TableName, Key })],
    ["reads all of a batch", new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [Key] } } })],
    ["scans all", new ScanCommand({ TableName })],
    [
      "filters by another",
      new QueryCommand({
        TableName,
        KeyConditionExpression: "id = :i",
        FilterExpression: "salary > :s",
        ProjectionExpression: "id",
        ExpressionAttributeValues: { ":i": { S: "1" }, ":s": { N: "0" } },
      }),
    ],
    [
      "makes its write depend on another",
      new PutItemCommand({ TableName, Item: named, ConditionExpression: "attribute_not_exists(salary)" }),
    ],
    [
      "has the whole item returned",
      new UpdateItemCommand({
        TableName,
        Key,
        UpdateExpression: "REMOVE #n",
        ExpressionAttributeNames: { "#n": "name" },
        ReturnValues: "ALL_OLD",
      }),
    ],
  ])("refuses who %s", async (_what, command) => {
    expect(await outcome(command)).toBe("AccessDeniedException");
  });
});
