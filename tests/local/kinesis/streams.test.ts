import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AddTagsToStreamCommand,
  DecreaseStreamRetentionPeriodCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetResourcePolicyCommand,
  IncreaseStreamRetentionPeriodCommand,
  ListShardsCommand,
  type ListShardsCommandInput,
  ListStreamsCommand,
  ListTagsForStreamCommand,
  MergeShardsCommand,
  SplitShardCommand,
  StartStreamEncryptionCommand,
  StopStreamEncryptionCommand,
  UpdateShardCountCommand,
} from "@aws-sdk/client-kinesis";
import { codeOf } from "../messaging-cloud.ts";
import { resource } from "../resource.ts";
import { type KinesisCloud, startKinesis } from "./fixture.ts";

const ARN = "arn:aws:kinesis:eu-west-1:000000000000:stream/clicks";
const StreamName = "clicks";
let cloud: KinesisCloud;
beforeEach(async () => {
  cloud = await startKinesis();
});
afterEach(() => cloud.stop());

const summary = async () =>
  (await cloud.streams.send(new DescribeStreamSummaryCommand({ StreamName }))).StreamDescriptionSummary!;
const shards = async (more: Partial<ListShardsCommandInput> = {}) =>
  (await cloud.streams.send(new ListShardsCommand({ StreamName, ...more }))).Shards!;

describe("a stream", () => {
  it("on demand has four shards over all hash keys, and is described as AWS does", async () => {
    await cloud.create("clicks");
    expect(await summary()).toEqual({
      ...{ StreamName, StreamARN: ARN, StreamStatus: "ACTIVE", StreamModeDetails: { StreamMode: "ON_DEMAND" } },
      ...{ RetentionPeriodHours: 24, StreamCreationTimestamp: expect.any(Date), EncryptionType: "NONE" },
      ...{
        OpenShardCount: 4,
        ConsumerCount: 0,
        EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
        MaxRecordSizeInKiB: 1024,
      },
    });
    const all = await shards();
    expect(all.map(({ HashKeyRange }) => HashKeyRange!.StartingHashKey)).toEqual([
      ...["0", "85070591730234615865843651857942052864"],
      ...["170141183460469231731687303715884105728", "255211775190703847597530955573826158592"],
    ]);
    expect(all.at(-1)!.HashKeyRange!.EndingHashKey).toBe("340282366920938463463374607431768211455");
  });

  it("is made once, listed, and gone with its records when deleted", async () => {
    for (const name of ["clicks", "orders", "visits"]) await cloud.create(name, 1);
    expect(await codeOf(cloud.create("clicks", 1))).toBe("ResourceInUseException");
    expect(await codeOf(cloud.create("no good!", 1))).toBe("ValidationException");
    expect(await codeOf(cloud.create("none", 0))).toBe("ValidationException");
    const page = await cloud.streams.send(new ListStreamsCommand({ Limit: 2 }));
    expect(page).toMatchObject({ StreamNames: ["clicks", "orders"], HasMoreStreams: true });
    const rest = await cloud.streams.send(new ListStreamsCommand({ NextToken: page.NextToken }));
    expect(rest).toMatchObject({ StreamNames: ["visits"], HasMoreStreams: false });
    await cloud.put("x");
    await cloud.streams.send(new DeleteStreamCommand({ StreamName }));
    expect(await codeOf(cloud.put("x"))).toBe("ResourceNotFoundException");
    await cloud.create("clicks", 1);
    expect((await cloud.read(await cloud.iterator())).data).toEqual([]);
  });

  it("forgets records after its retention, which can be longer and shorter again", async () => {
    await cloud.create("clicks", 1);
    await cloud.put("old");
    await cloud.clock.advance(24 * 3_600_000 - 1);
    expect((await cloud.read(await cloud.iterator())).data).toEqual(["old"]);
    const input = { StreamName, RetentionPeriodHours: 48 };
    await cloud.streams.send(new IncreaseStreamRetentionPeriodCommand(input));
    await cloud.clock.advance(3_600_000);
    expect((await cloud.read(await cloud.iterator())).data).toEqual(["old"]);
    await cloud.streams.send(new DecreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 24 }));
    expect((await cloud.read(await cloud.iterator())).data).toEqual([]);
    const wrong = new DecreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 23 });
    await expect(cloud.streams.send(wrong)).rejects.toThrow("Minimum allowed retention period is 24 hours.");
  });

  it("says with which key its records are encrypted", async () => {
    await cloud.create("clicks", 1);
    const KeyId = "alias/aws/kinesis";
    await cloud.streams.send(new StartStreamEncryptionCommand({ StreamName, EncryptionType: "KMS", KeyId }));
    expect(await summary()).toMatchObject({ EncryptionType: "KMS", KeyId });
    expect(await cloud.put("x")).toMatchObject({ EncryptionType: "KMS" });
    const { Records } = await cloud.streams.send(new GetRecordsCommand({ ShardIterator: await cloud.iterator() }));
    expect(Records![0]).toMatchObject({ EncryptionType: "KMS" });
    await cloud.streams.send(new StopStreamEncryptionCommand({ StreamName, EncryptionType: "KMS", KeyId }));
    expect(await summary()).toMatchObject({ EncryptionType: "NONE" });
  });

  it("has tags", async () => {
    await cloud.create("clicks", 1);
    await cloud.streams.send(new AddTagsToStreamCommand({ StreamName, Tags: { team: "web" } }));
    const { Tags } = await cloud.streams.send(new ListTagsForStreamCommand({ StreamName }));
    expect(Tags).toEqual([{ Key: "team", Value: "web" }]);
  });
});

