/** What FIFO topics keep of their messages, and how subscriptions get it again. */
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import { type Message, SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { codeOf, type MessagingCloud, queuePolicy, startMessaging } from "../messaging-cloud.ts";
import { type QueueClient, queueClient } from "../sqs/queue-client.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const TopicArn = "arn:aws:sns:eu-west-1:000000000000:orders.fifo";
const ARCHIVE = JSON.stringify({ MessageRetentionPeriod: "3" });

let cloud: MessagingCloud;
let topics: SNSClient;
let queue: QueueClient;

const connect = () => {
  topics = new SNSClient(cloud.running.client());
  queue = queueClient(cloud.running.client());
};
const disconnect = () => {
  topics.destroy();
  queue.sdk.destroy();
};
beforeEach(async () => {
  cloud = await startMessaging();
  connect();
});
afterEach(async () => {
  disconnect();
  await cloud.stop();
});

const createTopic = (Attributes: Record<string, string> = { ArchivePolicy: ARCHIVE }) =>
  topics.send(
    new CreateTopicCommand({
      Name: "orders.fifo",
      Attributes: { FifoTopic: "true", ContentBasedDeduplication: "true", ...Attributes },
    }),
  );
const setOnTopic = (AttributeName: string, AttributeValue: string) =>
  topics.send(new SetTopicAttributesCommand({ TopicArn, AttributeName, AttributeValue }));
const publish = (Message: string, MessageGroupId = "one", kind = "plain") =>
  topics.send(
    new PublishCommand({
      ...{ TopicArn, Message, MessageGroupId },
      MessageAttributes: { kind: { DataType: "String", StringValue: kind } },
    }),
  );
async function openQueue(name: string): Promise<string> {
  const url = await queue.create(name);
  const Policy = queuePolicy(await queue.arnOf(url), "sns.amazonaws.com", TopicArn);
  await queue.sdk.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
  return url;
}
const since = (ms: number) => JSON.stringify({ PointType: "Timestamp", StartingPoint: new Date(ms).toISOString() });
const subscribe = async (name: string, Attributes: Record<string, string>) =>
  (
    await topics.send(
      new SubscribeCommand({
        ...{ TopicArn, Protocol: "sqs", Endpoint: `arn:aws:sqs:eu-west-1:000000000000:${name}` },
        ...{ Attributes: { RawMessageDelivery: "true", ...Attributes }, ReturnSubscriptionArn: true },
      }),
    )
  ).SubscriptionArn!;
const setReplay = (SubscriptionArn: string, AttributeValue: string) =>
  topics.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName: "ReplayPolicy", AttributeValue }));
const attributesOf = async (SubscriptionArn: string) =>
  (await topics.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes!;
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => "succeeded",
    ({ name, message }: Error) => `${name}: ${message}`,
  );
async function received(url: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (;;) {
    const more = { MaxNumberOfMessages: 10, MessageAttributeNames: ["All"], WaitTimeSeconds: 0 };
    const page = await queue.receive(url, more);
    if (page.length === 0) return messages;
    messages.push(...page);
    for (const message of page) await queue.remove(url, message);
  }
}
const bodies = async (url: string) => (await received(url)).map(({ Body }) => Body);

