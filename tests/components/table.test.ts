import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { deploy } from "../../engine/testing.ts";
import { refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";
const key = "arn:aws:kms:eu-west-1:000000000000:key/11111111-2222-3333-4444-555555555555";
const keys = { attributes: { tenantId: "S", orderId: "S" }, hashKey: "tenantId", rangeKey: "orderId" } as const;

const tableOf = async (args: Partial<terrace.TableArgs>) => {
  const stack = await deploy(() => {
    new terrace.Table("orders", { ...keys, ...args });
  });
  return stack.resource("aws:dynamodb/table:Table");
};

describe("Table", () => {
  it("has no stream, replicas, bounds or colder class unless told so", async () => {
    expect((await tableOf({})).inputs).toEqual({
      billingMode: "PAY_PER_REQUEST",
      hashKey: "tenantId",
      rangeKey: "orderId",
      attributes: [
        { name: "tenantId", type: "S" },
        { name: "orderId", type: "S" },
      ],
      globalSecondaryIndexes: [],
      pointInTimeRecovery: { enabled: true },
      serverSideEncryption: { enabled: true },
      deletionProtectionEnabled: true,
    });
  });

  it("goes in one go in development", async () => {
    const { inputs, options } = await tableOf({ protection: "disposable" });
    expect(inputs).toMatchObject({ pointInTimeRecovery: { enabled: false }, deletionProtectionEnabled: false });
    expect(options.protect).toBeUndefined();
  });

  it("has indexes with all attributes, some, or the keys alone", async () => {
    const { inputs } = await tableOf({
      attributes: { tenantId: "S", orderId: "S", state: "S", placed: "N" },
      indexes: {
        byState: { hashKey: "state", rangeKey: "placed", projection: ["total"] },
        byOrder: { hashKey: "orderId", projection: "keys" },
        all: { hashKey: "state" },
      },
      localIndexes: { byTime: { rangeKey: "placed" } },
    });
    expect(inputs.globalSecondaryIndexes).toEqual([
      { name: "byState", hashKey: "state", rangeKey: "placed", projectionType: "INCLUDE", nonKeyAttributes: ["total"] },
      { name: "byOrder", hashKey: "orderId", projectionType: "KEYS_ONLY" },
      { name: "all", hashKey: "state", projectionType: "ALL" },
    ]);
    expect(inputs.localSecondaryIndexes).toEqual([{ name: "byTime", rangeKey: "placed", projectionType: "ALL" }]);
  });

  it("has replicas that are as protected as itself, fed by both images of a change", async () => {
    const replicas = { "eu-central-1": { kmsKeyArn: pulumi.output(key) } };
    const { inputs } = await tableOf({ replicas, kmsKeyArn: key });
    expect(inputs).toMatchObject({
      ...{ streamEnabled: true, streamViewType: "NEW_AND_OLD_IMAGES" },
      serverSideEncryption: { enabled: true, kmsKeyArn: key },
      replicas: [
        {
          ...{ regionName: "eu-central-1", kmsKeyArn: key, propagateTags: true },
          ...{ pointInTimeRecovery: true, deletionProtectionEnabled: true },
        },
      ],
    });
  });

  it("is bounded, colder and recoverable for as long as it is told", async () => {
    const maximumThroughput = { read: 100, write: 50 };
    expect((await tableOf({ maximumThroughput, tableClass: "infrequent", recoveryDays: 7 })).inputs).toMatchObject({
      onDemandThroughput: { maxReadRequestUnits: 100, maxWriteRequestUnits: 50 },
      tableClass: "STANDARD_INFREQUENT_ACCESS",
      pointInTimeRecovery: { enabled: true, recoveryPeriodInDays: 7 },
    });
  });

  it("feeds its changes to a function that may read them and no item", async () => {
    const stack = await deploy(() => {
      const orders = new terrace.Table("orders", { ...keys, stream: "NEW_IMAGE" });
      orders.consume("search", new terrace.Function("search", { entry }), { filters: [{ eventName: ["INSERT"] }] });
    });
    const { streamArn } = stack.resource("aws:dynamodb/table:Table").outputs;
    expect(stack.resource("EventSourceMapping").inputs).toMatchObject({
      eventSourceArn: streamArn,
      bisectBatchOnFunctionError: true,
      functionResponseTypes: ["ReportBatchItemFailures"],
      filterCriteria: { filters: [{ pattern: '{"eventName":["INSERT"]}' }] },
      destinationConfig: { onFailure: { destinationArn: stack.resource("aws:sqs/queue:Queue").outputs.arn } },
    });
    const policy = stack.resource("aws:iam/rolePolicy:RolePolicy", "search-source-grants").inputs.policy;
    expect(JSON.parse(String(policy)).Statement[0]).toEqual({
      Effect: "Allow",
      Action: ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListShards"],
      Resource: [streamArn],
    });
  });

  it("grants a tenant the items of its own key, and no scan, which has none", async () => {
    const stack = await deploy(() => {
      const { arn } = new terrace.Table("orders", keys);
      new terrace.Function("api", {
        entry,
        grants: [terrace.grantReadTenant(arn), terrace.grantWriteTenant(arn, "acme")],
      });
    });
    const [, read, write] = JSON.parse(String(stack.resource("RolePolicy", "api-policy").inputs.policy)).Statement;
    expect(read.Action).not.toContain("dynamodb:Scan");
    expect(read.Condition).toEqual({
      "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["${aws:PrincipalTag/TenantId}"] },
      Null: { "dynamodb:LeadingKeys": "false" },
    });
    expect(write.Condition["ForAllValues:StringEquals"]).toEqual({ "dynamodb:LeadingKeys": ["acme"] });
  });

  it.each<[Partial<terrace.TableArgs>, string]>([
    [{ tableName: "a" }, 'tableName is "a"; it has to be 3 to 255'],
    [{ localIndexes: { byTime: { rangeKey: "at" } } }, 'attributes.at is missing; a key or index names "at"'],
    [
      { rangeKey: undefined, attributes: { tenantId: "S", at: "N" }, localIndexes: { byTime: { rangeKey: "at" } } },
      "rangeKey is missing; a table with localIndexes has one",
    ],
    [{ indexes: { x: { hashKey: "orderId" } } }, 'indexes.x is "x"; it has to be a name of 3 to 255'],
    [
      { indexes: { byX: { hashKey: "orderId", projection: [] } } },
      'indexes.byX.projection is []; name attributes, or say "keys"',
    ],
    [
      { indexes: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`by${n}x`, { hashKey: "orderId" }])) },
      "indexes is 21; DynamoDB takes at most 20",
    ],
    [{ recoveryDays: 36 }, "recoveryDays is 36; it has to be a number from 1 to 35"],
    [{ maximumThroughput: { read: 0 } }, "maximumThroughput.read is 0"],
    [{ maximumThroughput: { write: 0 } }, "maximumThroughput.write is 0"],
    [{ replicas: {} }, "replicas is {}; name at least one region"],
    [{ replicas: { europe: {} } }, 'replicas.europe is "europe"; it has to be a region such as eu-central-1'],
    [{ replicas: { "eu-central-1": {} }, stream: "NEW_IMAGE" }, 'stream is "NEW_IMAGE"; replicas are fed by it'],
    [
      { replicas: { "eu-central-1": {} }, kmsKeyArn: key },
      "replicas.eu-central-1.kmsKeyArn is missing; the table has a key",
    ],
    [{ kmsKeyArn: pulumi.output("mine") }, 'kmsKeyArn is "mine"; it has to be an ARN such as arn:aws:kms:…'],
  ])("refuses %.70j", async (args, message) => {
    const said = await refused(() => {
      new terrace.Table("orders", { ...keys, protection: "disposable", ...args });
    });
    expect(said).toContain(`Table "orders": ${message}`);
  });

  it("refuses a consumer where it has no stream", async () => {
    const said = await refused(() => {
      new terrace.Table("orders", keys).consume("search", new terrace.Function("search", { entry }));
    });
    expect(said).toContain('Table "orders": stream is missing; say what consumers see');
  });
});
