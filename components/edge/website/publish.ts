import { join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { Function } from "../../compute/function.ts";
import type { Bucket } from "../../data/bucket.ts";
import { grantInvalidate } from "../../grants.ts";
import type { Tags } from "../../tags.ts";
import type { SiteFiles } from "./files.ts";

export interface Publication {
  site: SiteFiles;
  bucket: Bucket;
  distribution: aws.cloudfront.Distribution;
  readable: pulumi.Resource;
  tags: Tags | undefined;
}

const INVALIDATE = join(import.meta.dirname, "../../../functions/invalidate");

/** More changed pages than these are forgotten with a single star, which CloudFront counts as one path. */
const MOST_PATHS = 15;

/** Puts the files: those with a hash first, then those that name them; then CloudFront forgets what has changed. */
export function publish(
  parent: pulumi.Resource,
  name: string,
  { site, bucket, distribution, readable, tags }: Publication,
): void {
  const put = (
    { key, path, contentType, cacheControl, isHashed }: SiteFiles["files"][number],
    after: pulumi.Resource[],
  ) =>
    new aws.s3.BucketObjectv2(
      `${name}-file-${key}`,
      {
        bucket: bucket.bucketName,
        key,
        source: new pulumi.asset.FileAsset(path),
        contentType,
        cacheControl,
      },
      // A page that somebody has open asks for the files it was built with, also after the next release.
      { parent, dependsOn: after, retainOnDelete: isHashed },
    );
  const assets = site.files.filter(({ isHashed }) => isHashed).map((file) => put(file, []));
  const changing = site.files.filter(({ isHashed }) => !isHashed);
  const pages = changing.map((file) => put(file, assets));
  const invalidate = new Function(
    `${name}-invalidate`,
    {
      entry: INVALIDATE,
      description: "Makes CloudFront forget pages that have changed",
      grants: [grantInvalidate(distribution.arn)],
      timeoutSeconds: 60,
      tags,
    },
    { parent },
  );
  const paths = changing.length > MOST_PATHS ? ["/*"] : changing.map(({ key }) => encodeURI(`/${key}`));
  new aws.lambda.Invocation(
    `${name}-published`,
    {
      functionName: invalidate.functionName,
      input: pulumi.jsonStringify({ distributionId: distribution.id, paths, version: site.version }),
    },
    { parent, dependsOn: [...pages, readable, invalidate] },
  );
}
