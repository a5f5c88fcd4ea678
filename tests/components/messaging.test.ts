import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";
const key = "arn:aws:kms:eu-west-1:000000000000:key/11111111-2222-3333-4444-555555555555";

const consumed =
  (args: terrace.ConsumerArgs, queue: terrace.QueueArgs = {}) =>
  () => {
    new terrace.Queue("orders", queue).consume("orders", new terrace.Function("orders", { entry }), args);
  };

const subscribed =
  (args: terrace.SubscriptionArgs, topic: terrace.TopicArgs = {}, queue: terrace.QueueArgs = {}) =>
  () => {
    new terrace.Topic("events", topic).subscribe("audit", new terrace.Queue("audit", queue), args);
  };

const statementsOf = (stack: Deployment, type: string, name: string) =>
  JSON.parse(String(stack.resource(type, name).inputs.policy)).Statement as Record<string, unknown>[];

describe("Queue", () => {
  it("keeps messages for four days, hides a received one for a minute, gives up after five", async () => {
    const stack = await deploy(() => new terrace.Queue("orders"));
    const { inputs } = stack.resource("aws:sqs/queue:Queue", "orders");
    expect(inputs).toEqual({
      sqsManagedSseEnabled: true,
      visibilityTimeoutSeconds: 60,
      messageRetentionSeconds: 345_600,
      receiveWaitTimeSeconds: 20,
      redrivePolicy: expect.stringContaining('"maxReceiveCount":5'),
    });
  });

  it("in order has dead letters in order, and a throughput per group where asked", async () => {
    const args = { fifo: true, queueName: "orders", contentBasedDeduplication: true, perMessageGroup: true };
    const stack = await deploy(() => new terrace.Queue("orders", args));
    expect(stack.resource("aws:sqs/queue:Queue", "orders").inputs).toMatchObject({
      ...{ name: "orders.fifo", fifoQueue: true, contentBasedDeduplication: true },
      ...{ deduplicationScope: "messageGroup", fifoThroughputLimit: "perMessageGroupId" },
    });
    expect(stack.resource("aws:sqs/queue:Queue", "orders-dlq").inputs).toMatchObject({
      name: "orders-dlq.fifo",
      fifoQueue: true,
    });
  });

  it("takes a key, a delay and a size of one's own", async () => {
    const stack = await deploy(() => new terrace.Queue("q", { kmsKeyId: key, delaySeconds: 5, maxMessageBytes: 2048 }));
    const { inputs } = stack.resource("aws:sqs/queue:Queue", "q");
    expect(inputs).toMatchObject({ kmsMasterKeyId: key, delaySeconds: 5, maxMessageSize: 2048 });
    expect(inputs).not.toHaveProperty("sqsManagedSseEnabled");
    expect(stack.resource("aws:sqs/queue:Queue", "q-dlq").inputs.kmsMasterKeyId).toBe(key);
  });

  it("hands a consumer ten messages at once unless told otherwise, and only those that match", async () => {
    expect((await deploy(consumed({}))).resource("EventSourceMapping").inputs).toMatchObject({
      batchSize: 10,
      maximumBatchingWindowInSeconds: 0,
    });
    const args = { batchSize: 500, batchWindowSeconds: 5, maximumConcurrency: 4, filters: [{ body: { type: ["a"] } }] };
    expect((await deploy(consumed(args))).resource("EventSourceMapping").inputs).toMatchObject({
      batchSize: 500,
      maximumBatchingWindowInSeconds: 5,
      scalingConfig: { maximumConcurrency: 4 },
      filterCriteria: { filters: [{ pattern: '{"body":{"type":["a"]}}' }] },
    });
  });

  it.each<[terrace.QueueArgs, string]>([
    [{ queueName: "a b" }, 'queueName is "a b"'],
    [{ visibilityTimeoutSeconds: 43_201 }, "visibilityTimeoutSeconds is 43201"],
    [{ retentionSeconds: 59 }, "retentionSeconds is 59; it has to be a number from 60 to 1209600"],
    [{ maxReceiveCount: 0 }, "maxReceiveCount is 0; it has to be a number from 1 to 1000"],
    [{ delaySeconds: 901 }, "delaySeconds is 901; it has to be a number from 0 to 900"],
    [{ maxMessageBytes: 1 }, "maxMessageBytes is 1; it has to be a number from 1024 to 1048576"],
    [{ contentBasedDeduplication: true }, "contentBasedDeduplication is true; only a FIFO queue has it"],
    [{ perMessageGroup: true }, "perMessageGroup is true; only a FIFO queue has it"],
  ])("refuses %j", async (args, message) => {
    expect(await refused(() => new terrace.Queue("orders", args))).toContain(`Queue "orders": ${message}`);
  });

  it.each<[terrace.ConsumerArgs, terrace.QueueArgs, string]>([
    [{ batchSize: 0 }, {}, "batchSize is 0; it has to be a number from 1 to 10000"],
    [
      { batchSize: 11 },
      {},
      "batchWindowSeconds is 0; Lambda waits for more than 10 messages; say for how long, 1 to 300 s",
    ],
    [{ batchSize: 11 }, { fifo: true }, "batchSize is 11; it has to be a number from 1 to 10"],
    [{ batchWindowSeconds: 1 }, { fifo: true }, "batchWindowSeconds is 1; it has to be a number from 0 to 0"],
    [{ batchWindowSeconds: 301 }, {}, "batchWindowSeconds is 301; it has to be a number from 0 to 300"],
    [{ maximumConcurrency: 1 }, {}, "maximumConcurrency is 1; it has to be a number from 2 to 1000"],
    [{ filters: [] }, {}, "filters is []; give 1 to 10 patterns, or leave it out"],
  ])("refuses the consumer %j of %j", async (args, queue, message) => {
    expect(await refused(consumed(args, queue))).toContain(`Queue "orders": ${message}`);
  });

  it("refuses a second source rather than losing the first one's permission", async () => {
    const said = await refused(() => {
      const queue = new terrace.Queue("orders");
      new terrace.Topic("a").subscribe("a", queue);
      new terrace.Topic("b").subscribe("b", queue);
    });
    expect(said).toContain(
      'Queue "orders": source is "b"; a queue has one policy, and it lets "a" send; give "b" a queue',
    );
  });
});

