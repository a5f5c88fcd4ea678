/** Checksums of uploads: verified where the client names one, kept, and returned to who asks. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { AwsError } from "../../../service.ts";
import { big32, crc32c, crc64nvme } from "./crc.ts";
import type { Received } from "./received.ts";

/** Over bytes as they come. */
export interface Digest {
  update(bytes: Buffer): void;
  /** In base64. */
  digest(): string;
}

/** By the name that S3 has for it. The XXHASH family is neither verified nor kept. */
const ALGORITHMS: Record<string, () => Digest> = {
  CRC32: runningCrc32,
  CRC32C: crc32c,
  SHA1: () => hashing("sha1"),
  SHA256: () => hashing("sha256"),
  SHA512: () => hashing("sha512"),
  MD5: () => hashing("md5"),
  CRC64NVME: crc64nvme,
};

/** Undefined for an algorithm that is not known here. */
export function digestFor(algorithm: string): Digest | undefined {
  return Object.hasOwn(ALGORITHMS, algorithm) ? ALGORITHMS[algorithm]!() : undefined;
}

/** The checksum of a whole under an algorithm's name: `CRC32`. */
export function checksumOf(algorithm: string, bytes: Buffer): string | undefined {
  const digest = digestFor(algorithm);
  digest?.update(bytes);
  return digest?.digest();
}

/** Those that headers announce, in headers or trailers: computed while the bytes come. */
export function announcedAlgorithms(headers: Record<string, string>): string[] {
  const names = [...Object.keys(headers), ...(headers["x-amz-trailer"] ?? "").split(",")];
  const found = names.map((name) => /^x-amz-checksum-(\w+)$/.exec(name.trim().toLowerCase())?.[1]?.toUpperCase() ?? "");
  return [...new Set(found)].filter((name) => Object.hasOwn(ALGORITHMS, name));
}

/**
 * The checksums that came with an upload, in headers or trailers, all of them right.
 * @throws AwsError BadDigest
 */
export async function verifiedChecksums(
  input: Record<string, unknown>,
  received: Received,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const algorithm of Object.keys(ALGORITHMS)) {
    const name = `Checksum${algorithm}`;
    const given = (input[name] as string | undefined) ?? received.trailers[`x-amz-checksum-${algorithm.toLowerCase()}`];
    if (given === undefined) continue;
    if (given !== (await received.checksum(algorithm))) {
      throw new AwsError("BadDigest", `The ${algorithm} you specified did not match the calculated checksum.`, 400);
    }
    found[name] = given;
  }
  const md5 = input.ContentMD5 as string | undefined;
  if (md5 !== undefined && md5 !== Buffer.from(received.md5(), "hex").toString("base64")) {
    throw new AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.", 400);
  }
  return found;
}

function runningCrc32(): Digest {
  let crc = 0;
  return {
    update(bytes) {
      crc = crc32(bytes, crc);
    },
    digest: () => big32(crc),
  };
}

function hashing(name: string): Digest {
  const hash = createHash(name);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("base64") };
}

/** Of an upload in parts: the checksum of the parts' checksums, and their number. */
export function compositeChecksum(algorithm: string, parts: string[]): string | undefined {
  const all = Buffer.concat(parts.map((part) => Buffer.from(part, "base64")));
  const checksum = checksumOf(algorithm, all);
  return checksum && `${checksum}-${parts.length}`;
}
