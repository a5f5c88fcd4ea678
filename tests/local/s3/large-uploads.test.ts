/** Uploads that memory is too small for: from 64 KB on in this cloud, into a file as they come. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type ClientRequest, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeletePublicAccessBlockCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { bodyDecoder } from "../../../local/services/s3/content/aws-chunked.ts";
import { checksumOf, digestFor } from "../../../local/services/s3/content/checksums.ts";
import { spool } from "../../../local/services/s3/content/spool.ts";
import { s3 } from "../../../local/services/s3/index.ts";
import { eventually } from "../lambda/fixture.ts";
import { codeOf } from "../messaging-cloud.ts";
import { type ObjectClient, objectClient } from "./s3-client.ts";

const Bucket = "large";
const KB = 1024;
const MB = 1024 * KB;
const GB = 1024 * MB;

let cloud: RunningCloud;
let objects: ObjectClient;

beforeAll(async () => {
  cloud = await startCloud({ services: { s3 }, inMemoryBytes: 64 * KB });
  objects = objectClient(cloud.client());
  await objects.create(Bucket);
  // For what no SDK would send.
  const open = { Effect: "Allow", Principal: "*", Action: "s3:PutObject", Resource: `arn:aws:s3:::${Bucket}/open/*` };
  await objects.sdk.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [open] });
  await objects.sdk.send(new PutBucketPolicyCommand({ Bucket, Policy }));
});
afterAll(async () => {
  objects.sdk.destroy();
  await cloud.stop();
});

/** Bytes that tell where they stand. */
function bytesOf(length: number, start = 0): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = ((start + at) * 31 + ((start + at) >> 8)) & 0xff;
  return bytes;
}
const md5 = (bytes: Buffer) => `"${createHash("md5").update(bytes).digest("hex")}"`;
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const crc32Of = (bytes: Buffer) => {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString("base64");
};
async function bytes(Key: string, Range?: string): Promise<Buffer> {
  const { Body } = await objects.sdk.send(new GetObjectCommand({ Bucket, Key, Range }));
  return Buffer.from(await Body!.transformToByteArray());
}
const incoming = () => {
  const folder = join(cloud.directory, "incoming");
  return existsSync(folder) ? readdirSync(folder).map((name) => statSync(join(folder, name)).size) : [];
};
/** As an SDK streams it. */
function chunked(content: Buffer, trailer: string, size = 40_000): Buffer {
  const pieces: (Buffer | string)[] = [];
  for (let at = 0; at < content.length; at += size) {
    const piece = content.subarray(at, at + size);
    pieces.push(`${piece.length.toString(16)}\r\n`, piece, "\r\n");
  }
  pieces.push(`0\r\n${trailer}\r\n\r\n`);
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece as Buffer)));
}
const streamed = (content: Buffer) => ({
  "content-encoding": "aws-chunked",
  "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
  "x-amz-decoded-content-length": String(content.length),
  "x-amz-trailer": "x-amz-checksum-crc32",
});
/** Without a signature, byte by byte as the test wants it. */
function openRequest(key: string, headers: Record<string, string | number>) {
  const sent: ClientRequest = request(`${cloud.endpoint}/${Bucket}/open/${key}`, { method: "PUT", headers });
  const answer = new Promise<{ status: number; text: string }>((resolve, reject) => {
    sent.once("error", reject);
    sent.once("response", (response) => {
      let text = "";
      response.on("data", (piece) => {
        text += piece;
      });
      response.once("end", () => resolve({ status: response.statusCode!, text }));
    });
  });
  return { sent, answer };
}

