/** Operations on single objects. */
import { AwsError, type Call, type Operation } from "../../service.ts";
import { decodeBody } from "./aws-chunked.ts";
import { verifiedChecksums } from "./checksums.ts";
import { etagOf, type S3 } from "./index.ts";
import type { ObjectVersion } from "./store.ts";

interface ObjectInput {
  Bucket: string;
  Key: string;
  VersionId?: string;
}

const HEADERS = ["ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage"] as const;

/** The headers that are kept with an object, `aws-chunked` being how it travelled and no property of it. */
export function keptHeaders(input: Record<string, unknown>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of HEADERS) if (typeof input[name] === "string") headers[name] = input[name];
  const encoding = headers.ContentEncoding?.split(",")
    .filter((part) => part.trim() !== "aws-chunked")
    .join(",");
  if (encoding) headers.ContentEncoding = encoding;
  else delete headers.ContentEncoding;
  return headers;
}

export function objectOperations(s3: S3): Record<string, Operation> {
  const { store } = s3;

  function existing({ Bucket, Key, VersionId }: ObjectInput): ObjectVersion {
    s3.bucket(Bucket);
    const object = VersionId ? store.version(Bucket, Key, VersionId) : store.latest(Bucket, Key);
    if (!object && VersionId) throw new AwsError("NoSuchVersion", "The specified version does not exist.", 404);
    if (!object || (object.isDeleteMarker && !VersionId))
      throw new AwsError("NoSuchKey", "The specified key does not exist.", 404, { Key });
    if (object.isDeleteMarker)
      throw new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405);
    return object;
  }

  function describe(object: ObjectVersion, input: ObjectInput & Record<string, unknown>) {
    const overrides = Object.fromEntries(
      HEADERS.map((name) => [name, input[`Response${name}`]]).filter(([, value]) => value !== undefined),
    );
    return {
      ...{ ContentType: "binary/octet-stream", ...object.headers, ...overrides },
      ...(input.ChecksumMode === "ENABLED" ? object.checksums : {}),
      AcceptRanges: "bytes",
      ETag: object.etag,
      LastModified: new Date(object.modified),
      Metadata: object.metadata,
      VersionId: s3.bucket(object.bucket).versioning ? object.versionId : undefined,
      TagCount: Object.keys(object.tags).length || undefined,
      ServerSideEncryption: "AES256",
    };
  }

  function put(input: ObjectInput & Record<string, unknown>, call: Call) {
    s3.bucket(input.Bucket);
    if (Buffer.byteLength(input.Key) > 1024) throw new AwsError("KeyTooLongError", "Your key is too long", 400);
    checkWriteConditions(store.latest(input.Bucket, input.Key), input);
    const { bytes, trailers } = decodeBody(call.http?.headers ?? {}, bodyOf(input.Body));
    const checksums = verifiedChecksums(input, trailers, bytes);
    const object = s3.putObject(
      {
        ...{ bucket: input.Bucket, key: input.Key, etag: etagOf(bytes), checksums },
        headers: keptHeaders(input),
        metadata: (input.Metadata ?? {}) as Record<string, string>,
        tags: Object.fromEntries(new URLSearchParams(String(input.Tagging ?? ""))),
      },
      bytes,
      "ObjectCreated:Put",
      call,
    );
    return {
      ETag: object.etag,
      ...checksums,
      ServerSideEncryption: "AES256",
      VersionId: object.versionId === "null" ? undefined : object.versionId,
    };
  }

  function remove(input: ObjectInput, call: Call): { VersionId?: string; DeleteMarker?: boolean } {
    const bucket = s3.bucket(input.Bucket);
    if (input.VersionId) {
      const version = store.version(input.Bucket, input.Key, input.VersionId);
      if (version) store.removeVersion(version);
      return { VersionId: input.VersionId, DeleteMarker: version?.isDeleteMarker || undefined };
    }
    const latest = store.latest(input.Bucket, input.Key);
    if (bucket.versioning === "Enabled") {
      const empty = { etag: "", size: 0, headers: {}, metadata: {}, tags: {}, checksums: {} };
      const marker = store.put(
        { bucket: input.Bucket, key: input.Key, isDeleteMarker: true, modified: s3.cloud.clock.now(), ...empty },
        undefined,
        true,
      );
      s3.announce("ObjectRemoved:DeleteMarkerCreated", marker, call);
      return { DeleteMarker: true, VersionId: marker.versionId };
    }
    if (latest) {
      store.removeVersion(latest);
      s3.announce("ObjectRemoved:Delete", latest, call);
    }
    return {};
  }

  return {
    PutObject: { authorize: s3.onObject("PutObject"), run: put },
    GetObject: {
      authorize: s3.onObject("GetObject"),
      run(input) {
        const object = existing(input);
        checkReadConditions(object, input);
        const bytes = store.read(object);
        const range = readRange(input.Range, bytes.length);
        const body = range ? bytes.subarray(range.first, range.last + 1) : bytes;
        const described = describe(object, input);
        if (!range) return { ...described, Body: body, ContentLength: body.length };
        // A checksum of the whole says nothing about a part.
        for (const name of Object.keys(object.checksums)) delete (described as Record<string, unknown>)[name];
        return {
          ...described,
          Body: body,
          ContentLength: body.length,
          ContentRange: `bytes ${range.first}-${range.last}/${bytes.length}`,
          $status: 206,
        };
      },
    },
    HeadObject: {
      authorize: s3.onObject("GetObject"),
      run(input) {
        let object: ObjectVersion;
        try {
          object = existing(input);
        } catch (error) {
          // HEAD has no body to say more in.
          if (error instanceof AwsError && error.code === "NoSuchKey")
            throw new AwsError("NotFound", error.message, 404);
          throw error;
        }
        checkReadConditions(object, input);
        return { ...describe(object, input), ContentLength: object.size };
      },
    },
    DeleteObject: { authorize: s3.onObject("DeleteObject"), run: remove },
    DeleteObjects: {
      authorize: ({ Bucket, Delete }) =>
        Delete.Objects.map(({ Key }: { Key: string }) => s3.onObject("DeleteObject")({ Bucket, Key })),
      run({ Bucket, Delete }, call) {
        const deleted = (Delete.Objects as { Key: string; VersionId?: string }[]).map(({ Key, VersionId }) => {
          const { DeleteMarker, VersionId: marker } = remove({ Bucket, Key, VersionId }, call);
          return { Key, VersionId, DeleteMarker, DeleteMarkerVersionId: DeleteMarker ? marker : undefined };
        });
        return { Deleted: Delete.Quiet ? [] : deleted };
      },
    },
    CopyObject: {
      authorize: (input) => [s3.onObject("GetObject")(sourceOf(input)), s3.onObject("PutObject")(input)],
      run(input, call) {
        const source = existing(sourceOf(input));
        const replaces = input.MetadataDirective === "REPLACE";
        if (!replaces && source.bucket === input.Bucket && source.key === input.Key) {
          throw new AwsError(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.",
            400,
          );
        }
        const object = s3.putObject(
          {
            ...{ bucket: input.Bucket, key: input.Key, etag: source.etag, checksums: source.checksums },
            headers: replaces ? keptHeaders(input) : source.headers,
            metadata: replaces ? (input.Metadata ?? {}) : source.metadata,
            tags:
              input.TaggingDirective === "REPLACE"
                ? Object.fromEntries(new URLSearchParams(input.Tagging ?? ""))
                : source.tags,
          },
          store.read(source),
          "ObjectCreated:Copy",
          call,
        );
        return {
          CopyObjectResult: { ETag: object.etag, LastModified: new Date(object.modified) },
          VersionId: object.versionId === "null" ? undefined : object.versionId,
        };
      },
    },
    GetObjectTagging: {
      authorize: s3.onObject("GetObjectTagging"),
      run: (input) => ({ TagSet: Object.entries(existing(input).tags).map(([Key, Value]) => ({ Key, Value })) }),
    },
    PutObjectTagging: {
      authorize: s3.onObject("PutObjectTagging"),
      run(input) {
        const tags = Object.fromEntries(
          (input.Tagging.TagSet as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]),
        );
        if (Object.keys(tags).length > 10)
          throw new AwsError("BadRequest", "Object tags cannot be greater than 10", 400);
        store.update({ ...existing(input), tags });
        return {};
      },
    },
    DeleteObjectTagging: {
      authorize: s3.onObject("DeleteObjectTagging"),
      run(input) {
        store.update({ ...existing(input), tags: {} });
        return {};
      },
    },
  };
}

