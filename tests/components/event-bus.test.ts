import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";
const pattern = { "detail-type": ["order.paid"] };
const key = "arn:aws:kms:eu-west-1:000000000000:key/11111111-2222-3333-4444-555555555555";

const policyOf = (stack: Deployment, type: string, name: string) =>
  JSON.parse(String(stack.resource(type, name).inputs.policy)).Statement as Record<string, never>[];

/** A bus with one rule to a function, unless another target is made. */
const ruled = (
  args: Partial<terrace.RuleArgs> = {},
  target: (bus: terrace.EventBus) => terrace.RuleTarget = () => ({ function: new terrace.Function("ship", { entry }) }),
) => {
  return () => {
    const bus = new terrace.EventBus("orders", { protection: "disposable" });
    bus.rule("paid", { pattern, target: target(bus), ...args });
  };
};

const targetOf = (stack: Deployment) => stack.resource("aws:cloudwatch/eventTarget:EventTarget").inputs;

describe("EventBus", () => {
  it("is protected and can replay a week, unless told otherwise", async () => {
    const stack = await deploy(() => new terrace.EventBus("orders"));
    const bus = stack.resource("aws:cloudwatch/eventBus:EventBus");
    expect(bus.options.protect).toBe(true);
    expect(stack.resource("aws:cloudwatch/eventArchive:EventArchive").inputs).toEqual({
      eventSourceArn: bus.outputs.arn,
      retentionDays: 7,
    });
  });

  it("keeps nothing and goes in one go in development", async () => {
    const stack = await deploy(() => {
      new terrace.EventBus("orders", { protection: "disposable" });
    });
    expect(stack.all("aws:cloudwatch/eventArchive:EventArchive")).toEqual([]);
    expect(stack.resource("aws:cloudwatch/eventBus:EventBus").options.protect).toBeUndefined();
  });

  it("keeps what its archive says, under a name that EventBridge takes", async () => {
    const busName = `shop-${"x".repeat(60)}`;
    const archive = { days: 30, pattern: { source: ["shop"] } };
    const stack = await deploy(
      () => new terrace.EventBus("orders", { busName, archive, kmsKeyArn: pulumi.output(key) }),
    );
    const { inputs } = stack.resource("aws:cloudwatch/eventArchive:EventArchive");
    expect(inputs).toMatchObject({ retentionDays: 30, eventPattern: '{"source":["shop"]}' });
    expect(String(inputs.name)).toMatch(/^shop-x+-[0-9a-f]{8}$/);
    expect(String(inputs.name).length).toBeLessThanOrEqual(48);
    expect(stack.resource("aws:cloudwatch/eventBus:EventBus").inputs).toMatchObject({
      name: busName,
      kmsKeyIdentifier: key,
    });
  });

  it("lets other accounts in by number and source, and has no policy at all without them", async () => {
    const publishers = [{ account: "111122223333", sources: ["billing"] }];
    const stack = await deploy(() => new terrace.EventBus("orders", { publishers }));
    expect(policyOf(stack, "aws:cloudwatch/eventBusPolicy:EventBusPolicy", "orders-policy")).toEqual([
      {
        Sid: "From111122223333",
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::111122223333:root" },
        Action: "events:PutEvents",
        Resource: stack.resource("aws:cloudwatch/eventBus:EventBus").outputs.arn,
        Condition: { StringEquals: { "events:source": ["billing"] } },
      },
    ]);
    const alone = await deploy(() => new terrace.EventBus("orders"));
    expect(alone.all("aws:cloudwatch/eventBusPolicy:EventBusPolicy")).toEqual([]);
  });

  it("grants to put events on this bus, from the sources named", async () => {
    const stack = await deploy(() => {
      const bus = new terrace.EventBus("orders");
      new terrace.Function("shop", { entry, grants: [terrace.grantPutEvents(bus.arn, ["shop"])] });
    });
    expect(policyOf(stack, "aws:iam/rolePolicy:RolePolicy", "shop-policy")[1]).toEqual({
      Effect: "Allow",
      Action: ["events:PutEvents"],
      Resource: [stack.resource("aws:cloudwatch/eventBus:EventBus").outputs.arn],
      Condition: { StringEquals: { "events:source": ["shop"] } },
    });
  });

  it.each<[terrace.EventBusArgs, string]>([
    [{ busName: "default" }, 'busName is "default"; it has to be 1 to 256 letters'],
    [{ description: "x".repeat(513) }, "description is"],
    [{ archive: { days: -1 } }, "archive.days is -1; it has to be a number from 0 to 36500"],
    [
      { archive: { days: 1, pattern: { type: ["x"] } as never } },
      'archive.pattern.type is ["x"]; an event has no such field',
    ],
    [
      { publishers: [{ account: "*", sources: ["a"] }] },
      'publishers[0].account is "*"; it has to be an account of 12 digits',
    ],
    [{ publishers: [{ account: "111122223333", sources: [] }] }, "publishers[0].sources is []; name the sources"],
    [{ publishers: [{ account: "111122223333", sources: ["*"] }] }, 'publishers[0].sources is ["*"]; name the sources'],
    [
      { publishers: ["a", "b"].map((source) => ({ account: "111122223333", sources: [source] })) },
      'publishers is "111122223333"; name an account once',
    ],
    [{ kmsKeyArn: pulumi.output("mine") }, 'kmsKeyArn is "mine"; it has to be an ARN such as arn:aws:kms:…'],
  ])("refuses %.80j", async (args, message) => {
    const said = await refused(() => new terrace.EventBus("orders", { protection: "disposable", ...args }));
    expect(said).toContain(`EventBus "orders": ${message}`);
  });
});