describe("a large upload", () => {
  it("comes back byte by byte, with its digest, size and checksum, in ranges too", async () => {
    const content = bytesOf(3 * MB + 17);
    const put = await objects.sdk.send(new PutObjectCommand({ Bucket, Key: "plain", Body: content }));
    expect(put).toMatchObject({ ETag: md5(content), ChecksumCRC32: crc32Of(content) });
    expect((await bytes("plain")).equals(content)).toBe(true);
    expect((await bytes("plain", "bytes=1048570-1048580")).equals(content.subarray(1_048_570, 1_048_581))).toBe(true);
    expect((await bytes("plain", "bytes=-5")).equals(content.subarray(-5))).toBe(true);
    const head = await objects.sdk.send(new HeadObjectCommand({ Bucket, Key: "plain", ChecksumMode: "ENABLED" }));
    expect(head).toMatchObject({ ContentLength: content.length, ChecksumCRC32: crc32Of(content) });
    expect(incoming()).toEqual([]);
  });

  it("is in the file as far as it has come", async () => {
    const content = bytesOf(2 * MB);
    const { sent, answer } = openRequest("slow", { "content-length": content.length });
    sent.write(content.subarray(0, MB));
    await eventually(incoming, (sizes) => sizes.length === 1 && sizes[0] === MB);
    sent.end(content.subarray(MB));
    expect(await answer).toMatchObject({ status: 200 });
    expect((await bytes("open/slow")).equals(content)).toBe(true);
    const asked = { Bucket, Key: "open/slow", ObjectAttributes: ["Checksum" as const, "ObjectSize" as const] };
    const { Checksum, ObjectSize } = await objects.sdk.send(new GetObjectAttributesCommand(asked));
    expect([Checksum!.ChecksumCRC64NVME, ObjectSize]).toEqual([checksumOf("CRC64NVME", content), content.length]);
    expect(incoming()).toEqual([]);
  });

  it("may come in chunks with a checksum behind them", async () => {
    const content = bytesOf(500_000);
    const body = chunked(content, `x-amz-checksum-crc32:${crc32Of(content)}`);
    const response = await objects.signed("PUT", `/${Bucket}/chunks`, streamed(content), body);
    expect([response.status, response.headers.get("etag")]).toEqual([200, md5(content)]);
    expect((await bytes("chunks")).equals(content)).toBe(true);
  });

  it("may be put by a presigned URL, and by a stream", async () => {
    const content = bytesOf(300_000);
    const url = await getSignedUrl(objects.sdk, new PutObjectCommand({ Bucket, Key: "presigned" }));
    expect((await fetch(url, { method: "PUT", body: new Uint8Array(content) })).status).toBe(200);
    expect((await bytes("presigned")).equals(content)).toBe(true);
    const Body = Readable.from([content.subarray(0, 100_000), content.subarray(100_000)]);
    await objects.sdk.send(new PutObjectCommand({ Bucket, Key: "stream", Body, ContentLength: content.length }));
    expect((await bytes("stream")).equals(content)).toBe(true);
  });

  it("takes the place of what was there, which is gone from the disk", async () => {
    const files = () =>
      readdirSync(join(cloud.directory, "objects")).filter((name) => !name.startsWith("pack-")).length;
    await objects.put(Bucket, "twice", bytesOf(500_000));
    const before = files();
    await objects.put(Bucket, "twice", bytesOf(600_000, 7));
    expect((await bytes("twice")).equals(bytesOf(600_000, 7))).toBe(true);
    await eventually(files, (count) => count === before);
  });

  it("is copied, whole and in parts, without going through memory", async () => {
    const content = bytesOf(20 * MB);
    await objects.put(Bucket, "source", content);
    await objects.sdk.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/source` }));
    expect(md5(await bytes("copy"))).toBe(md5(content));
    const { UploadId } = await objects.sdk.send(new CreateMultipartUploadCommand({ Bucket, Key: "joined" }));
    const at = { Bucket, Key: "joined", UploadId };
    const part = async (PartNumber: number, CopySourceRange: string) => {
      const copy = new UploadPartCopyCommand({ ...at, PartNumber, CopySource: `${Bucket}/source`, CopySourceRange });
      return { PartNumber, ETag: (await objects.sdk.send(copy)).CopyPartResult!.ETag };
    };
    const last = content.length - 1;
    const Parts = [await part(1, `bytes=1-${18 * MB}`), await part(2, `bytes=${18 * MB + 1}-${last}`)];
    await objects.sdk.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } }));
    expect((await bytes("joined")).equals(content.subarray(1))).toBe(true);
    expect(incoming()).toEqual([]);
  });

  it.each([
    ["SHA256", "COMPOSITE"],
    ["CRC32", "FULL_OBJECT"],
    ["CRC64NVME", "FULL_OBJECT"],
  ] as const)("may be a part of one, %s %s", async (ChecksumAlgorithm, ChecksumType) => {
    const parts = [bytesOf(5 * MB), bytesOf(400_000, 3)];
    const created = new CreateMultipartUploadCommand({ Bucket, Key: "parts", ChecksumAlgorithm, ChecksumType });
    const at = { Bucket, Key: "parts", UploadId: (await objects.sdk.send(created)).UploadId };
    const Parts = [];
    for (const [index, Body] of parts.entries()) {
      const name = `Checksum${ChecksumAlgorithm}`;
      const PartNumber = index + 1;
      const command = new UploadPartCommand({ ...at, PartNumber, Body, [name]: checksumOf(ChecksumAlgorithm, Body) });
      Parts.push({ PartNumber, ETag: (await objects.sdk.send(command)).ETag });
      expect(Parts.at(-1)!.ETag).toBe(md5(Body));
    }
    const done = await objects.sdk.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } }));
    const each = parts.map((part) => Buffer.from(checksumOf(ChecksumAlgorithm, part)!, "base64"));
    const expected =
      ChecksumType === "COMPOSITE"
        ? `${checksumOf(ChecksumAlgorithm, Buffer.concat(each))}-2`
        : checksumOf(ChecksumAlgorithm, Buffer.concat(parts));
    expect((done as unknown as Record<string, unknown>)[`Checksum${ChecksumAlgorithm}`]).toBe(expected);
    expect((await bytes("parts")).equals(Buffer.concat(parts))).toBe(true);
    expect(incoming()).toEqual([]);
  });
});

describe("a large upload that is refused leaves nothing behind:", () => {
  const content = bytesOf(300_000);
  const put = (headers: Record<string, string>, body: Buffer) =>
    objects.signed("PUT", `/${Bucket}/refused`, headers, body);
  const good = `x-amz-checksum-crc32:${crc32Of(content)}`;

  it.each([
    [
      "a checksum that is not its own",
      "BadDigest",
      streamed(content),
      chunked(content, "x-amz-checksum-crc32:AAAAAA=="),
    ],
    ["another trailer", "MalformedTrailerError", streamed(content), chunked(content, "x-other:1")],
    [
      "an end in the middle of a chunk",
      "IncompleteBody",
      streamed(content),
      chunked(content, good).subarray(0, 99_000),
    ],
    ["a chunk without a length", "IncompleteBody", streamed(content), content],
    ["another length", "IncompleteBody", streamed(bytesOf(300_001)), chunked(content, good)],
    [
      "another digest in what was signed",
      "XAmzContentSHA256Mismatch",
      { "x-amz-content-sha256": sha256(bytesOf(1)), "content-length": "300000" },
      content,
    ],
    [
      "another Content-MD5",
      "BadDigest",
      {
        "x-amz-content-sha256": sha256(content),
        "content-md5": createHash("md5").update("other").digest("base64"),
      },
      content,
    ],
    [
      "a condition that does not hold",
      "PreconditionFailed",
      { "x-amz-content-sha256": sha256(content), "if-match": '"0"' },
      content,
    ],
  ])("%s", async (_, code, headers, body) => {
    await objects.put(Bucket, "refused", "before");
    const response = await put(headers, body);
    expect(await response.text()).toContain(`<Code>${code}</Code>`);
    expect((await bytes("refused")).toString()).toBe("before");
    await eventually(incoming, (sizes) => sizes.length === 0);
  });

  it("who may not write", async () => {
    const { sent, answer } = openRequest("../closed", { "content-length": content.length });
    sent.end(content);
    expect(await answer).toMatchObject({ status: 403, text: expect.stringContaining("AccessDenied") });
    await eventually(incoming, (sizes) => sizes.length === 0);
  });

  it("a client that hangs up", async () => {
    const { sent, answer } = openRequest("gone", { "content-length": MB });
    sent.write(content);
    await eventually(incoming, (sizes) => sizes.length === 1);
    sent.destroy();
    await answer.catch(() => {});
    await eventually(incoming, (sizes) => sizes.length === 0);
    expect(await codeOf(bytes("open/gone"))).toBe("NoSuchKey");
  });

  it("more than 5 GB, before a byte of it has come, and in chunks", async () => {
    const plain = openRequest("huge", { "content-length": 5 * GB + 1, expect: "100-continue" });
    plain.sent.flushHeaders();
    const { status, text } = await plain.answer;
    expect([status, text]).toEqual([400, expect.stringContaining("<Code>EntityTooLarge</Code>")]);
    expect(text).toContain(`<MaxSizeAllowed>${5 * GB}</MaxSizeAllowed>`);
    plain.sent.destroy();
    const chunks = openRequest("huge", { ...streamed(content), "x-amz-decoded-content-length": 5 * GB + 1 });
    chunks.sent.flushHeaders();
    expect(await chunks.answer).toMatchObject({ status: 400, text: expect.stringContaining("EntityTooLarge") });
    chunks.sent.destroy();
  });

  it("more than was announced", async () => {
    const options = { directory: cloud.directory, maxBytes: 100_000 };
    const spooling = spool([content.subarray(0, 99_999), content], options);
    await expect(spooling).rejects.toMatchObject({ code: "EntityTooLarge", detail: { MaxSizeAllowed: 100_000 } });
    expect(incoming()).toEqual([]);
  });
});

it("what a killed platform was receiving is gone at the next start", async () => {
  const directory = mkdtempSync(join(tmpdir(), "terrace-large-"));
  mkdirSync(join(directory, "incoming"));
  writeFileSync(join(directory, "incoming", "half"), "half");
  const started = await startCloud({ directory, services: { s3 } });
  expect(existsSync(join(directory, "incoming"))).toBe(false);
  await started.stop();
  rmSync(directory, { recursive: true });
});

describe("what is computed on the way", () => {
  it.each(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "MD5"])(
    "%s is the same however the bytes come",
    (algorithm) => {
      const content = bytesOf(10_007);
      for (const size of [1, 3, 7, 8, 1000, 4096]) {
        const digest = digestFor(algorithm)!;
        for (let at = 0; at < content.length; at += size) digest.update(content.subarray(at, at + size));
        expect(digest.digest()).toBe(checksumOf(algorithm, content));
      }
    },
  );

  it("a chunked body is the same wherever it is cut", () => {
    const content = bytesOf(90);
    const body = chunked(content, "x-amz-checksum-crc32:abc", 25);
    for (let cut = 0; cut <= body.length; cut++) {
      const taken: Buffer[] = [];
      const decoder = bodyDecoder(streamed(content), (piece) => taken.push(piece));
      decoder.write(body.subarray(0, cut));
      decoder.write(body.subarray(cut));
      expect(decoder.end()).toEqual({ "x-amz-checksum-crc32": "abc" });
      expect(Buffer.concat(taken).equals(content)).toBe(true);
    }
  });
});
