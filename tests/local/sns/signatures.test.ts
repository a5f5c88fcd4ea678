/** Signatures of messages, delivery policies, links to unsubscribe, and what survives a restart. */
import { verify, X509Certificate } from "node:crypto";
import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import { SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { effectivePolicy, pausesOf } from "../../../local/services/sns/delivery-policy.ts";
import { eventually } from "../lambda/fixture.ts";
import { type MessagingCloud, queuePolicy, startMessaging } from "../messaging-cloud.ts";
import { type QueueClient, queueClient } from "../sqs/queue-client.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";

let cloud: MessagingCloud;
let topics: SNSClient;
let queue: QueueClient;
let hook: Endpoint;

const connect = () => {
  topics = new SNSClient({ ...cloud.running.client(), maxAttempts: 1 });
  queue = queueClient(cloud.running.client());
};
const disconnect = () => {
  topics.destroy();
  queue.sdk.destroy();
};

beforeEach(async () => {
  cloud = await startMessaging();
  hook = await endpoint();
  connect();
});

afterEach(async () => {
  disconnect();
  hook.close();
  await cloud.stop();
});

const topic = async (Attributes: Record<string, string> = {}) =>
  (await topics.send(new CreateTopicCommand({ Name: "events", Attributes }))).TopicArn!;

/** Subscribes the endpoint and confirms in its place; answers the request to confirm. */
async function confirmed(TopicArn: string, Attributes?: Record<string, string>, AuthenticateOnUnsubscribe?: string) {
  const asked = hook.next();
  await topics.send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: hook.url, Attributes }));
  const message = JSON.parse(await asked);
  const confirm = new ConfirmSubscriptionCommand({ TopicArn, Token: message.Token, AuthenticateOnUnsubscribe });
  const { SubscriptionArn } = await topics.send(confirm);
  hook.requests.length = 0;
  return { message, arn: SubscriptionArn! };
}

const failure = (sent: Promise<unknown>) =>
  sent.then(
    () => "succeeded",
    (error: Error) => `${error.name}: ${error.message}`,
  );

/** What AWS's own documentation of the signature says to check, and how. */
async function isGenuine(message: Record<string, string>): Promise<boolean> {
  const members =
    message.Type === "Notification"
      ? ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
      : ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
  const text = members.flatMap((name) => (name in message ? [name, message[name]] : [])).join("\n");
  const answer = await fetch(message.SigningCertURL!);
  const { publicKey } = new X509Certificate(await answer.text());
  const digest = message.SignatureVersion === "2" ? "sha256" : "sha1";
  return verify(digest, Buffer.from(`${text}\n`), publicKey, Buffer.from(message.Signature!, "base64"));
}

