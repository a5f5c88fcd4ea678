/** Copies: read under the conditions and the keys of the source, written as an upload is. */
import { AwsError, type Call, type Operation } from "../../../service.ts";
import { toldOf } from "../content/encryption.ts";
import { suppliedKey } from "../content/supplied-key.ts";
import type { S3 } from "../index.ts";
import { checkCopyConditions, checkWriteConditions } from "./conditions.ts";
import { withCopy } from "./copied.ts";
import { onVersion, tagOf, writes } from "./object-accesses.ts";
import { copySource, keptHeaders, type ObjectInput, readSource, tagsOf, versionOf } from "./object-description.ts";
import { lockOfWrite } from "./object-lock.ts";
import { checkReadable, storageClassOf } from "./storage-class.ts";

export function copyOperation(s3: S3): Record<string, Operation> {
  const { buckets, cloud, store } = s3;

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
    return withCopy(s3, source, undefined, async (received) => {
      const algorithm = input.ChecksumAlgorithm as string | undefined;
      const asked = algorithm === undefined ? undefined : await received.checksum(algorithm);
      const isKept = source.partsCount === undefined && Object.keys(source.checksums).length > 0;
      const kept = isKept ? source.checksums : { ChecksumCRC64NVME: (await received.checksum("CRC64NVME"))! };
      checkWriteConditions(store.latest(input.Bucket, input.Key), input);
      const checksums = asked ? { [`Checksum${algorithm}`]: asked } : kept;
      const object = await s3.putObject(
        {
          // One piece now, however many it came in.
          ...{ bucket: input.Bucket, key: input.Key, etag: tagOf(received, encryption), checksums, encryption, lock },
          storageClass: storageClassOf(input),
          headers: replaces ? keptHeaders(input) : source.headers,
          metadata: replaces ? ((input.Metadata ?? {}) as Record<string, string>) : source.metadata,
          tags: input.TaggingDirective === "REPLACE" ? tagsOf(input.Tagging) : source.tags,
        },
        received.content,
        "ObjectCreated:Copy",
        call,
      );
      return {
        CopyObjectResult: { ETag: object.etag, LastModified: new Date(object.modified), ...checksums },
        ...toldOf(encryption),
        CopySourceVersionId: versionOf(s3, source),
        VersionId: versionOf(s3, object),
      };
    });
  }

  return {
    CopyObject: {
      authorize: (input, call) => [onVersion(s3, "GetObject")(copySource(input), call), ...writes(s3, input, call)],
      run: copy,
    },
  };
}
