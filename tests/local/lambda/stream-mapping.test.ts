/** Streams that call functions: order, batches, what comes again, what is given up, and where reading goes on. */
import { SplitShardCommand } from "@aws-sdk/client-kinesis";
import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import { eventually } from "./fixture.ts";
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

describe("a batch that fails", () => {
  it("comes again as it was, after longer and longer pauses, and nothing overtakes it", async () => {
    await cloud.create();
    await cloud.consumer('n < 3 ? fail("not yet") : undefined');
    await cloud.putAt("one", "a", "b");
    await cloud.map({ batchSize: 2 });
    await cloud.putAt("one", "c");
    const found = await cloud.called(5);
    expect(found).toEqual([["a", "b"], ["a", "b"], ["a", "b"], ["a", "b"], ["c"]]);
  });

  it("is halved until the record that fails is alone, where the mapping bisects", async () => {
    await cloud.create();
    const onFailure = await queueIn(cloud, "failures");
    await cloud.putAt("one", ...numbers(8));
    await cloud.consumer('texts.includes("5") ? fail("five") : undefined');
    await cloud.map({
      ...{ bisectBatchOnFunctionError: true, maximumRetryAttempts: 0 },
      destinationConfig: { onFailure: { destinationArn: onFailure } },
    });
    const [body] = await cloud.messages("failures");
    expect(JSON.parse(body!).KinesisBatchInfo.batchSize).toBe(1);
    await eventually(cloud.batches, (found) => found.flat().includes("7") && found.at(-1)!.includes("7"));
    expect(cloud.batches()).toEqual([numbers(8), numbers(4), numbers(4, 4), numbers(2, 4), ["4"], ["5"], ["6", "7"]]);
  });

  it("is resumed at the lowest sequence number that the function reports (case 16)", async () => {
    await cloud.create();
    await cloud.putAt("one", ...numbers(6));
    await cloud.consumer(
      `n === 0 ? { batchItemFailures: ["4", "2"].map((text) => ({
         itemIdentifier: event.Records[texts.indexOf(text)].kinesis.sequenceNumber })) } : { batchItemFailures: [] }`,
    );
    await cloud.map({ functionResponseTypes: ["ReportBatchItemFailures"] });
    expect(await cloud.called(2)).toEqual([numbers(6), numbers(4, 2)]);
  });

  it.each([
    ["a mis-keyed item", '{ batchItemFailures: [{ id: "1" }] }'],
    ["an unknown sequence number", '{ batchItemFailures: [{ itemIdentifier: "17" }] }'],
    ["an empty sequence number", '{ batchItemFailures: [{ itemIdentifier: "" }] }'],
    ["text", '"done"'],
  ])("comes again as a whole when the report has %s (case 16)", async (_what, answer) => {
    await cloud.create();
    await cloud.putAt("one", "a", "b");
    await cloud.consumer(`n === 0 ? ${answer} : undefined`);
    await cloud.map({ functionResponseTypes: ["ReportBatchItemFailures"] });
    expect(await cloud.called(2)).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
  });

  it("after maximumRetryAttempts is told to the destination in AWS's shape, and the next one follows", async () => {
    await cloud.create();
    const onFailure = await queueIn(cloud, "failures");
    const [first, last] = await cloud.putAt("one", "a", "b");
    await cloud.consumer('texts.includes("a") ? fail("never") : undefined');
    await cloud.map({
      ...{ batchSize: 2, maximumRetryAttempts: 2 },
      destinationConfig: { onFailure: { destinationArn: onFailure } },
    });
    await cloud.putAt("one", "c");
    const [body] = await cloud.messages("failures");
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(JSON.parse(body!)).toEqual({
      requestContext: {
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        functionArn: functionArn("consumer"),
        condition: "RetryAttemptsExhausted",
        approximateInvokeCount: 3,
      },
      responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      version: "1.0",
      timestamp: time,
      KinesisBatchInfo: {
        shardId: "shardId-000000000000",
        startSequenceNumber: first,
        endSequenceNumber: last,
        approximateArrivalOfFirstRecord: time,
        approximateArrivalOfLastRecord: time,
        batchSize: 2,
        streamArn: STREAM_ARN,
      },
    });
    expect((await cloud.called(4)).at(-1)).toEqual(["c"]);
  });

  it("goes to a bucket with its records, where the destination is one", async () => {
    await cloud.create();
    await cloud.running.call("s3", "CreateBucket", { Bucket: "failures" });
    await cloud.putAt("one", "a");
    await cloud.consumer('fail("never")');
    const onFailure = { destinationArn: "arn:aws:s3:::failures" };
    await cloud.map({ maximumRetryAttempts: 0, destinationConfig: { onFailure } });
    const { Contents } = await eventually(
      () => cloud.running.call("s3", "ListObjectsV2", { Bucket: "failures" }),
      (listed) => listed.Contents?.length > 0,
    );
    const [{ Key }] = Contents;
    expect(Key).toMatch(
      /^aws\/lambda\/mapping\/shardId-0{12}\/\d{4}\/\d\d\/\d\d\/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[0-9a-f-]{36}$/,
    );
    const { Body } = await cloud.running.call("s3", "GetObject", { Bucket: "failures", Key });
    const record = JSON.parse(Buffer.from(Body).toString());
    expect(record.KinesisBatchInfo.batchSize).toBe(1);
    expect(JSON.parse(record.payload).Records[0].kinesis.data).toBe(Buffer.from("a").toString("base64"));
  });

  it("is given up once its records are older than maximumRecordAgeInSeconds", async () => {
    await cloud.create();
    const onFailure = await queueIn(cloud, "failures");
    await cloud.putAt("one", "old");
    await cloud.consumer('texts.includes("old") ? fail("never") : undefined');
    await cloud.map({
      maximumRecordAgeInSeconds: 60,
      destinationConfig: { onFailure: { destinationArn: onFailure } },
    });
    const [body] = await cloud.messages("failures");
    expect(JSON.parse(body!)).toMatchObject({
      requestContext: { condition: "RecordAgeExceeded" },
      KinesisBatchInfo: { batchSize: 1 },
    });
    await cloud.putAt("one", "young");
    await eventually(
      async () => {
        await cloud.clock.advance(1_000);
        return cloud.batches().at(-1);
      },
      (batch) => batch?.[0] === "young",
    );
  });

  it("says so when the destination may not be told", async () => {
    await cloud.create();
    const onFailure = await queueIn(cloud, "failures");
    const reads = [
      "kinesis:GetRecords",
      "kinesis:GetShardIterator",
      "kinesis:DescribeStreamSummary",
      "kinesis:ListShards",
    ];
    await cloud.provision(role(`${ROLE_ARN}-mute`, [{ Effect: "Allow", Action: reads, Resource: STREAM_ARN }]));
    await cloud.putAt("one", "a");
    await cloud.consumer('fail("never")', { role: `${ROLE_ARN}-mute` });
    await cloud.map({ maximumRetryAttempts: 0, destinationConfig: { onFailure: { destinationArn: onFailure } } });
    await eventually(
      () => cloud.lines.map(({ message }) => message).join(),
      (text) => /failures could not be told: .*sqs:SendMessage/.test(text),
    );
  });

  it("is let go by a change of the mapping, as an operator rescues a stuck shard", async () => {
    await cloud.create();
    await cloud.putAt("one", "poison");
    await cloud.consumer('texts.includes("poison") ? fail("never") : undefined');
    await cloud.map();
    await cloud.called(3);
    await cloud.map({ maximumRetryAttempts: 1 });
    await cloud.putAt("one", "next");
    await eventually(
      async () => {
        await cloud.clock.advance(1_000);
        return cloud.batches().at(-1);
      },
      (batch) => batch?.[0] === "next",
    );
  });
});

describe("filters", () => {
  it("skip what none of them takes, without a call, and the checkpoint passes it (case 4)", async () => {
    await cloud.create();
    await cloud.putAt("one", '{"kind":"noise"}', '{"kind":"signal"}', "no json", '{"kind":"noise"}');
    await cloud.consumer();
    await cloud.map({ filterCriteria: { filters: [{ pattern: '{"data":{"kind":["signal"]}}' }] } });
    expect(await cloud.called(1)).toEqual([['{"kind":"signal"}']]);
    await cloud.clock.advance(2_000);
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
  const gate = `${cloud.directory}/both`;
  await cloud.consumer(
    `await (async () => {
       appendFileSync("${gate}", texts[0][0] + "\\n");
       for (let i = 0; i < 1000; i++) {
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
