/** How long a bucket keeps what, and where else: lifecycle, object lock, access logs, replication. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Grant } from "../grants.ts";
import { checkedArn, checkForm, checkRange, InvalidArgumentError } from "../invalid-argument.ts";
import { policyOf, trustOfSource } from "../policy-documents.ts";
import type { BucketArgs } from "./bucket.ts";

/** What happens to objects as they age. */
export interface LifecycleArgs {
  /** @default every object */
  prefix?: string;
  /** Days until objects go. @default they stay */
  expireAfterDays?: number;
  /** Days until objects move to colder storage. @default they stay where they are */
  coldAfterDays?: number;
  /** Where they move. @default "GLACIER_IR", read at once */
  coldClass?: "STANDARD_IA" | "INTELLIGENT_TIERING" | "GLACIER_IR" | "GLACIER" | "DEEP_ARCHIVE";
}

/** Objects that nobody may change or delete for a time. Fixed at creation. */
export interface ObjectLockArgs {
  /** `compliance` binds everybody, the account's root too; `governance` all who lack the permission to pass it by. */
  mode: "governance" | "compliance";
  /** 1 to 36500. */
  days: number;
}

/** A second copy of every new object, in a bucket that has versions too. */
export interface ReplicationArgs {
  /** ARN of the bucket that receives the copies. */
  destinationArn: pulumi.Input<string>;
  /** KMS key there; required where this bucket has one of its own. @default the destination's own encryption */
  destinationKmsKeyArn?: pulumi.Input<string>;
  /** @default every object */
  prefix?: string;
}

export function lifecycleRules({ cleanUpAfterDays: days = 30, lifecycle = {} }: BucketArgs) {
  const cleanUp: aws.types.input.s3.BucketLifecycleConfigurationRule = {
    id: "clean-up",
    status: "Enabled",
    filter: { prefix: "" },
    abortIncompleteMultipartUpload: { daysAfterInitiation: Math.min(days, 7) },
    noncurrentVersionExpiration: { noncurrentDays: days },
  };
  const more = Object.entries(lifecycle).map(([id, { prefix = "", expireAfterDays, coldAfterDays, coldClass }]) => ({
    id,
    status: "Enabled",
    filter: { prefix },
    expiration: expireAfterDays ? { days: expireAfterDays } : undefined,
    transitions: coldAfterDays ? [{ days: coldAfterDays, storageClass: coldClass ?? "GLACIER_IR" }] : undefined,
  }));
  return [cleanUp, ...more];
}

export function lockObjects(
  parent: pulumi.Resource,
  name: string,
  bucket: aws.s3.Bucket,
  { mode, days }: ObjectLockArgs,
  versioning: aws.s3.BucketVersioning,
): void {
  new aws.s3.BucketObjectLockConfiguration(
    `${name}-lock`,
    { bucket: bucket.bucket, rule: { defaultRetention: { mode: mode.toUpperCase(), days } } },
    { parent, dependsOn: [versioning] },
  );
}

