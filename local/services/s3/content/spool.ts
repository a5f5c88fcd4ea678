/** A body that is too large for memory, into a file of its own as it comes: digests are computed on the way. */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { AwsError, type SpooledBody } from "../../../service.ts";
import { bodyDecoder } from "./aws-chunked.ts";
import { announcedAlgorithms, digestFor } from "./checksums.ts";

/** What S3 takes in one piece: 5 GB. */
export const MAX_UPLOAD_BYTES = 5 * 1024 ** 3;

export interface SpoolOptions {
  /** Of the state: the file lies in `incoming` there until the store takes it. */
  directory: string;
  /** Of the request. @default none: the bytes as they are */
  headers?: Record<string, string>;
  /** @default 5 GB */
  maxBytes?: number;
}

/** @throws AwsError EntityTooLarge, and what is wrong with the body; then there is no file */
export async function spool(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  { directory, headers = {}, maxBytes = MAX_UPLOAD_BYTES }: SpoolOptions,
): Promise<SpooledBody> {
  const folder = incomingFolder(directory);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, randomBytes(16).toString("hex"));
  const announced = announcedAlgorithms(headers);
  // S3 has this one of every object that came without.
  const algorithms = announced.length > 0 ? announced : ["CRC64NVME"];
  const digests = algorithms.map((algorithm) => [algorithm, digestFor(algorithm)!] as const);
  const md5 = createHash("md5");
  const isSigned = /^[0-9a-f]{64}$/.test(headers["x-amz-content-sha256"] ?? "");
  const sha256 = isSigned ? createHash("sha256") : undefined;
  let size = 0;
  let pieces: Buffer[] = [];
  const decoder = bodyDecoder(headers, (piece) => {
    size += piece.length;
    if (size > maxBytes) throw tooLarge(size, maxBytes);
    md5.update(piece);
    for (const [, digest] of digests) digest.update(piece);
    pieces.push(piece);
  });
  const file = await open(path, "wx", 0o600);
  try {
    for await (const chunk of source) {
      sha256?.update(chunk);
      decoder.write(chunk);
      if (pieces.length > 0) await writeAll(file, pieces);
      pieces = [];
    }
    const trailers = decoder.end();
    const checksums = Object.fromEntries(digests.map(([algorithm, digest]) => [algorithm, digest.digest()]));
    return { path, size, trailers, checksums, md5: md5.digest("hex"), sha256: sha256?.digest("hex") };
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Before anything is read of it. @throws AwsError EntityTooLarge */
export function checkAnnouncedSize(size: number): void {
  if (size > MAX_UPLOAD_BYTES) throw tooLarge(size, MAX_UPLOAD_BYTES);
}

export const incomingFolder = (directory: string): string => join(directory, "incoming");

async function writeAll(file: { write(bytes: Buffer): Promise<{ bytesWritten: number }> }, pieces: Buffer[]) {
  for (const piece of pieces) {
    for (let done = 0; done < piece.length; ) done += (await file.write(piece.subarray(done))).bytesWritten;
  }
}

function tooLarge(size: number, maxBytes: number): AwsError {
  const message = "Your proposed upload exceeds the maximum allowed size";
  return new AwsError("EntityTooLarge", message, 400, { ProposedSize: size, MaxSizeAllowed: maxBytes });
}
