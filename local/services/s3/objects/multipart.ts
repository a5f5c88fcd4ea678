/** Uploads in parts. They survive a killed process, as everything that was answered for does. */
import { createHash, randomBytes } from "node:crypto";
import { AwsError, type Operation } from "../../../service.ts";
import { decodeBody } from "../content/aws-chunked.ts";
import { checksumOf, compositeChecksum, joinedCrc64, verifiedChecksums } from "../content/checksums.ts";
import { encryptionKeys, type ObjectEncryption, toldOf } from "../content/encryption.ts";
import { suppliedKey } from "../content/supplied-key.ts";
import { etagOf, type S3 } from "../index.ts";
import { checkWriteConditions } from "./conditions.ts";
import { copySource, keptHeaders, readSource, tagsOf, versionOf } from "./object-description.ts";
import { lockAccesses, lockOfWrite, type ObjectLock } from "./object-lock.ts";
import { readRange } from "./range.ts";
import { checkReadable, storageClassOf } from "./storage-class.ts";

const MIN_PART_BYTES = 5 * 1024 * 1024;

interface Part {
  number: number;
  etag: string;
  size: number;
  file: string;
  checksums: Record<string, string>;
  /** Of uploads that name no other: the whole has one then. */
  crc64?: string;
}

interface Upload {
  headers: Record<string, string>;
  metadata: Record<string, string>;
  tags: Record<string, string>;
  /** `CRC32`, `SHA256` …: what each part comes with. */
  algorithm?: string;
  checksumType?: "COMPOSITE" | "FULL_OBJECT";
  startedAt: number;
  encryption?: ObjectEncryption;
  storageClass?: string;
  lock?: ObjectLock;
}

interface UploadInput {
  Bucket: string;
  Key: string;
  UploadId: string;
}

