/** The bytes of an upload: in memory, or in a file of their own where there are many. */
import { hash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { AwsRequest, SpooledBody } from "../../../service.ts";
import { bodyDecoder } from "./aws-chunked.ts";
import { checksumOf, digestFor } from "./checksums.ts";

export interface Received {
  size: number;
  content: Buffer | { file: string };
  /** Lower-case names. */
  trailers: Record<string, string>;
  /** In hex. */
  md5(): string;
  /** In base64; undefined for an algorithm that is not known here. */
  checksum(algorithm: string): Promise<string | undefined>;
}

/** @param body of an operation's input */
export function receivedOf(body: unknown, http: AwsRequest | undefined): Received {
  if (http?.spooled) return inFile(http.spooled);
  const bytes = bufferOf(body);
  const pieces: Buffer[] = [];
  const decoder = bodyDecoder(http?.headers ?? {}, (piece) => pieces.push(piece));
  decoder.write(bytes);
  const trailers = decoder.end();
  return inMemory(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces), trailers);
}

export function inMemory(content: Buffer, trailers: Record<string, string> = {}): Received {
  return {
    ...{ size: content.length, content, trailers },
    md5: () => hash("md5", content, "hex"),
    checksum: async (algorithm) => checksumOf(algorithm, content),
  };
}

export function inFile({ path: file, size, md5, checksums, trailers }: SpooledBody): Received {
  return {
    ...{ size, content: { file }, trailers },
    md5: () => md5,
    checksum: async (algorithm) => checksums[algorithm] ?? (await fileChecksum(algorithm, [file])),
  };
}

/** Of files one after the other, read piece by piece. */
export async function fileChecksum(algorithm: string, paths: string[]): Promise<string | undefined> {
  const digest = digestFor(algorithm);
  if (!digest) return undefined;
  for (const path of paths) {
    for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) digest.update(piece as Buffer);
  }
  return digest.digest();
}

function bufferOf(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  return Buffer.isBuffer(body) ? body : Buffer.from(body as Uint8Array);
}
