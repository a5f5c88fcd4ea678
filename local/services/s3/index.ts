/**
 * S3 on one machine: objects with metadata, checksums, ranges, conditions, versions, tags, copies, multipart and
 * presigned uploads, CORS, bucket policies, event notifications.
 *
 * Not emulated: ACLs (owners only, as AWS's default is), lifecycle and replication runs, object lock, storage classes,
 * select, website hosting, access points, KMS. A whole object is held in memory while it is read or written.
 */
import { createHash } from "node:crypto";
import type { Resource } from "../../../engine/graph.ts";
import { type Access, AwsError, type Call, type Cloud, type Service } from "../../service.ts";
import { bucketOperations } from "./bucket-operations.ts";
import { type CorsRule, preflight, withCors } from "./cors.ts";
import { multipartOperations } from "./multipart.ts";
import { type NotificationRule, notify, rulesOf } from "./notifications.ts";
import { objectOperations } from "./object-operations.ts";
import { type ObjectVersion, objectStore } from "./store.ts";

export interface Bucket {
  name: string;
  created: number;
  versioning?: "Enabled" | "Suspended";
  policy?: string;
  cors: CorsRule[];
  notifications: NotificationRule[];
}

/** What the groups of operations share. */
export interface S3 {
  cloud: Cloud;
  store: ReturnType<typeof objectStore>;
  buckets: Map<string, Bucket>;
  bucket(name: string): Bucket;
  createBucket(name: string): Bucket;
  removeBucket(name: string): void;
  persist(bucket: Bucket): void;
  onBucket(action: string): (input: { Bucket: string }) => Access;
  onObject(action: string): (input: { Bucket: string; Key: string }) => Access;
  putObject(
    version: Omit<ObjectVersion, "versionId" | "file" | "modified" | "isDeleteMarker" | "size">,
    bytes: Buffer,
    event: string,
    call: Call,
  ): ObjectVersion;
  announce(event: string, object: ObjectVersion, call: Call): void;
}

export function s3(cloud: Cloud): Service {
  const store = objectStore(cloud.database, cloud.directory);
  const buckets = new Map<string, Bucket>();
  cloud.database.exec("CREATE TABLE IF NOT EXISTS s3_buckets (name TEXT PRIMARY KEY, bucket TEXT NOT NULL) STRICT");
  const save = cloud.database.prepare(
    "INSERT INTO s3_buckets VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET bucket = excluded.bucket",
  );
  const drop = cloud.database.prepare("DELETE FROM s3_buckets WHERE name = ?");
  for (const row of cloud.database.prepare("SELECT * FROM s3_buckets").all())
    buckets.set(String(row.name), JSON.parse(String(row.bucket)));
  let announcing: Promise<void> = Promise.resolve();

  const shared: S3 = {
    ...{ cloud, store, buckets },
    bucket(name) {
      const bucket = buckets.get(name);
      if (!bucket) throw new AwsError("NoSuchBucket", "The specified bucket does not exist", 404, { BucketName: name });
      return bucket;
    },
    createBucket(name) {
      const bucket: Bucket = { name, created: cloud.clock.now(), cors: [], notifications: [] };
      buckets.set(name, bucket);
      return bucket;
    },
    removeBucket(name) {
      buckets.delete(name);
      drop.run(name);
    },
    persist: (bucket) => void save.run(bucket.name, JSON.stringify(bucket)),
    onBucket: (action) => (input) => ({
      action: `s3:${action}`,
      resource: `arn:aws:s3:::${input.Bucket}`,
      resourcePolicy: buckets.get(input.Bucket)?.policy,
    }),
    onObject: (action) => (input) => ({
      action: `s3:${action}`,
      resource: `arn:aws:s3:::${input.Bucket}/${input.Key}`,
      resourcePolicy: buckets.get(input.Bucket)?.policy,
    }),
    putObject(version, bytes, event, call) {
      const bucket = shared.bucket(version.bucket);
      const complete = { ...version, isDeleteMarker: false, modified: cloud.clock.now(), size: bytes.length };
      const stored = store.put(complete, bytes, bucket.versioning === "Enabled");
      shared.announce(event, stored, call);
      return stored;
    },
    announce(event, object, { principal }) {
      const rules = buckets.get(object.bucket)?.notifications ?? [];
      if (rules.length === 0) return;
      // In the order of the writes, after the answer: writers do not wait for readers.
      announcing = announcing.then(() =>
        notify(cloud, rules, event, object, principal.sessionName ?? principal.account),
      );
    },
  };

  const declared =
    (change: (bucket: Bucket, resource: Resource) => void) =>
    (resource: Resource): void =>
      change(shared.bucket(String(resource.inputs.bucket)), resource);
  const declare = ({ outputs }: Resource): void => {
    const name = String(outputs.bucket);
    if (!buckets.has(name)) shared.persist(shared.createBucket(name));
  };
  const kept = (): void => {};
  const resources: Service["resources"] = {
    "aws:s3/bucket:Bucket": declare,
    "aws:s3/bucketV2:BucketV2": declare,
  };
  const aspects: Record<string, (resource: Resource) => void> = {
    bucketPolicy: declared((bucket, { inputs }) => {
      bucket.policy = String(inputs.policy);
    }),
    bucketVersioning: declared((bucket, { inputs }) => {
      bucket.versioning = (inputs.versioningConfiguration as { status: Bucket["versioning"] }).status;
    }),
    bucketCorsConfiguration: declared((bucket, { inputs }) => {
      bucket.cors = inputs.corsRules as unknown as CorsRule[];
    }),
    bucketNotification: declared((bucket, { inputs }) => {
      bucket.notifications = rulesOf(inputs);
    }),
    // What these ask for holds here anyway, or nothing on one machine acts on it.
    bucketPublicAccessBlock: kept,
    bucketOwnershipControls: kept,
    bucketServerSideEncryptionConfiguration: kept,
    bucketLifecycleConfiguration: kept,
    bucketReplicationConfig: kept,
    bucketObjectLockConfiguration: kept,
  };
  for (const [name, provision] of Object.entries(aspects)) {
    const spelled = name[0]!.toUpperCase() + name.slice(1);
    resources[`aws:s3/${name}:${spelled}`] = provision;
    resources[`aws:s3/${name}V2:${spelled}V2`] = provision;
  }

  return {
    name: "s3",
    client: () => import("@aws-sdk/client-s3"),
    resources,
    operations: withCors(shared, {
      ...bucketOperations(shared),
      ...objectOperations(shared),
      ...multipartOperations(shared),
    }),
    handle: async (request) => (request.method === "OPTIONS" ? preflight(shared, request) : undefined),
    stop: () => announcing,
  };
}

export function etagOf(bytes: Buffer): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}
