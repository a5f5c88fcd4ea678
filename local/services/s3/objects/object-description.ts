/** How requests describe objects, and answers do. */
import { AwsError } from "../../../service.ts";
import { toldOf } from "../content/encryption.ts";
import type { ObjectVersion } from "../content/store.ts";
import type { S3 } from "../index.ts";
import { toldLock } from "./object-lock.ts";
import { toldClass } from "./storage-class.ts";

export interface ObjectInput {
  Bucket: string;
  Key: string;
  VersionId?: string;
}

const HEADERS = ["ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage"] as const;
const KEPT = [...HEADERS, "WebsiteRedirectLocation"] as const;

/** The headers that are kept with an object, `aws-chunked` being how it travelled and no property of it. */
export function keptHeaders(input: Record<string, unknown>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of KEPT) if (typeof input[name] === "string") headers[name] = input[name];
  const encoding = headers.ContentEncoding?.split(",")
    .filter((part) => part.trim() !== "aws-chunked")
    .join(",");
  if (encoding) headers.ContentEncoding = encoding;
  else delete headers.ContentEncoding;
  return headers;
}

/** @throws AwsError where there are more than ten, or one is too long */
export function checkTags(tags: Record<string, string>): Record<string, string> {
  const entries = Object.entries(tags);
  if (entries.length > 10) throw new AwsError("BadRequest", "Object tags cannot be greater than 10", 400);
  if (entries.some(([key, value]) => key.length === 0 || key.length > 128 || value.length > 256)) {
    throw new AwsError("InvalidTag", "The TagKey or TagValue you have provided is invalid", 400);
  }
  return tags;
}

/** `a=1&b=2`, as the header has them. */
export function tagsOf(tagging: unknown): Record<string, string> {
  return checkTags(Object.fromEntries(new URLSearchParams(String(tagging ?? ""))));
}

/** A version is named where the bucket has, or had, versions. */
export function versionOf({ buckets }: S3, { bucket, versionId }: ObjectVersion): string | undefined {
  return buckets.get(bucket)?.versioning ? versionId : undefined;
}

export function describe(s3: S3, object: ObjectVersion, input: Record<string, unknown>) {
  const overrides = Object.fromEntries(
    HEADERS.map((name) => [name, input[`Response${name}`]]).filter(([, value]) => value !== undefined),
  );
  const wantsChecksums = input.ChecksumMode === "ENABLED" && Object.keys(object.checksums).length > 0;
  const isComposite = Object.values(object.checksums).some((checksum) => /-\d+$/.test(checksum));
  return {
    ...{ ContentType: "binary/octet-stream", ...object.headers, ...overrides },
    ...(wantsChecksums ? { ...object.checksums, ChecksumType: isComposite ? "COMPOSITE" : "FULL_OBJECT" } : {}),
    AcceptRanges: "bytes",
    ETag: object.etag,
    LastModified: new Date(object.modified),
    Metadata: object.metadata,
    VersionId: versionOf(s3, object),
    TagCount: Object.keys(object.tags).length || undefined,
    ...toldClass(object, s3.cloud.clock.now()),
    ...toldLock(object.lock),
    ...toldOf(object.encryption),
  };
}

/** @throws AwsError NoSuchBucket, NoSuchKey, NoSuchVersion, or MethodNotAllowed for a delete marker asked for by its id */
export function existing({ buckets, store }: S3, { Bucket, Key, VersionId }: ObjectInput): ObjectVersion {
  buckets.find(Bucket);
  const object = VersionId ? store.version(Bucket, Key, VersionId) : store.latest(Bucket, Key);
  if (!object && VersionId) throw new AwsError("NoSuchVersion", "The specified version does not exist.", 404);
  if (!object || (object.isDeleteMarker && !VersionId)) {
    throw new AwsError("NoSuchKey", "The specified key does not exist.", 404, { Key });
  }
  if (object.isDeleteMarker) {
    throw new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405);
  }
  return object;
}

/** `bucket/key?versionId=…`, percent-encoded, perhaps with a slash before it. */
export function copySource({ CopySource }: Record<string, unknown>): ObjectInput {
  const [path = "", query = ""] = String(CopySource ?? "")
    .replace(/^\//, "")
    .split("?");
  const versionId = new URLSearchParams(query).get("versionId");
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    decoded = "";
  }
  const slash = decoded.indexOf("/");
  if (slash < 1) throw new AwsError("InvalidArgument", "Copy Source must mention the source bucket and key", 400);
  const source = { Bucket: decoded.slice(0, slash), Key: decoded.slice(slash + 1) };
  return versionId ? { ...source, VersionId: versionId } : source;
}

export function readSource(s3: S3, input: Record<string, unknown>): ObjectVersion {
  return existing(s3, copySource(input));
}
