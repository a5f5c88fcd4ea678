/** Uploads in parts. They survive a killed process, as everything that was answered for does. */
import { createHash, randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { AwsError, type Operation } from "../../../service.ts";
import { verifiedChecksums } from "../content/checksums.ts";
import { encryptionKeys, toldOf } from "../content/encryption.ts";
import { receivedOf } from "../content/received.ts";
import type { ObjectVersion } from "../content/store.ts";
import { suppliedKey } from "../content/supplied-key.ts";
import type { S3 } from "../index.ts";
import { checkWriteConditions } from "./conditions.ts";
import { withCopy } from "./copied.ts";
import { copySource, keptHeaders, readSource, tagsOf, versionOf } from "./object-description.ts";
import { lockAccesses, lockOfWrite } from "./object-lock.ts";
import { readRange } from "./range.ts";
import { checkReadable, storageClassOf } from "./storage-class.ts";
import { type Upload, uploadsOf } from "./uploads.ts";

export function multipartOperations(s3: S3): Record<string, Operation> {
  const { buckets, onBucket, onObject, store } = s3;
  const { clock } = s3.cloud;
  const { addPart, begin, checksumsOf, chosen, end, ofBucket, partsOf, uploadOf } = uploadsOf(s3);

  return {
    CreateMultipartUpload: {
      authorize: (input, call) => [
        onObject("PutObject", encryptionKeys(input))(input, call),
        ...lockAccesses(s3, input, call),
      ],
      async run(input, call) {
        const { Bucket, Key, ChecksumAlgorithm: algorithm } = input;
        const encryption = await s3.encryption.ofWrite(buckets.find(Bucket), Key, input, call);
        const id = randomBytes(32).toString("base64url");
        const checksumType = input.ChecksumType ?? (algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE");
        const upload: Upload = {
          headers: keptHeaders(input),
          metadata: input.Metadata ?? {},
          tags: tagsOf(input.Tagging),
          ...(algorithm && { algorithm, checksumType }),
          startedAt: clock.now(),
          encryption,
          storageClass: storageClassOf(input),
          lock: lockOfWrite(buckets.find(Bucket), input, clock.now()),
        };
        begin(id, Bucket, Key, upload);
        const told = algorithm ? { ChecksumAlgorithm: algorithm, ChecksumType: checksumType } : {};
        return { Bucket, Key, UploadId: id, ...toldOf(encryption), ...told };
      },
    },
    UploadPart: {
      authorize: onObject("PutObject"),
      async run(input, call) {
        const { algorithm, encryption } = uploadOf(input);
        await s3.encryption.open(encryption, call, suppliedKey(input));
        const received = receivedOf(input.Body, call.http);
        const checksums = await verifiedChecksums(input, received);
        if (algorithm && checksums[`Checksum${algorithm}`] === undefined) {
          const checksum = await received.checksum(algorithm);
          if (checksum) checksums[`Checksum${algorithm}`] = checksum;
        }
        const { etag } = await addPart(input, algorithm, received, checksums);
        return { ETag: etag, ...toldOf(encryption), ...checksums };
      },
    },
    UploadPartCopy: {
      authorize: (input, call) => [onObject("GetObject")(copySource(input), call), onObject("PutObject")(input, call)],
      async run(input, call) {
        const { algorithm, encryption } = uploadOf(input);
        const source = readSource(s3, input);
        checkReadable(source, clock.now());
        await s3.encryption.open(source.encryption, call, suppliedKey(input, "CopySource"));
        await s3.encryption.open(encryption, call, suppliedKey(input));
        const range = readRange(input.CopySourceRange, source.size);
        return withCopy(s3, source, range, async (received) => {
          const checksum = algorithm && (await received.checksum(algorithm));
          const checksums: Record<string, string> = checksum ? { [`Checksum${algorithm}`]: checksum } : {};
          const { etag } = await addPart(input, algorithm, received, checksums);
          return { CopyPartResult: { ETag: etag, LastModified: new Date(clock.now()), ...checksums } };
        });
      },
    },
    ListParts: {
      authorize: onObject("ListMultipartUploadParts"),
      run(input) {
        uploadOf(input);
        const { MaxParts = 1000, PartNumberMarker = 0 } = input;
        const rest = partsOf(input.UploadId).filter(({ number }) => number > Number(PartNumberMarker));
        const shown = rest.slice(0, MaxParts);
        const IsTruncated = rest.length > shown.length;
        return {
          ...{ Bucket: input.Bucket, Key: input.Key, UploadId: input.UploadId, MaxParts, IsTruncated },
          NextPartNumberMarker: IsTruncated ? String(shown.at(-1)?.number) : undefined,
          Parts: shown.map(({ number, etag, size, checksums }) => ({
            ...{ PartNumber: number, ETag: etag, Size: size },
            ...checksums,
          })),
        };
      },
    },
    ListMultipartUploads: {
      authorize: onBucket("ListBucketMultipartUploads"),
      run({ Bucket, Prefix = "" }) {
        buckets.find(Bucket);
        const Uploads = ofBucket(Bucket).map(({ id, key, upload }) => ({
          ...{ Key: key, UploadId: id, Initiated: new Date(upload.startedAt) },
          StorageClass: upload.storageClass ?? "STANDARD",
        }));
        return { Bucket, Prefix, IsTruncated: false, Uploads: Uploads.filter(({ Key }) => Key.startsWith(Prefix)) };
      },
    },
    CompleteMultipartUpload: {
      authorize: onObject("PutObject"),
      async run(input, call) {
        const { Bucket, Key, UploadId } = input;
        const upload = uploadOf(input);
        const list = chosen(UploadId, input.MultipartUpload?.Parts ?? []);
        if (list.length === 0) {
          throw new AwsError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
            400,
          );
        }
        const checksums = await checksumsOf(upload, list, input);
        // The tag of a multipart object: a digest of its parts' digests, and their number.
        const digests = list.map(({ etag }) => Buffer.from(etag.replaceAll('"', ""), "hex"));
        const etag = `"${createHash("md5").update(Buffer.concat(digests)).digest("hex")}-${list.length}"`;
        const { headers, metadata, tags, encryption, storageClass, lock } = upload;
        // The key came with each part, and need not come again.
        if (!encryption?.supplied) await s3.encryption.open(encryption, call);
        checkWriteConditions(store.latest(Bucket, Key), input);
        const content = await store.join(list.map(({ file }) => file));
        let object: ObjectVersion;
        try {
          // It took a while: somebody else may have been faster.
          uploadOf(input);
          checkWriteConditions(store.latest(Bucket, Key), input);
          object = await s3.putObject(
            {
              ...{ bucket: Bucket, key: Key, etag, checksums, partsCount: list.length, headers, metadata, tags },
              ...{ encryption, storageClass, lock },
            },
            content,
            "ObjectCreated:CompleteMultipartUpload",
            call,
          );
        } finally {
          rmSync(content.file, { force: true });
        }
        end(UploadId);
        const Location = `${s3.cloud.endpoint}/${Bucket}/${encodeURIComponent(Key).replace(/%2F/g, "/")}`;
        const told = { ...checksums, ChecksumType: upload.checksumType ?? "FULL_OBJECT" };
        return { Bucket, Key, ETag: etag, Location, VersionId: versionOf(s3, object), ...toldOf(encryption), ...told };
      },
    },
    AbortMultipartUpload: {
      authorize: onObject("AbortMultipartUpload"),
      run(input) {
        uploadOf(input);
        end(input.UploadId);
        return {};
      },
    },
  };
}