/** Copies new objects; S3 may read this bucket and write that one, for this bucket only. */
export function replicate(
  parent: pulumi.Resource,
  name: string,
  bucket: aws.s3.Bucket,
  { replication, kmsKeyArn }: BucketArgs,
  versioning: aws.s3.BucketVersioning,
): void {
  const { prefix = "" } = replication!;
  const component = `Bucket "${name}"`;
  const destinationArn = checkedArn(component, "replication.destinationArn", replication!.destinationArn, "s3");
  const destinationKmsKeyArn = checkedArn(
    component,
    "replication.destinationKmsKeyArn",
    replication!.destinationKmsKeyArn,
    "kms",
  );
  const account = aws.getCallerIdentityOutput({}, { parent }).accountId;
  const role = new aws.iam.Role(
    `${name}-replication-role`,
    { assumeRolePolicy: trustOfSource("s3.amazonaws.com", account, bucket.arn) },
    { parent },
  );
  const keys: Grant[] = [
    ...(kmsKeyArn ? [{ actions: ["kms:Decrypt"], resources: [kmsKeyArn] }] : []),
    ...(destinationKmsKeyArn ? [{ actions: ["kms:GenerateDataKey"], resources: [destinationKmsKeyArn] }] : []),
  ];
  const policy = new aws.iam.RolePolicy(
    `${name}-replication-policy`,
    {
      role: role.name,
      policy: policyOf([
        { actions: ["s3:GetReplicationConfiguration", "s3:ListBucket"], resources: [bucket.arn] },
        {
          actions: ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
          resources: [pulumi.interpolate`${bucket.arn}/${prefix}*`],
        },
        {
          actions: ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
          resources: [pulumi.interpolate`${destinationArn}/${prefix}*`],
        },
        ...keys,
      ]),
    },
    { parent },
  );
  new aws.s3.BucketReplicationConfig(
    `${name}-replication`,
    {
      bucket: bucket.bucket,
      role: role.arn,
      rules: [
        {
          id: "copy",
          status: "Enabled",
          filter: { prefix },
          // A deletion here is not one there: the copy is for the day that something deletes by mistake.
          deleteMarkerReplication: { status: "Disabled" },
          sourceSelectionCriteria: kmsKeyArn ? { sseKmsEncryptedObjects: { status: "Enabled" } } : undefined,
          destination: {
            bucket: destinationArn,
            encryptionConfiguration: destinationKmsKeyArn ? { replicaKmsKeyId: destinationKmsKeyArn } : undefined,
          },
        },
      ],
    },
    { parent, dependsOn: [versioning, policy] },
  );
}

export function checkKeeping(component: string, args: BucketArgs): void {
  const { lifecycle = {}, objectLock, replication, versioning } = args;
  checkRange(component, "cleanUpAfterDays", args.cleanUpAfterDays, 1, 36_500);
  for (const [id, rule] of Object.entries(lifecycle)) {
    const at = `lifecycle.${id}`;
    checkForm(
      component,
      at,
      id,
      /^(?!clean-up$)[\w.-]{1,255}$/,
      "a name of letters, digits, _, . and - (not clean-up)",
    );
    checkRange(component, `${at}.expireAfterDays`, rule.expireAfterDays, 1, 36_500);
    checkRange(component, `${at}.coldAfterDays`, rule.coldAfterDays, rule.coldClass === "STANDARD_IA" ? 30 : 1, 36_500);
    if (rule.expireAfterDays === undefined && rule.coldAfterDays === undefined) {
      throw new InvalidArgumentError(component, at, rule, "say expireAfterDays, coldAfterDays or both");
    }
    if (rule.coldAfterDays && rule.expireAfterDays && rule.coldAfterDays >= rule.expireAfterDays) {
      const remedy = `objects go after ${rule.expireAfterDays} days, so they have to move before`;
      throw new InvalidArgumentError(component, `${at}.coldAfterDays`, rule.coldAfterDays, remedy);
    }
  }
  checkForm(component, "objectLock.mode", objectLock?.mode, /^(governance|compliance)$/, "governance or compliance");
  checkRange(component, "objectLock.days", objectLock?.days, 1, 36_500);
  if (versioning === false && (objectLock || replication)) {
    const argument = objectLock ? "objectLock" : "replication";
    throw new InvalidArgumentError(component, "versioning", false, `${argument} needs versions; leave versioning on`);
  }
  if (objectLock && args.protection === "disposable") {
    throw new InvalidArgumentError(
      component,
      "protection",
      args.protection,
      "locked objects cannot be emptied out; leave out objectLock or the protection",
    );
  }
  if (replication && args.kmsKeyArn && !replication.destinationKmsKeyArn) {
    throw new InvalidArgumentError(
      component,
      "replication.destinationKmsKeyArn",
      undefined,
      "this bucket has a key of its own, so name the one that encrypts the copies",
    );
  }
}
