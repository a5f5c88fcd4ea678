import {
  CreateEventBusCommand,
  PutPermissionCommand,
  PutTargetsCommand,
  type Target,
} from "@aws-sdk/client-eventbridge";
import { CreateTopicCommand, SetTopicAttributesCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { AwsError, type Delivery, type Service } from "../../../local/service.ts";
import { iam } from "../../../local/services/iam/index.ts";
import { sns } from "../../../local/services/sns/index.ts";
import { resource, role } from "../lambda/resources.ts";
import { type EventsCloud, startEvents } from "./fixture.ts";

const QUEUE = "arn:aws:sqs:eu-west-1:000000000000:";
const RULE = "arn:aws:events:eu-west-1:000000000000:rule/rule";
const ROLE = "arn:aws:iam::000000000000:role/rule";
const ANY = { source: ["shop"] };

let cloud: EventsCloud;
/** Calls of a service that the tests play: its failures first, then success. */
let failures: Error[] = [];
let taken: object[] = [];
let told: () => void = () => {};

const played = (name: string, operation: string): Service => ({
  name,
  resources: {},
  operations: {
    [operation]: {
      authorize: (input) => ({
        action: `${name}:${operation}`,
        resource: input.stateMachineArn ?? input.StreamARN ?? "*",
      }),
      run(input) {
        told();
        const failure = failures.shift();
        if (failure) throw failure;
        taken.push(input);
        return {};
      },
    },
  },
  async deliver(_arn: string, { body }: Delivery) {
    told();
    const failure = failures.shift();
    if (failure) throw failure;
    taken.push(JSON.parse(body));
  },
});

beforeEach(async () => {
  failures = [];
  taken = [];
  cloud = await startEvents({
    iam,
    sns,
    lambda: () => played("lambda", "Invoke"),
    states: () => played("states", "StartExecution"),
    kinesis: () => played("kinesis", "PutRecord"),
    firehose: () => played("firehose", "PutRecord"),
  });
});
afterEach(() => cloud.stop());

/** Resolves at the next call of a played service, once what it threw or took is known. */
const asked = () =>
  new Promise<void>((resolve) => {
    told = () => setImmediate(() => setImmediate(resolve));
  });
const trust = (statements: object[], service = "events.amazonaws.com") =>
  cloud.running.provision({ resources: [role(ROLE, statements as never, service)] } as never);
const dead = (Arn: string) => ({ DeadLetterConfig: { Arn } });

describe("what a target receives", () => {
  async function received(target: Partial<Target>, Detail = '{"id":7,"who":{"name":"Ann \\"A\\""},"tags":["a","b"]}') {
    const { url, arn } = await cloud.openQueue("q");
    await cloud.rule(ANY, [{ Id: "q", Arn: arn, ...target }]);
    await cloud.put({ Detail });
    return (await cloud.queue.bodies(url, { WaitTimeSeconds: 20 }))[0];
  }
  const transformer = (InputTemplate: string, InputPathsMap: Record<string, string> = {}) => ({
    InputTransformer: { InputPathsMap, InputTemplate },
  });

  it.each([
    ["a constant", { Input: '{"sweep":true}' }, '{"sweep":true}'],
    ["a part", { InputPath: "$.detail.who" }, '{"name":"Ann \\"A\\""}'],
    ["an element of a list", { InputPath: "$.detail.tags[1]" }, '"b"'],
    ["a part that is not there", { InputPath: "$.detail.nothing" }, "null"],
    [
      "a template of JSON",
      transformer('{"order": <id>, "to": <who>, "text": "no. <id> of <name>"}', {
        id: "$.detail.id",
        who: "$.detail.who",
        name: "$.detail.who.name",
      }),
      '{"order": 7, "to": {"name":"Ann \\"A\\""}, "text": "no. 7 of Ann \\"A\\""}',
    ],
    ["a template of text", transformer('"order <id>"', { id: "$.detail.id" }), '"order 7"'],
    ["JSON within a text, without its quotes", transformer('"<tags>"', { tags: "$.detail.tags" }), '"[a,b]"'],
    ["nothing for what is not there", transformer('"<x>|"', { x: "$.detail.x" }), '"|"'],
    [
      "the rule",
      transformer('{"rule": <aws.events.rule-name>, "arn": "<aws.events.rule-arn>"}'),
      `{"rule": "rule", "arn": "${RULE}"}`,
    ],
  ])("is %s", async (_what, target, body) => {
    expect(await received(target)).toBe(body);
  });

  it("is the event, with or without its detail, where the template says so", async () => {
    const body = await received(
      transformer('{"all": <aws.events.event.json>, "envelope": <aws.events.event>}'),
      '{"a":1}',
    );
    const { all, envelope } = JSON.parse(body!);
    expect(all).toMatchObject({ source: "shop", detail: { a: 1 } });
    expect({ ...envelope, detail: { a: 1 } }).toEqual(all);
    expect(envelope).not.toHaveProperty("detail");
  });
});

describe("a queue or topic", () => {
  it("takes nothing without a policy that lets the rule in: the event is a dead letter that tells why", async () => {
    const closed = await cloud.queue.arnOf(await cloud.queue.create("closed"));
    const letters = await cloud.openQueue("letters", RULE);
    await cloud.rule(ANY, [{ Id: "q", Arn: closed, ...dead(letters.arn), Input: '"x"' }]);
    await cloud.put({ Detail: '{"n":1}' });
    const [message] = await cloud.queue.receive(letters.url, { WaitTimeSeconds: 20, MessageAttributeNames: ["All"] });
    expect(JSON.parse(message!.Body!)).toMatchObject({ source: "shop", detail: { n: 1 } });
    const attributes = Object.fromEntries(
      Object.entries(message!.MessageAttributes!).map(([name, { StringValue }]) => [name, StringValue]),
    );
    expect(attributes).toEqual({
      RULE_ARN: RULE,
      TARGET_ARN: closed,
      ERROR_CODE: "NO_PERMISSIONS",
      ERROR_MESSAGE: expect.stringContaining("sqs:SendMessage"),
    });
  });

  it("takes a message group from the event", async () => {
    const { url, arn } = await cloud.openQueue("fair");
    await cloud.rule(ANY, [{ Id: "q", Arn: arn, SqsParameters: { MessageGroupId: "$.detail.tenant" } }]);
    await cloud.put({ Detail: '{"tenant":"acme"}' });
    const [message] = await cloud.queue.receive(url, {
      WaitTimeSeconds: 20,
      MessageSystemAttributeNames: ["MessageGroupId"],
    });
    expect(message!.Attributes).toEqual({ MessageGroupId: "acme" });
  });

  it("a topic whose policy lets the rule in publishes the event", async () => {
    const topics = new SNSClient({ ...cloud.running.client(), maxAttempts: 1 });
    const { TopicArn } = await topics.send(new CreateTopicCommand({ Name: "orders" }));
    const Statement = [
      { Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Action: "sns:Publish", Resource: TopicArn },
    ];
    const AttributeValue = JSON.stringify({ Version: "2012-10-17", Statement });
    await topics.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: "Policy", AttributeValue }));
    const url = await cloud.queue.create("subscriber");
    const Endpoint = await cloud.queue.arnOf(url);
    const open = { Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: Endpoint };
    await cloud.running.call("sqs", "SetQueueAttributes", {
      QueueUrl: url,
      Attributes: { Policy: JSON.stringify({ Version: "2012-10-17", Statement: [open] }) },
    });
    const Attributes = { RawMessageDelivery: "true" };
    await topics.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint, Attributes }));
    await cloud.rule(ANY, [{ Id: "t", Arn: TopicArn, InputPath: "$.detail" }]);
    await cloud.put({ Detail: '{"n":1}' });
    expect(await cloud.received(url)).toEqual([{ n: 1 }]);
    topics.destroy();
  });
});

