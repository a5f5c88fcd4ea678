import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  CreateTopicCommand,
  ListSubscriptionsByTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  type PublishCommandInput,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import { SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { manualClock } from "../../../local/clock.ts";
import { startCloud } from "../../../local/cloud.ts";
import { AwsError, type Delivery, type Service } from "../../../local/service.ts";
import { sns } from "../../../local/services/sns/index.ts";
import { codeOf, type MessagingCloud, queuePolicy, startMessaging } from "../messaging-cloud.ts";
import { roleWith } from "../role-with.ts";
import { type QueueClient, queueClient } from "../sqs/queue-client.ts";

describe("SNS", () => {
  let cloud: MessagingCloud;
  let topics: SNSClient;
  let queue: QueueClient;

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
    connect();
  });
  afterEach(async () => {
    disconnect();
    await cloud.stop();
  });

  async function topic(Name: string, Attributes: Record<string, string> = {}): Promise<string> {
    const fifo: Record<string, string> = Name.endsWith(".fifo") ? { FifoTopic: "true" } : {};
    return (await topics.send(new CreateTopicCommand({ Name, Attributes: { ...fifo, ...Attributes } }))).TopicArn!;
  }
  async function openQueue(name: string, TopicArn: string): Promise<string> {
    const url = await queue.create(name);
    const Policy = queuePolicy(await queue.arnOf(url), "sns.amazonaws.com", TopicArn);
    await queue.sdk.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
    return url;
  }
  const subscribe = (TopicArn: string, Protocol: string, Endpoint: string, Attributes?: Record<string, string>) =>
    topics.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes }));
  const publish = (input: PublishCommandInput) => topics.send(new PublishCommand(input));

  it("case 6: the envelope has SNS's members in SNS's order, attributes and subject only where there are some", async () => {
    const TopicArn = await topic("events");
    const url = await openQueue("wrapped", TopicArn);
    await subscribe(TopicArn, "sqs", await queue.arnOf(url));
    const MessageAttributes = {
      type: { DataType: "String", StringValue: "photo.ready" },
      raw: { DataType: "Binary", BinaryValue: new Uint8Array([1, 2]) },
    };
    const { MessageId } = await publish({ TopicArn, Message: "héllo", Subject: "greeting", MessageAttributes });
    await publish({ TopicArn, Message: "bare" });
    const [full, bare] = (await queue.bodies(url)).map((body) => JSON.parse(body));
    expect(Object.keys(full)).toEqual(
      "Type MessageId TopicArn Subject Message Timestamp SignatureVersion Signature SigningCertURL UnsubscribeURL MessageAttributes".split(
        " ",
      ),
    );
    expect(full).toMatchObject({
      Type: "Notification",
      MessageId,
      TopicArn,
      Message: "héllo",
      Timestamp: new Date(cloud.clock.now()).toISOString(),
      MessageAttributes: { type: { Type: "String", Value: "photo.ready" }, raw: { Type: "Binary", Value: "AQI=" } },
    });
    expect(bare).not.toHaveProperty("Subject");
    expect(bare).not.toHaveProperty("MessageAttributes");
  });

  it("each protocol has its own text where the message is structured", async () => {
    const TopicArn = await topic("events");
    const url = await openQueue("raw", TopicArn);
    await subscribe(TopicArn, "sqs", await queue.arnOf(url), { RawMessageDelivery: "true" });
    const structured = (texts: object) =>
      publish({ TopicArn, MessageStructure: "json", Message: JSON.stringify(texts) });
    await structured({ default: "all", sqs: "queues" });
    await structured({ default: "all", lambda: "functions" });
    expect(await queue.bodies(url)).toEqual(["queues", "all"]);
    expect(await codeOf(structured({ sqs: "queues" }))).toBe("InvalidParameterException");
  });

  it("what was published and answered is in the queues, whenever the process dies", async () => {
    const TopicArn = await topic("events");
    const url = await openQueue("durable", TopicArn);
    await subscribe(TopicArn, "sqs", await queue.arnOf(url), { RawMessageDelivery: "true" });
    await publish({ TopicArn, Message: "before" });
    disconnect();
    await cloud.restart({ isKilled: true });
    connect();
    await publish({ TopicArn, Message: "after" });
    expect(await queue.bodies(await queue.create("durable"))).toEqual(["before", "after"]);
  });

  it("a FIFO topic keeps order and drops duplicates, with the group in every envelope's queue", async () => {
    const TopicArn = await topic("line.fifo", { ContentBasedDeduplication: "true" });
    const url = await openQueue("line.fifo", TopicArn);
    await subscribe(TopicArn, "sqs", await queue.arnOf(url));
    const entries = ["1", "2", "2", "3"].map((Message, i) => ({ Id: `${i}`, Message, MessageGroupId: "acme" }));
    const batch = new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: entries });
    const { Successful } = await topics.send(batch);
    expect(Successful![1]!.MessageId).toBe(Successful![2]!.MessageId);
    const messages = await queue.receive(url, { MaxNumberOfMessages: 10 });
    const envelopes = messages.map(({ Body }) => JSON.parse(Body!));
    expect(envelopes.map(({ Message }) => Message)).toEqual(["1", "2", "3"]);
    expect(messages[0]!.Attributes!.MessageGroupId).toBe("acme");
    const numbers = envelopes.map(({ SequenceNumber }) => BigInt(SequenceNumber));
    expect(numbers).toEqual([...numbers].sort((a, b) => (a < b ? -1 : 1)));
    expect(await codeOf(publish({ TopicArn, Message: "x" }))).toBe("InvalidParameterException");
  });

  it("a message group on a standard topic reaches standard queues (fair queues)", async () => {
    const TopicArn = await topic("events");
    const url = await openQueue("fair", TopicArn);
    await subscribe(TopicArn, "sqs", await queue.arnOf(url));
    await publish({ TopicArn, Message: "x", MessageGroupId: "acme" });
    expect((await queue.receive(url))[0]!.Attributes).toMatchObject({ MessageGroupId: "acme" });
  });

  it("refuses what it could not deliver or filter, at Subscribe and not at Publish", async () => {
    const TopicArn = await topic("events");
    const arn = "arn:aws:sqs:eu-west-1:000000000000:q";
    const attempt = (protocol: string, endpoint: string, attributes?: Record<string, string>) =>
      codeOf(subscribe(TopicArn, protocol, endpoint, attributes));
    const refusals = await Promise.all([
      attempt("email", "me@example.com"),
      attempt("sqs", "https://example.com"),
      attempt("https", "http://example.com"),
      attempt("sqs", `${arn}.fifo`),
      attempt("sqs", arn, { Colour: "red" }),
      attempt("sqs", arn, { FilterPolicy: "{" }),
      attempt("sqs", arn, { FilterPolicy: '{"a":[{"like":"x"}]}' }),
      attempt("sqs", arn, { FilterPolicy: '{"a":{"b":["x"]}}' }),
      attempt("sqs", arn, { FilterPolicy: '{"a":["x"],"b":["x"],"c":["x"],"d":["x"],"e":["x"],"f":["x"]}' }),
      attempt("sqs", arn, { RedrivePolicy: '{"deadLetterTargetArn":"arn:aws:sns:x"}' }),
    ]);
    expect(refusals).toEqual(refusals.map(() => "InvalidParameterException"));
    const { SubscriptionArn } = await subscribe(TopicArn, "sqs", arn);
    expect((await subscribe(TopicArn, "sqs", arn)).SubscriptionArn).toBe(SubscriptionArn);
    expect(await attempt("sqs", arn, { RawMessageDelivery: "true" })).toBe("InvalidParameterException");
    const set = new SetSubscriptionAttributesCommand({
      SubscriptionArn,
      AttributeName: "FilterPolicy",
      AttributeValue: '{"a":[]}',
    });
    expect(await codeOf(topics.send(set))).toBe("InvalidParameterException");
  });

  it("a message may have 256 KiB, attributes included, or what the topic says", async () => {
    const TopicArn = await topic("events");
    const Message = "x".repeat(262_144);
    await publish({ TopicArn, Message });
    expect(await codeOf(publish({ TopicArn, Message: `${Message}x` }))).toBe("InvalidParameterException");
    const raise = { TopicArn, AttributeName: "MaximumMessageSize", AttributeValue: "1048576" };
    await topics.send(new SetTopicAttributesCommand(raise));
    await publish({ TopicArn, Message: `${Message}x` });
    const bad = { a: { DataType: "String", StringValue: "" } };
    expect(await codeOf(publish({ TopicArn, Message: "x", MessageAttributes: bad }))).toMatch(/^InvalidParameterValue/);
  });

  it("a role publishes only where its policy or the topic's allows it", async () => {
    const TopicArn = await topic("guarded");
    const role = await roleWith(cloud.running, "reader", { Effect: "Allow", Action: "sns:Get*", Resource: TopicArn });
    const client = new SNSClient(cloud.running.client(role));
    await expect(client.send(new PublishCommand({ TopicArn, Message: "x" }))).rejects.toThrow("sns:Publish");
    const allow = { Effect: "Allow", Principal: { AWS: role }, Action: "sns:Publish", Resource: TopicArn };
    await cloud.declare("aws:sns/topicPolicy:TopicPolicy", {
      arn: TopicArn,
      policy: JSON.stringify({ Version: "2012-10-17", Statement: [allow] }),
    });
    await client.send(new PublishCommand({ TopicArn, Message: "x" }));
    client.destroy();
  });

  it("declared topics and subscriptions are declared anew; subscriptions through the API are kept", async () => {
    const arn = "arn:aws:sns:eu-west-1:000000000000:declared";
    const declare = () => cloud.declare("aws:sns/topic:Topic", {}, { arn, id: arn, name: "declared" });
    const queueArn = (name: string) => `arn:aws:sqs:eu-west-1:000000000000:${name}`;
    await declare();
    await cloud.declare(
      "aws:sns/topicSubscription:TopicSubscription",
      { topic: arn, protocol: "sqs", endpoint: queueArn("declared") },
      { id: `${arn}:1` },
    );
    await subscribe(arn, "sqs", queueArn("api"));
    disconnect();
    await cloud.restart();
    connect();
    expect(await codeOf(publish({ TopicArn: arn, Message: "x" }))).toBe("NotFoundException");
    await declare();
    const list = await topics.send(new ListSubscriptionsByTopicCommand({ TopicArn: arn }));
    expect(list.Subscriptions!.map(({ Endpoint }) => Endpoint)).toEqual([queueArn("api")]);
  });

  describe("an HTTP endpoint", () => {
    let server: Server;
    let url: string;
    const requests: { headers: IncomingMessage["headers"]; body: string }[] = [];
    let statuses: number[];
    let arrived: () => void;

    beforeEach(async () => {
      requests.length = 0;
      server = createServer(async (request, response) => {
        let body = "";
        for await (const chunk of request) body += chunk;
        requests.push({ headers: request.headers, body });
        response.writeHead(statuses.shift() ?? 200).end();
        arrived();
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    });
    afterEach(() => {
      server.closeAllConnections();
      server.close();
    });
    const next = () =>
      new Promise<void>((resolve) => {
        arrived = resolve;
      });

    /** Subscribes the endpoint and lets it confirm. */
    async function confirmed(TopicArn: string, attributes: Record<string, string>): Promise<void> {
      statuses = [];
      const arrival = next();
      await subscribe(TopicArn, "http", url, attributes);
      await arrival;
      const page = await fetch(JSON.parse(requests.pop()!.body).SubscribeURL);
      expect(page.status).toBe(200);
    }

    it("gets nothing until it has confirmed, with the token that only it was sent", async () => {
      const TopicArn = await topic("events");
      statuses = [];
      let arrival = next();
      const asked = await topics.send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: url }));
      expect(asked.SubscriptionArn).toBe("pending confirmation");
      await arrival;
      expect(requests[0]!.headers).toMatchObject({ "x-amz-sns-message-type": "SubscriptionConfirmation" });
      const { Token, SubscribeURL } = JSON.parse(requests.pop()!.body);
      await publish({ TopicArn, Message: "too early" });
      const listed = await topics.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
      expect(listed.Subscriptions).toMatchObject([{ SubscriptionArn: "PendingConfirmation" }]);
      const wrong = await fetch(SubscribeURL.replace(Token, "0".repeat(192)));
      expect([wrong.status, requests.length]).toEqual([400, 0]);
      await cloud.restart();
      const again = `${cloud.running.endpoint}/${new URL(SubscribeURL).search}`;
      const page = await (await fetch(again)).text();
      expect(page).toContain(`<SubscriptionArn>${TopicArn}:`);
      arrival = next();
      await cloud.running.call("sns", "Publish", { TopicArn, Message: "now" });
      await arrival;
      expect(requests.map(({ body }) => JSON.parse(body).Message)).toEqual(["now"]);
    });

    it("gets the envelope, and again every 20 seconds while it fails, three times more; then the dead letters", async () => {
      const TopicArn = await topic("events");
      const lost = await openQueue("lost", TopicArn);
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: await queue.arnOf(lost) });
      await confirmed(TopicArn, { RedrivePolicy });
      statuses = [500, 503, 500, 429];
      let arrival = next();
      let retry = cloud.timerOf(20_000);
      await publish({ TopicArn, Message: "x" });
      for (let attempt = 1; attempt <= 3; attempt++) {
        await Promise.all([arrival, retry]);
        expect(requests).toHaveLength(attempt);
        arrival = next();
        retry = cloud.timerOf(20_000);
        await cloud.clock.advance(20_000);
      }
      const dead = queue.receive(lost, { WaitTimeSeconds: 19 });
      await arrival;
      expect(JSON.parse((await dead)[0]!.Body!)).toMatchObject({ Message: "x", Type: "Notification" });
      expect(requests).toHaveLength(4);
      expect(requests[0]!.headers).toMatchObject({ "x-amz-sns-message-type": "Notification" });
      expect(JSON.parse(requests[0]!.body)).toMatchObject({ Message: "x" });
    });

    it("is asked once where it refuses for good", async () => {
      const TopicArn = await topic("events");
      const lost = await openQueue("lost", TopicArn);
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: await queue.arnOf(lost) });
      await confirmed(TopicArn, { RedrivePolicy, RawMessageDelivery: "true" });
      statuses = [410];
      const arrival = next();
      const dead = queue.receive(lost, { WaitTimeSeconds: 20 });
      await publish({ TopicArn, Message: "bare" });
      await arrival;
      expect((await dead)[0]!.Body).toBe("bare");
      expect(requests[0]).toMatchObject({ body: "bare", headers: { "x-amz-sns-rawdelivery": "true" } });
    });
  });
});