describe("a rule of a bus", () => {
  it("brings matching events to a function, tries for a day, then keeps them with the bus's dead letters", async () => {
    const stack = await deploy(ruled());
    const bus = stack.resource("aws:cloudwatch/eventBus:EventBus").outputs.name;
    const rule = stack.resource("aws:cloudwatch/eventRule:EventRule");
    expect(rule.inputs).toEqual({
      eventBusName: bus,
      eventPattern: '{"detail-type":["order.paid"]}',
      state: "ENABLED",
    });
    expect(targetOf(stack)).toEqual({
      eventBusName: bus,
      rule: rule.outputs.name,
      arn: stack.resource("aws:lambda/function:Function").outputs.arn,
      retryPolicy: { maximumRetryAttempts: 185, maximumEventAgeInSeconds: 86_400 },
      deadLetterConfig: { arn: stack.resource("aws:sqs/queue:Queue").outputs.arn },
    });
    expect(stack.resource("aws:lambda/permission:Permission").inputs).toMatchObject({
      principal: "events.amazonaws.com",
      sourceArn: rule.outputs.arn,
    });
  });

  it("lets only this bus's rules of this account send dead letters, over TLS", async () => {
    const stack = await deploy(ruled());
    const bus = stack.resource("aws:cloudwatch/eventBus:EventBus").outputs.name;
    const [allow, deny] = policyOf(stack, "aws:sqs/queuePolicy:QueuePolicy", "orders-dlq-policy");
    expect(allow).toMatchObject({
      Principal: { Service: "events.amazonaws.com" },
      Action: "sqs:SendMessage",
      Condition: {
        ArnLike: { "aws:SourceArn": `arn:aws:events:eu-west-1:000000000000:rule/${bus}/*` },
        StringEquals: { "aws:SourceAccount": "000000000000" },
      },
    });
    expect(deny).toMatchObject({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } });
    expect(String(stack.resource("aws:cloudwatch/eventRule:EventRule").outputs.arn)).toContain(`:rule/${bus}/`);
  });

  it("brings events of several rules to one queue, whose one policy lets the bus in", async () => {
    const stack = await deploy(() => {
      const bus = new terrace.EventBus("orders");
      const queue = new terrace.Queue("work", { fifo: true });
      bus.rule("paid", { pattern, target: { queue, messageGroupId: "$.detail.tenantId" } });
      bus.rule("sent", { pattern: { source: ["depot"] }, target: { queue, messageGroupId: "all" } });
    });
    const groups = stack.all("aws:cloudwatch/eventTarget:EventTarget").map(({ inputs }) => inputs.sqsTarget);
    expect(groups).toEqual([{ messageGroupId: "$.detail.tenantId" }, { messageGroupId: "all" }]);
    const ofQueue = stack.all("aws:sqs/queuePolicy:QueuePolicy").map(({ name }) => name);
    expect(ofQueue.sort()).toEqual(["orders-dlq-policy", "paid-policy"]);
  });

  it("brings events to a topic that lets the bus in, and to no other", async () => {
    const topic = (publishes: boolean) =>
      ruled({}, (bus) => ({
        topic: new terrace.Topic("paid", publishes ? { kmsKeyId: key, publishers: [bus.publisher] } : {}),
      }));
    const stack = await deploy(topic(true));
    expect(targetOf(stack).arn).toBe(stack.resource("aws:sns/topic:Topic").outputs.arn);
    expect(policyOf(stack, "aws:sns/topicPolicy:TopicPolicy", "paid-policy")[0]).toMatchObject({
      Principal: { Service: "events.amazonaws.com" },
      Action: "sns:Publish",
      Condition: { StringEquals: { "aws:SourceAccount": "000000000000" } },
    });
    expect(await refused(topic(false))).toContain("make it with publishers: [bus.publisher]");
  });

  it("starts a workflow by its alias, in a role that may do that and belongs to this rule", async () => {
    const definition = terrace.flow({ StartAt: "Done", States: { Done: { Type: "Succeed" } } });
    const stack = await deploy(ruled({}, () => ({ workflow: new terrace.Workflow("ship", { definition }) })));
    const machine = stack.resource("aws:sfn/stateMachine:StateMachine").outputs.arn;
    const role = stack.resource("aws:iam/role:Role", "paid-role");
    expect(targetOf(stack)).toMatchObject({ arn: `${machine}:live`, roleArn: role.outputs.arn });
    expect(policyOf(stack, "aws:iam/rolePolicy:RolePolicy", "paid-start")).toEqual([
      { Effect: "Allow", Action: ["states:StartExecution"], Resource: [machine] },
    ]);
    expect(JSON.parse(String(role.inputs.assumeRolePolicy)).Statement[0].Condition.ArnLike).toEqual({
      "aws:SourceArn": stack.resource("aws:cloudwatch/eventRule:EventRule").outputs.arn,
    });
  });

  it("brings events to a stream in order of a key, and to a delivery into the lake", async () => {
    const stack = await deploy(() => {
      const bus = new terrace.EventBus("orders");
      const stream = new terrace.Stream("clicks");
      const lake = new terrace.DataLake("usage", { tables: { events: { columns: { id: "string" } } } });
      const delivery = new terrace.Delivery("events", { lake, table: "events" });
      bus.rule("clicked", { pattern, target: { stream, partitionKeyPath: "$.detail.tenantId" } });
      bus.rule("kept", { pattern, target: { delivery }, input: { path: "$.detail" } });
    });
    const target = (name: string) => stack.resource("aws:cloudwatch/eventTarget:EventTarget", name).inputs;
    const allowed = (name: string) => policyOf(stack, "aws:iam/rolePolicy:RolePolicy", name)[0];
    const stream = stack.resource("aws:kinesis/stream:Stream").outputs.arn;
    expect(target("clicked-target")).toMatchObject({
      arn: stream,
      kinesisTarget: { partitionKeyPath: "$.detail.tenantId" },
      roleArn: expect.stringContaining(":role/clicked-role-"),
    });
    expect(allowed("clicked-start")).toMatchObject({ Resource: [stream] });
    const delivery = stack.resource("FirehoseDeliveryStream").outputs.arn;
    expect(target("kept-target").arn).toBe(delivery);
    expect(allowed("kept-start")).toMatchObject({
      Action: ["firehose:PutRecord", "firehose:PutRecordBatch"],
      Resource: [delivery],
    });
  });

  it.each<[terrace.RuleInput, object]>([
    [{ constant: { sweep: true } }, { input: '{"sweep":true}' }],
    [{ path: "$.detail" }, { inputPath: "$.detail" }],
    [
      { paths: { id: "$.detail.id" }, template: '{"order":<id>,"at":<aws.events.event.ingestion-time>}' },
      {
        inputTransformer: {
          inputPaths: { id: "$.detail.id" },
          inputTemplate: '{"order":<id>,"at":<aws.events.event.ingestion-time>}',
        },
      },
    ],
  ])("gives its target %j", async (input, expected) => {
    expect(targetOf(await deploy(ruled({ input })))).toMatchObject(expected);
  });

  it("asks for what its arguments say", async () => {
    const deadLetterArn = "arn:aws:sqs:eu-west-1:000000000000:mine";
    const args = { maximumRetries: 2, maximumEventAgeSeconds: 60, deadLetterArn, disabled: true, description: "Paid" };
    const stack = await deploy(ruled(args));
    expect(targetOf(stack)).toMatchObject({
      retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 60 },
      deadLetterConfig: { arn: deadLetterArn },
    });
    expect(stack.resource("aws:cloudwatch/eventRule:EventRule").inputs).toMatchObject({
      state: "DISABLED",
      description: "Paid",
    });
  });

  it.each<[Partial<terrace.RuleArgs>, string]>([
    [{ pattern: {} }, "pattern is {}; name at least one field"],
    [{ pattern: { detailType: ["x"] } as never }, 'pattern.detailType is ["x"]; an event has no such field'],
    [{ pattern: { detail: { id: "7" as never } } }, 'pattern.detail.id is "7"; a field is matched by a list: ["7"]'],
    [{ pattern: { source: [{ "anything-but": [] }] } }, '"anything-but" does not take that operand'],
    [{ maximumRetries: 186 }, "maximumRetries is 186; it has to be a number from 0 to 185"],
    [{ maximumEventAgeSeconds: 59 }, "maximumEventAgeSeconds is 59; it has to be a number from 60 to 86400"],
    [{ description: "x".repeat(513) }, "description is"],
    [
      { target: {} as never },
      "target is {}; it has to be an object with function, workflow, topic, stream, delivery or queue",
    ],
    [{ input: { path: "detail" } }, 'input.path is "detail"; it has to be a path such as $.detail'],
    [{ input: { paths: { id: "id" }, template: "<id>" } }, 'input.paths.id is "id"; it has to be a path'],
    [{ input: { paths: { "a b": "$.id" }, template: "x" } }, 'input.paths.a b is "a b"; it has to be a name'],
    [{ input: { paths: { id: "$.id" }, template: "<it>" } }, 'input.template is "<it>"; paths names id'],
  ])("refuses %.80j", async (args, message) => {
    const said = await refused(ruled(args));
    expect(said).toMatch(/^.*EventBus "orders": rule "paid" /);
    expect(said).toContain(message);
  });

  it("refuses a FIFO queue without a group, and a function that only API Gateway can call", async () => {
    expect(await refused(ruled({}, () => ({ queue: new terrace.Queue("work", { fifo: true }) })))).toContain(
      'rule "paid" target.messageGroupId is missing; a FIFO queue takes messages of a group; name it',
    );
    const isolated = () => ({ function: new terrace.Function("ship", { entry, tenantIsolation: true }) });
    expect(await refused(ruled({}, isolated))).toContain(
      "tenantIsolation is true; only API Gateway says whose call it is",
    );
  });
});
