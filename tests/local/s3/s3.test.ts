import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { s3 } from "../../../local/services/s3/index.ts";
import { sqs } from "../../../local/services/sqs/index.ts";
import { resource } from "../resource.ts";
import { roleWith } from "../role-with.ts";

let cloud: RunningCloud;
let client: S3Client;
const Bucket = "photos";

beforeEach(async () => {
  cloud = await startCloud({ services: { s3, sqs } });
  client = new S3Client(cloud.client());
  await client.send(new CreateBucketCommand({ Bucket }));
});

afterEach(async () => {
  client.destroy();
  await cloud.stop();
});

const put = (Key: string, Body: string | Buffer = "x", more: object = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = async (Key: string, more: object = {}) => {
  const answer = await client.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...answer, text: await answer.Body!.transformToString() };
};

describe("objects", () => {
  it("come back as they went in, with type, metadata and any key", async () => {
    const Key = "a b/ü+%/c.txt";
    await put(Key, "hello", { ContentType: "text/plain", Metadata: { owner: "acme" }, CacheControl: "no-store" });
    expect(await get(Key)).toMatchObject({
      text: "hello",
      ContentType: "text/plain",
      CacheControl: "no-store",
      Metadata: { owner: "acme" },
      ETag: '"5d41402abc4b2a76b9719d911017c592"',
    });
  });

  it("sent as a stream are decoded from aws-chunked, trailers verified (case 15)", async () => {
    const bytes = Buffer.alloc(200_000, 7);
    for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "SHA256", "CRC64NVME"] as const) {
      const Body = Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]);
      await client.send(
        new PutObjectCommand({ Bucket, Key: ChecksumAlgorithm, Body, ContentLength: bytes.length, ChecksumAlgorithm }),
      );
      const head = await client.send(new HeadObjectCommand({ Bucket, Key: ChecksumAlgorithm }));
      expect([head.ContentLength, head.ContentEncoding]).toEqual([bytes.length, undefined]);
      const answer = await client.send(
        new GetObjectCommand({ Bucket, Key: ChecksumAlgorithm, ChecksumMode: "ENABLED" }),
      );
      expect(Buffer.from(await answer.Body!.transformToByteArray()).equals(bytes)).toBe(true);
      expect(answer[`Checksum${ChecksumAlgorithm}`]).toBeTruthy();
    }
  });

  it("whose checksum is wrong are refused, and nothing is stored", async () => {
    await expect(put("bad", "x", { ChecksumSHA256: "AAAA" })).rejects.toMatchObject({ name: "BadDigest" });
    await expect(get("bad")).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  it("are read in part, and in no part that is not there", async () => {
    await put("digits", "0123456789");
    expect(await get("digits", { Range: "bytes=2-4" })).toMatchObject({
      text: "234",
      ContentRange: "bytes 2-4/10",
      $metadata: { httpStatusCode: 206 },
    });
    expect((await get("digits", { Range: "bytes=-3" })).text).toBe("789");
    await expect(get("digits", { Range: "bytes=10-" })).rejects.toMatchObject({ name: "InvalidRange" });
  });

  it("are created once with If-None-Match: * (case 15), and changed only as known with If-Match", async () => {
    const { ETag } = await put("once", "1", { IfNoneMatch: "*" });
    await expect(put("once", "2", { IfNoneMatch: "*" })).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
    await put("once", "3", { IfMatch: ETag });
    await expect(put("once", "4", { IfMatch: ETag })).rejects.toMatchObject({ name: "PreconditionFailed" });
    expect((await get("once")).text).toBe("3");
  });

  it("that are missing say so, HEAD without a body", async () => {
    await expect(client.send(new HeadObjectCommand({ Bucket, Key: "none" }))).rejects.toMatchObject({
      name: "NotFound",
    });
    await expect(client.send(new GetObjectCommand({ Bucket: "no-such", Key: "k" }))).rejects.toMatchObject({
      name: "NoSuchBucket",
    });
  });

  it("are copied with their metadata and tags, or with new ones", async () => {
    await put("from", "x", { Metadata: { a: "1" }, Tagging: "k=v" });
    await client.send(new CopyObjectCommand({ Bucket, Key: "to", CopySource: `${Bucket}/from` }));
    await client.send(
      new CopyObjectCommand({
        Bucket,
        Key: "new",
        CopySource: `/${Bucket}/from`,
        MetadataDirective: "REPLACE",
        Metadata: { b: "2" },
      }),
    );
    expect([(await get("to")).Metadata, (await get("new")).Metadata]).toEqual([{ a: "1" }, { b: "2" }]);
    expect((await client.send(new GetObjectTaggingCommand({ Bucket, Key: "to" }))).TagSet).toEqual([
      { Key: "k", Value: "v" },
    ]);
  });
});

