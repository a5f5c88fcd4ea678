/** What is asked about an object beside its content: its parts in one answer, its ACL. */
import type { Operation } from "../../../service.ts";
import { checkAcl, ownersOnly } from "../buckets/acl.ts";
import { suppliedKey } from "../content/supplied-key.ts";
import type { S3 } from "../index.ts";
import { existing, type ObjectInput, versionOf } from "./object-description.ts";

export function objectAttributes(s3: S3): Record<string, Operation> {
  const { buckets, cloud, onBucket, onObject } = s3;
  return {
    GetObjectAttributes: {
      authorize: (input, call) => [
        onObject("GetObject")(input, call),
        onObject(input.VersionId ? "GetObjectVersionAttributes" : "GetObjectAttributes")(input, call),
      ],
      async run(input: ObjectInput & { ObjectAttributes: string[] }, call) {
        const object = existing(s3, input);
        await s3.encryption.open(object.encryption, call, suppliedKey(input as never));
        const known: Record<string, unknown> = {
          ETag: object.etag.replaceAll('"', ""),
          Checksum: Object.keys(object.checksums).length > 0 ? object.checksums : undefined,
          ObjectParts: object.partsCount ? { TotalPartsCount: object.partsCount } : undefined,
          StorageClass: object.storageClass ?? "STANDARD",
          ObjectSize: object.size,
        };
        const asked = (input.ObjectAttributes ?? []).map((name) => [
          name,
          Object.hasOwn(known, name) ? known[name] : undefined,
        ]);
        const VersionId = versionOf(s3, object);
        return { ...Object.fromEntries(asked), LastModified: new Date(object.modified), VersionId };
      },
    },
    GetObjectAcl: {
      authorize: onObject("GetObjectAcl"),
      run(input) {
        existing(s3, input);
        return ownersOnly(cloud.account);
      },
    },
    PutObjectAcl: {
      authorize: onObject("PutObjectAcl"),
      run(input) {
        existing(s3, input);
        return checkAcl(input);
      },
    },
    PutBucketAcl: {
      authorize: onBucket("PutBucketAcl"),
      run(input) {
        buckets.find(input.Bucket);
        return checkAcl(input);
      },
    },
  };
}