describe("Topic", () => {
  it("is encrypted with AWS's key, and logs and keeps nothing unless told so", async () => {
    const stack = await deploy(() => new terrace.Topic("events"));
    expect(stack.resource("aws:sns/topic:Topic").inputs).toEqual({ kmsMasterKeyId: "alias/aws/sns" });
    expect(stack.all("aws:iam/role:Role")).toEqual([]);
  });

  it("puts what a queue would not take with the queue's dead letters, which let this topic in", async () => {
    const stack = await deploy(subscribed({}));
    const dead = stack.resource("aws:sqs/queue:Queue", "audit-dlq").outputs.arn;
    expect(JSON.parse(String(stack.resource("TopicSubscription").inputs.redrivePolicy))).toEqual({
      deadLetterTargetArn: dead,
    });
    expect(statementsOf(stack, "aws:sqs/queuePolicy:QueuePolicy", "audit-dlq-policy")[0]).toEqual({
      Sid: "Source",
      Effect: "Allow",
      Principal: { Service: "sns.amazonaws.com" },
      Action: "sqs:SendMessage",
      Resource: dead,
      Condition: {
        ArnEquals: { "aws:SourceArn": stack.resource("aws:sns/topic:Topic").outputs.arn },
        StringEquals: { "aws:SourceAccount": "000000000000" },
      },
    });
  });

  it("filters by attributes, or by the body where asked", async () => {
    const filter = { type: ["order.placed", { prefix: "refund." }] };
    const { inputs } = (await deploy(subscribed({ filter }))).resource("TopicSubscription");
    expect(inputs).toMatchObject({ filterPolicy: JSON.stringify(filter), filterPolicyScope: "MessageAttributes" });
    const body = { filter: { order: { total: [{ numeric: [">", 100] }] } }, filterScope: "MessageBody" as const };
    expect((await deploy(subscribed(body))).resource("TopicSubscription").inputs.filterPolicyScope).toBe("MessageBody");
  });

  it("in order keeps messages for a replay", async () => {
    const replayFrom = "2027-01-01T00:00:00Z";
    const stack = await deploy(subscribed({ replayFrom }, { fifo: true, archiveDays: 30 }, { fifo: true }));
    expect(stack.resource("aws:sns/topic:Topic").inputs).toMatchObject({
      ...{ fifoTopic: true, contentBasedDeduplication: true },
      archivePolicy: '{"MessageRetentionPeriod":"30"}',
    });
    expect(JSON.parse(String(stack.resource("TopicSubscription").inputs.replayPolicy))).toEqual({
      PointType: "Timestamp",
      StartingPoint: replayFrom,
    });
  });

  it("logs deliveries in a role that may write SNS's own log groups alone", async () => {
    const stack = await deploy(() => new terrace.Topic("events", { deliveryLogs: 10 }));
    const role = stack.resource("aws:iam/role:Role").outputs.arn;
    expect(stack.resource("aws:sns/topic:Topic").inputs).toMatchObject({
      sqsSuccessFeedbackRoleArn: role,
      sqsFailureFeedbackRoleArn: role,
      sqsSuccessFeedbackSampleRate: 10,
      lambdaFailureFeedbackRoleArn: role,
    });
    expect(statementsOf(stack, "aws:iam/rolePolicy:RolePolicy", "events-logging-policy")).toEqual([
      {
        Effect: "Allow",
        Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: ["arn:aws:logs:eu-west-1:000000000000:log-group:sns/eu-west-1/000000000000/*"],
      },
    ]);
  });

  it("lets an AWS service publish for what it names, and refuses to with a key that lets none in", async () => {
    const publishers = [{ service: "s3.amazonaws.com", sourceArn: "arn:aws:s3:::photos" }];
    const stack = await deploy(() => new terrace.Topic("events", { publishers, kmsKeyId: key }));
    const [allow, deny] = statementsOf(stack, "aws:sns/topicPolicy:TopicPolicy", "events-policy");
    expect(allow).toMatchObject({
      Principal: { Service: "s3.amazonaws.com" },
      Condition: {
        ArnLike: { "aws:SourceArn": "arn:aws:s3:::photos" },
        StringEquals: { "aws:SourceAccount": "000000000000" },
      },
    });
    expect(deny).toMatchObject({ Sid: "TlsOnly", Effect: "Deny" });
    expect(await refused(() => new terrace.Topic("events", { publishers }))).toContain(
      'Topic "events": kmsKeyId is missing; AWS\'s own key for SNS lets no service in; name a key whose policy does',
    );
  });

  it.each<[terrace.TopicArgs, string]>([
    [{ topicName: "a b" }, 'topicName is "a b"; it has to be 1 to 250 letters, digits, - or _'],
    [{ archiveDays: 7 }, "archiveDays is 7; only a FIFO topic keeps messages; set fifo"],
    [{ archiveDays: 366, fifo: true }, "archiveDays is 366; it has to be a number from 1 to 365"],
    [{ deliveryLogs: 101 }, "deliveryLogs is 101; it has to be a number from 0 to 100"],
  ])("refuses %j", async (args, message) => {
    expect(await refused(() => new terrace.Topic("events", args))).toContain(`Topic "events": ${message}`);
  });

  it.each<[terrace.SubscriptionArgs, terrace.TopicArgs, terrace.QueueArgs, string]>([
    [{}, {}, { fifo: true }, "fifo is false; a standard topic cannot keep the order of a FIFO queue"],
    [{ filter: {} }, {}, {}, 'subscription "audit" filter is {}; name at least one field'],
    [
      { filterScope: "MessageBody" },
      {},
      {},
      'subscription "audit" filterScope is "MessageBody"; it says what a filter',
    ],
    [{ replayFrom: "2027-01-01T00:00:00Z" }, { fifo: true }, {}, "the topic keeps nothing; give it archiveDays"],
    [{ replayFrom: "once" }, { fifo: true, archiveDays: 1 }, {}, 'replayFrom is "once"; it has to be a time such as'],
  ])("refuses the subscription %j of %j to %j", async (args, topic, queue, message) => {
    expect(await refused(subscribed(args, topic, queue))).toContain(`Topic "events": `);
    expect(await refused(subscribed(args, topic, queue))).toContain(message);
  });
});