describe("listings", () => {
  it("page through keys and common prefixes in order", async () => {
    for (const key of ["a/1", "a/2", "b", "c/1", "d"]) await put(key);
    const pages: string[][] = [];
    let ContinuationToken: string | undefined;
    do {
      const page: {
        Contents?: { Key?: string }[];
        CommonPrefixes?: { Prefix?: string }[];
        NextContinuationToken?: string;
      } = await client.send(new ListObjectsV2Command({ Bucket, Delimiter: "/", MaxKeys: 2, ContinuationToken }));
      pages.push([
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!),
        ...(page.Contents ?? []).map(({ Key }) => Key!),
      ]);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(pages).toEqual([
      ["a/", "b"],
      ["c/", "d"],
    ]);
  });

  it("are deleted many at a time", async () => {
    for (const key of ["1", "2", "3"]) await put(key);
    await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "1" }, { Key: "2" }] } }));
    expect((await client.send(new ListObjectsV2Command({ Bucket }))).Contents!.map(({ Key }) => Key)).toEqual(["3"]);
  });
});

it("keeps versions where asked to: a delete hides, and taking the marker away brings back", async () => {
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  const { VersionId } = await put("doc", "one");
  await put("doc", "two");
  const marker = await client.send(new DeleteObjectCommand({ Bucket, Key: "doc" }));
  await expect(get("doc")).rejects.toMatchObject({ name: "NoSuchKey" });
  expect((await get("doc", { VersionId })).text).toBe("one");
  const { Versions, DeleteMarkers } = await client.send(new ListObjectVersionsCommand({ Bucket }));
  expect([Versions!.length, DeleteMarkers!.length]).toEqual([2, 1]);
  await client.send(new DeleteObjectCommand({ Bucket, Key: "doc", VersionId: marker.VersionId }));
  expect((await get("doc")).text).toBe("two");
});

describe("multipart uploads (case 15)", () => {
  const big = Buffer.alloc(5 * 1024 * 1024, 1);

  async function start(Key: string) {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ContentType: "video/mp4" }));
    const part = async (PartNumber: number, Body: Buffer) => {
      const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
      return { PartNumber, ETag };
    };
    const complete = (Parts: { PartNumber: number; ETag?: string }[]) =>
      client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
    return { UploadId, part, complete };
  }

  it("are put together in the order of their numbers", async () => {
    const { part, complete } = await start("film");
    const second = await part(2, Buffer.from("end"));
    const { ETag } = await complete([await part(1, big), second]);
    expect(ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: "film" }));
    expect([head.ContentLength, head.ContentType]).toEqual([big.length + 3, "video/mp4"]);
  });

  it("refuse parts that are unknown, out of order or too small, and end when aborted", async () => {
    const { part, complete, UploadId } = await start("film");
    const [one, two] = [await part(1, Buffer.from("small")), await part(2, Buffer.from("x"))];
    await expect(complete([one, two])).rejects.toMatchObject({ name: "EntityTooSmall" });
    await expect(complete([two, one])).rejects.toMatchObject({ name: "InvalidPartOrder" });
    await expect(complete([{ PartNumber: 3, ETag: '"x"' }])).rejects.toMatchObject({ name: "InvalidPart" });
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key: "film", UploadId }));
    await expect(complete([one])).rejects.toMatchObject({ name: "NoSuchUpload" });
  });
});

