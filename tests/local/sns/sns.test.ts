import {
  CreateTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import { CreateQueueCommand, ReceiveMessageCommand, SetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { sns } from "../../../local/services/sns/index.ts";
import { sqs } from "../../../local/services/sqs/index.ts";
import { resource } from "../resource.ts";

let cloud: RunningCloud;
let topics: SNSClient;
let queues: SQSClient;
const logged: string[] = [];

beforeEach(async () => {
  logged.length = 0;
  cloud = await startCloud({ services: { sns, sqs }, log: ({ message }) => logged.push(message) });
  topics = new SNSClient(cloud.client());
  queues = new SQSClient(cloud.client());
});

afterEach(async () => {
  topics.destroy();
  queues.destroy();
  await cloud.stop();
});

const queueArn = (name: string) => `arn:aws:sqs:eu-west-1:000000000000:${name}`;

async function topic(Name: string, Attributes: Record<string, string> = {}): Promise<string> {
  return (await topics.send(new CreateTopicCommand({ Name, Attributes }))).TopicArn!;
}

/** A queue that takes messages of a topic, unless told otherwise. */
async function subscribed(
  TopicArn: string,
  QueueName: string,
  Attributes: Record<string, string> = {},
  isOpen = true,
): Promise<string> {
  const fifo = QueueName.endsWith(".fifo") ? { FifoQueue: "true" } : {};
  const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName, Attributes: fifo }));
  if (isOpen) await open(QueueUrl!, QueueName, TopicArn);
  await topics.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: queueArn(QueueName), Attributes }));
  return QueueUrl!;
}

async function open(QueueUrl: string, name: string, sourceArn: string): Promise<void> {
  const statement = {
    Effect: "Allow",
    Principal: { Service: "sns.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: queueArn(name),
    Condition: { ArnEquals: { "aws:SourceArn": sourceArn }, StringEquals: { "aws:SourceAccount": "000000000000" } },
  };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await queues.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
}

async function received(QueueUrl: string, wait = 5) {
  const all = { MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All" as const] };
  return (
    (await queues.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: wait, ...all })))
      .Messages ?? []
  );
}

it("delivers raw: the message alone, its attributes as the queue's", async () => {
  const TopicArn = await topic("events");
  const url = await subscribed(TopicArn, "raw", { RawMessageDelivery: "true" });
  const MessageAttributes = { type: { DataType: "String", StringValue: "photo.ready" } };
  await topics.send(new PublishCommand({ TopicArn, Message: '{"a":1}', MessageAttributes }));
  const [message] = await received(url);
  expect(message!.Body).toBe('{"a":1}');
  expect(message!.MessageAttributes!.type!.StringValue).toBe("photo.ready");
});

it("delivers in SNS's envelope otherwise", async () => {
  const TopicArn = await topic("events");
  const url = await subscribed(TopicArn, "wrapped");
  await topics.send(new PublishCommand({ TopicArn, Message: "hi", Subject: "greeting" }));
  const body = JSON.parse((await received(url))[0]!.Body!);
  expect(body).toMatchObject({ Type: "Notification", TopicArn, Message: "hi", Subject: "greeting" });
});

it("filters at delivery by attributes and by body (case 6)", async () => {
  const TopicArn = await topic("events");
  const byAttribute = await subscribed(TopicArn, "by-attribute", {
    RawMessageDelivery: "true",
    FilterPolicy: JSON.stringify({ type: [{ prefix: "photo." }], size: [{ numeric: [">", 10] }] }),
  });
  const byBody = await subscribed(TopicArn, "by-body", {
    RawMessageDelivery: "true",
    FilterPolicyScope: "MessageBody",
    FilterPolicy: JSON.stringify({ tenant: { id: ["acme"] } }),
  });
  const attributes = (type: string, size: number) => ({
    type: { DataType: "String", StringValue: type },
    size: { DataType: "Number", StringValue: String(size) },
  });
  await topics.send(
    new PublishCommand({
      TopicArn,
      Message: '{"tenant":{"id":"acme"}}',
      MessageAttributes: attributes("album.made", 11),
    }),
  );
  await topics.send(
    new PublishCommand({ TopicArn, Message: "not json", MessageAttributes: attributes("photo.ready", 11) }),
  );
  await topics.send(
    new PublishCommand({ TopicArn, Message: "small", MessageAttributes: attributes("photo.ready", 9) }),
  );
  expect((await received(byAttribute)).map(({ Body }) => Body)).toEqual(["not json"]);
  expect((await received(byBody)).map(({ Body }) => Body)).toEqual(['{"tenant":{"id":"acme"}}']);
});

it("delivers nothing to a queue whose policy does not let it, and says so (case 6)", async () => {
  const TopicArn = await topic("events");
  const url = await subscribed(TopicArn, "closed", {}, false);
  await topics.send(new PublishCommand({ TopicArn, Message: "x" }));
  expect(await received(url, 0)).toEqual([]);
  await cloud.service("sns").then((service) => service.stop!());
  expect(logged.join()).toContain("the message is lost");
});

it("puts what cannot be delivered into the subscription's own dead-letter queue (case 6)", async () => {
  const TopicArn = await topic("events");
  const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName: "lost" }));
  await open(QueueUrl!, "lost", TopicArn);
  await subscribed(
    TopicArn,
    "closed",
    { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn("lost") }), RawMessageDelivery: "true" },
    false,
  );
  await topics.send(new PublishCommand({ TopicArn, Message: "kept" }));
  expect((await received(QueueUrl!))[0]!.Body).toBe("kept");
});

it("carries message groups to FIFO and to fair standard queues", async () => {
  const TopicArn = await topic("line.fifo", { FifoTopic: "true", ContentBasedDeduplication: "true" });
  const fifo = await subscribed(TopicArn, "line.fifo", { RawMessageDelivery: "true" });
  await topics.send(new PublishCommand({ TopicArn, Message: "1", MessageGroupId: "acme" }));
  await topics.send(new PublishCommand({ TopicArn, Message: "1", MessageGroupId: "acme" }));
  const messages = await received(fifo);
  expect(messages.map(({ Attributes }) => Attributes!.MessageGroupId)).toEqual(["acme"]);
});

it("judges the entries of a batch one by one", async () => {
  const TopicArn = await topic("events");
  const PublishBatchRequestEntries = [
    { Id: "a", Message: "x" },
    { Id: "b", Message: "" },
  ];
  const { Successful, Failed } = await topics.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
  expect(Successful!.map(({ Id }) => Id)).toEqual(["a"]);
  expect(Failed!.map(({ Id }) => Id)).toEqual(["b"]);
});

it("names a topic that is not there", async () => {
  const missing = topics.send(
    new PublishCommand({ TopicArn: "arn:aws:sns:eu-west-1:000000000000:none", Message: "x" }),
  );
  await expect(missing).rejects.toMatchObject({ name: "NotFoundException" });
});

it("a program's subscriber by e-mail is told nothing, and the log says so without the address", async () => {
  const TopicArn = await topic("alarms");
  const { resources } = await cloud.service("sns");
  const type = "aws:sns/topicSubscription:TopicSubscription";
  await resources[type]!(resource(type, "ada", { topic: TopicArn, protocol: "email", endpoint: "ada@example.com" }));
  await topics.send(new PublishCommand({ TopicArn, Message: "to nobody" }));
  expect(await cloud.call("sns", "ListSubscriptionsByTopic", { TopicArn })).toMatchObject({ Subscriptions: [] });
  expect(logged).toEqual([`${TopicArn}: nobody is told by email, which does not run on this machine.`]);
});