describe("shards", () => {
  it("are listed in pages, whose token stands alone", async () => {
    await cloud.create("clicks", 3);
    const first = await cloud.streams.send(new ListShardsCommand({ StreamName, MaxResults: 2 }));
    expect(first.Shards).toHaveLength(2);
    const rest = await cloud.streams.send(new ListShardsCommand({ NextToken: first.NextToken }));
    expect(rest.Shards!.map(({ ShardId }) => ShardId)).toEqual(["shardId-000000000002"]);
    expect(rest.NextToken).toBeUndefined();
    const both = new ListShardsCommand({ StreamName, NextToken: first.NextToken });
    expect(await codeOf(cloud.streams.send(both))).toBe("InvalidArgumentException");
  });

  it("split: the parent is read to its end, which names the children", async () => {
    await cloud.create("clicks", 1);
    await cloud.put("before", { ExplicitHashKey: "0" });
    const NewStartingHashKey = String(1n << 127n);
    const split = { StreamName, ShardToSplit: "shardId-000000000000", NewStartingHashKey };
    await cloud.streams.send(new SplitShardCommand(split));
    expect(await codeOf(cloud.streams.send(new SplitShardCommand(split)))).toBe("InvalidArgumentException");
    await cloud.put("low", { ExplicitHashKey: "0" });
    await cloud.put("high", { ExplicitHashKey: NewStartingHashKey });
    const { Records, NextShardIterator, ChildShards } = await cloud.streams.send(
      new GetRecordsCommand({ ShardIterator: await cloud.iterator(0) }),
    );
    expect(Records).toHaveLength(1);
    expect(NextShardIterator).toBeUndefined();
    expect(ChildShards!.map(({ ShardId, ParentShards }) => [ShardId, ParentShards])).toEqual([
      ["shardId-000000000001", ["shardId-000000000000"]],
      ["shardId-000000000002", ["shardId-000000000000"]],
    ]);
    expect((await cloud.read(await cloud.iterator(1))).data).toEqual(["low"]);
    expect((await cloud.read(await cloud.iterator(2))).data).toEqual(["high"]);
    const { StreamDescription } = await cloud.streams.send(new DescribeStreamCommand({ StreamName }));
    expect(StreamDescription!.Shards![0]!.SequenceNumberRange!.EndingSequenceNumber).toMatch(/^49\d{54}$/);
    expect(StreamDescription!.Shards![1]!.ParentShardId).toBe("shardId-000000000000");
    const open = await shards({ ShardFilter: { Type: "AT_LATEST" } });
    expect(open.map(({ ShardId }) => ShardId)).toEqual(["shardId-000000000001", "shardId-000000000002"]);
  });

  it("merge where they are adjacent", async () => {
    await cloud.create("clicks", 3);
    const merge = (a: number, b: number) =>
      cloud.streams.send(
        new MergeShardsCommand({
          ...{ StreamName, ShardToMerge: `shardId-00000000000${a}`, AdjacentShardToMerge: `shardId-00000000000${b}` },
        }),
      );
    await expect(merge(0, 2)).rejects.toThrow("are not adjacent");
    await merge(1, 0);
    expect((await shards())[3]).toMatchObject({
      ...{ ParentShardId: "shardId-000000000000", AdjacentParentShardId: "shardId-000000000001" },
      HashKeyRange: { StartingHashKey: "0" },
    });
    expect((await summary()).OpenShardCount).toBe(2);
  });

  it("change their number, at most twofold", async () => {
    await cloud.create("clicks", 2);
    const update = (TargetShardCount: number) =>
      cloud.streams.send(new UpdateShardCountCommand({ StreamName, TargetShardCount, ScalingType: "UNIFORM_SCALING" }));
    expect(await update(4)).toMatchObject({ CurrentShardCount: 2, TargetShardCount: 4, StreamName });
    expect((await summary()).OpenShardCount).toBe(4);
    expect(await codeOf(update(9))).toBe("InvalidArgumentException");
  });
});

