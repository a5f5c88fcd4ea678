import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import type { AwsRequest } from "../../../local/service.ts";
import { codeOf, type MessagingCloud, startMessaging } from "../messaging-cloud.ts";
import { type QueueClient, queueClient } from "./queue-client.ts";

describe("long polling", () => {
  let cloud: MessagingCloud;
  let queue: QueueClient;
  let url: string;

  beforeEach(async () => {
    cloud = await startMessaging();
    queue = queueClient(cloud.running.client());
    url = await queue.create("polled", { ReceiveMessageWaitTimeSeconds: "20" });
  });
  afterEach(async () => {
    queue.sdk.destroy();
    await cloud.stop();
  });

  it("answers as soon as a message comes, by the queue's own wait time", async () => {
    const waiting = queue.bodies(url);
    await cloud.timerOf(20_000);
    await queue.send(url, "here");
    expect(await waiting).toEqual(["here"]);
  });

  it("answers as soon as a delayed or failed message is visible", async () => {
    await queue.send(url, "later", { DelaySeconds: 5 });
    const waiting = queue.bodies(url, { VisibilityTimeout: 3 });
    await cloud.timerOf(20_000);
    await cloud.clock.advance(5000);
    expect(await waiting).toEqual(["later"]);
    const again = queue.bodies(url);
    await cloud.timerOf(20_000);
    await cloud.clock.advance(3000);
    expect(await again).toEqual(["later"]);
  });

  it("answers with nothing when the time is up, and at once when it is not to wait", async () => {
    const waiting = queue.bodies(url, { WaitTimeSeconds: 3 });
    await cloud.timerOf(3000);
    await cloud.clock.advance(3000);
    expect(await waiting).toEqual([]);
    expect(await queue.bodies(url, { WaitTimeSeconds: 0 })).toEqual([]);
    expect(await codeOf(queue.bodies(url, { WaitTimeSeconds: 21 }))).toBe("InvalidParameterValue");
  });

  it("gives one of several who wait the message, and the others the next", async () => {
    const first = queue.bodies(url);
    await cloud.timerOf(20_000);
    const second = queue.bodies(url);
    await cloud.timerOf(20_000);
    await queue.send(url, "1");
    await queue.send(url, "2");
    expect((await Promise.all([first, second])).flat().sort()).toEqual(["1", "2"]);
  });

  it("hands nothing to a client that has hung up", async () => {
    const gone = new AbortController();
    const http = { signal: gone.signal } as AwsRequest;
    const waiting = cloud.running.call("sqs", "ReceiveMessage", { QueueUrl: url }, { http });
    await cloud.timerOf(20_000);
    // Both in one turn: the message comes while the wait is being called off.
    gone.abort();
    await queue.send(url, "for someone else");
    expect(await waiting).toEqual({});
    expect(await queue.counts(url)).toEqual([1, 0, 0]);
  });

  it("notices over the wire that a client has hung up", async () => {
    const hangUp = new AbortController();
    const waiting = codeOf(
      queue.sdk.send(new ReceiveMessageCommand({ QueueUrl: url }), { abortSignal: hangUp.signal }),
    );
    await cloud.timerOf(20_000);
    const noticed = cloud.calledOff(20_000);
    hangUp.abort();
    expect(await waiting).toBe("AbortError");
    await noticed;
    await queue.send(url, "kept");
    expect(await queue.bodies(url, { WaitTimeSeconds: 0 })).toEqual(["kept"]);
  });

  it("lets everybody go when the cloud stops", async () => {
    const waiting = cloud.running.call("sqs", "ReceiveMessage", { QueueUrl: url });
    await cloud.timerOf(20_000);
    await (await cloud.running.service("sqs")).stop!();
    expect(await waiting).toEqual({});
  });
});