describe("SNS to functions", () => {
  const arn = "arn:aws:lambda:eu-west-1:000000000000:function:consume";

  it("hands over the event that Lambda has from SNS, and tries again where Lambda itself fails", async () => {
    const clock = manualClock(Date.now());
    const delivered: Delivery[] = [];
    let failures = 1;
    const lambda = (): Service => ({
      name: "lambda",
      resources: {},
      operations: {},
      async deliver(_arn, message) {
        if (failures-- > 0) throw new AwsError("ServiceException", "busy", 500);
        delivered.push(message);
      },
    });
    const cloud = await startCloud({ clock, services: { sns, lambda } });
    const { TopicArn } = await cloud.call("sns", "CreateTopic", { Name: "events" });
    const { SubscriptionArn } = await cloud.call("sns", "Subscribe", { TopicArn, Protocol: "lambda", Endpoint: arn });
    const MessageAttributes = { type: { DataType: "String", StringValue: "made" } };
    await cloud.call("sns", "Publish", { TopicArn, Message: "x", MessageAttributes });
    expect(delivered).toEqual([]);
    await clock.advance(1000);
    expect(delivered).toMatchObject([{ service: "sns.amazonaws.com", sourceArn: TopicArn }]);
    expect(JSON.parse(delivered[0]!.body)).toMatchObject({
      Records: [
        {
          EventSource: "aws:sns",
          EventVersion: "1.0",
          EventSubscriptionArn: SubscriptionArn,
          Sns: { Message: "x", Subject: null, MessageAttributes: { type: { Type: "String", Value: "made" } } },
        },
      ],
    });
    await cloud.stop();
  });
});
