import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetRecordsCommand, KinesisClient, PutRecordsCommand, PutResourcePolicyCommand } from "@aws-sdk/client-kinesis";
import { iam } from "../../../local/services/iam/index.ts";
import { codeOf } from "../messaging-cloud.ts";
import { roleWith } from "../role-with.ts";
import { type KinesisCloud, startKinesis } from "./fixture.ts";

const ARN = "arn:aws:kinesis:eu-west-1:000000000000:stream/clicks";
let cloud: KinesisCloud;
beforeEach(async () => {
  cloud = await startKinesis({ iam });
  await cloud.create("clicks", 4);
});
afterEach(() => cloud.stop());

const bytes = (text: string) => new TextEncoder().encode(text);

describe("a record", () => {
  it("goes to the shard that owns the MD5 of its partition key, and comes out as it went in", async () => {
    for (const key of ["acme", "globex", "initech", "ümlaut"]) {
      const hash = BigInt(`0x${createHash("md5").update(key).digest("hex")}`);
      const shard = Number(hash / ((1n << 128n) / 4n));
      const { ShardId, SequenceNumber } = await cloud.put(`of ${key}`, { PartitionKey: key });
      expect(ShardId).toBe(`shardId-00000000000${shard}`);
      expect(SequenceNumber).toMatch(/^49\d{54}$/);
      const { data, keys } = await cloud.read(await cloud.iterator(shard));
      expect(data).toContain(`of ${key}`);
      expect(keys).toContain(key);
    }
  });

  it("goes to the shard of its explicit hash key instead", async () => {
    const last = String((1n << 128n) - 1n);
    expect((await cloud.put("a", { ExplicitHashKey: "0" })).ShardId).toBe("shardId-000000000000");
    expect((await cloud.put("b", { ExplicitHashKey: last })).ShardId).toBe("shardId-000000000003");
    expect((await cloud.read(await cloud.iterator(3))).data).toEqual(["b"]);
  });

  it("of a shard keeps its order, with ever higher sequence numbers, one by one or many at once", async () => {
    const one = await cloud.put("0");
    const { Records, FailedRecordCount } = await cloud.streams.send(
      new PutRecordsCommand({
        StreamName: "clicks",
        Records: Array.from({ length: 500 }, (_, n) => ({ PartitionKey: "key", Data: bytes(String(n + 1)) })),
      }),
    );
    expect(FailedRecordCount).toBe(0);
    const shard = Number(one.ShardId!.at(-1));
    const numbers = [one, ...Records!].map(({ SequenceNumber }) => BigInt(SequenceNumber!));
    expect(numbers.every((number, index) => index === 0 || number > numbers[index - 1]!)).toBe(true);
    const { data } = await cloud.read(await cloud.iterator(shard));
    expect(data).toEqual(Array.from({ length: 501 }, (_, n) => String(n)));
  });

  it.each([
    ["without a partition key", { PartitionKey: "" }, "ValidationException", "at 'partitionKey'"],
    ["with a key of 257 characters", { PartitionKey: "x".repeat(257) }, "ValidationException", "at 'partitionKey'"],
    ["of more than 1 MiB", { Data: new Uint8Array(1024 * 1024) }, "ValidationException", "1048576"],
    ["with a hash key out of range", { ExplicitHashKey: String(1n << 128n) }, "InvalidArgumentException", "2^128-1"],
    ["with a hash key that is no number", { ExplicitHashKey: "0x1" }, "InvalidArgumentException", "2^128-1"],
    [
      "of a stream that does not exist",
      { StreamName: "other" },
      "ResourceNotFoundException",
      "Stream other under account 000000000000 not found.",
    ],
  ])("%s is refused", async (_what, more, name, message) => {
    await expect(cloud.put("x", more)).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });

  it("is one of 1 to 500, 10 MiB together", async () => {
    const put = (count: number, size = 1) =>
      cloud.streams.send(
        new PutRecordsCommand({
          StreamName: "clicks",
          Records: Array.from({ length: count }, () => ({ PartitionKey: "k", Data: new Uint8Array(size) })),
        }),
      );
    expect(await codeOf(put(0))).toBe("ValidationException");
    expect(await codeOf(put(501))).toBe("ValidationException");
    expect(await codeOf(put(11, 1000 * 1000))).toBe("InvalidArgumentException");
    expect((await put(10, 1000 * 1000)).Records).toHaveLength(10);
  });
});

