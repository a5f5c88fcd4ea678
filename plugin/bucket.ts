import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../components/index.ts";

export interface BucketArgs {
  /** Physical name, unique in the world. Pulumi's autonaming by default. */
  bucketName?: string;
  /** "protected" (by default), or "disposable": emptied when it is destroyed. */
  protection?: string;
  /** Old versions are kept; true by default. */
  versioning?: boolean;
  /** Days until unfinished uploads and old versions go; 30 by default. */
  cleanUpAfterDays?: number;
  /** S3's own key by default. */
  kmsKeyArn?: pulumi.Input<string>;
  /** Origins that browsers may upload from. */
  allowedOrigins?: string[];
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
    const bucket = new terrace.Bucket(name, args as terrace.BucketArgs, { parent: this });
    this.arn = bucket.arn;
    this.bucketName = bucket.bucketName;
    this.registerOutputs({ arn: this.arn, bucketName: this.bucketName });
  }
}
