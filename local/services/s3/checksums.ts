/** Checksums of uploads: verified where the client names one, kept, and returned to who asks. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { AwsError } from "../../service.ts";

/** Member name → base64 of the checksum. The XXHASH family is neither verified nor kept. */
const ALGORITHMS: Record<string, (bytes: Buffer) => string> = {
  ChecksumCRC32: (bytes) => big32(crc32(bytes)),
  ChecksumCRC32C: (bytes) => big32(crc32c(bytes)),
  ChecksumSHA1: (bytes) => createHash("sha1").update(bytes).digest("base64"),
  ChecksumSHA256: (bytes) => createHash("sha256").update(bytes).digest("base64"),
  ChecksumSHA512: (bytes) => createHash("sha512").update(bytes).digest("base64"),
  ChecksumMD5: (bytes) => createHash("md5").update(bytes).digest("base64"),
  ChecksumCRC64NVME: (bytes) => big64(crc64nvme(bytes)),
};

/**
 * The checksums that came with an upload, in headers or trailers, all of them right.
 * @throws AwsError BadDigest
 */
export function verifiedChecksums(
  input: Record<string, unknown>,
  trailers: Record<string, string>,
  bytes: Buffer,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, compute] of Object.entries(ALGORITHMS)) {
    const given =
      (input[name] as string | undefined) ?? trailers[`x-amz-checksum-${name.slice("Checksum".length).toLowerCase()}`];
    if (given === undefined) continue;
    if (given !== compute(bytes)) {
      throw new AwsError(
        "BadDigest",
        `The ${name.slice("Checksum".length)} you specified did not match the calculated checksum.`,
        400,
      );
    }
    found[name] = given;
  }
  const md5 = input.ContentMD5 as string | undefined;
  if (md5 !== undefined && md5 !== createHash("md5").update(bytes).digest("base64")) {
    throw new AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.", 400);
  }
  return found;
}

function big32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString("base64");
}

function big64(value: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes.toString("base64");
}

let table32c: Uint32Array | undefined;

/** CRC-32C (Castagnoli), reflected. */
function crc32c(bytes: Buffer): number {
  table32c ??= Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    return value >>> 0;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table32c[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

// Two 32-bit halves, high ones first: bigints would be a hundred times slower.
let table64: { high: Uint32Array; low: Uint32Array } | undefined;

function makeTable64(): { high: Uint32Array; low: Uint32Array } {
  const table = { high: new Uint32Array(256), low: new Uint32Array(256) };
  for (let index = 0; index < 256; index++) {
    let value = BigInt(index);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x9a6c_9329_ac4b_c9b5n : value >> 1n;
    table.high[index] = Number(value >> 32n);
    table.low[index] = Number(value & 0xffff_ffffn);
  }
  return table;
}

/** CRC-64/NVME, reflected. */
function crc64nvme(bytes: Buffer): bigint {
  table64 ??= makeTable64();
  let high = 0xffff_ffff;
  let low = 0xffff_ffff;
  for (const byte of bytes) {
    const index = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ table64.low[index]!;
    high = (high >>> 8) ^ table64.high[index]!;
  }
  return (BigInt((high ^ 0xffff_ffff) >>> 0) << 32n) | BigInt((low ^ 0xffff_ffff) >>> 0);
}

/** The checksum of a whole under an algorithm's name: `CRC32`. */
export function checksumOf(algorithm: string, bytes: Buffer): string | undefined {
  return ALGORITHMS[`Checksum${algorithm}`]?.(bytes);
}

/** Of an upload in parts: the checksum of the parts' checksums, and their number. */
export function compositeChecksum(algorithm: string, parts: string[]): string | undefined {
  const all = Buffer.concat(parts.map((part) => Buffer.from(part, "base64")));
  const checksum = checksumOf(algorithm, all);
  return checksum && `${checksum}-${parts.length}`;
}
