import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
  TagQueueCommand,
  UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import { codeOf, type MessagingCloud, queuePolicy, startMessaging } from "../messaging-cloud.ts";
import { roleWith } from "../role-with.ts";
import { type QueueClient, queueClient } from "./queue-client.ts";

describe("queues", () => {
  let cloud: MessagingCloud;
  let queue: QueueClient;

  beforeEach(async () => {
    cloud = await startMessaging();
    queue = queueClient(cloud.running.client());
  });
  afterEach(async () => {
    queue.sdk.destroy();
    await cloud.stop();
  });

  async function restart(isKilled: boolean) {
    queue.sdk.destroy();
    await cloud.restart({ isKilled });
    queue = queueClient(cloud.running.client());
  }
  const urlOf = async (QueueName: string) => (await queue.sdk.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl!;
  const attributesOf = async (QueueUrl: string, AttributeNames: string[] = ["All"]) =>
    (await queue.sdk.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: AttributeNames as never })))
      .Attributes!;

  it("have AWS's defaults, and say what they were made with", async () => {
    const url = await queue.create("plain");
    expect(await attributesOf(url)).toMatchObject({
      VisibilityTimeout: "30",
      DelaySeconds: "0",
      MessageRetentionPeriod: "345600",
      ReceiveMessageWaitTimeSeconds: "0",
      MaximumMessageSize: "1048576",
      SqsManagedSseEnabled: "true",
    });
    const other = await queue.create("other", { VisibilityTimeout: "7", KmsMasterKeyId: "alias/mine" });
    expect(await attributesOf(other, ["VisibilityTimeout", "KmsMasterKeyId"])).toEqual({
      VisibilityTimeout: "7",
      KmsMasterKeyId: "alias/mine",
    });
    expect(await codeOf(attributesOf(url, ["Colour"]))).toBe("InvalidAttributeName");
    const set = (Attributes: Record<string, string>) =>
      codeOf(queue.sdk.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes })));
    expect(await set({ VisibilityTimeout: "43201" })).toBe("InvalidAttributeValue");
    expect(await set({ Colour: "red" })).toBe("InvalidAttributeName");
    expect(await set({ RedrivePolicy: "{" })).toBe("InvalidAttributeValue");
  });

  it("are made once: the same again is the same queue, another under its name is refused", async () => {
    const url = await queue.create("once", { DelaySeconds: "5" });
    expect(await queue.create("once", { DelaySeconds: "5" })).toBe(url);
    expect(await codeOf(queue.create("once", { DelaySeconds: "6" }))).toBe("QueueNameExists");
    for (const name of ["with space", "x".repeat(81), "", "a.b"]) {
      expect(await codeOf(queue.create(name))).toBe("InvalidParameterValue");
    }
    const fifoWithoutSuffix = new CreateQueueCommand({ QueueName: "line", Attributes: { FifoQueue: "true" } });
    expect(await codeOf(queue.sdk.send(fifoWithoutSuffix))).toBe("InvalidParameterValue");
  });

  it("are listed by prefix and page, and have tags", async () => {
    for (const name of ["a-1", "a-2", "a-3", "b-1"]) await queue.create(name);
    const list = async (input: object) => {
      const { QueueUrls, NextToken } = await queue.sdk.send(new ListQueuesCommand(input));
      return { names: QueueUrls?.map((url) => url.split("/").at(-1)), NextToken };
    };
    const page = await list({ QueueNamePrefix: "a", MaxResults: 2 });
    expect(page.names).toEqual(["a-1", "a-2"]);
    expect(await list({ QueueNamePrefix: "a", MaxResults: 2, NextToken: page.NextToken })).toEqual({ names: ["a-3"] });
    const QueueUrl = await urlOf("b-1");
    await queue.sdk.send(new TagQueueCommand({ QueueUrl, Tags: { team: "photos", tier: "basic" } }));
    await queue.sdk.send(new UntagQueueCommand({ QueueUrl, TagKeys: ["tier"] }));
    expect((await queue.sdk.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toEqual({ team: "photos" });
  });

  it("keep messages, receipts and delays over a kill", async () => {
    const url = await queue.create("kept", { VisibilityTimeout: "60" });
    await queue.send(url, "in flight", {
      MessageAttributes: { raw: { DataType: "Binary", BinaryValue: new Uint8Array([1, 2]) } },
    });
    const [held] = await queue.receive(url);
    await queue.send(url, "waiting");
    await queue.send(url, "delayed", { DelaySeconds: 90 });
    await restart(true);
    const again = await urlOf("kept");
    expect(await queue.counts(again)).toEqual([1, 1, 1]);
    expect(await queue.bodies(again)).toEqual(["waiting"]);
    await cloud.clock.advance(59_999);
    expect(await queue.bodies(again)).toEqual([]);
    await cloud.clock.advance(1);
    const [returned] = await queue.receive(again, { MessageAttributeNames: ["All"] });
    expect(returned).toMatchObject({ MessageId: held!.MessageId, Attributes: { ApproximateReceiveCount: "2" } });
    expect([...returned!.MessageAttributes!.raw!.BinaryValue!]).toEqual([1, 2]);
  });

  it("of a program are gone when it no longer declares them; their messages wait for the queue to come back", async () => {
    await cloud.declare("aws:sqs/queue:Queue", { name: "declared" });
    const url = await urlOf("declared");
    await queue.send(url, "still here");
    await queue.sdk.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { DelaySeconds: "9" } }));
    await restart(false);
    expect(await codeOf(urlOf("declared"))).toBe("QueueDoesNotExist");
    await cloud.declare("aws:sqs/queue:Queue", { name: "declared" });
    const again = await urlOf("declared");
    expect(await attributesOf(again, ["DelaySeconds"])).toEqual({ DelaySeconds: "0" });
    expect(await queue.bodies(again)).toEqual(["still here"]);
  });

  it("are reached by a role only where its policy or the queue's own allows the action", async () => {
    const url = await queue.create("guarded");
    const arn = await queue.arnOf(url);
    const roleArn = await roleWith(cloud.running, "sender", {
      Effect: "Allow",
      Action: "sqs:SendMessage",
      Resource: arn,
    });
    const role = queueClient(cloud.running.client(roleArn));
    await role.send(url, "allowed");
    await expect(role.receive(url)).rejects.toThrow(/not authorized to perform: sqs:ReceiveMessage.*Missing/);
    const allow = { Effect: "Allow", Principal: { AWS: roleArn }, Action: "sqs:ReceiveMessage", Resource: arn };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [allow] });
    await queue.sdk.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
    expect(await role.receive(url)).toHaveLength(1);
    const deny = { ...allow, Effect: "Deny", Action: "sqs:*" };
    await cloud.declare("aws:sqs/queuePolicy:QueuePolicy", {
      queueUrl: url,
      policy: JSON.stringify({ Version: "2012-10-17", Statement: [deny] }),
    });
    await expect(role.send(url, "denied")).rejects.toThrow("explicit deny");
    role.sdk.destroy();
  });

  it("take a service's message only from the source that their policy names", async () => {
    const url = await queue.create("inbox");
    const arn = await queue.arnOf(url);
    const topic = "arn:aws:sns:eu-west-1:000000000000:events";
    const deliver = (sourceArn: string) =>
      cloud.running.deliver(arn, { service: "sns.amazonaws.com", sourceArn, body: "{}", messageGroupId: "acme" });
    await expect(deliver(topic)).rejects.toMatchObject({ code: "AccessDeniedException" });
    const Policy = queuePolicy(arn, "sns.amazonaws.com", topic);
    await queue.sdk.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
    await expect(deliver(`${topic}-other`)).rejects.toMatchObject({ code: "AccessDeniedException" });
    await deliver(topic);
    expect((await queue.receive(url))[0]!.Attributes).toMatchObject({ MessageGroupId: "acme" });
  });

  it("refuse what is not signed", async () => {
    const QueueUrl = await queue.create("signed");
    const unsigned = new SQSClient({
      ...cloud.running.client(),
      signer: { sign: async (request: unknown) => request } as never,
    });
    const code = await codeOf(unsigned.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" })));
    expect(code).toMatch(/^MissingAuthenticationToken/);
    unsigned.destroy();
  });
});
