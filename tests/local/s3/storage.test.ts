import { randomBytes } from "node:crypto";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetBucketEncryptionCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  S3Client,
  type StorageClass,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { codeOf, type MessagingCloud, startMessaging } from "../messaging-cloud.ts";
import { type ObjectClient, objectClient } from "./s3-client.ts";

const Bucket = "photos";
const UNSIGNED = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };

describe("S3 objects and what is kept of them", () => {
  let cloud: MessagingCloud;
  let objects: ObjectClient;
  beforeEach(async () => {
    cloud = await startMessaging();
    objects = objectClient(cloud.running.client());
    await objects.create(Bucket);
  });
  afterEach(async () => {
    objects.sdk.destroy();
    await cloud.stop();
  });

  describe("checksums", () => {
    it("an object that came without one has CRC64NVME, told at once and to who asks", async () => {
      const answer = await objects.signed("PUT", `/${Bucket}/k`, UNSIGNED, "123456789");
      expect(answer.headers.get("x-amz-checksum-crc64nvme")).toBe("rosUhgp5mIg=");
      expect(answer.headers.get("x-amz-checksum-type")).toBe("FULL_OBJECT");
      const head = await objects.sdk.send(new HeadObjectCommand({ Bucket, Key: "k", ChecksumMode: "ENABLED" }));
      expect(head).toMatchObject({ ChecksumCRC64NVME: "rosUhgp5mIg=", ChecksumType: "FULL_OBJECT" });
    });

    it.each([0, 1, 7, 8, 9, 4099])("CRC64NVME of %i bytes is what the client reckons", async (length) => {
      const body = randomBytes(length);
      const command = new PutObjectCommand({ Bucket, Key: "k", Body: body, ChecksumAlgorithm: "CRC64NVME" });
      const { ChecksumCRC64NVME } = await objects.sdk.send(command);
      expect(ChecksumCRC64NVME).toMatch(/^[\w+/]{11}=$/);
      expect(await codeOf(objects.put(Bucket, "k", body, { ChecksumCRC64NVME: "BAAAAAAAAAA=" }))).toBe("BadDigest");
    });
    it("an upload in parts that named none has the whole's, made of the parts' own", async () => {
      const parts = [randomBytes(5 * 1024 * 1024), randomBytes(5 * 1024 * 1024), randomBytes(1234)];
      const target = { Bucket, Key: "parts" };
      const config = { ...cloud.running.client(), forcePathStyle: true, maxAttempts: 1 };
      const plain = new S3Client({ ...config, requestChecksumCalculation: "WHEN_REQUIRED" });
      const { UploadId } = await plain.send(new CreateMultipartUploadCommand(target));
      const Parts = [];
      for (const [index, Body] of parts.entries()) {
        const part = { ...target, UploadId, PartNumber: index + 1 };
        const { ETag } = await plain.send(new UploadPartCommand({ ...part, Body }));
        Parts.push({ PartNumber: part.PartNumber, ETag });
      }
      plain.destroy();
      const command = new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } });
      const { ChecksumCRC64NVME, ChecksumType } = await objects.sdk.send(command);
      const whole = await objects.signed("PUT", `/${Bucket}/whole`, UNSIGNED, Buffer.concat(parts));
      expect([ChecksumCRC64NVME, ChecksumType]).toEqual([whole.headers.get("x-amz-checksum-crc64nvme"), "FULL_OBJECT"]);
    });
  });

  describe("storage classes", () => {
    it("are kept and shown, but for the standard one, which only lists show", async () => {
      await objects.put(Bucket, "cold", "x", { StorageClass: "STANDARD_IA" });
      await objects.put(Bucket, "warm");
      const head = async (Key: string) => (await objects.sdk.send(new HeadObjectCommand({ Bucket, Key }))).StorageClass;
      expect([await head("cold"), await head("warm")]).toEqual(["STANDARD_IA", undefined]);
      const { Contents } = await objects.sdk.send(new ListObjectsV2Command({ Bucket }));
      expect(Contents!.map((each) => each.StorageClass)).toEqual(["STANDARD_IA", "STANDARD"]);
      expect(await codeOf(objects.put(Bucket, "k", "x", { StorageClass: "WARM" as StorageClass }))).toBe(
        "InvalidStorageClass",
      );
    });

    it("a copy of an object to itself changes its class", async () => {
      await objects.put(Bucket, "k");
      const copy = (StorageClass?: StorageClass) =>
        objects.sdk.send(new CopyObjectCommand({ Bucket, Key: "k", CopySource: `${Bucket}/k`, StorageClass }));
      expect(await codeOf(copy())).toBe("InvalidRequest");
      await copy("ONEZONE_IA");
      expect((await objects.sdk.send(new HeadObjectCommand({ Bucket, Key: "k" }))).StorageClass).toBe("ONEZONE_IA");
    });

    it("what is archived is read once it was restored, for as many days", async () => {
      await objects.put(Bucket, "k", "x", { StorageClass: "DEEP_ARCHIVE" });
      expect(await codeOf(objects.text(Bucket, "k"))).toBe("InvalidObjectState");
      const restore = (Key: string) =>
        objects.sdk.send(new RestoreObjectCommand({ Bucket, Key, RestoreRequest: { Days: 2 } }));
      expect((await restore("k")).$metadata.httpStatusCode).toBe(202);
      expect((await restore("k")).$metadata.httpStatusCode).toBe(200);
      expect(await objects.text(Bucket, "k")).toBe("x");
      const { Restore } = await objects.sdk.send(new HeadObjectCommand({ Bucket, Key: "k" }));
      expect(Restore).toMatch(/^ongoing-request="false", expiry-date="/);
      await cloud.clock.advance(2 * 86_400_000 + 1);
      expect(await codeOf(objects.text(Bucket, "k"))).toBe("InvalidObjectState");
      await objects.put(Bucket, "warm");
      expect(await codeOf(restore("warm"))).toBe("InvalidObjectState");
    });
  });

  describe("keys that come with the request", () => {
    const key = (fill: number) => ({ SSECustomerAlgorithm: "AES256", SSECustomerKey: Buffer.alloc(32, fill) as never });
    const mine = key(1);
    const other = key(2);
    beforeEach(() =>
      objects.sdk.send(
        new PutBucketEncryptionCommand({
          Bucket,
          ServerSideEncryptionConfiguration: {
            Rules: [
              {
                ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
                BlockedEncryptionTypes: { EncryptionType: ["NONE"] },
              },
            ],
          },
        }),
      ),
    );

    it("new buckets refuse them, and say so", async () => {
      await objects.create("strict");
      expect(await codeOf(objects.put("strict", "k", "x", mine))).toBe("AccessDenied");
      const { ServerSideEncryptionConfiguration } = await objects.sdk.send(
        new GetBucketEncryptionCommand({ Bucket: "strict" }),
      );
      expect(ServerSideEncryptionConfiguration!.Rules![0]!.BlockedEncryptionTypes).toEqual({
        EncryptionType: ["SSE-C"],
      });
    });

    it("open the object for who brings the same key, and for nobody else", async () => {
      const { $metadata: _, ...put } = await objects.sdk.send(
        new PutObjectCommand({ Bucket, Key: "k", Body: "secret", ...mine }),
      );
      expect(put).toMatchObject({ SSECustomerAlgorithm: "AES256", SSECustomerKeyMD5: expect.any(String) });
      expect(put.ServerSideEncryption).toBeUndefined();
      expect(await objects.text(Bucket, "k", mine)).toBe("secret");
      expect(await codeOf(objects.text(Bucket, "k"))).toBe("InvalidRequest");
      expect(await codeOf(objects.text(Bucket, "k", other))).toBe("AccessDenied");
      const head = (more: object) => objects.sdk.send(new HeadObjectCommand({ Bucket, Key: "k", ...more }));
      expect((await head(mine)).SSECustomerAlgorithm).toBe("AES256");
      await expect(head({})).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
      await objects.put(Bucket, "plain");
      expect(await codeOf(objects.text(Bucket, "plain", mine))).toBe("InvalidRequest");
    });

    it("the tag tells nothing of the content, and the state folder nothing of the key", async () => {
      const tags = [];
      for (const Key of ["a", "b"]) {
        const { ETag } = await objects.sdk.send(new PutObjectCommand({ Bucket, Key, Body: "same", ...mine }));
        tags.push(ETag);
      }
      expect(tags[0]).not.toBe(tags[1]);
      const rows = cloud.running.database.prepare("SELECT detail FROM s3_objects").all();
      expect(JSON.stringify(rows)).not.toContain(Buffer.alloc(32, 1).toString("base64"));
    });

    it("a copy opens its source by one key and is kept under another; parts bring the key each", async () => {
      await objects.put(Bucket, "k", "secret", mine);
      const source = { CopySourceSSECustomerAlgorithm: "AES256", CopySourceSSECustomerKey: mine.SSECustomerKey };
      const copy = (more: object) =>
        objects.sdk.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/k`, ...more }));
      expect(await codeOf(copy({}))).toBe("InvalidRequest");
      await copy({ ...source, ...other });
      expect(await objects.text(Bucket, "copy", other)).toBe("secret");
      const target = { Bucket, Key: "parts" };
      const { UploadId } = await objects.sdk.send(new CreateMultipartUploadCommand({ ...target, ...mine }));
      const part = (more: object) =>
        objects.sdk.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: "part", ...more }));
      expect(await codeOf(part(other))).toBe("AccessDenied");
      const { ETag } = await part(mine);
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
      await objects.sdk.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload }));
      expect(await objects.text(Bucket, "parts", mine)).toBe("part");
    });

    it.each([
      ["an algorithm that is none", { "x-amz-server-side-encryption-customer-algorithm": "AES128" }],
      ["no key", { "x-amz-server-side-encryption-customer-algorithm": "AES256" }],
      [
        "a key of another length",
        {
          "x-amz-server-side-encryption-customer-algorithm": "AES256",
          "x-amz-server-side-encryption-customer-key": "c2hvcnQ=",
        },
      ],
      [
        "another key's digest",
        {
          "x-amz-server-side-encryption-customer-algorithm": "AES256",
          "x-amz-server-side-encryption-customer-key": Buffer.alloc(32).toString("base64"),
          "x-amz-server-side-encryption-customer-key-md5": "AAAA",
        },
      ],
    ])("refuses %s with InvalidArgument", async (_case, headers) => {
      const answer = await objects.signed("PUT", `/${Bucket}/k`, { ...UNSIGNED, ...headers } as never, "x");
      expect([answer.status, await answer.text()]).toEqual([
        400,
        expect.stringContaining("<Code>InvalidArgument</Code>"),
      ]);
    });
  });
});
