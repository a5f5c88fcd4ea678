/** Operations on buckets, and listings. */
import { AwsError, type Operation } from "../../service.ts";
import type { S3 } from "./index.ts";
import type { ObjectVersion } from "./store.ts";

const NAME = /^(?!xn--)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export function bucketOperations(s3: S3): Record<string, Operation> {
  const { store, buckets, cloud } = s3;

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
        truncated = true;
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
        Contents: contents.map(({ key, modified, etag, size }) => ({
          Key: encode(key),
          LastModified: new Date(modified),
          ETag: etag,
          Size: size,
          StorageClass: "STANDARD",
        })),
        CommonPrefixes: prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
      },
    };
  }

  return {
    ListBuckets: {
      authorize: () => ({ action: "s3:ListAllMyBuckets", resource: "*" }),
      run: () => ({
        Buckets: [...buckets.values()]
          .sort((a, b) => (a.name < b.name ? -1 : 1))
          .map(({ name, created }) => ({ Name: name, CreationDate: new Date(created) })),
        Owner: { ID: cloud.account },
      }),
    },
    CreateBucket: {
      authorize: s3.onBucket("CreateBucket"),
      run({ Bucket: name }) {
        if (!NAME.test(name))
          throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", 400, { BucketName: name });
        if (buckets.has(name))
          throw new AwsError(
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
            409,
          );
        s3.persist(s3.createBucket(name));
        return { Location: `/${name}` };
      },
    },
    HeadBucket: {
      authorize: s3.onBucket("ListBucket"),
      run({ Bucket: name }) {
        s3.bucket(name);
        return { BucketRegion: cloud.region };
      },
    },
    GetBucketLocation: {
      authorize: s3.onBucket("GetBucketLocation"),
      run({ Bucket: name }) {
        s3.bucket(name);
        return { LocationConstraint: cloud.region === "us-east-1" ? undefined : cloud.region };
      },
    },
    DeleteBucket: {
      authorize: s3.onBucket("DeleteBucket"),
      run({ Bucket: name }) {
        s3.bucket(name);
        if (!store.isEmpty(name))
          throw new AwsError("BucketNotEmpty", "The bucket you tried to delete is not empty", 409);
        s3.removeBucket(name);
        return {};
      },
    },
    GetBucketVersioning: {
      authorize: s3.onBucket("GetBucketVersioning"),
      run: ({ Bucket: name }) => ({ Status: s3.bucket(name).versioning }),
    },
    PutBucketVersioning: {
      authorize: s3.onBucket("PutBucketVersioning"),
      run({ Bucket: name, VersioningConfiguration }) {
        const bucket = s3.bucket(name);
        bucket.versioning = VersioningConfiguration.Status;
        s3.persist(bucket);
        return {};
      },
    },
    GetBucketPolicy: {
      authorize: s3.onBucket("GetBucketPolicy"),
      run({ Bucket: name }) {
        const { policy } = s3.bucket(name);
        if (!policy) throw new AwsError("NoSuchBucketPolicy", "The bucket policy does not exist", 404);
        return { Policy: policy };
      },
    },
    ListObjectsV2: {
      authorize: s3.onBucket("ListBucket"),
      run(input) {
        s3.bucket(input.Bucket);
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
      authorize: s3.onBucket("ListBucket"),
      run(input) {
        s3.bucket(input.Bucket);
        const { listing, last } = page(input, input.Marker ?? "");
        return { ...listing, Marker: input.Marker ?? "", NextMarker: listing.IsTruncated ? last : undefined };
      },
    },
    ListObjectVersions: {
      authorize: s3.onBucket("ListBucketVersions"),
      run({ Bucket: name, Prefix = "" }) {
        s3.bucket(name);
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
              StorageClass: "STANDARD",
            })),
          DeleteMarkers: all.filter(({ version }) => version.isDeleteMarker).map(({ entry }) => entry),
        };
      },
    },
  };
}