describe("a target reached in a role", () => {
  const machine = "arn:aws:states:eu-west-1:000000000000:stateMachine:export";
  const stream = "arn:aws:kinesis:eu-west-1:000000000000:stream/clicks";
  const allow = (Action: string, Resource: string) => [{ Effect: "Allow", Action, Resource }];

  it("a state machine is started with the event", async () => {
    await trust(allow("states:StartExecution", machine));
    await cloud.rule(ANY, [{ Id: "m", Arn: machine, RoleArn: ROLE, InputPath: "$.detail" }]);
    const started = asked();
    await cloud.put({ Detail: '{"n":1}' });
    await started;
    expect(taken).toEqual([{ stateMachineArn: machine, input: '{"n":1}' }]);
  });

  it("a stream takes the event under the partition key that the event names", async () => {
    await trust(allow("kinesis:PutRecord", stream));
    const KinesisParameters = { PartitionKeyPath: "$.detail.tenant" };
    await cloud.rule(ANY, [{ Id: "s", Arn: stream, RoleArn: ROLE, InputPath: "$.detail", KinesisParameters }]);
    const put = asked();
    await cloud.put({ Detail: '{"tenant":"acme"}' });
    await put;
    expect(taken).toEqual([{ StreamARN: stream, Data: Buffer.from('{"tenant":"acme"}'), PartitionKey: "acme" }]);
  });

  it("a delivery takes the event as a record", async () => {
    await trust(allow("firehose:PutRecord", "*"));
    const Arn = "arn:aws:firehose:eu-west-1:000000000000:deliverystream/usage";
    await cloud.rule(ANY, [{ Id: "d", Arn, RoleArn: ROLE, Input: "{}" }]);
    const put = asked();
    await cloud.put({});
    await put;
    expect(taken).toEqual([{ DeliveryStreamName: "usage", Record: { Data: Buffer.from("{}") } }]);
  });

  it.each([
    ["may not do it", "NO_PERMISSIONS", "events.amazonaws.com"],
    ["does not trust EventBridge", "FAILED_TO_ASSUME_ROLE", "lambda.amazonaws.com"],
  ])("whose role %s is a dead letter at once", async (_why, code, service) => {
    const letters = await cloud.openQueue("letters");
    await trust(allow("states:StopExecution", machine), service);
    await cloud.rule(ANY, [{ Id: "m", Arn: machine, RoleArn: ROLE, ...dead(letters.arn) }]);
    await cloud.put({});
    const [message] = await cloud.queue.receive(letters.url, { WaitTimeSeconds: 20, MessageAttributeNames: ["All"] });
    expect(message!.MessageAttributes!.ERROR_CODE!.StringValue).toBe(code);
    expect(taken).toEqual([]);
  });
});