describe("an archive", () => {
  it("replays to a new subscription what was published before it, in the order of each group, and then what comes", async () => {
    await createTopic();
    const start = cloud.clock.now();
    for (let n = 0; n < 120; n++) await publish(`${n}`, n % 2 === 0 ? "even" : "odd");
    const url = await openQueue("late.fifo");
    const arn = await subscribe("late.fifo", { ReplayPolicy: since(start) });
    expect(await attributesOf(arn)).toMatchObject({ ReplayPolicy: since(start), ReplayStatus: "Completed" });
    await publish("new", "odd");
    const all = await received(url);
    const of = (group: string) =>
      all.filter(({ Attributes }) => Attributes!.MessageGroupId === group).map(({ Body }) => Body);
    const numbers = Array.from({ length: 60 }, (_, n) => n * 2);
    expect(of("even")).toEqual(numbers.map(String));
    expect(of("odd")).toEqual([...numbers.map((n) => String(n + 1)), "new"]);
  });

  it("marks what it replays, and leaves id, time and attributes as they were", async () => {
    await createTopic();
    const start = cloud.clock.now();
    const { MessageId } = await publish("again", "one", "vip");
    await cloud.clock.advance(MINUTE);
    const url = await openQueue("wrapped.fifo");
    await subscribe("wrapped.fifo", { RawMessageDelivery: "false", ReplayPolicy: since(start) });
    const [message] = await received(url);
    expect(JSON.parse(message!.Body!)).toMatchObject({
      ...{ MessageId, Message: "again", Timestamp: new Date(start).toISOString() },
      MessageAttributes: { kind: { Type: "String", Value: "vip" }, Replayed: { Type: "String", Value: "true" } },
    });
    const raw = await openQueue("raw.fifo");
    await subscribe("raw.fifo", { ReplayPolicy: since(start) });
    await publish("live");
    const [first, second] = await received(raw);
    expect(first!.MessageAttributes!.Replayed).toMatchObject({ DataType: "String", StringValue: "true" });
    expect(Object.keys(second!.MessageAttributes!)).toEqual(["kind"]);
  });

  it("replays a window of time, and only what the filter lets pass", async () => {
    await createTopic();
    const url = await openQueue("one.fifo");
    const arn = await subscribe("one.fifo", { FilterPolicy: JSON.stringify({ kind: ["vip"] }) });
    await publish("before", "one", "vip");
    await cloud.clock.advance(10 * MINUTE);
    const from = cloud.clock.now();
    await publish("within", "one", "vip");
    await publish("filtered");
    const to = cloud.clock.now() + MINUTE;
    await cloud.clock.advance(10 * MINUTE);
    await publish("after", "one", "vip");
    expect(await bodies(url)).toEqual(["before", "within", "after"]);
    const EndingPoint = new Date(to).toISOString();
    await setReplay(arn, JSON.stringify({ ...JSON.parse(since(from)), EndingPoint }));
    expect(await bodies(url)).toEqual(["within"]);
    await publish("next", "one", "vip");
    expect(await bodies(url)).toEqual(["next"]);
  });

  it("keeps messages for the days that it says, and tells from when on", async () => {
    const began = cloud.clock.now();
    await createTopic();
    const beginning = async () =>
      (await topics.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes!.BeginningArchiveTime;
    await publish("old");
    expect(await beginning()).toBe(new Date(began).toISOString());
    await cloud.clock.advance(2 * DAY);
    await publish("younger");
    expect(await beginning()).toBe(new Date(began).toISOString());
    await cloud.clock.advance(DAY + 1);
    expect(await beginning()).toBe(new Date(began + 1).toISOString());
    const url = await openQueue("late.fifo");
    await subscribe("late.fifo", { ReplayPolicy: since(began) });
    expect(await bodies(url)).toEqual(["younger"]);
  });

  it("keeps a topic from being deleted until an empty policy deletes what it has", async () => {
    await createTopic();
    const start = cloud.clock.now();
    await publish("one");
    expect(await refusal(topics.send(new DeleteTopicCommand({ TopicArn })))).toBe(
      "InvalidStateException: Invalid state: Cannot delete a topic with an ArchivePolicy",
    );
    await setOnTopic("ArchivePolicy", "{}");
    const { Attributes } = await topics.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(Object.keys(Attributes!).filter((name) => name.includes("Archive"))).toEqual([]);
    await setOnTopic("ArchivePolicy", ARCHIVE);
    const url = await openQueue("late.fifo");
    await subscribe("late.fifo", { ReplayPolicy: since(start - DAY) });
    expect(await bodies(url)).toEqual([]);
    await setOnTopic("ArchivePolicy", "{}");
    await topics.send(new DeleteTopicCommand({ TopicArn }));
    expect(await codeOf(topics.send(new GetTopicAttributesCommand({ TopicArn })))).toBe("NotFoundException");
  });

  it("is there after the platform was killed, and a replay that is over is not repeated", async () => {
    await createTopic();
    const start = cloud.clock.now();
    const bytes = new Uint8Array([0, 255, 7]);
    const MessageAttributes = { blob: { DataType: "Binary", BinaryValue: bytes } };
    await topics.send(new PublishCommand({ TopicArn, Message: "kept", MessageGroupId: "one", MessageAttributes }));
    const url = await openQueue("late.fifo");
    const arn = await subscribe("late.fifo", { ReplayPolicy: since(start) });
    const [message] = await received(url);
    expect(message!.MessageAttributes!.blob!.BinaryValue).toEqual(bytes);
    disconnect();
    await cloud.restart({ isKilled: true });
    connect();
    expect(await attributesOf(arn)).toMatchObject({ ReplayStatus: "Completed" });
    // Past the queue's own deduplication.
    await cloud.clock.advance(10 * MINUTE);
    expect(await bodies(url)).toEqual([]);
    await setReplay(arn, since(start - MINUTE));
    expect(await bodies(url)).toEqual(["kept"]);
  });

  it("ends a replay that was cut off by a kill, at the next start", async () => {
    await createTopic();
    const start = cloud.clock.now();
    await publish("kept");
    const url = await openQueue("late.fifo");
    const arn = await subscribe("late.fifo", { ReplayPolicy: since(start) });
    expect(await bodies(url)).toEqual(["kept"]);
    await cloud.clock.advance(10 * MINUTE);
    cloud.running.database.prepare("UPDATE sns_replays SET status = 'Pending'").run();
    disconnect();
    await cloud.restart({ isKilled: true });
    connect();
    expect(await attributesOf(arn)).toMatchObject({ ReplayStatus: "Pending" });
    const arrived = queue.receive(url, { WaitTimeSeconds: 20 });
    await cloud.clock.advance(1000);
    expect((await arrived).map(({ Body }) => Body)).toEqual(["kept"]);
    expect(await attributesOf(arn)).toMatchObject({ ReplayStatus: "Completed" });
  });

  it("says of a replay that was cut off by a kill that it failed, where nothing is kept any more", async () => {
    await createTopic();
    const start = cloud.clock.now();
    await publish("kept");
    await openQueue("late.fifo");
    const arn = await subscribe("late.fifo", { ReplayPolicy: since(start) });
    await setOnTopic("ArchivePolicy", "{}");
    cloud.running.database.prepare("UPDATE sns_replays SET status = 'Pending'").run();
    disconnect();
    await cloud.restart({ isKilled: true });
    connect();
    await attributesOf(arn);
    await cloud.clock.advance(1000);
    expect(await attributesOf(arn)).toMatchObject({ ReplayStatus: "Failed" });
    expect(cloud.logged.at(-1)!.message).toContain("the topic has no archive policy");
  });

  it("forgets a replay with its subscription, or when its policy is taken away", async () => {
    await createTopic();
    const start = cloud.clock.now();
    await publish("kept");
    const url = await openQueue("late.fifo");
    const arn = await subscribe("late.fifo", { ReplayPolicy: since(start) });
    await received(url);
    await setReplay(arn, "{}");
    expect(Object.keys(await attributesOf(arn)).filter((name) => name.startsWith("Replay"))).toEqual([]);
    await setReplay(arn, since(start));
    await topics.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
    const left = cloud.running.database.prepare("SELECT count(*) AS count FROM sns_replays").get();
    expect(left!.count).toBe(0);
  });

  it("works for what the program declares: replayed once, again when the policy changes", async () => {
    const declare = async (replayPolicy: string) => {
      const topic = { name: "orders.fifo", fifoTopic: true, contentBasedDeduplication: true, archivePolicy: ARCHIVE };
      await cloud.declare("aws:sns/topic:Topic", topic, { ...topic, arn: TopicArn });
      const subscription = {
        ...{ topic: TopicArn, protocol: "sqs", endpoint: "arn:aws:sqs:eu-west-1:000000000000:late.fifo" },
        ...{ rawMessageDelivery: true, replayPolicy },
      };
      const outputs = { ...subscription, id: `${TopicArn}:1f2e3d4c-0000-4000-8000-000000000001` };
      await cloud.declare("aws:sns/topicSubscription:TopicSubscription", subscription, outputs);
    };
    const url = await openQueue("late.fifo");
    const start = cloud.clock.now();
    await declare(since(start));
    await publish("one");
    expect(await bodies(url)).toEqual(["one"]);
    disconnect();
    await cloud.restart();
    connect();
    await cloud.clock.advance(10 * MINUTE);
    await declare(since(start));
    expect(await bodies(url)).toEqual([]);
    await declare(since(start - MINUTE));
    expect(await bodies(url)).toEqual(["one"]);
  });
});

describe("what is refused", () => {
  it.each([
    ["not JSON", "30", "it is not a JSON object"],
    ["nothing", "", "it is not a JSON object"],
    ["no days", '{"MessageRetentionPeriod":"0"}', "1 to 365"],
    ["more than a year", '{"MessageRetentionPeriod":366}', "1 to 365"],
    ["a part of a day", '{"MessageRetentionPeriod":"1.5"}', "1 to 365"],
    ["another member", '{"MessageRetentionPeriod":"1","Compress":true}', "Compress is not one of its members"],
  ])("an archive policy: %s", async (_, policy, problem) => {
    await createTopic({});
    const answer = await refusal(setOnTopic("ArchivePolicy", policy));
    expect(answer).toMatch(/^InvalidParameterException: Invalid parameter: Attributes Reason: ArchivePolicy: /);
    expect(answer).toContain(problem);
  });

  it("an archive policy of a standard topic, or beside a bad attribute, and leaves no topic behind", async () => {
    const input = { Name: "plain", Attributes: { ArchivePolicy: ARCHIVE } };
    expect(await refusal(topics.send(new CreateTopicCommand(input)))).toContain("only FIFO topics have one");
    const plain = TopicArn.replace("orders.fifo", "plain");
    expect(await codeOf(topics.send(new GetTopicAttributesCommand({ TopicArn: plain })))).toBe("NotFoundException");
    expect(await refusal(createTopic({ ArchivePolicy: ARCHIVE, Colour: "red" }))).toContain("AttributeName: Colour");
    expect(await codeOf(topics.send(new GetTopicAttributesCommand({ TopicArn })))).toBe("NotFoundException");
  });

  it.each([
    ["not JSON", "yesterday", "it is not a JSON object"],
    [
      "another kind of point",
      '{"PointType":"Offset","StartingPoint":"2026-01-01T00:00:00Z"}',
      "PointType is Timestamp",
    ],
    ["no beginning", '{"PointType":"Timestamp"}', "StartingPoint is a time such as"],
    [
      "a day that is none",
      '{"PointType":"Timestamp","StartingPoint":"2026-13-41T00:00:00Z"}',
      "StartingPoint is a time",
    ],
    [
      "an end before the beginning",
      '{"PointType":"Timestamp","StartingPoint":"2026-01-02T00:00:00Z","EndingPoint":"2026-01-01T00:00:00Z"}',
      "StartingPoint is before EndingPoint",
    ],
    ["another member", '{"PointType":"Timestamp","From":1}', "From is not one of its members"],
  ])("a replay policy: %s", async (_, policy, problem) => {
    await createTopic();
    const arn = await subscribe("any.fifo", {});
    const answer = await refusal(setReplay(arn, policy));
    expect(answer).toMatch(/^InvalidParameterException: Invalid parameter: Attributes Reason: ReplayPolicy: /);
    expect(answer).toContain(problem);
    expect(await attributesOf(arn)).not.toHaveProperty("ReplayPolicy");
  });

  it("a replay of a topic that keeps nothing", async () => {
    await createTopic({});
    expect(await refusal(subscribe("any.fifo", { ReplayPolicy: since(0) }))).toContain(
      "the topic has no archive policy",
    );
  });
});
