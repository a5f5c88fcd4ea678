import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { Bucket } from "../../data/bucket.ts";
import type { WebsiteArgs } from "../website.ts";

/** Who asked for what, and how it went. Cookies and query strings, where tokens stand, are left out. */
const FIELDS = [
  ...["date", "time", "x-edge-location", "x-edge-request-id", "x-edge-result-type", "x-edge-detailed-result-type"],
  ...[
    "c-ip",
    "c-country",
    "cs-method",
    "cs(Host)",
    "x-host-header",
    "cs-uri-stem",
    "cs-protocol",
    "cs-protocol-version",
  ],
  ...["sc-status", "sc-bytes", "cs-bytes", "sc-content-type", "time-taken", "time-to-first-byte", "ssl-protocol"],
  ...["cs(Referer)", "cs(User-Agent)"],
];

/** Access logs as JSON in a bucket of their own. CloudFront is logged in us-east-1, wherever the stack is. */
export function logAccess(
  parent: pulumi.Resource,
  name: string,
  distributionArn: pulumi.Output<string>,
  { logRetentionDays = 30, protection, tags }: WebsiteArgs,
): Bucket {
  const place = { region: "us-east-1", tags };
  const bucket = new Bucket(
    `${name}-logs`,
    {
      ...{ protection, tags, logsOf: ["delivery"], cleanUpAfterDays: 1 },
      lifecycle: { "access-logs": { expireAfterDays: logRetentionDays } },
    },
    { parent },
  );
  const source = new aws.cloudwatch.LogDeliverySource(
    `${name}-access`,
    { ...place, logType: "ACCESS_LOGS", resourceArn: distributionArn },
    { parent },
  );
  const destination = new aws.cloudwatch.LogDeliveryDestination(
    `${name}-access`,
    {
      ...place,
      outputFormat: "json",
      deliveryDestinationConfiguration: { destinationResourceArn: bucket.arn },
    },
    { parent },
  );
  new aws.cloudwatch.LogDelivery(
    `${name}-access`,
    {
      ...place,
      deliverySourceName: source.name,
      deliveryDestinationArn: destination.arn,
      recordFields: FIELDS,
      s3DeliveryConfigurations: [{ suffixPath: "/{DistributionId}/{yyyy}/{MM}/{dd}", enableHiveCompatiblePath: false }],
    },
    { parent, dependsOn: [bucket] },
  );
  return bucket;
}
