import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { type DynamoCloud, startDynamo } from "./fixture.ts";

const table = "arn:aws:dynamodb:eu-west-1:000000000000:table/photos";
const role = "arn:aws:iam::000000000000:role/reader";

let cloud: DynamoCloud;
let asTenant: DynamoDBClient;
beforeAll(async () => {
  cloud = await startDynamo({
    tables: [{ name: "photos", hashKey: "tenant", rangeKey: "id", attributes: { tenant: "S", id: "S" } }],
  });
  const statement = {
    Effect: "Allow",
    Action: ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"],
    Resource: table,
    Condition: { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["${aws:PrincipalTag/TenantId}"] } },
  };
  cloud.running.iam.roles.set(role, {
    arn: role,
    name: "reader",
    trustPolicy: JSON.stringify({ Version: "2012-10-17", Statement: [] }),
    maxSessionSeconds: 3600,
    policies: new Map([["photos", JSON.stringify({ Version: "2012-10-17", Statement: [statement] })]]),
  });
  asTenant = new DynamoDBClient(cloud.running.client(role, { TenantId: "acme" }));
});
afterAll(() => cloud.stop());

const key = (tenant: string) => ({ tenant: { S: tenant }, id: { S: "1" } });
const query = (tenant: string) =>
  new QueryCommand({
    TableName: "photos",
    KeyConditionExpression: "tenant = :t",
    ExpressionAttributeValues: { ":t": { S: tenant } },
  });
const denied = expect.objectContaining({ name: "AccessDeniedException" });

describe("a policy on dynamodb:LeadingKeys", () => {
  it("lets a tenant at its own partition", async () => {
    await asTenant.send(new PutItemCommand({ TableName: "photos", Item: key("acme") }));
    expect((await asTenant.send(new GetItemCommand({ TableName: "photos", Key: key("acme") }))).Item).toEqual(
      key("acme"),
    );
    expect((await asTenant.send(query("acme"))).Count).toBe(1);
  });

  it("keeps it out of every other, however it asks", async () => {
    const get = (tenants: string[]) =>
      new BatchGetItemCommand({ RequestItems: { photos: { Keys: tenants.map(key) } } });
    await expect(asTenant.send(new GetItemCommand({ TableName: "photos", Key: key("globex") }))).rejects.toEqual(
      denied,
    );
    await expect(asTenant.send(query("globex"))).rejects.toEqual(denied);
    await expect(asTenant.send(get(["acme", "globex"]))).rejects.toEqual(denied);
    const put = { Put: { TableName: "photos", Item: key("globex") } };
    await expect(asTenant.send(new TransactWriteItemsCommand({ TransactItems: [put] }))).rejects.toEqual(denied);
  });
});

describe("an action that no statement allows", () => {
  it("is denied, and the refusal names the action and the table", async () => {
    await expect(asTenant.send(new ScanCommand({ TableName: "photos" }))).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: expect.stringMatching(/dynamodb:Scan.*table\/photos/s),
    });
  });
});
