/** A function names what it uses: it may do just that, and reads the values by names that the compiler knows. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { linked } from "../../components/compute/linked.ts";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy, linkModules } from "../../engine/testing.ts";
import { generateLinks } from "../../scripts/link-types.ts";
import { byMessage, refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";
const root = join(import.meta.dirname, "../..");

const shop = () => {
  const photos = new terrace.Bucket("photos");
  const orders = new terrace.Queue("orders");
  return new terrace.Function("shop", {
    entry,
    link: { photos: [photos.read("public/"), photos.write("incoming/")], orders: orders.send() },
  });
};
const variablesOf = (stack: Deployment, name: string) =>
  (stack.resource("aws:lambda/function:Function", name).inputs.environment as { variables: Record<string, string> })
    .variables;

it("a function may do by its links what their verbs say, to these resources, and nothing else", async () => {
  const stack = await deploy(shop);
  const { Statement } = JSON.parse(String(stack.resource("aws:iam/rolePolicy:RolePolicy").inputs.policy));
  const bucket = stack.resource("aws:s3/bucket:Bucket").outputs.arn;
  expect(Statement.slice(1).map(({ Action, Resource }: Record<string, unknown>) => [Action, Resource])).toEqual([
    [["s3:GetObject"], [`${bucket}/public/*`]],
    [["s3:PutObject", "s3:AbortMultipartUpload"], [`${bucket}/incoming/*`]],
    [["sqs:SendMessage"], [stack.resource("aws:sqs/queue:Queue", "orders").outputs.arn]],
  ]);
});

it("reads the values of its links from one variable, by name, and names a link that it lacks", async () => {
  const stack = await deploy(shop);
  const { TERRACE_LINK } = variablesOf(stack, "shop");
  const link = linked<{ photos: { bucketName: string }; orders: { queueUrl: string }; gone: { url: string } }>();
  process.env.TERRACE_LINK = TERRACE_LINK;
  try {
    expect(link.photos.bucketName).toBe(stack.resource("aws:s3/bucket:Bucket").outputs.bucket);
    expect(link.orders.queueUrl).toBe(stack.resource("aws:sqs/queue:Queue", "orders").outputs.url);
    expect(() => link.gone).toThrow(
      'This function is not linked to "gone": add it to the Function\'s link, and deploy',
    );
  } finally {
    delete process.env.TERRACE_LINK;
  }
});

it("a function without links has neither the variable nor a type", async () => {
  const stack = await deploy(() => new terrace.Function("f", { entry }));
  expect(variablesOf(stack, "f")).not.toHaveProperty("TERRACE_LINK");
  expect([...linkModules(stack)]).toEqual([]);
});

it.each<[string, () => terrace.Link, string[], string[]]>([
  [
    "a table, read",
    () => table().read(),
    ["tableName"],
    ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"],
  ],
  [
    "a table, written",
    () => table().write(),
    ["tableName"],
    ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"],
  ],
  ["a topic", () => new terrace.Topic("t").publish(), ["topicArn"], ["sns:Publish"]],
  [
    "a stream",
    () => new terrace.Stream("t").put(),
    ["streamName"],
    ["kinesis:PutRecord", "kinesis:PutRecords", "kinesis:DescribeStreamSummary"],
  ],
  ["a function", () => new terrace.Function("t", { entry }).invoke(), ["functionName"], ["lambda:InvokeFunction"]],
  [
    "a queue, read",
    () => new terrace.Queue("t").receive(),
    ["queueUrl"],
    ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
  ],
  ["a bucket, listed", () => new terrace.Bucket("t").list("a/"), ["bucketName"], ["s3:ListBucket"]],
  ["a bucket, emptied", () => new terrace.Bucket("t").delete(), ["bucketName"], ["s3:DeleteObject"]],
  [
    "a topic that was there",
    () => terrace.Topic.get("t", { arn: "arn:aws:sns:eu-west-1:1:t" }).publish(),
    ["topicArn"],
    ["sns:Publish"],
  ],
  [
    "a database",
    () => terrace.Database.get("db", { clusterIdentifier: "shop" }).query(),
    ["clusterArn", "databaseName", "secretArn"],
    [
      ...["rds-data:ExecuteStatement", "rds-data:BatchExecuteStatement", "rds-data:BeginTransaction"],
      ...["rds-data:CommitTransaction", "rds-data:RollbackTransaction", "secretsmanager:GetSecretValue"],
    ],
  ],
])("%s: the values that using it takes, and the actions of the verb alone", async (_title, make, values, actions) => {
  const stack = await deploy(() => new terrace.Function("user", { entry, link: { it: make() } }));
  const policy = stack.all("aws:iam/rolePolicy:RolePolicy").find(({ name }) => name === "user-policy")!;
  const { Statement } = JSON.parse(String(policy.inputs.policy)) as {
    Statement: { Action: string[]; Resource: string[] }[];
  };
  expect(Statement.slice(1).flatMap(({ Action }) => Action)).toEqual(actions);
  for (const { Resource } of Statement) expect(Resource).not.toContain("*");
  expect(Object.keys(JSON.parse(variablesOf(stack, "user").TERRACE_LINK!).it).sort()).toEqual(values);
});

const table = () => new terrace.Table("t", { attributes: { id: "S" }, hashKey: "id" });

describe("generated types", () => {
  it("are a module beside each linked handler", async () => {
    const modules = linkModules(await deploy(shop));
    expect([...modules.keys()]).toEqual([join(entry, "link.ts")]);
    expect([...modules.values()][0]).toContain(
      "export type Link = {\n  orders: { readonly queueUrl: string };\n  photos: { readonly bucketName: string };\n};",
    );
  });

  it("of this repository are current: `npm run link:types` writes them", async () => {
    const modules = await generateLinks();
    expect([...modules.keys()]).toEqual([join("functions", "outbox", "link.ts")]);
    for (const [path, text] of modules) {
      expect([path, existsSync(join(root, path)) && readFileSync(join(root, path), "utf8")]).toEqual([path, text]);
    }
  }, 60_000);

  it("are refused for one handler that is linked in two ways", async () => {
    const stack = await deploy(() => {
      const queue = new terrace.Queue("orders");
      new terrace.Function("a", { entry, link: { orders: queue.send() } });
      new terrace.Function("b", { entry, link: { jobs: queue.send() } });
    });
    expect(() => linkModules(stack)).toThrow(`${entry} is linked in two ways, by "a" and "b"`);
  });
});

it.each(
  byMessage<() => unknown>([
    [
      () => new terrace.Function("f", { entry, link: { "order-queue": new terrace.Queue("q").send() } }),
      'Function "f": link.order-queue is "order-queue"; it has to be a name such as photos',
    ],
    [
      () => new terrace.Function("f", { entry, link: { photos: [] } }),
      'Function "f": link.photos is []; say what it may do',
    ],
    [
      () =>
        new terrace.Function("f", {
          entry,
          link: { queues: [new terrace.Queue("a").send(), new terrace.Queue("b").send()] },
        }),
      'Function "f": link.queues is "given"; its verbs are of different things, which both have a queueUrl',
    ],
    [
      () => new terrace.Function("f", { entry, link: { photos: new terrace.Bucket("b") as never } }),
      'Function "f": link.photos',
    ],
  ]),
)("refuses: %s", async (message, make) => {
  expect(await refused(make)).toContain(message);
});
