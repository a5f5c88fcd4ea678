/** Where a mapping begins to read a stream, and goes on. */
import { SplitShardCommand } from "@aws-sdk/client-kinesis";
import { type StreamCloud, startStreams } from "./stream-fixture.ts";

let cloud: StreamCloud;

beforeEach(async () => {
  cloud = await startStreams();
});

afterEach(() => cloud.stop());

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));

describe("reading begins", () => {
  it("at TRIM_HORIZON with what is there", async () => {
    await cloud.create();
    await cloud.putAt("one", "before");
    await cloud.consumer();
    await cloud.map({ startingPosition: "TRIM_HORIZON" });
    expect(await cloud.called(1)).toEqual([["before"]]);
  });

  it("at LATEST with what comes later, also after a restart before anything came", async () => {
    await cloud.create();
    await cloud.putAt("one", "before");
    await cloud.consumer();
    await cloud.map({ startingPosition: "LATEST" });
    await cloud.restart();
    await cloud.putAt("one", "after");
    await cloud.consumer();
    await cloud.map({ startingPosition: "LATEST" });
    expect(await cloud.called(1)).toEqual([["after"]]);
  });

  it("at LATEST with nothing lost that came into a shard which a split opened while nothing ran", async () => {
    await cloud.create();
    await cloud.consumer();
    await cloud.map({ startingPosition: "LATEST" });
    await cloud.restart();
    await cloud.putAt("one", "into the parent");
    await split();
    await cloud.putAt("one", "into the child");
    await cloud.consumer();
    await cloud.map({ startingPosition: "LATEST" });
    expect(await cloud.consumed(2)).toEqual(["into the parent", "into the child"]);
  });

  it("at AT_TIMESTAMP with what came from then on, in shards that a split opened before then too", async () => {
    await cloud.create();
    await cloud.putAt("one", "in the parent");
    await cloud.clock.advance(10_000);
    await split();
    await cloud.putAt("one", "early");
    await cloud.clock.advance(10_000);
    const startingPositionTimestamp = new Date(cloud.clock.now()).toISOString();
    await cloud.clock.advance(10_000);
    await cloud.putAt("one", "late");
    await cloud.consumer();
    await cloud.map({ startingPosition: "AT_TIMESTAMP", startingPositionTimestamp });
    expect(await cloud.called(1)).toEqual([["late"]]);
  });
});

async function split(): Promise<void> {
  await cloud.streams.send(
    new SplitShardCommand({
      StreamName: "clicks",
      ShardToSplit: "shardId-000000000000",
      NewStartingHashKey: String(2n ** 127n),
    }),
  );
}

it("after a split, the children's records come once the parent's are done", async () => {
  await cloud.create();
  await cloud.putAt("one", "parent 1", "parent 2");
  await split();
  await cloud.putAt("one", "child");
  await cloud.consumer('n < 2 ? fail("not yet") : undefined');
  await cloud.map({ batchSize: 2 });
  expect(await cloud.called(4)).toEqual([
    ["parent 1", "parent 2"],
    ["parent 1", "parent 2"],
    ["parent 1", "parent 2"],
    ["child"],
  ]);
});

it("a restart goes on from the checkpoint: what was done does not come again, what was not does", async () => {
  await cloud.create();
  await cloud.putAt("one", ...numbers(6));
  const report = `{ batchItemFailures: event.Records.filter((_, index) => Number(texts[index]) >= 3)
    .map(({ kinesis }) => ({ itemIdentifier: kinesis.sequenceNumber })) }`;
  await cloud.consumer(report);
  const inputs = { functionResponseTypes: ["ReportBatchItemFailures"] };
  await cloud.map(inputs);
  // The second call is for what was left: the first one's success is behind the checkpoint by then.
  await cloud.called(2);
  const before = cloud.batches().length;
  await cloud.restart();
  await cloud.consumer();
  await cloud.map(inputs);
  const found = await cloud.called(before + 1);
  expect(found[0]).toEqual(numbers(6));
  expect(found.slice(1).every((batch) => batch[0] === "3")).toBe(true);
  expect(found.at(-1)).toEqual(numbers(3, 3));
});