export function multipartOperations(s3: S3): Record<string, Operation> {
  const { buckets, onBucket, onObject, store } = s3;
  const { clock, database } = s3.cloud;
  database.exec(`
    CREATE TABLE IF NOT EXISTS s3_uploads (id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, input TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS s3_upload_parts (
      upload TEXT NOT NULL, number INTEGER NOT NULL, part TEXT NOT NULL, PRIMARY KEY (upload, number)) STRICT`);
  const insert = database.prepare("INSERT INTO s3_uploads VALUES (?, ?, ?, ?)");
  const select = database.prepare("SELECT * FROM s3_uploads WHERE id = ? AND bucket = ? AND key = ?");
  const ofBucket = database.prepare("SELECT * FROM s3_uploads WHERE bucket = ? ORDER BY key, id");
  const putPart = database.prepare("INSERT OR REPLACE INTO s3_upload_parts VALUES (?, ?, ?)");
  const selectPart = database.prepare("SELECT part FROM s3_upload_parts WHERE upload = ? AND number = ?");
  const selectParts = database.prepare("SELECT part FROM s3_upload_parts WHERE upload = ? ORDER BY number");
  const drop = database.prepare("DELETE FROM s3_uploads WHERE id = ?");
  const dropParts = database.prepare("DELETE FROM s3_upload_parts WHERE upload = ?");

  function uploadOf(input: UploadInput): Upload {
    buckets.find(input.Bucket);
    const row = select.get(input.UploadId, input.Bucket, input.Key);
    if (row) return JSON.parse(String(row.input));
    throw new AwsError(
      "NoSuchUpload",
      "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
      404,
    );
  }

  const partsOf = (id: string): Part[] => selectParts.all(id).map((row) => JSON.parse(String(row.part)));

  function end(id: string): void {
    const files = partsOf(id).map(({ file }) => file);
    drop.run(id);
    dropParts.run(id);
    store.removeParts(files);
  }

  function addPart(
    { id, algorithm }: { id: string; algorithm: string | undefined },
    number: number,
    bytes: Buffer,
    checksums: Record<string, string>,
  ): Part {
    if (!(number >= 1 && number <= 10_000)) {
      throw new AwsError("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive", 400);
    }
    const before = selectPart.get(id, number);
    const crc64 = algorithm && algorithm !== "CRC64NVME" ? undefined : checksumOf("CRC64NVME", bytes);
    const placed = { etag: etagOf(bytes), size: bytes.length, file: store.putPart(bytes) };
    const part: Part = { number, ...placed, checksums, crc64 };
    putPart.run(id, number, JSON.stringify(part));
    if (before) store.removeParts([JSON.parse(String(before.part)).file]);
    return part;
  }

  /** The parts that the client lists, each known, in order, and none but the last too small. */
  function chosen(id: string, listed: ({ PartNumber: number; ETag?: string } & Record<string, unknown>)[]): Part[] {
    if (listed.some(({ PartNumber }, index) => index > 0 && listed[index - 1]!.PartNumber >= PartNumber)) {
      throw new AwsError(
        "InvalidPartOrder",
        "The list of parts was not in ascending order. Parts must be ordered by part number.",
        400,
      );
    }
    const known = new Map(partsOf(id).map((part) => [part.number, part]));
    return listed.map((wanted, index) => {
      const part = known.get(wanted.PartNumber);
      const isSame =
        part?.etag.replaceAll('"', "") === wanted.ETag?.replaceAll('"', "") &&
        Object.entries(part?.checksums ?? {}).every(([name, value]) => (wanted[name] ?? value) === value);
      if (!part || !isSame) {
        throw new AwsError(
          "InvalidPart",
          "One or more of the specified parts could not be found. The part might not have been uploaded, or the specified entity tag might not have matched the part's entity tag.",
          400,
        );
      }
      if (index < listed.length - 1 && part.size < MIN_PART_BYTES) {
        throw new AwsError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", 400);
      }
      return part;
    });
  }

  function ofParts(algorithm: string, type: NonNullable<Upload["checksumType"]>, parts: Part[]): string | undefined {
    const read = ({ file }: Part) => store.readPart(file);
    if (type === "COMPOSITE") {
      const each = parts.map(({ checksums }) => checksums[`Checksum${algorithm}`] ?? "");
      return compositeChecksum(algorithm, each);
    }
    if (algorithm !== "CRC64NVME") return checksumOf(algorithm, Buffer.concat(parts.map(read)));
    return joinedCrc64(parts.map((part) => ({ ...part, crc64: part.crc64 ?? checksumOf(algorithm, read(part))! })));
  }

  /** Of the whole, from the parts' or from its bytes. @throws AwsError where the client names another */
  function checksumsOf(upload: Upload, parts: Part[], input: Record<string, unknown>) {
    const { algorithm = "CRC64NVME", checksumType = "FULL_OBJECT" } = upload;
    const name = `Checksum${algorithm}`;
    const checksum = ofParts(algorithm, checksumType, parts);
    if (checksum === undefined) return {};
    const given = input[name] as string | undefined;
    if (given !== undefined && given.replace(/-\d+$/, "") !== checksum.replace(/-\d+$/, "")) {
      throw new AwsError("BadDigest", `The ${algorithm} you specified did not match the calculated checksum.`, 400);
    }
    return { [name]: checksum };
  }

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
        insert.run(id, Bucket, Key, JSON.stringify(upload));
        const told = algorithm ? { ChecksumAlgorithm: algorithm, ChecksumType: checksumType } : {};
        return { Bucket, Key, UploadId: id, ...toldOf(encryption), ...told };
      },
    },
    UploadPart: {
      authorize: onObject("PutObject"),
      async run(input, call) {
        const { algorithm, encryption } = uploadOf(input);
        await s3.encryption.open(encryption, call, suppliedKey(input));
        const { bytes, trailers } = decodeBody(call.http?.headers ?? {}, Buffer.from(input.Body ?? ""));
        const checksums = verifiedChecksums(input, trailers, bytes);
        if (algorithm && checksums[`Checksum${algorithm}`] === undefined) {
          const checksum = checksumOf(algorithm, bytes);
          if (checksum) checksums[`Checksum${algorithm}`] = checksum;
        }
        const { etag } = addPart({ id: input.UploadId, algorithm }, input.PartNumber, bytes, checksums);
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
        const all = store.read(source);
        const range = readRange(input.CopySourceRange, all.length);
        const bytes = range ? all.subarray(range.first, range.last + 1) : all;
        const checksum = algorithm && checksumOf(algorithm, bytes);
        const checksums: Record<string, string> = checksum ? { [`Checksum${algorithm}`]: checksum } : {};
        const { etag } = addPart({ id: input.UploadId, algorithm }, input.PartNumber, bytes, checksums);
        return { CopyPartResult: { ETag: etag, LastModified: new Date(clock.now()), ...checksums } };
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
        const Uploads = ofBucket.all(Bucket).map((row) => ({
          Key: String(row.key),
          UploadId: String(row.id),
          Initiated: new Date((JSON.parse(String(row.input)) as Upload).startedAt),
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
        checkWriteConditions(store.latest(Bucket, Key), input);
        const checksums = checksumsOf(upload, list, input);
        // The tag of a multipart object: a digest of its parts' digests, and their number.
        const digests = list.map(({ etag }) => Buffer.from(etag.replaceAll('"', ""), "hex"));
        const etag = `"${createHash("md5").update(Buffer.concat(digests)).digest("hex")}-${list.length}"`;
        const { headers, metadata, tags, encryption, storageClass, lock } = upload;
        // The key came with each part, and need not come again.
        if (!encryption?.supplied) await s3.encryption.open(encryption, call);
        const object = await s3.putObject(
          {
            ...{ bucket: Bucket, key: Key, etag, checksums, partsCount: list.length, headers, metadata, tags },
            ...{ encryption, storageClass, lock },
          },
          { parts: list.map(({ file }) => file) },
          "ObjectCreated:CompleteMultipartUpload",
          call,
        );
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
