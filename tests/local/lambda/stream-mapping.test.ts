/** Streams that call functions: order, batches, filters, and what a mapping is refused for. */
import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import { eventually, temporaryFile } from "./fixture.ts";
import { functionArn, ROLE_ARN, role } from "./resources.ts";
import { queueIn, STREAM_ARN, type StreamCloud, startStreams } from "./stream-fixture.ts";

let cloud: StreamCloud;

beforeEach(async () => {
  cloud = await startStreams();
});

afterEach(() => cloud.stop());

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));

describe("a batch of a stream", () => {
  it("has the shape that Lambda gives it", async () => {
    await cloud.create();
    const [sequence] = await cloud.putAt("acme", '{"a":1}');
    await cloud.define("consumer", "export const handler = async (event) => { console.log(JSON.stringify(event)); };", {
      timeout: 900,
    });
    await cloud.map();
    const line = await eventually(
      async () => (await cloud.logOf("consumer")).find((text) => text.includes("Records")),
      Boolean,
    );
    const [record] = JSON.parse(line!.slice(line!.indexOf("{"))).Records;
    expect(record).toEqual({
      kinesis: {
        kinesisSchemaVersion: "1.0",
        partitionKey: "acme",
        sequenceNumber: sequence,
        data: Buffer.from('{"a":1}').toString("base64"),
        approximateArrivalTimestamp: expect.any(Number),
      },
      eventSource: "aws:kinesis",
      eventVersion: "1.0",
      eventID: `shardId-000000000000:${sequence}`,
      eventName: "aws:kinesis:record",
      invokeIdentityArn: ROLE_ARN,
      awsRegion: "eu-west-1",
      eventSourceARN: STREAM_ARN,
    });
  });

  it("comes in the order of its shard, batchSize records at most, one batch after the other", async () => {
    await cloud.create();
    await cloud.putAt("one", ...numbers(25));
    await cloud.consumer();
    await cloud.map({ batchSize: 10 });
    await cloud.consumed(25);
    expect(cloud.batches()).toEqual([numbers(10), numbers(10, 10), numbers(5, 20)]);
  });

  it("waits for its window to fill, from its first record on", async () => {
    await cloud.create();
    await cloud.consumer();
    await cloud.map({ batchSize: 10, maximumBatchingWindowInSeconds: 5 });
    await cloud.putAt("one", "first");
    await cloud.clock.advance(1_000);
    await cloud.putAt("one", "second");
    await cloud.clock.advance(3_000);
    await cloud.putAt("one", "third");
    expect((await cloud.called(1))[0]).toEqual(["first", "second", "third"]);
  });

  it("is not waited for when it is full before its window ends", async () => {
    await cloud.create();
    await cloud.putAt("one", "first", "second", "third");
    await cloud.consumer();
    await cloud.map({ batchSize: 2, maximumBatchingWindowInSeconds: 300 });
    const before = cloud.clock.now();
    await eventually(cloud.batches, (found) => found.length === 1);
    expect(cloud.clock.now()).toBe(before);
    expect(cloud.batches()).toEqual([["first", "second"]]);
  });

  it("of another shard does not wait for one that fails", async () => {
    await cloud.create(2);
    await cloud.consumer('texts.includes("poison") ? fail("no") : undefined');
    await cloud.map();
    // Their hashes lie in different halves.
    await cloud.putAt("a", "poison");
    await cloud.putAt("b", "fine");
    await cloud.putAt("c", "fine");
    await cloud.putAt("d", "fine");
    await eventually(
      async () => {
        await cloud.clock.advance(1_000);
        return cloud.batches().flat();
      },
      (texts) => texts.includes("fine") && texts.filter((text) => text === "poison").length > 1,
    );
  });
});

describe("filters", () => {
  it("skip what none of them takes, without a call, and the checkpoint passes it (case 4)", async () => {
    await cloud.create();
    const numbers = await cloud.putAt("one", '{"kind":"noise"}', '{"kind":"signal"}', "no json", '{"kind":"noise"}');
    await cloud.consumer();
    await cloud.map({ filterCriteria: { filters: [{ pattern: '{"data":{"kind":["signal"]}}' }] } });
    expect(await cloud.called(1)).toEqual([['{"kind":"signal"}']]);
    // A handler that was called is not yet done: only what a checkpoint is past does not come again.
    await eventually(
      () => JSON.stringify(cloud.running.database.prepare("SELECT checkpoint FROM lambda_checkpoints").all()),
      (kept) => kept.includes(numbers.at(-1)!),
    );
    await cloud.restart();
    await cloud.consumer();
    await cloud.map({});
    await cloud.putAt("one", "after");
    expect(await cloud.called(2)).toEqual([['{"kind":"signal"}'], ["after"]]);
  });

  it("read a record's own members as well", async () => {
    await cloud.create();
    await cloud.putAt("acme", "yes");
    await cloud.putAt("globex", "no");
    await cloud.putAt("acme", "again");
    await cloud.consumer();
    await cloud.map({ filterCriteria: { filters: [{ pattern: '{"partitionKey":["acme"]}' }] } });
    expect(await cloud.consumed(2)).toEqual(["yes", "again"]);
  });
});

