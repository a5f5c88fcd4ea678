/** Buckets and objects: what is known of them in SQLite, their bytes in files, small ones many in one. */
import { randomBytes } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  unlink,
  writeFileSync,
} from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ObjectLock } from "../objects/object-lock.ts";
import type { ObjectEncryption } from "./encryption.ts";
import { MAX_PACKED_BYTES, packs } from "./packs.ts";
import { incomingFolder } from "./spool.ts";

/** At a time, of parts that are joined. */
const COPIED_BYTES = 1024 * 1024;

export interface ObjectVersion {
  bucket: string;
  key: string;
  /** `null` in a bucket that never had versions. */
  versionId: string;
  isDeleteMarker: boolean;
  modified: number;
  size: number;
  etag: string;
  /** Name of the file that holds the bytes, or of the place in a pack of many. */
  file?: string;
  /** Content-Type and its like, by lower-case header name. */
  headers: Record<string, string>;
  metadata: Record<string, string>;
  tags: Record<string, string>;
  /** `ChecksumCRC32` … → base64. */
  checksums: Record<string, string>;
  partsCount?: number;
  /** By a key of KMS; absent where S3's own encrypts. */
  encryption?: ObjectEncryption;
  /** Absent for the standard one. */
  storageClass?: string;
  /** Until when an archived object can be read, in ms since the epoch. */
  restoredUntil?: number;
  lock?: ObjectLock;
  /** Digest of what the program declared, of an object that it did. */
  declared?: string;
}

/** Bytes, or a file that becomes the store's. */
export type Content = Buffer | { file: string };

export interface ObjectStore {
  latest(bucket: string, key: string): ObjectVersion | undefined;
  version(bucket: string, key: string, versionId: string): ObjectVersion | undefined;
  /** Keys in order, latest versions only, without those that are deleted. */
  list(bucket: string, prefix: string, after: string): Iterable<ObjectVersion>;
  versions(bucket: string, prefix: string): ObjectVersion[];
  /** Adds a version; without versioning it takes the place of the one before. */
  put(
    version: Omit<ObjectVersion, "versionId" | "file" | "size">,
    content: Content | undefined,
    versioned: boolean,
  ): ObjectVersion;
  update(version: ObjectVersion): void;
  removeVersion(version: ObjectVersion): void;
  /** The bytes from `first` to `last`, both included. @default all */
  read(version: ObjectVersion, first?: number, last?: number): Buffer;
  /** The same as they are asked for. It holds the file open: an overwrite meanwhile does not show. */
  stream(version: ObjectVersion, first: number, last: number): Readable;
  /** A part of an upload as a file of its own; answers its name. */
  putPart(content: Content): string;
  /** Where its bytes are. */
  pathOf(part: string): string;
  /** Parts one after the other, as a new file that nobody knows yet. */
  join(parts: string[]): Promise<{ file: string }>;
  removeParts(files: string[]): void;
  isEmpty(bucket: string): boolean;
  /** Gives back what is free; nothing is written after this. */
  close(): void;
}

