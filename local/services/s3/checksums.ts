/** Checksums of uploads: verified where the client names one, kept, and returned to who asks. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { AwsError } from "../../service.ts";

/** Member name → base64 of the checksum. The XXHASH family is accepted as it is, unverified. */
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

let table64: bigint[] | undefined;
const ALL_64 = 0xffff_ffff_ffff_ffffn;

/** CRC-64/NVME, reflected. Only clients that ask for it pay for it. */
function crc64nvme(bytes: Buffer): bigint {
  table64 ??= Array.from({ length: 256 }, (_, index) => {
    let value = BigInt(index);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x9a6c_9329_ac4b_c9b5n : value >> 1n;
    return value;
  });
  let crc = ALL_64;
  for (const byte of bytes) crc = table64[Number((crc ^ BigInt(byte)) & 0xffn)]! ^ (crc >> 8n);
  return crc ^ ALL_64;
}