it("a parallelization factor runs several batches of a shard at once, each key in its order", async () => {
  await cloud.create();
  // Waits until a batch of another key is at work as well.
  const gate = temporaryFile("both");
  await cloud.consumer(
    `await (async () => {
       appendFileSync("${gate}", texts[0][0] + "\\n");
       for (let i = 0; i < 4000; i++) {
         const keys = new Set(readFileSync("${gate}", "utf8").trim().split("\\n"));
         if (keys.size > 1) return;
         await new Promise((done) => setTimeout(done, 5));
       }
       throw new Error("alone");
     })()`,
  );
  for (const round of ["1", "2", "3"]) {
    for (const key of ["a", "b", "c", "d", "e", "f"]) await cloud.putAt(key, key + round);
  }
  await cloud.map({ batchSize: 3, parallelizationFactor: 10 });
  const texts = await eventually(
    async () => {
      await cloud.clock.advance(50);
      return cloud.batches().flat();
    },
    (found) => found.length === 18,
  );
  for (const key of ["a", "b", "c", "d", "e", "f"]) {
    expect(texts.filter((text) => text[0] === key)).toEqual([`${key}1`, `${key}2`, `${key}3`]);
  }
});

it("a mapping made by the API is described as it was set, and reads on after a change", async () => {
  await cloud.create();
  await cloud.putAt("one", "a", "b");
  await cloud.consumer();
  const Destination = await queueIn(cloud, "failures");
  const StartingPositionTimestamp = new Date(Math.floor(cloud.clock.now() / 1000) * 1000 - 60_000);
  const { UUID } = await cloud.client.send(
    new CreateEventSourceMappingCommand({
      ...{ FunctionName: "consumer", EventSourceArn: STREAM_ARN, StartingPosition: "AT_TIMESTAMP" },
      ...{ StartingPositionTimestamp, BatchSize: 1, BisectBatchOnFunctionError: true, MaximumRetryAttempts: 4 },
      ...{
        MaximumRecordAgeInSeconds: 600,
        ParallelizationFactor: 2,
        DestinationConfig: { OnFailure: { Destination } },
      },
    }),
  );
  expect(await cloud.consumed(2)).toEqual(["a", "b"]);
  await cloud.client.send(new UpdateEventSourceMappingCommand({ UUID, BatchSize: 100 }));
  await cloud.putAt("one", "c", "d");
  expect((await cloud.consumed(4)).slice(2)).toEqual(["c", "d"]);
  expect(await cloud.client.send(new GetEventSourceMappingCommand({ UUID }))).toMatchObject({
    ...{ UUID, EventSourceArn: STREAM_ARN, FunctionArn: functionArn("consumer"), State: "Enabled" },
    ...{ StartingPosition: "AT_TIMESTAMP", StartingPositionTimestamp, BatchSize: 100, MaximumRetryAttempts: 4 },
    ...{ BisectBatchOnFunctionError: true, MaximumRecordAgeInSeconds: 600, ParallelizationFactor: 2 },
    DestinationConfig: { OnFailure: { Destination } },
  });
  await cloud.client.send(new DeleteEventSourceMappingCommand({ UUID }));
});

describe("a mapping of a stream is refused", () => {
  const refusal = (inputs: Record<string, string>, more = {}) =>
    cloud.map({ ...inputs, ...more }, "other").then(
      () => "accepted",
      (error: Error) => error.message,
    );

  it("when the function's role may not read it", async () => {
    await cloud.create();
    await cloud.provision(role(`${ROLE_ARN}-blind`, []));
    await cloud.consumer("undefined", { role: `${ROLE_ARN}-blind` });
    const message = await refusal({});
    expect(message).toContain(`Cannot access stream ${STREAM_ARN}. Please ensure the role can perform the GetRecords`);
    expect(message).toContain("kinesis:DescribeStreamSummary");
  });

  it("when there is no such stream", async () => {
    await cloud.consumer();
    expect(await refusal({})).toContain(`Stream not found: ${STREAM_ARN}`);
  });

  it("when the function has one for it already", async () => {
    await cloud.create();
    await cloud.consumer();
    await cloud.map();
    expect(await refusal({})).toMatch(/provided mapping already exists.*kinesis mapping with UUID mapping/);
  });

  it("when its settings are out of bounds or unknown", async () => {
    await cloud.create();
    await cloud.consumer();
    expect(await refusal({ startingPosition: "MIDDLE" })).toContain("TRIM_HORIZON, LATEST, AT_TIMESTAMP");
    expect(await refusal({}, { batchSize: 10_001 })).toContain("batchSize 10001");
    expect(await refusal({}, { parallelizationFactor: 11 })).toContain("parallelizationFactor 11");
    expect(await refusal({}, { maximumRecordAgeInSeconds: 59 })).toContain("60 to 604800");
    expect(await refusal({}, { maximumRetryAttempts: 10_001 })).toContain("maximumRetryAttempts 10001");
    expect(await refusal({ startingPosition: "AT_TIMESTAMP" })).toContain("startingPositionTimestamp");
  });
});
