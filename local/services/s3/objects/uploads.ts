/** Uploads that are not complete yet, and their parts: what is known of them, and what they make as a whole. */
import { AwsError } from "../../../service.ts";
import { compositeChecksum } from "../content/checksums.ts";
import { joinedCrc64 } from "../content/crc.ts";
import type { ObjectEncryption } from "../content/encryption.ts";
import { fileChecksum, type Received } from "../content/received.ts";
import type { S3 } from "../index.ts";
import type { ObjectLock } from "./object-lock.ts";

const MIN_PART_BYTES = 5 * 1024 * 1024;

export interface Part {
  number: number;
  etag: string;
  size: number;
  file: string;
  checksums: Record<string, string>;
  /** Of uploads that name no other: the whole has one then. */
  crc64?: string;
}

export interface Upload {
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

export interface UploadInput {
  Bucket: string;
  Key: string;
  UploadId: string;
}

export function uploadsOf({ buckets, cloud: { database }, store }: S3) {
  database.exec(`
    CREATE TABLE IF NOT EXISTS s3_uploads (id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, input TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS s3_upload_parts (
      upload TEXT NOT NULL, number INTEGER NOT NULL, part TEXT NOT NULL, PRIMARY KEY (upload, number)) STRICT`);
  const insert = database.prepare("INSERT INTO s3_uploads VALUES (?, ?, ?, ?)");
  const select = database.prepare("SELECT * FROM s3_uploads WHERE id = ? AND bucket = ? AND key = ?");
  const selectAll = database.prepare("SELECT * FROM s3_uploads WHERE bucket = ? ORDER BY key, id");
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

  async function addPart(
    input: UploadInput & { PartNumber: number },
    algorithm: string | undefined,
    received: Received,
    checksums: Record<string, string>,
  ): Promise<Part> {
    const { UploadId: id, PartNumber: number } = input;
    if (!(number >= 1 && number <= 10_000)) {
      throw new AwsError("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive", 400);
    }
    const crc64 = algorithm && algorithm !== "CRC64NVME" ? undefined : await received.checksum("CRC64NVME");
    // It may have been ended while its part came.
    uploadOf(input);
    const before = selectPart.get(id, number);
    const placed = { etag: `"${received.md5()}"`, size: received.size, file: store.putPart(received.content) };
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

  async function ofParts(algorithm: string, type: NonNullable<Upload["checksumType"]>, parts: Part[]) {
    const of = (wanted: Part[]) =>
      fileChecksum(
        algorithm,
        wanted.map(({ file }) => store.pathOf(file)),
      );
    if (type === "COMPOSITE") {
      const each = parts.map(({ checksums }) => checksums[`Checksum${algorithm}`] ?? "");
      return compositeChecksum(algorithm, each);
    }
    if (algorithm !== "CRC64NVME") return of(parts);
    const each = parts.map(async (part) => ({ ...part, crc64: part.crc64 ?? (await of([part]))! }));
    return joinedCrc64(await Promise.all(each));
  }

  /** Of the whole, from the parts' or from its bytes. @throws AwsError where the client names another */
  async function checksumsOf(upload: Upload, parts: Part[], input: Record<string, unknown>) {
    const { algorithm = "CRC64NVME", checksumType = "FULL_OBJECT" } = upload;
    const name = `Checksum${algorithm}`;
    const checksum = await ofParts(algorithm, checksumType, parts);
    if (checksum === undefined) return {};
    const given = input[name] as string | undefined;
    if (given !== undefined && given.replace(/-\d+$/, "") !== checksum.replace(/-\d+$/, "")) {
      throw new AwsError("BadDigest", `The ${algorithm} you specified did not match the calculated checksum.`, 400);
    }
    return { [name]: checksum };
  }

  return {
    begin: (id: string, bucket: string, key: string, upload: Upload) =>
      void insert.run(id, bucket, key, JSON.stringify(upload)),
    ofBucket: (bucket: string) =>
      selectAll.all(bucket).map(({ id, key, input }) => ({
        ...{ id: String(id), key: String(key), upload: JSON.parse(String(input)) as Upload },
      })),
    ...{ uploadOf, partsOf, end, addPart, chosen, checksumsOf },
  };
}
