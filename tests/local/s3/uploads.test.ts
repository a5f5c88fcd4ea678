import { createHash } from "node:crypto";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { codeOf, type MessagingCloud, startMessaging } from "../messaging-cloud.ts";
import { type ObjectClient, objectClient } from "./s3-client.ts";

const Bucket = "uploads";

describe("S3 uploads", () => {
  let cloud: MessagingCloud;
  let objects: ObjectClient;

  beforeAll(async () => {
    cloud = await startMessaging();
    objects = objectClient(cloud.running.client());
    await objects.create(Bucket);
  });
  afterAll(async () => {
    objects.sdk.destroy();
    await cloud.stop();
  });

  describe("case 15: streamed as aws-chunked", () => {
    const stream = (body: string, headers: Record<string, string> = {}) =>
      objects.signed(
        "PUT",
        `/${Bucket}/streamed`,
        {
          "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
          "content-encoding": "gzip,aws-chunked",
          ...headers,
        },
        body,
      );
    const chunks = "5;chunk-signature=abc\r\nhello\r\n6\r\n world\r\n0\r\n";

    it("content is what was chunked, trailers are verified, and the encoding that is kept is the object's own", async () => {
      const crc32 = "DUoRhQ==";
      const answer = await stream(`${chunks}x-amz-checksum-crc32:${crc32}\r\n\r\n`, {
        "x-amz-trailer": "x-amz-checksum-crc32",
        "x-amz-decoded-content-length": "11",
      });
      expect([answer.status, answer.headers.get("x-amz-checksum-crc32")]).toEqual([200, crc32]);
      const got = await objects.sdk.send(new GetObjectCommand({ Bucket, Key: "streamed", ChecksumMode: "ENABLED" }));
      expect(got).toMatchObject({ ContentEncoding: "gzip", ChecksumCRC32: crc32, ContentLength: 11 });
      expect(await got.Body!.transformToString()).toBe("hello world");
    });

    it.each([
      [
        "a wrong checksum",
        `${chunks}x-amz-checksum-crc32:AAAAAA==\r\n\r\n`,
        { "x-amz-trailer": "x-amz-checksum-crc32" },
        "BadDigest",
      ],
      [
        "a trailer that was announced and never came",
        `${chunks}\r\n`,
        { "x-amz-trailer": "x-amz-checksum-crc32" },
        "MalformedTrailerError",
      ],
      ["another length than announced", `${chunks}\r\n`, { "x-amz-decoded-content-length": "12" }, "IncompleteBody"],
      ["a cut body", "5\r\nhel", {}, "IncompleteBody"],
      ["a chunk longer than it says", "3\r\nhello\r\n0\r\n\r\n", {}, "IncompleteBody"],
      ["a negative size", "-5\r\nhello\r\n0\r\n\r\n", {}, "IncompleteBody"],
      ["no size", "hello", {}, "IncompleteBody"],
    ])("refused: %s", async (_what, body, headers, code) => {
      const answer = await stream(body, headers as Record<string, string>);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain(`<Code>${code}</Code>`);
    });
  });

  it.each([
    ["CRC32", "y/Q5Jg=="],
    ["CRC32C", "4waSgw=="],
    ["CRC64NVME", Buffer.from("ae8b14860a799888", "hex").toString("base64")],
    ["SHA1", createHash("sha1").update("123456789").digest("base64")],
    ["SHA256", createHash("sha256").update("123456789").digest("base64")],
  ] as const)("%s is verified, kept and returned", async (algorithm, checksum) => {
    // The standards' check values: of the digits 1 to 9
    const name = `Checksum${algorithm}` as const;
    const upload = (value: string) =>
      objects.put(Bucket, "checked", "123456789", { [name]: value }) as Promise<Record<string, string>>;
    const wrong = Buffer.alloc(Buffer.from(checksum, "base64").length).toString("base64");
    expect(await codeOf(upload(wrong))).toBe("BadDigest");
    expect((await upload(checksum))[name]).toBe(checksum);
    const head = await objects.sdk.send(new HeadObjectCommand({ Bucket, Key: "checked", ChecksumMode: "ENABLED" }));
    expect(head).toMatchObject({ [name]: checksum, ChecksumType: "FULL_OBJECT" });
  });

  describe("in parts", () => {
    const big = Buffer.alloc(5 * 1024 * 1024, "a");

    it("survive a kill between their parts, and have the checksum of their parts' checksums", async () => {
      const Key = "film";
      const { UploadId } = await objects.sdk.send(
        new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: "SHA256", Metadata: { made: "here" } }),
      );
      const part = (PartNumber: number, Body: Buffer) =>
        objects.sdk.send(
          new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ChecksumAlgorithm: "SHA256" }),
        );
      const first = await part(1, big);
      objects.sdk.destroy();
      await cloud.restart({ isKilled: true });
      objects = objectClient(cloud.running.client());
      const second = await part(2, Buffer.from("end"));
      const listed = await objects.sdk.send(new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 1 }));
      expect(listed).toMatchObject({ IsTruncated: true, NextPartNumberMarker: "1", Parts: [{ Size: big.length }] });
      const list = new ListMultipartUploadsCommand({ Bucket });
      expect((await objects.sdk.send(list)).Uploads).toMatchObject([{ Key, UploadId }]);
      const Parts = [first, second].map(({ ETag, ChecksumSHA256 }, i) => ({ PartNumber: i + 1, ETag, ChecksumSHA256 }));
      const complete = (parts: typeof Parts) =>
        objects.sdk.send(
          new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts: parts } }),
        );
      const wrong = Parts.map((each) => ({ ...each, ChecksumSHA256: Buffer.alloc(32).toString("base64") }));
      expect(await codeOf(complete(wrong))).toBe("InvalidPart");
      const digests = [big, Buffer.from("end")].map((bytes) => createHash("sha256").update(bytes).digest());
      const composite = `${createHash("sha256").update(Buffer.concat(digests)).digest("base64")}-2`;
      expect(await complete(Parts)).toMatchObject({ ChecksumSHA256: composite, ChecksumType: "COMPOSITE" });
      const head = await objects.sdk.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
      expect(head).toMatchObject({
        ContentLength: big.length + 3,
        Metadata: { made: "here" },
        ChecksumSHA256: composite,
      });
      expect((await objects.sdk.send(list)).Uploads ?? []).toEqual([]);
      // Longer than what is read into memory: the end of a streamed answer.
      expect(await objects.text(Bucket, Key, { Range: `bytes=${big.length - 2}-` })).toBe("aaend");
      const whole = await objects.sdk.send(new GetObjectCommand({ Bucket, Key }));
      expect((await whole.Body!.transformToByteArray()).length).toBe(big.length + 3);
    });
  });

  describe("presigned", () => {
    const sign = (more: object = {}) =>
      getSignedUrl(objects.sdk, new PutObjectCommand({ Bucket, Key: "signed", ContentType: "image/png", ...more }), {
        expiresIn: 60,
        signableHeaders: new Set(["content-type", "content-length"]),
      });
    const send = async (url: string, headers: Record<string, string> = {}) => {
      const answer = await fetch(url, {
        method: "PUT",
        body: "abc",
        headers: { "content-type": "image/png", ...headers },
      });
      return [answer.status, /<Code>(\w+)/.exec(await answer.text())?.[1]];
    };

    it("take no header of S3's that was not signed: no metadata, no tags, no copy", async () => {
      const url = await sign({ ContentLength: 3 });
      for (const header of ["x-amz-meta-role", "x-amz-tagging", "x-amz-copy-source", "x-amz-acl"]) {
        expect(await send(url, { [header]: "a=b/c" })).toEqual([403, "AccessDenied"]);
      }
      expect(await send(url)).toEqual([200, undefined]);
    });

    it("are good until they expire and for no longer", async () => {
      const url = await sign();
      await cloud.clock.advance(50_000);
      expect(await send(url)).toEqual([200, undefined]);
      await cloud.clock.advance(60_000);
      expect(await send(url)).toEqual([403, "AccessDenied"]);
    });
  });
});
