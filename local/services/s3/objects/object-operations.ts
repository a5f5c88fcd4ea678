/** Objects put, read and asked about. */
import { AwsError, type Call, type Operation } from "../../../service.ts";
import { verifiedChecksums } from "../content/checksums.ts";
import { toldOf } from "../content/encryption.ts";
import { receivedOf } from "../content/received.ts";
import type { ObjectVersion } from "../content/store.ts";
import { checkSupplied, suppliedKey } from "../content/supplied-key.ts";
import type { S3 } from "../index.ts";
import { checkReadConditions, checkWriteConditions } from "./conditions.ts";
import { onVersion, tagOf, writes } from "./object-accesses.ts";
import { describe, existing, keptHeaders, type ObjectInput, tagsOf, versionOf } from "./object-description.ts";
import { lockOfWrite } from "./object-lock.ts";
import { readRange } from "./range.ts";
import { checkReadable, storageClassOf } from "./storage-class.ts";

/** Larger answers are read from the file as they are sent. */
const STREAM_FROM_BYTES = 1024 * 1024;
const MAX_KEY_BYTES = 1024;

export function objectOperations(s3: S3): Record<string, Operation> {
  const { buckets, cloud, onBucket, store } = s3;

  /** Who may not list the bucket does not learn what is missing in it. */
  function readable(input: ObjectInput, call: Call): ObjectVersion {
    try {
      return existing(s3, input);
    } catch (error) {
      if (error instanceof AwsError && error.code === "NoSuchKey")
        cloud.authorize(call, onBucket("ListBucket")(input, call));
      throw error;
    }
  }

  async function put(input: ObjectInput & Record<string, unknown>, call: Call) {
    buckets.find(input.Bucket);
    if (Buffer.byteLength(input.Key) > MAX_KEY_BYTES)
      throw new AwsError("KeyTooLongError", "Your key is too long", 400);
    const received = receivedOf(input.Body, call.http);
    const checksums = await verifiedChecksums(input, received);
    // S3 has one of every object that came without.
    if (Object.keys(checksums).length === 0) checksums.ChecksumCRC64NVME = (await received.checksum("CRC64NVME"))!;
    const bucket = buckets.find(input.Bucket);
    const lock = lockOfWrite(bucket, input, cloud.clock.now());
    const encryption = await s3.encryption.ofWrite(bucket, input.Key, input, call);
    checkWriteConditions(store.latest(input.Bucket, input.Key), input);
    const object = await s3.putObject(
      {
        ...{ bucket: input.Bucket, key: input.Key, etag: tagOf(received, encryption), checksums, encryption, lock },
        ...{ headers: keptHeaders(input), storageClass: storageClassOf(input) },
        metadata: (input.Metadata ?? {}) as Record<string, string>,
        tags: tagsOf(input.Tagging),
      },
      received.content,
      call.http?.method === "POST" ? "ObjectCreated:Post" : "ObjectCreated:Put",
      call,
    );
    return {
      ETag: object.etag,
      ...checksums,
      ChecksumType: "FULL_OBJECT",
      ...toldOf(encryption),
      VersionId: versionOf(s3, object),
    };
  }

  async function get(input: ObjectInput & Record<string, unknown>, call: Call) {
    const object = readable(input, call);
    checkReadable(object, cloud.clock.now());
    await s3.encryption.open(object.encryption, call, suppliedKey(input));
    checkReadConditions(object, input);
    const range = readRange(input.Range as string | undefined, object.size);
    const { first, last } = range ?? { first: 0, last: object.size - 1 };
    const ContentLength = last - first + 1;
    const isStreamed = call.http !== undefined && ContentLength > STREAM_FROM_BYTES;
    const Body = isStreamed ? store.stream(object, first, last) : store.read(object, first, last);
    // A checksum of the whole says nothing about a part.
    const described = describe(s3, object, range ? { ...input, ChecksumMode: undefined } : input);
    if (!range) return { ...described, Body, ContentLength };
    const ContentRange = `bytes ${first}-${last}/${object.size}`;
    return { ...described, Body, ContentLength, ContentRange, $status: 206 };
  }

  function head(input: ObjectInput & Record<string, unknown>, call: Call) {
    let object: ObjectVersion;
    try {
      object = readable(input, call);
    } catch (error) {
      // HEAD has no body to say more in.
      if (error instanceof AwsError && error.status === 404) throw new AwsError("NotFound", error.message, 404);
      throw error;
    }
    checkSupplied(object.encryption?.supplied, suppliedKey(input));
    checkReadConditions(object, input);
    return { ...describe(s3, object, input), ContentLength: object.size, PartsCount: object.partsCount };
  }

  return {
    PutObject: { authorize: (input, call) => writes(s3, input, call), run: put },
    GetObject: { authorize: onVersion(s3, "GetObject"), run: get },
    HeadObject: { authorize: onVersion(s3, "GetObject"), run: head },
  };
}