describe("a signature", () => {
  const received = async (TopicArn: string, Message: string, Subject?: string) => {
    const arrival = hook.next();
    await topics.send(new PublishCommand({ TopicArn, Message, Subject }));
    return JSON.parse(await arrival) as Record<string, string>;
  };

  it("of the first version holds for requests to confirm and for notifications, with a subject and without", async () => {
    const TopicArn = await topic();
    const { message } = await confirmed(TopicArn);
    expect(message).toMatchObject({ Type: "SubscriptionConfirmation", SignatureVersion: "1" });
    expect(await isGenuine(message)).toBe(true);
    expect(await isGenuine(await received(TopicArn, "héllo\nworld"))).toBe(true);
    const titled = await received(TopicArn, "x", "title");
    expect(await isGenuine(titled)).toBe(true);
    expect(await isGenuine({ ...titled, Message: "y" })).toBe(false);
    expect(await isGenuine({ ...titled, Subject: "another" })).toBe(false);
  });

  it("of the second version is SHA-256, where the topic asks for it", async () => {
    const TopicArn = await topic({ SignatureVersion: "2" });
    const { message } = await confirmed(TopicArn);
    const notification = await received(TopicArn, "x");
    expect([message.SignatureVersion, notification.SignatureVersion]).toEqual(["2", "2"]);
    expect(await isGenuine(message)).toBe(true);
    expect(await isGenuine(notification)).toBe(true);
    expect(await isGenuine({ ...notification, SignatureVersion: "1" })).toBe(false);
    const third = new SetTopicAttributesCommand({ TopicArn, AttributeName: "SignatureVersion", AttributeValue: "3" });
    expect(await failure(topics.send(third))).toMatch(/^InvalidParameter.*SignatureVersion: 1 or 2/);
  });

  it("stands in the envelopes of queues too, by the same certificate after a restart", async () => {
    const TopicArn = await topic();
    const QueueUrl = await queue.create("wrapped");
    const arn = await queue.arnOf(QueueUrl);
    const Policy = queuePolicy(arn, "sns.amazonaws.com", TopicArn);
    await queue.sdk.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    await topics.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: arn }));
    const next = async () => {
      await topics.send(new PublishCommand({ TopicArn, Message: "x" }));
      return JSON.parse((await queue.bodies(QueueUrl))[0]!);
    };
    const first = await next();
    expect(await isGenuine(first)).toBe(true);
    disconnect();
    await cloud.restart();
    connect();
    const second = await next();
    expect(await isGenuine(second)).toBe(true);
    expect(new URL(second.SigningCertURL).pathname).toBe(new URL(first.SigningCertURL).pathname);
  });

  it("comes with a certificate that names SNS, has signed itself and is valid now; another address has none", async () => {
    const { message } = await confirmed(await topic());
    const certificate = new X509Certificate(await (await fetch(message.SigningCertURL)).text());
    expect(certificate.subject).toBe("CN=sns.amazonaws.com");
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkIssued(certificate)).toBe(true);
    expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now());
    expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now());
    const other = await fetch(message.SigningCertURL.replace(/[0-9a-f]{32}/, "0".repeat(32)));
    expect(other.status).toBe(404);
  });
});

