/** What is there already is used as it is: nothing about it is changed, and the components around it work with it. */
import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { byMessage, refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";

/** What a component's outputs are once they are known. */
async function outputsOf(make: () => object): Promise<[Record<string, unknown>, Deployment]> {
  let outputs = {};
  const stack = await deploy(() => {
    const component = make();
    const plain = Object.entries(component).filter(([key]) => !key.startsWith("__") && key !== "urn");
    pulumi.output(Object.fromEntries(plain.filter(([, value]) => pulumi.Output.isInstance(value)))).apply((known) => {
      outputs = known;
    });
  });
  return [outputs, stack];
}

const existing: [string, () => object, object][] = [
  [
    "Queue",
    () => terrace.Queue.get("jobs", { queueName: "jobs", deadLetterName: "dead" }),
    { arn: "arn:aws:sqs:eu-west-1:000000000000:jobs", deadLetterArn: "arn:aws:sqs:eu-west-1:000000000000:dead" },
  ],
  [
    "Topic",
    () => terrace.Topic.get("orders", { arn: "arn:aws:sns:eu-west-1:111122223333:orders" }),
    { arn: "arn:aws:sns:eu-west-1:111122223333:orders", topicName: "orders" },
  ],
  [
    "Table",
    () => terrace.Table.get("orders", { tableName: "shop-orders" }),
    { arn: "arn:aws:dynamodb:eu-west-1:000000000000:table/shop-orders", tableName: "shop-orders" },
  ],
  [
    "Bucket",
    () => terrace.Bucket.get("photos", "acme-photos"),
    { arn: "arn:aws:s3:::acme-photos", bucketName: "acme-photos" },
  ],
  [
    "Database",
    () => terrace.Database.get("db", { clusterIdentifier: "shop", databaseName: "shop" }),
    { clusterArn: "arn:aws:rds:eu-west-1:000000000000:cluster:shop" },
  ],
  [
    "Network",
    () => terrace.Network.get("net", { vpcId: "vpc-1", isolatedSubnetIds: ["subnet-1", "subnet-2"] }),
    { vpcId: "vpc-1", isolatedSubnetIds: ["subnet-1", "subnet-2"] },
  ],
  ["HostedZone", () => terrace.HostedZone.get("zone", "example.com"), { zoneId: expect.stringMatching(/^Z/) }],
  [
    "UserPool",
    () => terrace.UserPool.get("users", { userPoolId: "eu-west-1_Ab", clientId: "client" }),
    {
      arn: "arn:aws:cognito-idp:eu-west-1:000000000000:userpool/eu-west-1_Ab",
      endpoint: "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab",
      clientId: "client",
    },
  ],
];

it.each(existing)(
  "an existing %s has the outputs of a new one, and is not Pulumi's to change",
  async (_type, make, known) => {
    const [outputs, stack] = await outputsOf(make);
    expect(outputs).toMatchObject(known);
    expect(stack.resources.filter(({ custom }) => custom)).toEqual([]);
  },
);

it("an existing queue feeds a function, with the grants and the visibility that this takes", async () => {
  const wire = (visibilityTimeoutSeconds?: number) => () => {
    const queue = terrace.Queue.get("jobs", { queueName: "jobs", deadLetterName: "dead", visibilityTimeoutSeconds });
    queue.consume("jobs", new terrace.Function("f", { entry, grants: [terrace.grantConsume(queue.arn)] }));
  };
  const stack = await deploy(wire(60));
  expect(stack.resource("EventSourceMapping").inputs.eventSourceArn).toBe("arn:aws:sqs:eu-west-1:000000000000:jobs");
  expect(await refused(wire())).toContain('Queue "jobs": visibilityTimeoutSeconds is 30; its consumer');
});

it("an existing topic of another account reaches a new queue, which lets that topic alone send", async () => {
  const stack = await deploy(() => {
    const topic = terrace.Topic.get("orders", { arn: "arn:aws:sns:eu-west-1:111122223333:orders" });
    topic.subscribe("jobs", new terrace.Queue("jobs"));
  });
  const [allow] = JSON.parse(String(stack.resource("QueuePolicy", "jobs-policy").inputs.policy)).Statement;
  expect(allow.Condition).toEqual({
    ArnEquals: { "aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:orders" },
    StringEquals: { "aws:SourceAccount": "111122223333" },
  });
});

it("an existing table's stream feeds a function where it is said to be on", async () => {
  const wire = (stream: boolean) => () =>
    terrace.Table.get("orders", { tableName: "orders", stream }).consume("f", new terrace.Function("f", { entry }));
  const stack = await deploy(wire(true));
  expect(stack.resource("EventSourceMapping").inputs.eventSourceArn).toMatch(/table\/orders\/stream\//);
  expect(await refused(wire(false))).toContain('Table "orders": stream is missing');
});

it.each(
  byMessage<() => unknown>([
    [
      () =>
        terrace.Queue.get("jobs", { queueName: "jobs", deadLetterName: "dead" }).acceptFrom(
          "a",
          "sns.amazonaws.com",
          "arn:a",
          "1",
        ),
      'Queue "jobs": existing is "given"; an existing queue\'s policy is whose it is',
    ],
    [
      () => new terrace.Queue("jobs", { existing: { queueName: "jobs", deadLetterName: "dead" }, delaySeconds: 5 }),
      'Queue "jobs": delaySeconds is "given"; an existing queue stays as it is',
    ],
    [
      () => terrace.Topic.get("orders", { arn: "orders" }),
      'Topic "orders": existing.arn is "orders"; it has to be an ARN',
    ],
    [
      () => new terrace.Topic("orders", { existing: { arn: "arn:aws:sns:eu-west-1:1:orders" }, archiveDays: 5 }),
      'Topic "orders": archiveDays is "given"; an existing topic stays as it is',
    ],
    [
      () => new terrace.Table("t", { existing: { tableName: "t" }, attributes: {}, hashKey: "", ttlAttribute: "at" }),
      'Table "t": ttlAttribute is "given"; an existing table stays as it is',
    ],
    [
      () => new terrace.HostedZone("z", { zone: "example.com", existing: true, dnssec: true }),
      'HostedZone "z": dnssec is "given"; an existing zone stays as it is',
    ],
    [
      () => new terrace.UserPool("u", { existing: { userPoolId: "p", clientId: "c" }, mfa: "required" }),
      'UserPool "u": mfa is "given"; an existing user pool stays as it is',
    ],
  ]),
)("refuses: %s", async (message, make) => {
  expect(await refused(make)).toContain(message);
});
