import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { codeOf, type MessagingCloud, startMessaging } from "../messaging-cloud.ts";
import { type QueueClient, queueClient } from "./queue-client.ts";

describe("FIFO queues", () => {
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
    url = await queue.create(`orders-${count++}.fifo`, { ContentBasedDeduplication: "true" });
  });

  const send = (group: string, body: string, MessageDeduplicationId?: string) =>
    queue.send(url, body, { MessageGroupId: group, MessageDeduplicationId });

  it("case 5: an in-flight message blocks only its group", async () => {
    for (const [group, body] of [
      ["a", "a1"],
      ["a", "a2"],
      ["b", "b1"],
      ["b", "b2"],
    ] as const) {
      await send(group, body);
    }
    const [a1] = await queue.receive(url);
    expect(a1!.Body).toBe("a1");
    expect(await queue.bodies(url)).toEqual(["b1", "b2"]);
    expect(await queue.bodies(url)).toEqual([]);
    await queue.remove(url, a1!);
    expect(await queue.bodies(url)).toEqual(["a2"]);
  });

  it("a message that comes back is before those behind it in its group", async () => {
    for (const body of ["1", "2", "3"]) await send("a", body);
    await queue.receive(url, { VisibilityTimeout: 5 });
    await cloud.clock.advance(5000);
    expect(await queue.bodies(url)).toEqual(["1", "2", "3"]);
  });

  it("wakes who waits for the group when the message before is deleted", async () => {
    for (const body of ["1", "2"]) await send("a", body);
    const [first] = await queue.receive(url);
    const waiting = queue.bodies(url, { WaitTimeSeconds: 20 });
    await cloud.timerOf(20_000);
    await queue.remove(url, first!);
    expect(await waiting).toEqual(["2"]);
  });

  it("keeps one of several messages with the same id or content within five minutes, and answers each alike", async () => {
    const first = await send("a", "same");
    const second = await send("a", "same");
    expect(second).toMatchObject({ MessageId: first.MessageId, SequenceNumber: first.SequenceNumber });
    await send("a", "one", "id-1");
    await send("a", "another", "id-1");
    expect(await queue.bodies(url)).toEqual(["same", "one"]);
    await cloud.clock.advance(5 * 60_000);
    const third = await send("b", "same");
    expect(third.MessageId).not.toBe(first.MessageId);
    expect(BigInt(third.SequenceNumber!)).toBeGreaterThan(BigInt(first.SequenceNumber!));
  });

  it("remembers what was sent over a kill: a producer that tries again sends no second message", async () => {
    const { MessageId } = await send("a", "once");
    const [received] = await queue.receive(url);
    await queue.remove(url, received!);
    await cloud.restart({ isKilled: true });
    queue.sdk.destroy();
    queue = queueClient(cloud.running.client());
    url = await queue.create(url.split("/").at(-1)!);
    expect((await send("a", "once")).MessageId).toBe(MessageId);
    expect(await queue.bodies(url)).toEqual([]);
  });

  it("refuses a message without a group, without an id where content does not stand for it, or with a delay", async () => {
    const strict = await queue.create(`strict-${count}.fifo`);
    const attempt = (more: object) =>
      codeOf(queue.sdk.send(new SendMessageCommand({ QueueUrl: strict, MessageBody: "x", ...more })));
    expect(await attempt({})).toBe("MissingParameter");
    expect(await attempt({ MessageGroupId: "a" })).toBe("InvalidParameterValue");
    expect(await attempt({ MessageGroupId: "a b", MessageDeduplicationId: "1" })).toBe("InvalidParameterValue");
    expect(await attempt({ MessageGroupId: "a", MessageDeduplicationId: "1", DelaySeconds: 5 })).toBe(
      "InvalidParameterValue",
    );
  });

  it("refuses to delete by a receipt whose visibility is over", async () => {
    await send("a", "1");
    const [late] = await queue.receive(url, { VisibilityTimeout: 1 });
    await cloud.clock.advance(1000);
    expect(await codeOf(queue.remove(url, late!))).toBe("InvalidParameterValue");
  });
});
