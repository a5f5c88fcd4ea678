import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../check-args.ts";
import type { Link } from "../compute/link.ts";
import { grantDeleteObjects, grantListObjects, grantReadObjects, grantWriteObjects } from "../grants.ts";
import { checkAdopted, checkedArn, checkForm, InvalidArgumentError } from "../invalid-argument.ts";
import type { Protection } from "../protection.ts";
import type { Tags } from "../tags.ts";
import {
  checkKeeping,
  type LifecycleArgs,
  lifecycleRules,
  lockObjects,
  type ObjectLockArgs,
  type ReplicationArgs,
  replicate,
} from "./bucket-keeping.ts";
import { type BucketNotification, checkNotifications, notify } from "./bucket-notifications.ts";
import { type BucketStatement, bucketPolicy, type LogSource, logStatement } from "./bucket-policy.ts";

export interface BucketArgs {
  /** Physical name, unique in the world. @default Pulumi's autonaming */
  bucketName?: string;
  /** Name of a bucket to use as it is: nothing about it is changed, and other arguments do not go with it. @default a new one */
  existing?: pulumi.Input<string>;
  /** `disposable` buckets are emptied when they are destroyed. @default "protected" */
  protection?: Protection;
  /** Old versions are kept. @default true */
  versioning?: boolean;
  /** Days until unfinished uploads and old versions go. @default 30 */
  cleanUpAfterDays?: number;
  /** What happens to objects as they age, by rule. @default they stay */
  lifecycle?: Record<string, LifecycleArgs>;
  /** Objects that nobody may change or delete for a time. Fixed at creation. @default none */
  objectLock?: ObjectLockArgs;
  /** A second copy of every new object, elsewhere. @default none */
  replication?: ReplicationArgs;
  /** Bucket that receives records of every request, one with `"s3"` among its `logsOf`. @default none are kept */
  accessLogs?: Bucket;
  /** Services of this account that put their logs here. @default none */
  logsOf?: LogSource[];
  /** KMS key. @default S3's own key */
  kmsKeyArn?: pulumi.Input<string>;
  /** Origins that browsers may upload from; no `*`. @default none */
  allowedOrigins?: string[];
  /** By name. @default none */
  notifications?: Record<string, BucketNotification>;
  /** Sends every event to EventBridge's default bus too. @default false */
  eventBridge?: boolean;
  /** Its policy comes with `allow`, from who needs the bucket's name first, as a distribution does. @default false */
  policyLater?: boolean;
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
  /** Host that distributions fetch from. */
  readonly regionalDomainName: pulumi.Output<string>;
  readonly #name: string;
  readonly #logsOf: LogSource[];
  readonly #access: aws.s3.BucketPublicAccessBlock | undefined;

  /**
   * A bucket that is there already: nothing about it is changed.
   *
   * ```ts
   * const photos = Bucket.get("photos", "acme-photos");
   * ```
   */
  static get(name: string, bucketName: pulumi.Input<string>, options?: pulumi.ComponentResourceOptions): Bucket {
    return new Bucket(name, { existing: bucketName }, options);
  }

  constructor(name: string, args: BucketArgs = {}, options?: pulumi.ComponentResourceOptions) {
    super("terrace:data:Bucket", name, {}, options);
    checkArgs("Bucket", name, args);
    validate(name, args);
    const child = { parent: this };
    this.#name = name;
    this.#logsOf = args.logsOf ?? [];
    if (args.existing !== undefined) {
      const found = aws.s3.getBucketOutput({ bucket: args.existing }, child);
      this.arn = found.arn;
      this.bucketName = found.bucket;
      this.regionalDomainName = found.bucketRegionalDomainName;
      this.registerOutputs({ arn: this.arn, bucketName: this.bucketName });
      return;
    }
    const isProtected = (args.protection ?? "protected") === "protected";
    const bucket = new aws.s3.Bucket(
      name,
      {
        bucket: args.bucketName,
        forceDestroy: !isProtected,
        ...(args.objectLock ? { objectLockEnabled: true } : {}),
        tags: args.tags,
      },
      { parent: this, protect: isProtected },
    );
    const of = { bucket: bucket.bucket };
    const kmsKeyArn = checkedArn(`Bucket "${name}"`, "kmsKeyArn", args.kmsKeyArn, "kms");
    this.#access = new aws.s3.BucketPublicAccessBlock(
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
            applyServerSideEncryptionByDefault: kmsKeyArn
              ? { sseAlgorithm: "aws:kms", kmsMasterKeyId: kmsKeyArn }
              : { sseAlgorithm: "AES256" },
            bucketKeyEnabled: kmsKeyArn !== undefined,
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
    new aws.s3.BucketLifecycleConfiguration(
      `${name}-lifecycle`,
      { ...of, rules: lifecycleRules(args) },
      { parent: this, dependsOn: [versioning] },
    );
    this.arn = bucket.arn;
    this.bucketName = bucket.bucket;
    this.regionalDomainName = bucket.bucketRegionalDomainName;
    if (!args.policyLater) this.#attach([]);
    if (args.allowedOrigins?.length) {
      const rule = {
        allowedMethods: ["GET", "PUT"],
        allowedOrigins: args.allowedOrigins,
        allowedHeaders: ["content-type", "if-none-match"],
      };
      new aws.s3.BucketCorsConfiguration(`${name}-cors`, { ...of, corsRules: [rule] }, child);
    }
    notify(this, name, bucket, args.notifications ?? {}, args.eventBridge ?? false);
    if (args.objectLock) lockObjects(this, name, bucket, args.objectLock, versioning);
    if (args.replication) replicate(this, name, bucket, args, versioning);
    if (args.accessLogs) {
      const target = args.accessLogs.bucketName;
      new aws.s3.BucketLogging(
        `${name}-access-logs`,
        { ...of, targetBucket: target, targetPrefix: `s3/${name}/` },
        { parent: this, dependsOn: [args.accessLogs] },
      );
    }
    this.registerOutputs({
      arn: this.arn,
      bucketName: this.bucketName,
      regionalDomainName: this.regionalDomainName,
    });
  }

