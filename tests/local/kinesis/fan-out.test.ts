/** Enhanced fan-out through the unmodified SDK client: records are pushed to registered consumers over HTTP/2. */
import {
  DeregisterStreamConsumerCommand,
  DescribeStreamConsumerCommand,
  KinesisClient,
  ListStreamConsumersCommand,
  RegisterStreamConsumerCommand,
  SplitShardCommand,
  type StartingPosition,
  SubscribeToShardCommand,
  type SubscribeToShardEvent,
} from "@aws-sdk/client-kinesis";
import { iam } from "../../../local/services/iam/index.ts";
import { roleWith } from "../role-with.ts";
import { type KinesisCloud, startKinesis } from "./fixture.ts";

const StreamName = "clicks";
const StreamARN = `arn:aws:kinesis:eu-west-1:000000000000:stream/${StreamName}`;
const ShardId = "shardId-000000000000";

let cloud: KinesisCloud;

beforeEach(async () => {
  cloud = await startKinesis({ iam });
  await cloud.create(StreamName, 1);
});

afterEach(() => cloud.stop());

const register = async (ConsumerName: string) =>
  (await cloud.streams.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName }))).Consumer!.ConsumerARN!;
const failure = (sent: Promise<unknown>) =>
  sent.then(
    () => "succeeded",
    (error: Error) => `${error.name}: ${error.message}`,
  );

/** A subscription, whose events are asked for one by one; undefined at its end. */
async function subscribe(ConsumerARN: string, Type: StartingPosition["Type"] = "TRIM_HORIZON", more: object = {}) {
  const StartingPosition = { Type, ...more } as StartingPosition;
  const { EventStream } = await cloud.streams.send(
    new SubscribeToShardCommand({ ConsumerARN, ShardId, StartingPosition }),
  );
  const events = EventStream![Symbol.asyncIterator]();
  return async (): Promise<SubscribeToShardEvent | undefined> => (await events.next()).value?.SubscribeToShardEvent;
}
const texts = (event: SubscribeToShardEvent | undefined) =>
  (event?.Records ?? []).map(({ Data }) => Buffer.from(Data!).toString());

it("registers consumers, describes, lists and takes them away again", async () => {
  const arn = await register("a");
  expect(arn).toMatch(new RegExp(`^${StreamARN}/consumer/a:\\d+$`));
  await register("b");
  const { Consumers } = await cloud.streams.send(new ListStreamConsumersCommand({ StreamARN }));
  expect(Consumers!.map(({ ConsumerName, ConsumerStatus }) => [ConsumerName, ConsumerStatus])).toEqual([
    ["a", "ACTIVE"],
    ["b", "ACTIVE"],
  ]);
  const described = await cloud.streams.send(new DescribeStreamConsumerCommand({ StreamARN, ConsumerName: "a" }));
  expect(described.ConsumerDescription).toMatchObject({ ConsumerARN: arn, StreamARN });
  expect(await failure(register("a"))).toMatch(/^ResourceInUseException.*already exists/);
  await cloud.streams.send(new DeregisterStreamConsumerCommand({ ConsumerARN: arn }));
  expect(await failure(subscribe(arn))).toMatch(/^ResourceNotFoundException/);
  expect(await failure(register("no blanks"))).toMatch(/^InvalidArgumentException/);
});

it("pushes what is there and then what comes, to each consumer by itself", async () => {
  await cloud.put("one");
  const [first, second] = [await subscribe(await register("a")), await subscribe(await register("b"), "LATEST")];
  expect(texts(await first())).toEqual(["one"]);
  const [next, latest] = [first(), second()];
  await cloud.put("two");
  const event = (await next)!;
  expect([texts(event), texts(await latest)]).toEqual([["two"], ["two"]]);
  expect(event).toMatchObject({ MillisBehindLatest: 0, ContinuationSequenceNumber: event.Records![0]!.SequenceNumber });
});

it("ends after five minutes, and goes on from where it was with the number that it gave", async () => {
  const arn = await register("a");
  await cloud.put("one");
  const next = await subscribe(arn);
  const { ContinuationSequenceNumber } = (await next())!;
  await cloud.clock.advance(300_000);
  // What says that there was nothing in between.
  let event = await next();
  while (event) {
    expect(event.Records ?? []).toEqual([]);
    event = await next();
  }
  await cloud.put("two");
  const again = await subscribe(arn, "AFTER_SEQUENCE_NUMBER", { SequenceNumber: ContinuationSequenceNumber });
  expect(texts(await again())).toEqual(["two"]);
});

it("ends with a closed shard also where records of other streams came in between", async () => {
  await cloud.create("other", 1);
  await cloud.put("one");
  for (const text of "abc") await cloud.put(text, { StreamName: "other" });
  await cloud.streams.send(
    new SplitShardCommand({ StreamName, ShardToSplit: ShardId, NewStartingHashKey: String(2n ** 125n) }),
  );
  const next = await subscribe(await register("a"));
  expect(texts(await next())).toEqual(["one"]);
  expect((await next())!.ChildShards).toHaveLength(2);
  expect(await next()).toBeUndefined();
});

it("tells the children of a shard that was split, and ends with it", async () => {
  await cloud.put("one");
  const next = await subscribe(await register("a"));
  expect(texts(await next())).toEqual(["one"]);
  await cloud.streams.send(
    new SplitShardCommand({ StreamName, ShardToSplit: ShardId, NewStartingHashKey: String(2n ** 127n) }),
  );
  await cloud.clock.advance(5_000);
  let event = await next();
  while (event && !event.ChildShards?.length) event = await next();
  expect(event!.ChildShards!.map((child) => child.ShardId)).toEqual(["shardId-000000000001", "shardId-000000000002"]);
  expect(await next()).toBeUndefined();
});

it("a consumer has one subscription to a shard: another within five seconds is refused, a later one takes its place", async () => {
  const arn = await register("a");
  const first = await subscribe(arn, "LATEST");
  expect(await failure(subscribe(arn))).toMatch(/^ResourceInUseException.*active subscription/);
  await cloud.clock.advance(5_000);
  const second = await subscribe(arn, "LATEST");
  let ended = await first();
  while (ended) ended = await first();
  const event = second();
  await cloud.put("to the second");
  expect(texts(await event)).toEqual(["to the second"]);
});

it("asks IAM about the consumer, and refuses shards and positions that are none", async () => {
  const arn = await register("a");
  const other = await register("b");
  const role = await roleWith(cloud.running, "reader", {
    Effect: "Allow",
    Action: "kinesis:SubscribeToShard",
    Resource: arn,
  });
  const reader = new KinesisClient({ ...cloud.running.client(role), maxAttempts: 1 });
  const ask = (ConsumerARN: string, shard = ShardId, Type: StartingPosition["Type"] = "LATEST") =>
    reader.send(new SubscribeToShardCommand({ ConsumerARN, ShardId: shard, StartingPosition: { Type } })).then(
      () => "succeeded",
      (error: Error) => `${error.name}: ${error.message}`,
    );
  expect(await ask(other)).toMatch(/not authorized to perform: kinesis:SubscribeToShard/);
  expect(await ask(arn, "shardId-000000000009")).toMatch(/^ResourceNotFoundException.*shardId-000000000009/);
  expect(await ask(arn, ShardId, "AT_SEQUENCE_NUMBER")).toMatch(/^InvalidArgumentException/);
  expect(await ask(arn)).toBe("succeeded");
  reader.destroy();
});
