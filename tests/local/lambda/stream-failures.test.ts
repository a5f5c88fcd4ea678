import { eventually } from "./fixture.ts";
import { functionArn, ROLE_ARN, role } from "./resources.ts";
import { queueIn, STREAM_ARN, type StreamCloud, startStreams } from "./stream-fixture.ts";

let cloud: StreamCloud;

beforeEach(async () => {
  cloud = await startStreams();
});

afterEach(() => cloud.stop());

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));

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