  /** For `link`: read objects, below a prefix where there is one. */
  read(prefix = ""): Link {
    return { values: { bucketName: this.bucketName }, grants: [grantReadObjects(this.arn, prefix)] };
  }

  /** For `link`: write objects, and sign uploads. */
  write(prefix = ""): Link {
    return { values: { bucketName: this.bucketName }, grants: [grantWriteObjects(this.arn, prefix)] };
  }

  /** For `link`: delete objects. */
  delete(prefix = ""): Link {
    return { values: { bucketName: this.bucketName }, grants: [grantDeleteObjects(this.arn, prefix)] };
  }

  /** For `link`: list keys. */
  list(prefix = ""): Link {
    return { values: { bucketName: this.bucketName }, grants: [grantListObjects(this.arn, prefix)] };
  }

  /** The policy of a bucket whose `policyLater` is set: what it allows beside demanding TLS. A bucket has one policy. */
  allow(statements: pulumi.Input<BucketStatement>[]): aws.s3.BucketPolicy {
    if (!this.#access) {
      const remedy = "an existing bucket's policy is whose it is; add the statements there";
      throw new InvalidArgumentError(`Bucket "${this.#name}"`, "existing", "given", remedy);
    }
    return this.#attach(statements);
  }

  /** Whether a service may put its logs here. */
  takesLogsOf(source: LogSource): boolean {
    return this.#logsOf.includes(source);
  }

  #attach(statements: pulumi.Input<BucketStatement>[]): aws.s3.BucketPolicy {
    const logs = this.#logsOf.length > 0 ? aws.getCallerIdentityOutput({}, { parent: this }).accountId : undefined;
    const policy = bucketPolicy(this.arn, [
      ...this.#logsOf.map((source) => logStatement(source, this.arn, logs!)),
      ...statements,
    ]);
    return new aws.s3.BucketPolicy(
      `${this.#name}-policy`,
      { bucket: this.bucketName, policy },
      { parent: this, dependsOn: [this.#access!] },
    );
  }
}

function validate(name: string, args: BucketArgs): void {
  const component = `Bucket "${name}"`;
  const form = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
  if (args.existing !== undefined) checkAdopted(component, "bucket", args);
  checkForm(component, "bucketName", args.bucketName, form, "3 to 63 lower-case letters, digits, hyphens and dots");
  if (args.allowedOrigins?.includes("*")) {
    throw new InvalidArgumentError(
      component,
      "allowedOrigins",
      args.allowedOrigins,
      "name the origins; * lets every site upload",
    );
  }
  checkKeeping(component, args);
  checkNotifications(component, args.notifications);
  for (const [index, source] of (args.logsOf ?? []).entries()) {
    checkForm(component, `logsOf[${index}]`, source, /^(s3|delivery)$/, "s3 or delivery");
  }
  if (args.accessLogs && !args.accessLogs.takesLogsOf("s3")) {
    const remedy = 'that bucket lets no logs in; give it logsOf: ["s3"]';
    throw new InvalidArgumentError(component, "accessLogs", "closed", remedy);
  }
  // S3 does not deliver logs into a bucket that demands a key of ours or keeps objects locked.
  if (args.logsOf?.includes("s3") && (args.objectLock || args.kmsKeyArn)) {
    const argument = args.objectLock ? "objectLock" : "kmsKeyArn";
    throw new InvalidArgumentError(component, argument, "set", "S3 cannot deliver access logs there; leave it out");
  }
}