describe("a link to unsubscribe", () => {
  const follow = async (TopicArn: string) => {
    const arrival = hook.next();
    await topics.send(new PublishCommand({ TopicArn, Message: "x" }));
    return (await fetch(JSON.parse(await arrival).UnsubscribeURL)).status;
  };
  const count = async (TopicArn: string) =>
    (await topics.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions?.length ?? 0;

  it("ends the subscription for who has it", async () => {
    const TopicArn = await topic();
    await confirmed(TopicArn);
    expect(await follow(TopicArn)).toBe(200);
    expect(await count(TopicArn)).toBe(0);
  });

  it("does nothing where the subscription was confirmed so that only IAM ends it", async () => {
    const TopicArn = await topic();
    await confirmed(TopicArn, undefined, "true");
    expect(await follow(TopicArn)).toBe(403);
    expect(await count(TopicArn)).toBe(1);
  });
});

describe("a delivery policy", () => {
  const policy = (healthyRetryPolicy: object, more: object = {}) => JSON.stringify({ healthyRetryPolicy, ...more });

  it("says how often a failing endpoint is tried, with which pauses, and as which type of content", async () => {
    const TopicArn = await topic();
    const DeliveryPolicy = policy(
      { minDelayTarget: 5, maxDelayTarget: 30, numRetries: 2, numMinDelayRetries: 1, numMaxDelayRetries: 1 },
      { requestPolicy: { headerContentType: "application/json" } },
    );
    const { arn } = await confirmed(TopicArn, { DeliveryPolicy });
    hook.statuses = [500, 500];
    const [short, long] = [cloud.timerOf(5_000), cloud.timerOf(30_000)];
    await topics.send(new PublishCommand({ TopicArn, Message: "x" }));
    await short;
    await cloud.clock.advance(5_000);
    await long;
    const last = hook.next();
    await cloud.clock.advance(30_000);
    await last;
    expect(hook.requests.map(({ headers }) => headers["content-type"])).toEqual(Array(3).fill("application/json"));
    const { Attributes } = await topics.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }));
    expect(Attributes!.DeliveryPolicy).toBe(DeliveryPolicy);
    expect(JSON.parse(Attributes!.EffectiveDeliveryPolicy!).healthyRetryPolicy).toMatchObject({ numRetries: 2 });
  });

  it("of a topic holds for subscriptions without one, and for all where it says so", async () => {
    const http = { defaultHealthyRetryPolicy: { numRetries: 7 } };
    expect(effectivePolicy(JSON.stringify({ http }), undefined).healthyRetryPolicy).toMatchObject({ numRetries: 7 });
    const own = policy({ numRetries: 1 });
    expect(effectivePolicy(JSON.stringify({ http }), own).healthyRetryPolicy).toMatchObject({ numRetries: 1 });
    const fixed = JSON.stringify({ http: { ...http, disableSubscriptionOverrides: true } });
    expect(effectivePolicy(fixed, own).healthyRetryPolicy).toMatchObject({ numRetries: 7 });
    const TopicArn = await topic({ DeliveryPolicy: JSON.stringify({ http }) });
    const { Attributes } = await topics.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(JSON.parse(Attributes!.EffectiveDeliveryPolicy!).http.defaultHealthyRetryPolicy.numRetries).toBe(7);
  });

  it.each([
    ["linear", [1, 4, 7, 10]],
    ["arithmetic", [1, 2, 5, 10]],
    ["geometric", [1, 2.154, 4.642, 10]],
    ["exponential", [1, 2, 4, 8]],
  ] as const)("backs off %s from its least pause to its longest", (backoffFunction, seconds) => {
    const text = policy({ minDelayTarget: 1, maxDelayTarget: 10, numRetries: 4, backoffFunction });
    const { healthyRetryPolicy } = effectivePolicy(undefined, text);
    expect(pausesOf(healthyRetryPolicy)).toEqual(seconds.map((each) => each * 1000));
  });

  it.each([
    ["is no JSON", "{", /not a JSON object/],
    ["retries for more than an hour", policy({ numRetries: 100, maxDelayTarget: 3600 }), /3600 seconds together/],
    ["has more phases than retries", policy({ numRetries: 1, numNoDelayRetries: 2 }), /numRetries has to cover/],
    ["has its pauses the wrong way round", policy({ minDelayTarget: 30, maxDelayTarget: 20 }), /maxDelayTarget/],
    ["backs off in a way there is none of", policy({ backoffFunction: "random" }), /backoffFunction random/],
    [
      "has a type of content that is none",
      policy({}, { requestPolicy: { headerContentType: "a\nb" } }),
      /headerContentType/,
    ],
  ])("is refused when it %s", async (_what, DeliveryPolicy, message) => {
    const TopicArn = await topic();
    const attributes = { TopicArn, Protocol: "http", Endpoint: hook.url, Attributes: { DeliveryPolicy } };
    expect(await failure(topics.send(new SubscribeCommand(attributes)))).toMatch(message);
  });
});

it("what a failing endpoint is still to get comes after a restart, its attributes as they were", async () => {
  const TopicArn = await topic();
  await confirmed(TopicArn);
  hook.statuses = [500];
  const waits = cloud.timerOf(20_000);
  const arrival = hook.next();
  const MessageAttributes = { raw: { DataType: "Binary", BinaryValue: Buffer.from([1, 2, 3]) } };
  await topics.send(new PublishCommand({ TopicArn, Message: "kept", MessageAttributes }));
  await Promise.all([arrival, waits]);
  disconnect();
  await cloud.restart();
  connect();
  await cloud.running.service("sns");
  const again = hook.next();
  await cloud.clock.advance(20_000);
  const message = JSON.parse(await again);
  expect(message).toMatchObject({ Message: "kept", MessageAttributes: { raw: { Type: "Binary", Value: "AQID" } } });
  // And once only.
  const toCome = () => cloud.running.database.prepare("SELECT id FROM sns_attempts").all().length;
  await eventually(toCome, (count) => count === 0);
  disconnect();
  await cloud.restart();
  connect();
  await cloud.running.service("sns");
  await cloud.clock.advance(60_000);
  expect(hook.requests).toHaveLength(2);
});
