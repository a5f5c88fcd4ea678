/** Uploads in parts. They survive a killed process, as everything that was answered for does. */
import { createHash, randomBytes } from "node:crypto";
import { AwsError, type Operation } from "../../service.ts";
import { decodeBody } from "./aws-chunked.ts";
import { verifiedChecksums } from "./checksums.ts";
import { etagOf, type S3 } from "./index.ts";
import { checkWriteConditions, keptHeaders, sourceOf } from "./object-operations.ts";

const MIN_PART_BYTES = 5 * 1024 * 1024;

interface Part {
  number: number;
  etag: string;
  bytes: Buffer;
}

export function multipartOperations(s3: S3): Record<string, Operation> {
  const { database } = s3.cloud;
  database.exec(`
    CREATE TABLE IF NOT EXISTS s3_uploads (id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, input TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS s3_parts (upload TEXT NOT NULL, number INTEGER NOT NULL, etag TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (upload, number)) STRICT`);
  const insert = database.prepare("INSERT INTO s3_uploads VALUES (?, ?, ?, ?)");
  const select = database.prepare("SELECT * FROM s3_uploads WHERE id = ? AND bucket = ? AND key = ?");
  const putPart = database.prepare("INSERT OR REPLACE INTO s3_parts VALUES (?, ?, ?, ?)");
  const parts = database.prepare("SELECT * FROM s3_parts WHERE upload = ? ORDER BY number");
  const drop = database.prepare("DELETE FROM s3_uploads WHERE id = ?");
  const dropParts = database.prepare("DELETE FROM s3_parts WHERE upload = ?");

  function upload(input: { Bucket: string; Key: string; UploadId: string }): Record<string, unknown> {
    const row = select.get(input.UploadId, input.Bucket, input.Key);
    if (!row)
      throw new AwsError(
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
        404,
      );
    return JSON.parse(String(row.input));
  }

  function partsOf(id: string): Part[] {
    return parts.all(id).map((row) => ({
      number: Number(row.number),
      etag: String(row.etag),
      bytes: Buffer.from(row.bytes as Uint8Array),
    }));
  }

  function end(id: string): void {
    drop.run(id);
    dropParts.run(id);
  }

  /** The parts that the client lists, each known, in order, and none but the last too small. */
  function chosen(id: string, listed: { PartNumber: number; ETag: string }[]): Part[] {
    if (listed.some(({ PartNumber }, index) => index > 0 && listed[index - 1]!.PartNumber >= PartNumber)) {
      throw new AwsError(
        "InvalidPartOrder",
        "The list of parts was not in ascending order. Parts must be ordered by part number.",
        400,
      );
    }
    const known = new Map(partsOf(id).map((part) => [part.number, part]));
    return listed.map(({ PartNumber, ETag }, index) => {
      const part = known.get(PartNumber);
      if (!part || part.etag.replaceAll('"', "") !== ETag.replaceAll('"', "")) {
        throw new AwsError(
          "InvalidPart",
          "One or more of the specified parts could not be found. The part might not have been uploaded, or the specified entity tag might not have matched the part's entity tag.",
          400,
        );
      }
      if (index < listed.length - 1 && part.bytes.length < MIN_PART_BYTES) {
        throw new AwsError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", 400);
      }
      return part;
    });
  }

  function addPart(id: string, number: number, bytes: Buffer): string {
    if (!(number >= 1 && number <= 10_000))
      throw new AwsError("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive", 400);
    const etag = etagOf(bytes);
    putPart.run(id, number, etag, bytes);
    return etag;
  }

  return {
    CreateMultipartUpload: {
      authorize: s3.onObject("PutObject"),
      run(input) {
        s3.bucket(input.Bucket);
        const id = randomBytes(32).toString("base64url");
        const kept = { headers: keptHeaders(input), metadata: input.Metadata ?? {}, tagging: input.Tagging ?? "" };
        insert.run(id, input.Bucket, input.Key, JSON.stringify(kept));
        return { Bucket: input.Bucket, Key: input.Key, UploadId: id };
      },
    },
    UploadPart: {
      authorize: s3.onObject("PutObject"),
      run(input, call) {
        upload(input);
        const { bytes, trailers } = decodeBody(call.http?.headers ?? {}, Buffer.from(input.Body ?? ""));
        const checksums = verifiedChecksums(input, trailers, bytes);
        return { ETag: addPart(input.UploadId, input.PartNumber, bytes), ...checksums };
      },
    },
    UploadPartCopy: {
      authorize: (input) => [s3.onObject("GetObject")(sourceOf(input)), s3.onObject("PutObject")(input)],
      run(input) {
        upload(input);
        const { Bucket, Key } = sourceOf(input);
        const source = s3.store.latest(Bucket, Key);
        if (!source || source.isDeleteMarker) throw new AwsError("NoSuchKey", "The specified key does not exist.", 404);
        const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(input.CopySourceRange ?? "") ?? [];
        const all = s3.store.read(source);
        const bytes = first === undefined ? all : all.subarray(Number(first), Number(last) + 1);
        return {
          CopyPartResult: {
            ETag: addPart(input.UploadId, input.PartNumber, bytes),
            LastModified: new Date(s3.cloud.clock.now()),
          },
        };
      },
    },
    ListParts: {
      authorize: s3.onObject("ListMultipartUploadParts"),
      run(input) {
        upload(input);
        const Parts = partsOf(input.UploadId).map(({ number, etag, bytes }) => ({
          PartNumber: number,
          ETag: etag,
          Size: bytes.length,
        }));
        return { Bucket: input.Bucket, Key: input.Key, UploadId: input.UploadId, IsTruncated: false, Parts };
      },
    },
    CompleteMultipartUpload: {
      authorize: s3.onObject("PutObject"),
      run(input, call) {
        const { headers, metadata, tagging } = upload(input);
        const list = chosen(input.UploadId, input.MultipartUpload?.Parts ?? []);
        if (list.length === 0)
          throw new AwsError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
            400,
          );
        checkWriteConditions(s3.store.latest(input.Bucket, input.Key), input);
        // The tag of a multipart object: a digest of its parts' digests, and their number.
        const digests = list.map(({ etag }) => Buffer.from(etag.replaceAll('"', ""), "hex"));
        const etag = `"${createHash("md5").update(Buffer.concat(digests)).digest("hex")}-${list.length}"`;
        const object = s3.putObject(
          {
            ...{ bucket: input.Bucket, key: input.Key, etag, checksums: {}, partsCount: list.length },
            headers: headers as Record<string, string>,
            metadata: metadata as Record<string, string>,
            tags: Object.fromEntries(new URLSearchParams(String(tagging))),
          },
          Buffer.concat(list.map(({ bytes }) => bytes)),
          "ObjectCreated:CompleteMultipartUpload",
          call,
        );
        end(input.UploadId);
        const { Bucket, Key } = input;
        return {
          Bucket,
          Key,
          ETag: etag,
          Location: `${s3.cloud.endpoint}/${Bucket}/${Key}`,
          VersionId: object.versionId === "null" ? undefined : object.versionId,
        };
      },
    },
    AbortMultipartUpload: {
      authorize: s3.onObject("AbortMultipartUpload"),
      run(input) {
        upload(input);
        end(input.UploadId);
        return {};
      },
    },
  };
}