describe("FanOut", () => {
  it("in order is in order all the way: topic, queues and dead letters", async () => {
    const stack = await deploy(() => {
      const audit = () => new terrace.Function("audit", { entry });
      new terrace.FanOut("events", {
        topic: { fifo: true, archiveDays: 7 },
        consumers: { audit: { function: audit } },
      });
    });
    expect(stack.resource("aws:sns/topic:Topic").inputs).toMatchObject({ fifoTopic: true });
    expect(stack.all("aws:sqs/queue:Queue").map(({ inputs }) => inputs.fifoQueue)).toEqual([true, true]);
  });
});

describe("DeadLetterQueue", () => {
  it("keeps what it gets for 14 days, encrypted, over TLS, from nobody but roles", async () => {
    const stack = await deploy(() => new terrace.DeadLetterQueue("lost", { queueName: "lost" }));
    expect(stack.resource("aws:sqs/queue:Queue").inputs).toEqual({
      name: "lost",
      messageRetentionSeconds: 1_209_600,
      sqsManagedSseEnabled: true,
    });
    expect(statementsOf(stack, "aws:sqs/queuePolicy:QueuePolicy", "lost-policy").map(({ Sid }) => Sid)).toEqual([
      "TlsOnly",
    ]);
  });

  it.each<[terrace.DeadLetterQueueArgs, string]>([
    [{ queueName: "a b" }, 'queueName is "a b"; it has to be 1 to 80 letters, digits, - or _'],
    [{ service: "events.amazonaws.com" }, "sourceArn is missing; say for which ARN the service may send"],
  ])("refuses %j", async (args, message) => {
    const said = await refused(() => new terrace.DeadLetterQueue("lost", args));
    expect(said).toContain(`DeadLetterQueue "lost": ${message}`);
  });
});
