import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  PurgeQueueCommand,
  SendMessageBatchCommand,
} from "@aws-sdk/client-sqs";
import { codeOf, type MessagingCloud, startMessaging } from "../messaging-cloud.ts";
import { type QueueClient, queueClient } from "./queue-client.ts";

describe("standard queues", () => {
  let cloud: MessagingCloud;
  let queue: QueueClient;
  let url: string;
  let count = 0;

  beforeAll(async () => {
    cloud = await startMessaging();
    queue = queueClient(cloud.running.client());
  });
  afterAll(async () => {
    queue.sdk.destroy();
    await cloud.stop();
  });
  beforeEach(async () => {
    url = await queue.create(`standard-${count++}`);
  });

  it("hands a message over with attributes and digests that the SDK checks, and what the queue knows of it", async () => {
    const MessageAttributes = {
      kind: { DataType: "String", StringValue: "photo ✓" },
      size: { DataType: "Number.bytes", StringValue: "12" },
      raw: { DataType: "Binary", BinaryValue: new Uint8Array([0, 255, 7]) },
    };
    const trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
    await queue.send(url, "héllo <&>", {
      MessageAttributes,
      MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue: trace } },
    });
    const [message] = await queue.receive(url, { MessageAttributeNames: ["All"] });
    expect(message).toMatchObject({ Body: "héllo <&>", MessageAttributes });
    expect(message!.Attributes).toEqual({
      SenderId: "000000000000",
      SentTimestamp: String(cloud.clock.now()),
      ApproximateReceiveCount: "1",
      ApproximateFirstReceiveTimestamp: String(cloud.clock.now()),
      AWSTraceHeader: trace,
    });
    await cloud.clock.advance(30_000);
    const [again] = await queue.receive(url, { MessageAttributeNames: ["si.*", "kind"] });
    expect(Object.keys(again!.MessageAttributes!).sort()).toEqual(["kind", "size"]);
    expect(again!.Attributes!.ApproximateReceiveCount).toBe("2");
  });

  it("hides a received message until its visibility timeout, and no longer than it is told to", async () => {
    await queue.send(url, "work");
    const [first] = await queue.receive(url, { VisibilityTimeout: 60 });
    expect(await queue.counts(url)).toEqual([0, 1, 0]);
    await cloud.clock.advance(59_999);
    expect(await queue.receive(url)).toEqual([]);
    await cloud.clock.advance(1);
    const [second] = await queue.receive(url);
    expect(second!.MessageId).toBe(first!.MessageId);
    const { ReceiptHandle } = second!;
    const change = (VisibilityTimeout: number, handle = ReceiptHandle) =>
      queue.sdk.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: handle, VisibilityTimeout }));
    await change(0);
    const [third] = await queue.receive(url);
    expect(third!.Attributes!.ApproximateReceiveCount).toBe("3");
    expect(await codeOf(change(10))).toBe("MessageNotInflight");
    expect(await codeOf(change(43_201, third!.ReceiptHandle))).toBe("InvalidParameterValue");
    await cloud.clock.advance(20_000);
    expect(await codeOf(change(43_199, third!.ReceiptHandle))).toBe("InvalidParameterValue");
  });

  it("deletes by the latest receipt only, also after the message is visible again; a stale one is no error", async () => {
    await queue.send(url, "work");
    const [stale] = await queue.receive(url, { VisibilityTimeout: 0 });
    const [latest] = await queue.receive(url, { VisibilityTimeout: 1 });
    await queue.remove(url, stale!);
    await cloud.clock.advance(1000);
    expect(await queue.counts(url)).toEqual([1, 0, 0]);
    await queue.remove(url, latest!);
    expect(await queue.counts(url)).toEqual([0, 0, 0]);
    const nonsense = new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: "nonsense" });
    expect(await codeOf(queue.sdk.send(nonsense))).toBe("ReceiptHandleIsInvalid");
  });

  it("delays by the message's own delay, or else by the queue's", async () => {
    const delayed = await queue.create("delayed", { DelaySeconds: "10" });
    await queue.send(delayed, "by the queue");
    await queue.send(delayed, "at once", { DelaySeconds: 0 });
    expect(await queue.counts(delayed)).toEqual([1, 0, 1]);
    expect(await queue.bodies(delayed)).toEqual(["at once"]);
    await cloud.clock.advance(10_000);
    expect(await queue.bodies(delayed)).toEqual(["by the queue"]);
  });

  it("forgets a message when its retention is over, received or not", async () => {
    const short = await queue.create("short", { MessageRetentionPeriod: "60", VisibilityTimeout: "3600" });
    await queue.send(short, "held");
    await queue.receive(short);
    await queue.send(short, "unread");
    await cloud.clock.advance(60_001);
    expect(await queue.counts(short)).toEqual([0, 0, 0]);
    expect(await queue.receive(short)).toEqual([]);
  });

  it("judges each entry of a batch on its own, and refuses a batch that is none", async () => {
    const entries = [
      { Id: "good", MessageBody: "a" },
      { Id: "empty", MessageBody: "" },
      { Id: "late", MessageBody: "b", DelaySeconds: 901 },
    ];
    const sent = await queue.sdk.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }));
    expect(sent.Successful!.map(({ Id }) => Id)).toEqual(["good"]);
    expect(sent.Failed).toMatchObject([
      { Id: "empty", Code: "MissingParameter", SenderFault: true },
      { Id: "late", Code: "InvalidParameterValue", SenderFault: true },
    ]);
    const [message] = await queue.receive(url);
    const { ReceiptHandle } = message!;
    const changed = await queue.sdk.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: url,
        Entries: [{ Id: "a", ReceiptHandle, VisibilityTimeout: 5 }],
      }),
    );
    expect(changed.Successful).toEqual([{ Id: "a" }]);
    const removed = await queue.sdk.send(
      new DeleteMessageBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: "a", ReceiptHandle },
          { Id: "b", ReceiptHandle: "nonsense" },
        ],
      }),
    );
    expect(removed).toMatchObject({ Successful: [{ Id: "a" }], Failed: [{ Id: "b", Code: "ReceiptHandleIsInvalid" }] });
    const send = (Entries: { Id: string; MessageBody: string }[]) =>
      codeOf(queue.sdk.send(new SendMessageBatchCommand({ QueueUrl: url, Entries })));
    expect(await send([])).toBe("EmptyBatchRequest");
    expect(await send(Array.from({ length: 11 }, (_, i) => ({ Id: `${i}`, MessageBody: "x" })))).toBe(
      "TooManyEntriesInBatchRequest",
    );
    expect(await send([1, 2].map(() => ({ Id: "same", MessageBody: "x" })))).toBe("BatchEntryIdsNotDistinct");
    expect(await send([{ Id: "no spaces", MessageBody: "x" }])).toBe("InvalidBatchEntryId");
    const half = "x".repeat(600_000);
    expect(await send(["a", "b"].map((Id) => ({ Id, MessageBody: half })))).toBe("BatchRequestTooLong");
  });

  it("takes 1 MiB with its attributes and not a byte more, XML's characters and no others", async () => {
    const full = "x".repeat(1_048_576 - "aNumber1".length);
    const MessageAttributes = { a: { DataType: "Number", StringValue: "1" } };
    await queue.send(url, full, { MessageAttributes });
    expect(await codeOf(queue.send(url, `${full}x`, { MessageAttributes }))).toBe("InvalidParameterValue");
    expect(await codeOf(queue.send(url, "bell \u0007"))).toBe("InvalidMessageContents");
    for (const attribute of [
      { DataType: "Text", StringValue: "x" },
      { DataType: "String", StringValue: "" },
      { DataType: "Number", StringValue: "ten" },
    ]) {
      expect(await codeOf(queue.send(url, "x", { MessageAttributes: { bad: attribute } }))).toBe(
        "InvalidParameterValue",
      );
    }
    expect(await codeOf(queue.send(url, "x", { MessageDeduplicationId: "1" }))).toBe("InvalidParameterValue");
  });

  it("purges everything once a minute", async () => {
    for (const body of ["a", "b"]) await queue.send(url, body);
    await queue.receive(url);
    const purge = () => queue.sdk.send(new PurgeQueueCommand({ QueueUrl: url }));
    await purge();
    expect(await queue.counts(url)).toEqual([0, 0, 0]);
    expect(await codeOf(purge())).toBe("PurgeQueueInProgress");
    await cloud.clock.advance(60_000);
    await purge();
  });

  it("gives a quiet group its turn however long a loud one's backlog is (fair queues)", async () => {
    for (let batch = 0; batch < 30; batch++) {
      const Entries = Array.from({ length: 10 }, (_, i) => ({
        Id: `${i}`,
        MessageBody: `loud ${batch * 10 + i}`,
        MessageGroupId: "loud",
      }));
      await queue.sdk.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
    }
    await queue.send(url, "quiet", { MessageGroupId: "quiet" });
    await queue.send(url, "nobody's");
    const [first] = await queue.receive(url);
    expect(first).toMatchObject({ Body: "loud 0", Attributes: { MessageGroupId: "loud" } });
    expect(await queue.bodies(url, { MaxNumberOfMessages: 3 })).toEqual(["quiet", "nobody's", "loud 1"]);
  });

  it("answers QueueDoesNotExist to every call for a queue that is gone, of another account, or never was", async () => {
    const waiting = queue.receive(url, { WaitTimeSeconds: 20 });
    await cloud.timerOf(20_000);
    await queue.sdk.send(new DeleteQueueCommand({ QueueUrl: url }));
    expect(await codeOf(waiting)).toBe("QueueDoesNotExist");
    expect(await codeOf(queue.send(url, "x"))).toBe("QueueDoesNotExist");
    const other = await queue.create("mine");
    expect(await codeOf(queue.send(other.replace("000000000000", "111111111111"), "x"))).toBe("QueueDoesNotExist");
  });
});
