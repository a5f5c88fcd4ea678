/** Packages that AWS Signer has signed: Lambda then runs what a trusted profile vouches for, and nothing else. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Bucket } from "../../data/bucket.ts";
import { targetsHost } from "../bundle.ts";

export interface SigningArgs {
  /** Signing profile of AWS Signer, of platform `AWSLambda-SHA384-ECDSA`. */
  profileName: pulumi.Input<string>;
  /** Code signing configuration of Lambda that trusts the profile. */
  configArn: pulumi.Input<string>;
  /** Where packages are signed: a bucket with versions. */
  bucket: Bucket;
}

type Code = Pick<aws.lambda.FunctionArgs, "code" | "s3Bucket" | "s3Key" | "codeSigningConfigArn">;

/** The code as it is, or its signed copy. What runs on this machine is not signed: there is nobody here to sign it. */
export function codeOf(
  parent: pulumi.Resource,
  name: string,
  signing: SigningArgs | undefined,
  code: Promise<pulumi.asset.Archive>,
): Code {
  if (!signing || targetsHost()) return { code };
  const bucket = signing.bucket.bucketName;
  const plain = new aws.s3.BucketObjectv2(
    `${name}-package`,
    { bucket, key: `unsigned/${name}.zip`, source: code, contentType: "application/zip" },
    { parent },
  );
  const job = new aws.signer.SigningJob(
    `${name}-signed`,
    {
      profileName: signing.profileName,
      source: { s3: { bucket, key: plain.key, version: plain.versionId } },
      destination: { s3: { bucket, prefix: `signed/${name}/` } },
    },
    { parent },
  );
  const signed = job.signedObjects.apply(([object]) => object!.s3s[0]!);
  return { s3Bucket: signed.bucket, s3Key: signed.key, codeSigningConfigArn: signing.configArn };
}