export function objectStore(database: DatabaseSync, directory: string): ObjectStore {
  const folder = join(directory, "objects");
  mkdirSync(folder, { recursive: true });
  database.exec(`CREATE TABLE IF NOT EXISTS s3_objects (
    bucket TEXT NOT NULL, key TEXT NOT NULL, sequence INTEGER PRIMARY KEY, version_id TEXT NOT NULL,
    is_latest INTEGER NOT NULL, is_delete_marker INTEGER NOT NULL, file TEXT, detail TEXT NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS s3_objects_by_key ON s3_objects (bucket, key, is_latest);
    CREATE INDEX IF NOT EXISTS s3_objects_by_version ON s3_objects (bucket, key, version_id)`);
  const latest = database.prepare("SELECT * FROM s3_objects WHERE bucket = ? AND key = ? AND is_latest = 1");
  const byVersion = database.prepare("SELECT * FROM s3_objects WHERE bucket = ? AND key = ? AND version_id = ?");
  const listing = database.prepare(
    "SELECT * FROM s3_objects WHERE bucket = ? AND is_latest = 1 AND is_delete_marker = 0 AND key > ? AND key >= ? ORDER BY key",
  );
  const all = database.prepare(
    "SELECT * FROM s3_objects WHERE bucket = ? AND substr(key, 1, length(?)) = ? ORDER BY key, sequence DESC",
  );
  const insert = database.prepare(
    "INSERT INTO s3_objects (bucket, key, version_id, is_latest, is_delete_marker, file, detail) VALUES (?, ?, ?, 1, ?, ?, ?)",
  );
  const demote = database.prepare("UPDATE s3_objects SET is_latest = 0 WHERE bucket = ? AND key = ? AND is_latest = 1");
  const save = database.prepare("UPDATE s3_objects SET detail = ? WHERE bucket = ? AND key = ? AND version_id = ?");
  const drop = database.prepare("DELETE FROM s3_objects WHERE bucket = ? AND key = ? AND version_id = ?");
  const promote = database.prepare(
    "UPDATE s3_objects SET is_latest = 1 WHERE sequence = (SELECT max(sequence) FROM s3_objects WHERE bucket = ? AND key = ?)",
  );
  const any = database.prepare("SELECT 1 FROM s3_objects WHERE bucket = ? LIMIT 1");

  const packed = packs(folder, database);

  function toVersion(row: Record<string, unknown> | undefined): ObjectVersion | undefined {
    if (!row) return undefined;
    return {
      ...JSON.parse(String(row.detail)),
      bucket: String(row.bucket),
      key: String(row.key),
      versionId: String(row.version_id),
      isDeleteMarker: row.is_delete_marker === 1,
      file: row.file === null ? undefined : String(row.file),
    };
  }

  /** What has no column of its own. */
  function detailOf(version: Omit<ObjectVersion, "versionId">): string {
    const { bucket, key, versionId, isDeleteMarker, file, ...detail } = version as ObjectVersion;
    return JSON.stringify(detail);
  }

  /** Nobody knows the name before the file is complete. */
  function writeFile(content: Content): string {
    const file = randomBytes(16).toString("hex");
    const path = join(folder, file);
    if (Buffer.isBuffer(content)) writeFileSync(path, content);
    else renameSync(content.file, path);
    return file;
  }

  function removeVersion(version: ObjectVersion): void {
    drop.run(version.bucket, version.key, version.versionId);
    promote.run(version.bucket, version.key);
    if (version.file) removeContent(version.file);
  }

  /** Nothing names it any more; that it goes need not be waited for. */
  function removeContent(file: string): void {
    if (packed.place(file)) packed.release(file);
    else unlink(join(folder, file), () => {});
  }

  return {
    latest: (bucket, key) => toVersion(latest.get(bucket, key)),
    version: (bucket, key, versionId) => toVersion(byVersion.get(bucket, key, versionId)),
    *list(bucket, prefix, after) {
      for (const row of listing.iterate(bucket, after, prefix)) {
        // Keys are in order of their bytes: nothing with the prefix comes after one without.
        if (!String(row.key).startsWith(prefix)) return;
        yield toVersion(row)!;
      }
    },
    versions: (bucket, prefix) => all.all(bucket, prefix, prefix).map((row) => toVersion(row)!),
    put(described, content, versioned) {
      const versionId = versioned ? randomBytes(24).toString("base64url") : "null";
      const isSmall = Buffer.isBuffer(content) && content.length > 0 && content.length <= MAX_PACKED_BYTES;
      const file = content && (isSmall ? packed.append(content) : writeFile(content));
      const size = Buffer.isBuffer(content) ? content.length : file ? statSync(join(folder, file)).size : 0;
      const version = { ...described, size, file };
      const replaced = toVersion(byVersion.get(version.bucket, version.key, "null"));
      database.exec("BEGIN");
      try {
        if (!versioned) drop.run(version.bucket, version.key, "null");
        demote.run(version.bucket, version.key);
        insert.run(
          version.bucket,
          version.key,
          versionId,
          version.isDeleteMarker ? 1 : 0,
          file ?? null,
          detailOf(version),
        );
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
      if (!versioned && replaced?.file) removeContent(replaced.file);
      return { ...version, versionId };
    },
    update: (version) => void save.run(detailOf(version), version.bucket, version.key, version.versionId),
    removeVersion,
    read({ file, size }, first = 0, last = size - 1) {
      if (!file || last < first) return Buffer.alloc(0);
      const { path, offset } = packed.place(file) ?? { path: join(folder, file), offset: 0 };
      return packed.read({ path, offset: offset + first, length: last - first + 1 });
    },
    stream({ file }, first, last) {
      const { path, offset } = packed.place(file!) ?? { path: join(folder, file!), offset: 0 };
      return createReadStream("", { fd: openSync(path, "r"), start: offset + first, end: offset + last });
    },
    putPart: writeFile,
    pathOf: (part) => join(folder, part),
    async join([first = "", ...rest]) {
      const file = join(incomingFolder(directory), randomBytes(16).toString("hex"));
      mkdirSync(incomingFolder(directory), { recursive: true });
      try {
        await copyFile(join(folder, first), file);
        for (const part of rest) {
          await pipeline(
            createReadStream(join(folder, part), { highWaterMark: COPIED_BYTES }),
            createWriteStream(file, { flags: "a", highWaterMark: COPIED_BYTES }),
          );
        }
      } catch (error) {
        rmSync(file, { force: true });
        throw error;
      }
      return { file };
    },
    removeParts(files) {
      for (const file of files) rmSync(join(folder, file), { force: true });
    },
    isEmpty: (bucket) => any.get(bucket) === undefined,
    close: packed.close,
  };
}