describe("presigned uploads (case 15)", () => {
  const sign = (expiresIn = 60) =>
    getSignedUrl(client, new PutObjectCommand({ Bucket, Key: "up", ContentType: "image/png", ContentLength: 3 }), {
      expiresIn,
      signableHeaders: new Set(["content-type", "content-length"]),
    });
  const upload = (url: string, body: string, type = "image/png") =>
    fetch(url, { method: "PUT", body, headers: { "content-type": type } });

  it("take exactly the type and size that were signed", async () => {
    const url = await sign();
    expect((await upload(url, "abcd")).status).toBe(403);
    expect((await upload(url, "abc", "image/jpeg")).status).toBe(403);
    expect((await upload(url, "abc")).status).toBe(200);
    expect(await get("up")).toMatchObject({ text: "abc", ContentType: "image/png" });
  });

  it("expire, and cannot be changed", async () => {
    const url = new URL(await sign());
    url.pathname = "/photos/other";
    expect(await (await upload(url.href, "abc")).text()).toContain("<Code>SignatureDoesNotMatch</Code>");
    expect(await (await upload(await sign(0), "abc")).text()).toContain("expired");
  });
});

describe("who may", () => {
  it("is decided by the session's tag, so that one tenant never reaches another's prefix", async () => {
    await put("tenants/acme/a", "acme's");
    await put("tenants/globex/g", "globex's");
    const Resource = `arn:aws:s3:::${Bucket}/tenants/\${aws:PrincipalTag/TenantId}/*`;
    const role = await roleWith(cloud, "tenant", { Effect: "Allow", Action: ["s3:GetObject"], Resource });
    const acme = new S3Client(cloud.client(role, { TenantId: "acme" }));
    expect(
      await (await acme.send(new GetObjectCommand({ Bucket, Key: "tenants/acme/a" }))).Body!.transformToString(),
    ).toBe("acme's");
    await expect(acme.send(new GetObjectCommand({ Bucket, Key: "tenants/globex/g" }))).rejects.toMatchObject({
      name: "AccessDenied",
    });
    await expect(acme.send(new GetObjectCommand({ Bucket, Key: "tenants/acme/../globex/g" }))).rejects.toMatchObject({
      name: /AccessDenied|NoSuchKey|NotFound/,
    });
  });

  it("is nobody without a signature", async () => {
    await put("secret");
    expect((await fetch(`${cloud.endpoint}/${Bucket}/secret`)).status).toBe(403);
  });
});

it("notifies a queue in S3's shape, with prefix and suffix, key encoded (case 15)", async () => {
  const name = "uploads";
  const queueArn = `arn:aws:sqs:eu-west-1:000000000000:${name}`;
  const service = await cloud.service("s3");
  const queues = await cloud.service("sqs");
  await queues.resources["aws:sqs/queue:Queue"]!(
    resource("aws:sqs/queue:Queue", name, {
      name,
      policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "s3.amazonaws.com" },
            Action: "sqs:SendMessage",
            Resource: queueArn,
            Condition: { ArnEquals: { "aws:SourceArn": `arn:aws:s3:::${Bucket}` } },
          },
        ],
      }),
    }),
  );
  const notification = {
    bucket: Bucket,
    queues: [
      { id: "up", queueArn, events: ["s3:ObjectCreated:*"], filterPrefix: "tenants/", filterSuffix: "/original" },
    ],
  };
  await service.resources["aws:s3/bucketNotification:BucketNotification"]!(
    resource("aws:s3/bucketNotification:BucketNotification", "n", notification),
  );
  await put("elsewhere/original");
  await put("tenants/a b/original", "hello");
  const { Messages } = await cloud.call("sqs", "ReceiveMessage", {
    QueueUrl: name,
    MaxNumberOfMessages: 10,
    WaitTimeSeconds: 5,
  });
  expect(Messages).toHaveLength(2);
  expect(JSON.parse(Messages[0].Body)).toMatchObject({ Event: "s3:TestEvent", Bucket });
  expect(JSON.parse(Messages[1].Body).Records[0]).toMatchObject({
    eventSource: "aws:s3",
    eventName: "ObjectCreated:Put",
    s3: {
      bucket: { name: Bucket },
      object: { key: "tenants/a+b/original", size: 5, eTag: "5d41402abc4b2a76b9719d911017c592" },
    },
  });
});
