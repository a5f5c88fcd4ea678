import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkForm, InvalidArgumentError } from "../invalid-argument.ts";
import type { Queue } from "../messaging/queue.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";

export interface BucketNotification {
  queue: Queue;
  /** @default object creation of any kind */
  events?: string[];
  prefix?: string;
  suffix?: string;
}

export interface BucketArgs {
  /** Physical name, unique in the world. @default Pulumi's autonaming */
  bucketName?: string;
  /** `disposable` buckets are emptied when they are destroyed. @default "protected" */
  protection?: Protection;
  /** Old versions are kept. @default true */
  versioning?: boolean;
  /** Days until unfinished uploads and old versions go. @default 30 */
  cleanUpAfterDays?: number;
  /** KMS key. @default S3's own key */
  kmsKeyArn?: pulumi.Input<string>;
  /** Origins that browsers may upload from; no `*`. @default none */
  allowedOrigins?: string[];
  /** By name. @default none */
  notifications?: Record<string, BucketNotification>;
  tags?: Tags;
}

/**
 * A private, encrypted bucket that answers over TLS only.
 *
 * ```ts
 * new Bucket("photos", { notifications: { uploads: { queue, prefix: "incoming/" } } });
 * ```
 */
export class Bucket extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly bucketName: pulumi.Output<string>;

  constructor(name: string, args: BucketArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:data:Bucket", name, {}, options);
    validate(name, args);
    const child = { parent: this };
    const isProtected = (args.protection ?? "protected") === "protected";
    const bucket = new aws.s3.Bucket(
      name,
      { bucket: args.bucketName, forceDestroy: !isProtected, tags: args.tags },
      { parent: this, protect: isProtected },
    );
    const of = { bucket: bucket.bucket };
    const access = new aws.s3.BucketPublicAccessBlock(
      `${name}-private`,
      { ...of, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
      child,
    );
    new aws.s3.BucketOwnershipControls(
      `${name}-owner`,
      { ...of, rule: { objectOwnership: "BucketOwnerEnforced" } },
      child,
    );
    new aws.s3.BucketServerSideEncryptionConfiguration(
      `${name}-encryption`,
      {
        ...of,
        rules: [
          {
            applyServerSideEncryptionByDefault: args.kmsKeyArn
              ? { sseAlgorithm: "aws:kms", kmsMasterKeyId: args.kmsKeyArn }
              : { sseAlgorithm: "AES256" },
            bucketKeyEnabled: args.kmsKeyArn !== undefined,
          },
        ],
      },
      child,
    );
    const versioning = new aws.s3.BucketVersioning(
      `${name}-versioning`,
      { ...of, versioningConfiguration: { status: (args.versioning ?? true) ? "Enabled" : "Suspended" } },
      child,
    );
    const days = args.cleanUpAfterDays ?? 30;
    new aws.s3.BucketLifecycleConfiguration(
      `${name}-lifecycle`,
      {
        ...of,
        rules: [
          {
            id: "clean-up",
            status: "Enabled",
            filter: { prefix: "" },
            abortIncompleteMultipartUpload: { daysAfterInitiation: Math.min(days, 7) },
            noncurrentVersionExpiration: { noncurrentDays: days },
          },
        ],
      },
      { parent: this, dependsOn: [versioning] },
    );
    new aws.s3.BucketPolicy(
      `${name}-policy`,
      { ...of, policy: tlsOnly(bucket.arn) },
      { parent: this, dependsOn: [access] },
    );
    if (args.allowedOrigins?.length) {
      const rule = {
        allowedMethods: ["GET", "PUT"],
        allowedOrigins: args.allowedOrigins,
        allowedHeaders: ["content-type", "if-none-match"],
      };
      new aws.s3.BucketCorsConfiguration(`${name}-cors`, { ...of, corsRules: [rule] }, child);
    }
    notify(this, name, bucket, args.notifications ?? {});
    this.arn = bucket.arn;
    this.bucketName = bucket.bucket;
    this.registerOutputs({ arn: this.arn, bucketName: this.bucketName });
  }
}

/** A bucket has one notification configuration: it lists them all. */
function notify(
  parent: Bucket,
  name: string,
  bucket: aws.s3.Bucket,
  notifications: Record<string, BucketNotification>,
): void {
  const entries = Object.entries(notifications);
  if (entries.length === 0) return;
  const account = aws.getCallerIdentityOutput({}, { parent }).accountId;
  const policies = entries.map(([id, { queue }]) =>
    queue.acceptFrom(`${name}-${id}`, "s3.amazonaws.com", bucket.arn, account),
  );
  new aws.s3.BucketNotification(
    `${name}-notification`,
    {
      bucket: bucket.bucket,
      queues: entries.map(([id, { queue, events, prefix, suffix }]) => ({
        id,
        queueArn: queue.arn,
        events: events ?? ["s3:ObjectCreated:*"],
        filterPrefix: prefix,
        filterSuffix: suffix,
      })),
    },
    // S3 checks at once that it may send.
    { parent, dependsOn: policies },
  );
}

const tlsOnly = (arn: pulumi.Output<string>): pulumi.Output<string> =>
  pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "TlsOnly",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [arn, pulumi.interpolate`${arn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });

function validate(name: string, args: BucketArgs): void {
  const component = `Bucket "${name}"`;
  const form = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
  checkForm(component, "bucketName", args.bucketName, form, "3 to 63 lower-case letters, digits, hyphens and dots");
  if (args.allowedOrigins?.includes("*")) {
    throw new InvalidArgumentError(
      component,
      "allowedOrigins",
      args.allowedOrigins,
      "name the origins; * lets every site upload",
    );
  }
}
