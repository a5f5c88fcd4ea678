import {
  GetQueueAttributesCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { codeOf, type MessagingCloud, startMessaging } from "../messaging-cloud.ts";
import { type QueueClient, queueClient } from "./queue-client.ts";

describe("dead-letter queues", () => {
  let cloud: MessagingCloud;
  let queue: QueueClient;
  let [url, dead, arn, deadArn] = ["", "", "", ""];
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
    dead = await queue.create(`dead-${count}`);
    deadArn = await queue.arnOf(dead);
    url = await queue.create(`work-${count++}`, { RedrivePolicy: redrive(deadArn, 2) });
    arn = await queue.arnOf(url);
  });

  const redrive = (deadLetterTargetArn: string, maxReceiveCount: number) =>
    JSON.stringify({ deadLetterTargetArn, maxReceiveCount });
  const set = (QueueUrl: string, Attributes: Record<string, string>) =>
    queue.sdk.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
  const move = (DestinationArn?: string, SourceArn = deadArn) =>
    queue.sdk.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn }));
  async function fail(times: number) {
    for (let i = 0; i < times; i++) {
      expect(await queue.receive(url)).toHaveLength(1);
      await cloud.clock.advance(30_000);
    }
  }

  it("case 2: a failed message is invisible until its timeout, then after maxReceiveCount in the dead-letter queue", async () => {
    const sent = await queue.send(url, "poison");
    const sentAt = String(cloud.clock.now());
    expect(await queue.receive(url)).toHaveLength(1);
    expect(await queue.receive(url)).toEqual([]);
    await cloud.clock.advance(30_000);
    await fail(1);
    expect(await queue.receive(url)).toEqual([]);
    expect(await queue.counts(url)).toEqual([0, 0, 0]);
    const [message] = await queue.receive(dead);
    expect(message).toMatchObject({ MessageId: sent.MessageId, Body: "poison" });
    expect(message!.Attributes).toMatchObject({
      DeadLetterQueueSourceArn: arn,
      ApproximateReceiveCount: "3",
      SentTimestamp: sentAt,
    });
  });

  it("wakes who waits at the dead-letter queue", async () => {
    await queue.send(url, "poison");
    await fail(2);
    const waiting = queue.bodies(dead, { WaitTimeSeconds: 20 });
    await cloud.timerOf(20_000);
    await queue.receive(url);
    expect(await waiting).toEqual(["poison"]);
  });

  it("a redrive takes messages back to where they failed, with new attempts", async () => {
    await queue.send(url, "poison");
    await fail(2);
    await queue.receive(url);
    await move();
    expect(await queue.counts(dead)).toEqual([0, 0, 0]);
    const [again] = await queue.receive(url);
    expect(again).toMatchObject({ Body: "poison", Attributes: { ApproximateReceiveCount: "1" } });
    const list = new ListMessageMoveTasksCommand({ SourceArn: deadArn });
    expect((await queue.sdk.send(list)).Results).toMatchObject([
      { Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 1, ApproximateNumberOfMessagesToMove: 1 },
    ]);
  });

  it("a redrive loses nothing: what says no source stays, and a wrong destination or source is refused", async () => {
    await queue.send(dead, "sent here directly");
    await move();
    expect((await queue.sdk.send(new ListMessageMoveTasksCommand({ SourceArn: deadArn }))).Results).toMatchObject([
      { Status: "FAILED", FailureReason: "CouldNotDetermineMessageSource", ApproximateNumberOfMessagesMoved: 0 },
    ]);
    expect(await codeOf(move(`${deadArn}-nowhere`))).toBe("QueueDoesNotExist");
    expect(await codeOf(move(undefined, arn))).toBe("InvalidParameterValue");
    expect(await queue.counts(dead)).toEqual([1, 0, 0]);
    await move(arn);
    expect(await queue.bodies(url)).toEqual(["sent here directly"]);
  });

  it("redrive policies name a queue that exists, of the same kind, that allows this one", async () => {
    const allow = (value: object) => set(dead, { RedriveAllowPolicy: JSON.stringify(value) });
    const attempt = (target: string, times = 1) => set(url, { RedrivePolicy: redrive(target, times) });
    expect(await codeOf(attempt(`${deadArn}-nowhere`))).toBe("InvalidParameterValue");
    const fifo = await queue.arnOf(await queue.create(`dead-${count}.fifo`));
    expect(await codeOf(attempt(fifo))).toBe("InvalidParameterValue");
    expect(await codeOf(attempt(arn))).toBe("InvalidParameterValue");
    expect(await codeOf(attempt(deadArn, 0))).toBe("InvalidAttributeValue");
    await allow({ redrivePermission: "denyAll" });
    expect(await codeOf(attempt(deadArn))).toBe("InvalidParameterValue");
    await allow({ redrivePermission: "byQueue", sourceQueueArns: [arn] });
    await attempt(deadArn);
    const sources = new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead });
    expect((await queue.sdk.send(sources)).queueUrls).toEqual([url]);
    expect(await codeOf(allow({ redrivePermission: "byQueue" }))).toBe("InvalidAttributeValue");
  });

  it("declared by a program: queue, redrive policy and redrive allow policy", async () => {
    const [workArn, lettersArn] = [`${arn}-declared`, `${deadArn}-declared`];
    const declared = url.replace(/[^/]+$/, workArn.split(":").at(-1)!);
    await cloud.declare("aws:sqs/queue:Queue", {}, { name: lettersArn.split(":").at(-1) });
    await cloud.declare("aws:sqs/queue:Queue", { visibilityTimeoutSeconds: 7 }, { name: workArn.split(":").at(-1) });
    const policy = { queueUrl: declared, redrivePolicy: redrive(lettersArn, 4) };
    await cloud.declare("aws:sqs/redrivePolicy:RedrivePolicy", policy);
    // A queue that is declared anew keeps what other resources declare of it.
    await cloud.declare("aws:sqs/queue:Queue", {}, { name: workArn.split(":").at(-1) });
    const get = new GetQueueAttributesCommand({ QueueUrl: declared, AttributeNames: ["All"] });
    const { Attributes } = await queue.sdk.send(get);
    expect(Attributes).toMatchObject({ RedrivePolicy: redrive(lettersArn, 4), VisibilityTimeout: "30" });
    await expect(
      cloud.declare("aws:sqs/queue:Queue", { redrivePolicy: redrive("arn:none", 1) }, { name: "orphan" }),
    ).rejects.toThrow("Dead letter target does not exist");
  });
});
