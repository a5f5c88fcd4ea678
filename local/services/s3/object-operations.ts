/** Operations on single objects. */
import { randomBytes } from "node:crypto";
import { type Access, AwsError, type Call, type Operation } from "../../service.ts";
import { decodeBody } from "./aws-chunked.ts";
import { checksumOf, verifiedChecksums } from "./checksums.ts";
import { checkCopyConditions, checkReadConditions, checkWriteConditions } from "./conditions.ts";
import { encryptionKeys, type ObjectEncryption, toldOf } from "./encryption.ts";
import { etagOf, type S3 } from "./index.ts";
import {
  checkTags,
  copySource,
  describe,
  existing,
  keptHeaders,
  type ObjectInput,
  readSource,
  tagsOf,
  versionOf,
} from "./object-description.ts";
import { checkUnlocked, lockAccesses, lockOfWrite } from "./object-lock.ts";
import { readRange } from "./range.ts";
import { checkReadable, storageClassOf } from "./storage-class.ts";
import type { ObjectVersion } from "./store.ts";
import { checkSupplied, suppliedKey } from "./supplied-key.ts";

/** Larger answers are read from the file as they are sent. */
const STREAM_FROM_BYTES = 1024 * 1024;
const MAX_KEY_BYTES = 1024;

export function objectOperations(s3: S3): Record<string, Operation> {
  const { buckets, cloud, onBucket, onObject, store } = s3;

  /** A version has an action of its own: `s3:GetObjectVersion`. */
  const onVersion = (action: string) => (input: ObjectInput, call: Call) =>
    onObject(input.VersionId ? `${action}Version` : action)(input, call);

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
    const { bytes, trailers } = decodeBody(call.http?.headers ?? {}, bodyOf(input.Body));
    const checksums = verifiedChecksums(input, trailers, bytes);
    // S3 has one of every object that came without.
    if (Object.keys(checksums).length === 0) checksums.ChecksumCRC64NVME = checksumOf("CRC64NVME", bytes)!;
    const bucket = buckets.find(input.Bucket);
    const lock = lockOfWrite(bucket, input, cloud.clock.now());
    const encryption = await s3.encryption.ofWrite(bucket, input.Key, input, call);
    checkWriteConditions(store.latest(input.Bucket, input.Key), input);
    const object = await s3.putObject(
      {
        ...{ bucket: input.Bucket, key: input.Key, etag: tagOf(bytes, encryption), checksums, encryption, lock },
        ...{ headers: keptHeaders(input), storageClass: storageClassOf(input) },
        metadata: (input.Metadata ?? {}) as Record<string, string>,
        tags: tagsOf(input.Tagging),
      },
      bytes,
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
    const Body = isStreamed ? store.stream(object, first, last) : store.read(object).subarray(first, last + 1);
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

  async function remove(input: RemoveInput, call: Call): Promise<{ VersionId?: string; DeleteMarker?: boolean }> {
    const { Bucket, Key, VersionId } = input;
    const bucket = buckets.find(Bucket);
    if (VersionId) {
      if (!/^[\w.-]+$/.test(VersionId)) throw new AwsError("InvalidArgument", "Invalid version id specified", 400);
      const version = store.version(Bucket, Key, VersionId);
      if (version) {
        checkUnlocked(s3, version, input.BypassGovernanceRetention === true, call);
        store.removeVersion(version);
        await s3.announce("ObjectRemoved:Delete", version, call);
      }
      return { VersionId, DeleteMarker: version?.isDeleteMarker || undefined };
    }
    if (bucket.versioning) {
      // Suspended: the marker takes the place of the version without an id.
      const nothing = { etag: "", headers: {}, metadata: {}, tags: {}, checksums: {}, modified: cloud.clock.now() };
      const marker = store.put(
        { bucket: Bucket, key: Key, isDeleteMarker: true, ...nothing },
        undefined,
        bucket.versioning === "Enabled",
      );
      await s3.announce("ObjectRemoved:DeleteMarkerCreated", marker, call);
      return { DeleteMarker: true, VersionId: marker.versionId };
    }
    const latest = store.latest(Bucket, Key);
    if (latest) {
      store.removeVersion(latest);
      await s3.announce("ObjectRemoved:Delete", latest, call);
    }
    return {};
  }

  async function removeMany({ Bucket, Delete, BypassGovernanceRetention }: DeleteManyInput, call: Call) {
    buckets.find(Bucket);
    const { Objects = [], Quiet } = Delete ?? {};
    if (Objects.length === 0 || Objects.length > 1000) {
      throw new AwsError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
        400,
      );
    }
    const Deleted: object[] = [];
    const Errors: object[] = [];
    for (const { Key, VersionId } of Objects) {
      const input = { Bucket, Key, VersionId, BypassGovernanceRetention };
      try {
        cloud.authorize(call, onVersion("DeleteObject")(input, call));
        const { DeleteMarker, VersionId: marker } = await remove(input, call);
        Deleted.push({ Key, VersionId, DeleteMarker, DeleteMarkerVersionId: DeleteMarker ? marker : undefined });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        Errors.push({
          Key,
          VersionId,
          Code: error.code.replace(/^AccessDeniedException$/, "AccessDenied"),
          Message: error.message,
        });
      }
    }
    return { Deleted: Quiet ? [] : Deleted, Errors: Errors.length > 0 ? Errors : undefined };
  }

  async function copy(input: ObjectInput & Record<string, unknown>, call: Call) {
    buckets.find(input.Bucket);
    const source = readSource(s3, input);
    checkCopyConditions(source, input);
    const replaces = input.MetadataDirective === "REPLACE";
    const isItself = source.bucket === input.Bucket && source.key === input.Key;
    const isChanged =
      input.StorageClass !== undefined || input.ServerSideEncryption !== undefined || suppliedKey(input);
    if (isItself && !replaces && !copySource(input).VersionId && !isChanged) {
      throw new AwsError(
        "InvalidRequest",
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
        400,
      );
    }
    checkReadable(source, cloud.clock.now());
    await s3.encryption.open(source.encryption, call, suppliedKey(input, "CopySource"));
    const bucket = buckets.find(input.Bucket);
    const lock = lockOfWrite(bucket, input, cloud.clock.now());
    const encryption = await s3.encryption.ofWrite(bucket, input.Key, input, call);
    checkWriteConditions(store.latest(input.Bucket, input.Key), input);
    const bytes = store.read(source);
    const algorithm = input.ChecksumAlgorithm as string | undefined;
    const asked = algorithm === undefined ? undefined : checksumOf(algorithm, bytes);
    const isKept = source.partsCount === undefined && Object.keys(source.checksums).length > 0;
    const kept = isKept ? source.checksums : { ChecksumCRC64NVME: checksumOf("CRC64NVME", bytes)! };
    const checksums = asked ? { [`Checksum${algorithm}`]: asked } : kept;
    const object = await s3.putObject(
      {
        // One piece now, however many it came in.
        ...{ bucket: input.Bucket, key: input.Key, etag: tagOf(bytes, encryption), checksums, encryption, lock },
        storageClass: storageClassOf(input),
        headers: replaces ? keptHeaders(input) : source.headers,
        metadata: replaces ? ((input.Metadata ?? {}) as Record<string, string>) : source.metadata,
        tags: input.TaggingDirective === "REPLACE" ? tagsOf(input.Tagging) : source.tags,
      },
      bytes,
      "ObjectCreated:Copy",
      call,
    );
    return {
      CopyObjectResult: { ETag: object.etag, LastModified: new Date(object.modified), ...checksums },
      ...toldOf(encryption),
      CopySourceVersionId: versionOf(s3, source),
      VersionId: versionOf(s3, object),
    };
  }

  /** Tags that come with a write are a permission of their own. */
  function writes(input: ObjectInput & Record<string, unknown>, call: Call): Access[] {
    const accesses = [onObject("PutObject", encryptionKeys(input))(input, call)];
    if (input.Tagging) accesses.push(onObject("PutObjectTagging")(input, call));
    return [...accesses, ...lockAccesses(s3, input, call)];
  }

  return {
    PutObject: { authorize: writes, run: put },
    GetObject: { authorize: onVersion("GetObject"), run: get },
    HeadObject: { authorize: onVersion("GetObject"), run: head },
    DeleteObject: {
      authorize: onVersion("DeleteObject"),
      run(input, call) {
        if (input.IfMatch) checkWriteConditions(store.latest(input.Bucket, input.Key), input);
        return remove(input, call);
      },
    },
    // Each key is judged on its own: what may not go is an error among the answers.
    DeleteObjects: { run: removeMany },
    CopyObject: {
      authorize: (input, call) => [onVersion("GetObject")(copySource(input), call), ...writes(input, call)],
      run: copy,
    },
    GetObjectTagging: {
      authorize: onObject("GetObjectTagging"),
      run: (input) => ({ TagSet: Object.entries(existing(s3, input).tags).map(([Key, Value]) => ({ Key, Value })) }),
    },
    PutObjectTagging: {
      authorize: onObject("PutObjectTagging"),
      run(input) {
        const set = input.Tagging.TagSet as { Key: string; Value: string }[];
        const tags = checkTags(Object.fromEntries(set.map(({ Key, Value }) => [Key, Value])));
        store.update({ ...existing(s3, input), tags });
        return {};
      },
    },
    DeleteObjectTagging: {
      authorize: onObject("DeleteObjectTagging"),
      run(input) {
        store.update({ ...existing(s3, input), tags: {} });
        return {};
      },
    },
  };
}

type RemoveInput = ObjectInput & { BypassGovernanceRetention?: boolean };

interface DeleteManyInput {
  Bucket: string;
  Delete: DeleteInput;
  BypassGovernanceRetention?: boolean;
}

/** A digest of the content would tell what a key of the customer's hides. */
function tagOf(bytes: Buffer, encryption: ObjectEncryption | undefined): string {
  return etagOf(encryption?.supplied ? randomBytes(16) : bytes);
}

interface DeleteInput {
  Objects?: { Key: string; VersionId?: string }[];
  Quiet?: boolean;
}

function bodyOf(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  return Buffer.isBuffer(body) ? body : Buffer.from(body as Uint8Array);
}