describe("an iterator", () => {
  it("begins where its type says: at the horizon, the end, a sequence number, after it, or a time", async () => {
    const start = cloud.clock.now();
    const first = await cloud.put("1");
    const shard = Number(first.ShardId!.at(-1));
    await cloud.clock.advance(60_000);
    const second = await cloud.put("2");
    const latest = await cloud.iterator(shard, { ShardIteratorType: "LATEST" });
    await cloud.put("3");
    const from = async (more: object) => (await cloud.read(await cloud.iterator(shard, more))).data;
    expect((await cloud.read(latest)).data).toEqual(["3"]);
    expect(await from({ ShardIteratorType: "TRIM_HORIZON" })).toEqual(["1", "2", "3"]);
    const StartingSequenceNumber = second.SequenceNumber;
    expect(await from({ ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber })).toEqual(["2", "3"]);
    expect(await from({ ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber })).toEqual(["3"]);
    const Timestamp = new Date(start + 1_000);
    expect(await from({ ShardIteratorType: "AT_TIMESTAMP", Timestamp })).toEqual(["2", "3"]);
    const later = new Date(start + 3_600_000);
    expect(await from({ ShardIteratorType: "AT_TIMESTAMP", Timestamp: later })).toEqual([]);
  });

  it("leads on from page to page, and tells how far behind it is", async () => {
    for (const data of ["1", "2", "3"]) {
      await cloud.put(data);
      await cloud.clock.advance(1_000);
    }
    const shard = Number((await cloud.put("4")).ShardId!.at(-1));
    const first = await cloud.read(await cloud.iterator(shard), 2);
    expect(first).toMatchObject({ data: ["1", "2"], behind: 2_000 });
    const rest = await cloud.read(first.next!);
    expect(rest).toMatchObject({ data: ["3", "4"], behind: 0 });
    const empty = await cloud.read(rest.next!);
    expect(empty.data).toEqual([]);
    await cloud.put("5");
    expect((await cloud.read(empty.next!)).data).toEqual(["5"]);
  });

  it("reads 10 MiB at most, and a record at least", async () => {
    const ExplicitHashKey = "0";
    const Data = new Uint8Array(1000 * 1000);
    for (let n = 0; n < 12; n++) await cloud.put("", { ExplicitHashKey, Data });
    const { Records, NextShardIterator } = await cloud.streams.send(
      new GetRecordsCommand({ ShardIterator: await cloud.iterator(0) }),
    );
    expect(Records).toHaveLength(10);
    expect((await cloud.read(NextShardIterator!)).data).toHaveLength(2);
  });

  it("expires after five minutes", async () => {
    const iterator = await cloud.iterator();
    await cloud.clock.advance(300_000);
    expect((await cloud.read(iterator)).data).toEqual([]);
    await cloud.clock.advance(1);
    await expect(cloud.read(iterator)).rejects.toMatchObject({
      name: "ExpiredIteratorException",
      message: expect.stringContaining("further in the future than the tolerated delay of 300000 milliseconds"),
    });
  });

  it.each([
    ["without its sequence number", { ShardIteratorType: "AT_SEQUENCE_NUMBER" }, "InvalidArgumentException"],
    [
      "of a number from elsewhere",
      { ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: "49123" },
      "InvalidArgumentException",
    ],
    ["without its time", { ShardIteratorType: "AT_TIMESTAMP" }, "InvalidArgumentException"],
    ["of an unknown type", { ShardIteratorType: "FIRST" }, "ValidationException"],
    ["of an unknown shard", { ShardId: "shardId-000000000009" }, "ResourceNotFoundException"],
  ])("%s is refused", async (_what, more, code) => {
    expect(await codeOf(cloud.iterator(0, more as never))).toBe(code);
  });

  it("that was made up is refused, and so is a limit out of bounds", async () => {
    expect(await codeOf(cloud.read("made up"))).toBe("InvalidArgumentException");
    expect(await codeOf(cloud.read(await cloud.iterator(), 10_001))).toBe("ValidationException");
    expect(await codeOf(cloud.read(await cloud.iterator(), 0))).toBe("ValidationException");
  });
});

