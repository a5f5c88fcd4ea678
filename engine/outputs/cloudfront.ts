/** CloudFront, and the delivery of its logs. */
import { arn, hex, identified, physicalName, type Table } from "./row.ts";

const everywhere = { region: "" };

export const cloudfront: Table = {
  "aws:cloudfront/distribution:Distribution": (resource, context) => {
    const id = `E${hex(resource, 13).toUpperCase()}`;
    return {
      id,
      arn: arn(context, "cloudfront", `distribution/${id}`, everywhere),
      domainName: `d${hex(resource, 13)}.cloudfront.net`,
      // The zone that all of CloudFront's hosts are in.
      hostedZoneId: "Z2FDTNDATAQYW2",
      status: "Deployed",
    };
  },
  "aws:cloudfront/function:Function": (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "cloudfront", `function/${name}`, everywhere), status: "UNASSOCIATED" };
  },
  "aws:cloudfront/originAccessControl:OriginAccessControl": (resource) => ({
    id: `E${hex(resource, 13).toUpperCase()}`,
    name: physicalName(resource),
  }),
  "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": (resource) => ({
    id: hex(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
    name: physicalName(resource),
  }),
  "aws:cloudwatch/logDeliverySource:LogDeliverySource": (resource, context) => {
    const name = physicalName(resource);
    const region = resource.inputs.region ?? context.region;
    return { id: name, name, arn: arn(context, "logs", `delivery-source:${name}`, { region }), service: "cloudfront" };
  },
  "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": (resource, context) => {
    const name = physicalName(resource);
    const region = resource.inputs.region ?? context.region;
    return { id: name, name, arn: arn(context, "logs", `delivery-destination:${name}`, { region }) };
  },
  "aws:cloudwatch/logDelivery:LogDelivery": identified("", 16),
  "aws:s3/bucketObjectv2:BucketObjectv2": (resource) => {
    const { bucket, key } = resource.inputs;
    return { id: `${bucket}/${key}`, etag: hex(resource, 32), versionId: hex(resource, 32, "version") };
  },
};