describe("another bus", () => {
  const other = "arn:aws:events:eu-west-1:000000000000:event-bus/other";
  beforeEach(async () => {
    await cloud.events.send(new CreateEventBusCommand({ Name: "other" }));
  });

  it("gets the same event, id included, where the rule's role may put it there", async () => {
    const { url, arn } = await cloud.openQueue("q");
    await trust([{ Effect: "Allow", Action: "events:PutEvents", Resource: other }]);
    await cloud.rule(ANY, [{ Id: "q", Arn: arn }], { EventBusName: "other" });
    await cloud.rule(ANY, [{ Id: "bus", Arn: other, RoleArn: ROLE }]);
    const { Entries } = await cloud.put({});
    expect(await cloud.received(url)).toEqual([expect.objectContaining({ id: Entries![0]!.EventId })]);
  });

  it("refuses a rule without a role, unless its policy lets EventBridge in", async () => {
    const letters = await cloud.openQueue("letters");
    const { url, arn } = await cloud.openQueue("q");
    await cloud.rule(ANY, [{ Id: "q", Arn: arn }], { EventBusName: "other" });
    await cloud.rule(ANY, [{ Id: "bus", Arn: other, ...dead(letters.arn) }]);
    await cloud.put({});
    expect(await cloud.received(letters.url)).toHaveLength(1);
    const Statement = [
      { Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Action: "events:PutEvents", Resource: other },
    ];
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await cloud.events.send(new PutPermissionCommand({ EventBusName: "other", Policy }));
    await cloud.put({ DetailType: "second" });
    expect(await cloud.received(url)).toEqual([expect.objectContaining({ "detail-type": "second" })]);
  });
});