describe("a declared stream", () => {
  const stream = (inputs: object = {}) =>
    resource("aws:kinesis/stream:Stream", "clicks", {
      ...{ name: "clicks", streamModeDetails: { streamMode: "PROVISIONED" }, shardCount: 2, retentionPeriod: 168 },
      ...{ encryptionType: "KMS", kmsKeyId: "alias/aws/kinesis", ...inputs },
    });
  const policy = resource("aws:kinesis/resourcePolicy:ResourcePolicy", "policy", {
    resourceArn: ARN,
    policy: '{"Statement":[]}',
  });
  const declare = (each: KinesisCloud, ...resources: object[]) => each.running.provision({ resources } as never);

  it("is what the program says, and keeps its records and shards over a restart and a change of their number", async () => {
    const directory = mkdtempSync(join(tmpdir(), "terrace-kinesis-"));
    const first = await startKinesis({}, { directory });
    await declare(first, stream(), policy);
    const { SequenceNumber, ShardId } = await first.put("kept", { ExplicitHashKey: "0" });
    await first.stop();
    const second = await startKinesis({}, { directory });
    expect(await codeOf(second.put("x"))).toBe("ResourceNotFoundException");
    await declare(second, stream({ shardCount: 3 }));
    const { StreamDescriptionSummary } = await second.streams.send(new DescribeStreamSummaryCommand({ StreamName }));
    expect(StreamDescriptionSummary).toMatchObject({
      ...{ OpenShardCount: 3, RetentionPeriodHours: 168, EncryptionType: "KMS", KeyId: "alias/aws/kinesis" },
    });
    const { data, next } = await second.read(await second.iterator(0));
    expect([ShardId, data, next]).toEqual(["shardId-000000000000", ["kept"], undefined]);
    const after = await second.put("later", { ExplicitHashKey: "0" });
    expect(BigInt(after.SequenceNumber!) > BigInt(SequenceNumber!)).toBe(true);
    // The policy is no longer declared.
    const { Policy } = await second.streams.send(new GetResourcePolicyCommand({ ResourceARN: ARN }));
    expect(Policy).toBe("");
    await declare(second, policy, stream({ shardCount: 3 }));
    expect((await second.streams.send(new GetResourcePolicyCommand({ ResourceARN: ARN }))).Policy).toBe(
      '{"Statement":[]}',
    );
    await second.stop();
    rmSync(directory, { recursive: true });
  });
});
