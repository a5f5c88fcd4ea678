/**
 * Zip packages of functions and layers: kept as they came, laid out as directories, packed for whoever downloads code.
 * Symbolic links and file modes of a zip are not kept.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import type { Asset } from "../../../../engine/graph.ts";
import { AwsError, type Cloud, type Principal } from "../../../service.ts";

/** Most programs' functions are directories: loaded with the first zip. */
const fflate = () => createRequire(import.meta.url)("fflate") as typeof import("fflate");

/** Of a zip in a request. */
const ZIPPED_LIMIT_BYTES = 50 * 1024 * 1024;
const UNZIPPED_LIMIT_BYTES = 262_144_000;

export interface CodeInput {
  ZipFile?: Uint8Array;
  S3Bucket?: string;
  S3Key?: string;
  S3ObjectVersion?: string;
  ImageUri?: string;
}

/** Keeps the zip of a request below `directory`, or what it names in S3, as an archive that can be declared. */
export async function packageOf(
  cloud: Cloud,
  code: CodeInput,
  principal: Principal,
  directory: string,
): Promise<Asset> {
  if (code.ImageUri) throw invalid("Container images do not run on this machine: give a zip package.");
  if (code.ZipFile && code.S3Bucket) {
    throw invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.");
  }
  const bytes = code.ZipFile ? Buffer.from(code.ZipFile) : await fromS3(cloud, code, principal);
  if (code.ZipFile && bytes.length > ZIPPED_LIMIT_BYTES) {
    const message = `Request must be smaller than ${ZIPPED_LIMIT_BYTES} bytes for the CreateFunction operation`;
    throw new AwsError("RequestEntityTooLargeException", message, 413, { Type: "User" });
  }
  readZip(bytes);
  const path = join(directory, `${createHash("sha256").update(bytes).digest("hex")}.zip`);
  mkdirSync(directory, { recursive: true });
  if (!existsSync(path)) {
    writeFileSync(`${path}.${process.pid}`, bytes);
    renameSync(`${path}.${process.pid}`, path);
  }
  return { $asset: "fileArchive", path };
}

async function fromS3(cloud: Cloud, { S3Bucket, S3Key, S3ObjectVersion }: CodeInput, principal: Principal) {
  if (!S3Bucket || !S3Key) throw invalid("Please provide a source for function code.");
  try {
    const input = { Bucket: S3Bucket, Key: S3Key, ...(S3ObjectVersion && { VersionId: S3ObjectVersion }) };
    const { Body } = await cloud.call("s3", "GetObject", input, { principal });
    if (Body instanceof Uint8Array) return Buffer.from(Body);
    const chunks: Buffer[] = [];
    for await (const chunk of Body) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  } catch (error) {
    const { code, message } = error as AwsError;
    throw invalid(
      `Error occurred while GetObject. S3 Error Code: ${code ?? "InternalError"}. S3 Error Message: ${message}`,
    );
  }
}

/** @throws AwsError where it is no zip, leaves its directory or is too large */
function readZip(bytes: Buffer): Record<string, Uint8Array> {
  let total = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = fflate().unzipSync(bytes, {
      filter({ originalSize }) {
        total += originalSize;
        return total <= UNZIPPED_LIMIT_BYTES;
      },
    });
  } catch {
    throw invalid("Could not unzip uploaded file. Please check your file, then try to upload again.");
  }
  if (total > UNZIPPED_LIMIT_BYTES) {
    throw invalid(`Unzipped size must be smaller than ${UNZIPPED_LIMIT_BYTES} bytes`);
  }
  if (Object.keys(files).length === 0) throw invalid("Uploaded file must be a non-empty zip");
  for (const name of Object.keys(files)) {
    if (relative("/task", join("/task", name)).startsWith("..")) throw invalid(`${name} lies outside the package`);
  }
  return files;
}

/** Lays a zip out below `cache`, once. */
export function unpack(path: string, cache: string): { directory: string; sha256: string; bytes: number } {
  const zip = readFileSync(path);
  const hash = createHash("sha256").update(zip).digest();
  const directory = join(cache, `zip-${hash.toString("hex").slice(0, 32)}`);
  if (!existsSync(directory)) {
    const draft = `${directory}.${process.pid}`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    for (const [name, content] of Object.entries(readZip(zip))) {
      const target = join(draft, name);
      if (name.endsWith("/")) mkdirSync(target, { recursive: true });
      else {
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, content);
      }
    }
    renameSync(draft, directory);
  }
  return { directory, sha256: hash.toString("base64"), bytes: zip.length };
}

/** A directory as a zip; what links lead to is packed as well. */
export function pack(directory: string): Buffer {
  const files: Record<string, Uint8Array> = {};
  let total = 0;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    const inside = entry.isSymbolicLink() ? linked(path) : [path];
    for (const file of inside) {
      const content = readFileSync(file);
      total += content.length;
      if (total > UNZIPPED_LIMIT_BYTES) throw invalid("The code is larger than a package may be.");
      files[relative(directory, file)] = content;
    }
  }
  return Buffer.from(fflate().zipSync(files, { mtime: "1980-01-01" }));
}

function linked(path: string): string[] {
  try {
    const entries = readdirSync(path, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return existsSync(path) ? [path] : [];
  }
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message, 400, { Type: "User" });
}
