/** Operations on buckets, and listings. */
import { AwsError, type Call, type Operation } from "../../../service.ts";
import type { ObjectVersion } from "../content/store.ts";
import type { S3 } from "../index.ts";

const NAME = /^(?!xn--)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export function bucketOperations(s3: S3): Record<string, Operation> {
  const { buckets, cloud, onBucket, store } = s3;

  interface ListInput {
    Bucket: string;
    Prefix?: string;
    Delimiter?: string;
    MaxKeys?: number;
    EncodingType?: string;
  }

  /** One page of keys and common prefixes, in order. */
  function page(input: ListInput, after: string) {
    const { Prefix = "", Delimiter, EncodingType } = input;
    const max = Math.min(input.MaxKeys ?? 1000, 1000);
    const encode = (key: string) => (EncodingType === "url" ? encodeURIComponent(key).replace(/%2F/g, "/") : key);
    const contents: ObjectVersion[] = [];
    const prefixes: string[] = [];
    let last = after;
    let truncated = false;
    for (const object of store.list(input.Bucket, Prefix, after)) {
      const cut = Delimiter ? object.key.indexOf(Delimiter, Prefix.length) : -1;
      const common = cut < 0 ? undefined : object.key.slice(0, cut + Delimiter!.length);
      // A page that ended on a common prefix goes on after all of it.
      if (common !== undefined && (common === prefixes.at(-1) || (after.startsWith(common) && after !== ""))) continue;
      if (contents.length + prefixes.length >= max) {
        truncated = max > 0;
        break;
      }
      if (common === undefined) contents.push(object);
      else prefixes.push(common);
      last = object.key;
    }
    return {
      last,
      listing: {
        Name: input.Bucket,
        Prefix: encode(Prefix),
        Delimiter,
        MaxKeys: input.MaxKeys ?? 1000,
        EncodingType,
        IsTruncated: truncated,
        Contents: contents.map(({ key, modified, etag, size, storageClass = "STANDARD" }) => ({
          Key: encode(key),
          LastModified: new Date(modified),
          ETag: etag,
          Size: size,
          StorageClass: storageClass,
        })),
        CommonPrefixes: prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
      },
    };
  }

  /** Policies may bind listing to a prefix: `s3:prefix`. */
  const lists = (action: string) => (input: ListInput, call: Call) =>
    onBucket(action, {
      "s3:prefix": input.Prefix ?? "",
      ...(input.Delimiter ? { "s3:delimiter": input.Delimiter } : {}),
      "s3:max-keys": String(input.MaxKeys ?? 1000),
    })(input, call);

  return {
    ListBuckets: {
      authorize: () => ({ action: "s3:ListAllMyBuckets", resource: "*" }),
      run: () => ({
        Buckets: buckets.all().map(({ name, created }) => ({ Name: name, CreationDate: new Date(created) })),
        Owner: { ID: cloud.account },
      }),
    },
    CreateBucket: {
      authorize: onBucket("CreateBucket"),
      run({ Bucket: name, ObjectLockEnabledForBucket: isLockable }) {
        if (!NAME.test(name))
          throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", 400, { BucketName: name });
        if (buckets.get(name))
          throw new AwsError(
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
            409,
          );
        const bucket = buckets.create(name);
        if (isLockable) {
          Object.assign(bucket, { versioning: "Enabled", objectLock: {} });
          buckets.changed(bucket);
        }
        return { Location: `/${name}` };
      },
    },
    HeadBucket: {
      authorize: onBucket("ListBucket"),
      run({ Bucket: name }) {
        buckets.find(name);
        return { BucketRegion: cloud.region };
      },
    },
    GetBucketLocation: {
      authorize: onBucket("GetBucketLocation"),
      run({ Bucket: name }) {
        buckets.find(name);
        return { LocationConstraint: cloud.region === "us-east-1" ? undefined : cloud.region };
      },
    },
    DeleteBucket: {
      authorize: onBucket("DeleteBucket"),
      run({ Bucket: name }) {
        buckets.find(name);
        if (!store.isEmpty(name))
          throw new AwsError("BucketNotEmpty", "The bucket you tried to delete is not empty", 409);
        buckets.remove(name);
        return {};
      },
    },
    ListObjectsV2: {
      authorize: lists("ListBucket"),
      run(input) {
        buckets.find(input.Bucket);
        const after = input.ContinuationToken
          ? Buffer.from(input.ContinuationToken, "base64").toString("utf8")
          : (input.StartAfter ?? "");
        const { listing, last } = page(input, after);
        return {
          ...listing,
          KeyCount: listing.Contents.length + listing.CommonPrefixes.length,
          ContinuationToken: input.ContinuationToken,
          StartAfter: input.StartAfter,
          NextContinuationToken: listing.IsTruncated ? Buffer.from(last).toString("base64") : undefined,
        };
      },
    },
    ListObjects: {
      authorize: lists("ListBucket"),
      run(input) {
        buckets.find(input.Bucket);
        const { listing, last } = page(input, input.Marker ?? "");
        return { ...listing, Marker: input.Marker ?? "", NextMarker: listing.IsTruncated ? last : undefined };
      },
    },
    ListObjectVersions: {
      authorize: lists("ListBucketVersions"),
      run({ Bucket: name, Prefix = "" }) {
        buckets.find(name);
        const seen = new Set<string>();
        const all = store.versions(name, Prefix).map((version) => {
          const IsLatest = !seen.has(version.key);
          seen.add(version.key);
          return {
            version,
            entry: {
              Key: version.key,
              VersionId: version.versionId,
              IsLatest,
              LastModified: new Date(version.modified),
            },
          };
        });
        return {
          Name: name,
          Prefix,
          IsTruncated: false,
          Versions: all
            .filter(({ version }) => !version.isDeleteMarker)
            .map(({ version, entry }) => ({
              ...entry,
              ETag: version.etag,
              Size: version.size,
              StorageClass: version.storageClass ?? "STANDARD",
            })),
          DeleteMarkers: all.filter(({ version }) => version.isDeleteMarker).map(({ entry }) => entry),
        };
      },
    },
  };
}
