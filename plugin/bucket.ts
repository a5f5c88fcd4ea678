import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";
import { functionOf } from "./function.ts";
import type { FunctionArgs } from "./function-args.ts";

/** When objects go, or to where they cost less. */
export interface LifecycleArgs {
  prefix?: string;
  expireAfterDays?: number;
  coldAfterDays?: number;
  /** "STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER" or "DEEP_ARCHIVE". */
  coldClass?: string;
}

/** Objects that nobody may delete for a time. */
export interface ObjectLockArgs {
  /** "governance" or "compliance". */
  mode: string;
  /** 1 to 36500. */
  days: number;
}

/** A copy of each object in another bucket. */
export interface ReplicationArgs {
  /** ARN of the bucket that receives the copies. */
  destinationArn: pulumi.Input<string>;
  /** KMS key there; required where this bucket has one of its own. */
  destinationKmsKeyArn?: pulumi.Input<string>;
  prefix?: string;
}

/** A function that is told of objects. */
export interface BucketNotificationArgs {
  function: FunctionArgs;
  /** Object creation of any kind by default. */
  events?: string[];
  prefix?: string;
  suffix?: string;
}

export interface BucketArgs {
  /** Physical name, unique in the world. Pulumi's autonaming by default. */
  bucketName?: string;
  /** Name of a bucket to use as it is: nothing about it is changed. A new one by default. */
  existing?: pulumi.Input<string>;
  /** "protected" (by default), or "disposable": emptied when it is destroyed. */
  protection?: string;
  /** Old versions are kept; true by default. */
  versioning?: boolean;
  /** Days until unfinished uploads and old versions go; 30 by default. */
  cleanUpAfterDays?: number;
  /** By name. */
  lifecycle?: Record<string, LifecycleArgs>;
  /** Fixed at creation; none by default. */
  objectLock?: ObjectLockArgs;
  replication?: ReplicationArgs;
  /** Services that may put their logs here: "s3", "delivery". */
  logsOf?: string[];
  /** S3's own key by default. */
  kmsKeyArn?: pulumi.Input<string>;
  /** Origins that browsers may upload from. */
  allowedOrigins?: string[];
  /** Functions that are told of objects, by name. */
  notifications?: Record<string, BucketNotificationArgs>;
  /** Sends every event to EventBridge's default bus too. */
  eventBridge?: boolean;
  tags?: Record<string, string>;
}

/** A private, encrypted bucket that answers over TLS only. */
export class Bucket extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly bucketName: pulumi.Output<string>;

  constructor(name: string, args: BucketArgs, options?: pulumi.ComponentResourceOptions) {
    super("terrace:index:Bucket", name, {}, options);
    const { notifications, ...rest } = args;
    const told = Object.entries(notifications ?? {}).map(([id, { function: fn, ...what }]) => [
      id,
      { ...what, function: functionOf(`${name}-${id}`, fn, this) },
    ]);
    const made = { ...rest, ...(notifications ? { notifications: Object.fromEntries(told) } : {}) };
    const bucket = new terrace.Bucket(name, made as terrace.BucketArgs, { parent: this });
    this.arn = bucket.arn;
    this.bucketName = bucket.bucketName;
    this.registerOutputs({ arn: this.arn, bucketName: this.bucketName });
  }
}