describe("a target that fails", () => {
  const fn = "arn:aws:lambda:eu-west-1:000000000000:function:ship";
  const down = () => new AwsError("ServiceException", "down", 500);

  it("is tried again, with longer and longer pauses, until it takes the event", async () => {
    failures = [down(), new AwsError("TooManyRequestsException", "slow", 429)];
    await cloud.rule(ANY, [{ Id: "f", Arn: fn }]);
    const first = asked();
    await cloud.put({ Detail: '{"n":1}' });
    await first;
    const second = asked();
    await cloud.clock.advance(1_000);
    await second;
    await cloud.clock.advance(1_999);
    expect(taken).toEqual([]);
    const third = asked();
    await cloud.clock.advance(1);
    await third;
    expect(taken).toEqual([expect.objectContaining({ detail: { n: 1 } })]);
    expect(failures).toEqual([]);
  });

  it.each([
    ["as often as it may be", { MaximumRetryAttempts: 1 }, "MaximumRetryAttempts", "1"],
    ["for as long as it may be", { MaximumEventAgeInSeconds: 60 }, "MaximumEventAgeInSeconds", "5"],
  ])("is tried %s, then the event is a dead letter", async (_how, RetryPolicy, condition, retries) => {
    failures = Array.from({ length: 20 }, down);
    const letters = await cloud.openQueue("letters");
    await cloud.rule(ANY, [{ Id: "f", Arn: fn, RetryPolicy, ...dead(letters.arn) }]);
    const first = asked();
    await cloud.put({});
    await first;
    for (const pause of [1, 2, 4, 8, 16, 32]) await cloud.clock.advance(pause * 1_000);
    const [message] = await cloud.queue.receive(letters.url, { WaitTimeSeconds: 20, MessageAttributeNames: ["All"] });
    expect(message!.MessageAttributes).toMatchObject({
      ERROR_CODE: { StringValue: "ERROR_FROM_TARGET" },
      RETRY_ATTEMPTS: { StringValue: retries },
      EXHAUSTED_RETRY_CONDITION: { StringValue: condition },
    });
  });
});

describe("PutTargets refuses", () => {
  const stream = "arn:aws:kinesis:eu-west-1:000000000000:stream/clicks";
  const q = { Id: "q", Arn: `${QUEUE}q` };
  it.each<[string, Target, string]>([
    ["a target that is no ARN", { Id: "q", Arn: "queue" }, "Provided Arn is not in correct format"],
    [
      "a kind that is not emulated",
      { Id: "q", Arn: "arn:aws:ecs:eu-west-1:000000000000:cluster/x" },
      "on this machine a target is",
    ],
    ["a stream without a role", { Id: "s", Arn: stream }, `RoleArn is required for target ${stream}.`],
    [
      "a FIFO queue without a group",
      { Id: "q", Arn: `${QUEUE}q.fifo` },
      "SqsParameters must be specified for target: q.",
    ],
    ["two inputs", { ...q, Input: "{}", InputPath: "$.detail" }, "Only one of Input, InputPath, or InputTransformer"],
    ["an input that is no JSON", { ...q, Input: "{" }, "JSON syntax error in input"],
    ["a path that is none", { ...q, InputPath: "detail" }, "Invalid InputPath"],
    [
      "an unknown placeholder",
      { ...q, InputTransformer: { InputTemplate: '"<x>"' } },
      "contains invalid placeholder x",
    ],
    ["a template that is no JSON", { ...q, InputTransformer: { InputTemplate: '{"a": }' } }, "no valid JSON"],
    ["a FIFO dead-letter queue", { ...q, ...dead(`${QUEUE}d.fifo`) }, "it must be a standard SQS queue"],
    ["too many retries", { ...q, RetryPolicy: { MaximumRetryAttempts: 186 } }, "MaximumRetryAttempts"],
  ])("%s", async (_what, target, message) => {
    await cloud.rule(ANY, []);
    await expect(cloud.events.send(new PutTargetsCommand({ Rule: "rule", Targets: [target] }))).rejects.toMatchObject({
      name: "ValidationException",
      message: expect.stringContaining(message),
    });
  });

  it("a sixth target", async () => {
    const targets = Array.from({ length: 6 }, (_, index) => ({ Id: String(index), Arn: `${QUEUE}q` }));
    await expect(cloud.rule(ANY, targets)).rejects.toMatchObject({ name: "LimitExceededException" });
  });

  it("what a program gives a target beyond what is emulated, by name", async () => {
    const given = { rule: "rule", arn: `${QUEUE}q`, ecsTarget: {} };
    await cloud.rule(ANY, []);
    const target = resource("aws:cloudwatch/eventTarget:EventTarget", "t", given, { targetId: "t" });
    await expect(cloud.running.provision({ resources: [target] } as never)).rejects.toThrow(
      "ecsTarget of a target is not emulated",
    );
  });
});
