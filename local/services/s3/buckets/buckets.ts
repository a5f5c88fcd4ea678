/** The buckets of an account: what is set on each, and what is kept of it. */
import { checkPolicy } from "../../../iam/policy.ts";
import { AwsError, type Cloud } from "../../../service.ts";
import type { DefaultEncryption } from "../content/encryption.ts";
import type { NotificationRule } from "../events/notifications.ts";
import type { LockConfiguration } from "../objects/object-lock.ts";
import type { CorsRule } from "./cors.ts";
import type { LifecycleRule } from "./lifecycle.ts";

export interface PublicAccessBlock {
  blockPublicAcls: boolean;
  ignorePublicAcls: boolean;
  blockPublicPolicy: boolean;
  restrictPublicBuckets: boolean;
}

export interface Bucket {
  name: string;
  created: number;
  /** By the program, which declares all that is set on it again at the next start. */
  isDeclared: boolean;
  versioning?: "Enabled" | "Suspended";
  policy?: string;
  cors: CorsRule[];
  notifications: NotificationRule[];
  /** What the program declared of them last, as JSON: its targets got a test message then, and get none at the next start. */
  tried?: string;
  /** Tells the account's default bus of every object that comes or goes. */
  eventBridge?: boolean;
  /** New buckets have all four, as on AWS; undefined where it was deleted. */
  publicAccessBlock?: PublicAccessBlock;
  tags: Record<string, string>;
  /** @default S3's own key */
  encryption?: DefaultEncryption;
  lifecycle?: LifecycleRule[];
  /** Its versions can be locked. */
  objectLock?: LockConfiguration;
  /** What is answered as it was set, by its name: ownership controls, logging … */
  kept?: Record<string, object>;
}

export interface Buckets {
  all(): Bucket[];
  get(name: string): Bucket | undefined;
  /** @throws AwsError NoSuchBucket */
  find(name: string): Bucket;
  create(name: string): Bucket;
  declare(name: string, tags: Record<string, string>): Bucket;
  changed(bucket: Bucket): void;
  remove(name: string): void;
}

const BLOCKED: PublicAccessBlock = {
  blockPublicAcls: true,
  ignorePublicAcls: true,
  blockPublicPolicy: true,
  restrictPublicBuckets: true,
};

export function bucketsOf({ database, clock }: Cloud): Buckets {
  const buckets = new Map<string, Bucket>();
  /** What is kept of buckets that the program has not declared yet. */
  const dormant = new Map<string, Pick<Bucket, "created" | "tried">>();
  database.exec("CREATE TABLE IF NOT EXISTS s3_buckets (name TEXT PRIMARY KEY, bucket TEXT NOT NULL) STRICT");
  const save = database.prepare(
    "INSERT INTO s3_buckets VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET bucket = excluded.bucket",
  );
  const drop = database.prepare("DELETE FROM s3_buckets WHERE name = ?");

  function make(name: string, stored: Partial<Bucket> = {}): Bucket {
    const base = { created: clock.now(), isDeclared: false, cors: [], notifications: [], tags: {} };
    const bucket: Bucket = { ...base, publicAccessBlock: BLOCKED, ...stored, name };
    buckets.set(name, bucket);
    return bucket;
  }

  function changed(bucket: Bucket): void {
    const { name, created, isDeclared, tried } = bucket;
    save.run(name, JSON.stringify(isDeclared ? { name, created, isDeclared, tried } : bucket));
  }

  for (const row of database.prepare("SELECT * FROM s3_buckets").all()) {
    const stored = JSON.parse(String(row.bucket)) as Bucket;
    if (stored.isDeclared) dormant.set(stored.name, { created: stored.created, tried: stored.tried });
    else make(String(row.name), stored);
  }

  return {
    all: () => [...buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    get: (name) => buckets.get(name),
    find(name) {
      const bucket = buckets.get(name);
      if (!bucket) throw new AwsError("NoSuchBucket", "The specified bucket does not exist", 404, { BucketName: name });
      return bucket;
    },
    create(name) {
      const bucket = make(name);
      changed(bucket);
      return bucket;
    },
    declare(name, tags) {
      const bucket = buckets.get(name) ?? make(name, dormant.get(name));
      bucket.isDeclared = true;
      bucket.tags = { ...tags };
      changed(bucket);
      return bucket;
    },
    changed,
    remove(name) {
      buckets.delete(name);
      drop.run(name);
    },
  };
}

/** Sets a bucket's policy. @throws AwsError where it would make public what the bucket keeps from it */
export function setPolicy(bucket: Bucket, policy: string | undefined): void {
  if (policy !== undefined) checkPolicy(policy, "MalformedPolicy");
  if (policy !== undefined && bucket.publicAccessBlock?.blockPublicPolicy && isPublic(policy)) {
    throw new AwsError(
      "AccessDenied",
      `The bucket policy of ${bucket.name} allows everybody, and public policies are blocked by the BlockPublicPolicy block public access setting.`,
      403,
    );
  }
  bucket.policy = policy;
}

/** An allow for everybody without a condition: what AWS calls public goes further. */
export function isPublic(policy: string): boolean {
  const statements: unknown = JSON.parse(policy).Statement ?? [];
  return [statements].flat().some((statement) => {
    const { Effect, Principal, Condition } = statement as Record<string, unknown>;
    const named =
      typeof Principal === "object" && Principal !== null ? (Principal as { AWS?: unknown }).AWS : Principal;
    return Effect === "Allow" && Condition === undefined && [named].flat().includes("*");
  });
}