describe("who may", () => {
  const as = (roleArn: string) => new KinesisClient({ ...cloud.running.client(roleArn), maxAttempts: 1 });

  it("read is judged by the stream of the iterator, whoever made it", async () => {
    const iterator = await cloud.iterator();
    const stranger = as(
      await roleWith(cloud.running, "stranger", {
        Effect: "Allow",
        Action: "kinesis:GetRecords",
        Resource: `${ARN}-other`,
      }),
    );
    expect(await codeOf(stranger.send(new GetRecordsCommand({ ShardIterator: iterator })))).toBe(
      "AccessDeniedException",
    );
    const reader = as(
      await roleWith(cloud.running, "reader", { Effect: "Allow", Action: "kinesis:GetRecords", Resource: ARN }),
    );
    expect((await reader.send(new GetRecordsCommand({ ShardIterator: iterator }))).Records).toEqual([]);
    stranger.destroy();
    reader.destroy();
  });

  it("write is judged by the stream's own policy too", async () => {
    const role = await roleWith(cloud.running, "writer");
    const writer = as(role);
    const put = () =>
      writer.send(new PutRecordsCommand({ StreamName: "clicks", Records: [{ PartitionKey: "k", Data: bytes("x") }] }));
    expect(await codeOf(put())).toBe("AccessDeniedException");
    const Statement = [{ Effect: "Allow", Principal: { AWS: role }, Action: "kinesis:PutRecords", Resource: ARN }];
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await cloud.streams.send(new PutResourcePolicyCommand({ ResourceARN: ARN, Policy }));
    expect((await put()).FailedRecordCount).toBe(0);
    writer.destroy();
  });
});

describe("the port", () => {
  it("survives clients that hang up in the middle, in HTTP/1.1, HTTP/2 and nothing at all", async () => {
    const { port } = new URL(cloud.running.endpoint);
    for (const first of [
      "",
      "P",
      "PRI * HTTP/2.0\r\n",
      "PRI nonsense",
      "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n",
    ]) {
      const socket = connectSocket(Number(port), "127.0.0.1");
      await new Promise<void>((done) => socket.once("connect", done));
      await new Promise<void>((done) => socket.write(first, () => done()));
      const closed = new Promise<void>((done) => socket.once("close", () => done()));
      socket.destroy();
      await closed;
    }
    const session = connect(cloud.running.endpoint);
    const stream = session.request({ ":method": "POST", ":path": "/", "content-length": "10" });
    stream.on("error", () => {});
    const over = new Promise<void>((done) => session.once("close", () => done()));
    session.once("remoteSettings", () => session.destroy());
    await over;
    expect((await cloud.put("still there")).ShardId).toBeDefined();
  });

  it("takes many requests of one HTTP/2 connection at a time", async () => {
    const { NodeHttp2Handler } = await import("@smithy/node-http-handler");
    const requestHandler = new NodeHttp2Handler({ disableConcurrentStreams: false });
    const shared = new KinesisClient({ ...cloud.running.client(), maxAttempts: 1, requestHandler });
    const Records = [{ PartitionKey: "k", Data: bytes("x") }];
    const puts = Array.from({ length: 50 }, () =>
      shared.send(new PutRecordsCommand({ StreamName: "clicks", Records })),
    );
    const numbers = (await Promise.all(puts)).map(({ Records: written }) => written![0]!.SequenceNumber);
    expect(new Set(numbers).size).toBe(50);
    shared.destroy();
  });
});

describe("a stream that was written to", () => {
  it("has everything that was answered after a kill, and goes on with higher sequence numbers", async () => {
    const directory = mkdtempSync(join(tmpdir(), "terrace-kinesis-"));
    const first = await startKinesis({}, { directory });
    await first.create("clicks", 1);
    const before = await first.put("1");
    // As after a kill: the first one is not stopped before the second one runs.
    const second = await startKinesis({}, { directory });
    const after = await second.put("2");
    expect(BigInt(after.SequenceNumber!) > BigInt(before.SequenceNumber!)).toBe(true);
    expect((await second.read(await second.iterator())).data).toEqual(["1", "2"]);
    await first.stop();
    await second.stop();
    rmSync(directory, { recursive: true });
  });
});