function bodyOf(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  return Buffer.isBuffer(body) ? body : Buffer.from(body as Uint8Array);
}

/** `bucket/key?versionId=…`, percent-encoded, perhaps with a slash before it. */
export function sourceOf({ CopySource }: { CopySource: string }): ObjectInput {
  const [path = "", query = ""] = CopySource.replace(/^\//, "").split("?");
  const [bucket = "", ...rest] = path.split("/");
  const versionId = new URLSearchParams(query).get("versionId");
  return { Bucket: bucket, Key: decodeURIComponent(rest.join("/")), ...(versionId ? { VersionId: versionId } : {}) };
}

/** `If-None-Match: *` makes a write a creation; `If-Match` one of a known version. */
export function checkWriteConditions(
  current: ObjectVersion | undefined,
  { IfMatch, IfNoneMatch }: Record<string, unknown>,
): void {
  const exists = current !== undefined && !current.isDeleteMarker;
  if (IfNoneMatch === "*" && exists) failPrecondition("If-None-Match");
  if (typeof IfMatch === "string" && !exists) throw new AwsError("NoSuchKey", "The specified key does not exist.", 404);
  if (typeof IfMatch === "string" && current?.etag !== IfMatch) failPrecondition("If-Match");
}

function failPrecondition(Condition: string): never {
  throw new AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412, {
    Condition,
  });
}

function checkReadConditions(object: ObjectVersion, input: Record<string, unknown>): void {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = input;
  const seconds = Math.floor(object.modified / 1000) * 1000;
  if (typeof IfMatch === "string" && IfMatch !== object.etag) failPrecondition("If-Match");
  if (IfUnmodifiedSince instanceof Date && seconds > IfUnmodifiedSince.getTime())
    failPrecondition("If-Unmodified-Since");
  const unchanged =
    typeof IfNoneMatch === "string"
      ? IfNoneMatch === object.etag
      : IfModifiedSince instanceof Date && seconds <= IfModifiedSince.getTime();
  if (unchanged) throw new AwsError("NotModified", "Not Modified", 304);
}

function readRange(header: string | undefined, size: number): { first: number; last: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const first = match[1] === "" ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const last = match[1] === "" || match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (first >= size || first > last) throw new AwsError("InvalidRange", "The requested range is not satisfiable", 416);
  return { first, last };
}
