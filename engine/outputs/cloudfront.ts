/** CloudFront, and the delivery of its logs. */
import { arn, hex, identified, keyed, physicalName, type Row, type Table, uuid } from "./row.ts";

const everywhere = { region: "" };
const object: Row = (resource) => {
  const { bucket, key } = resource.inputs;
  return { id: `${bucket}/${key}`, etag: hex(resource, 32), versionId: hex(resource, 32, "version") };
};
const policy: Row = (resource) => ({
  id: uuid(resource),
  name: physicalName(resource),
  etag: hex(resource, 13, "etag"),
});

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
  "aws:cloudfront/originAccessIdentity:OriginAccessIdentity": (resource) => {
    const id = `E${hex(resource, 13).toUpperCase()}`;
    return {
      id,
      cloudfrontAccessIdentityPath: `origin-access-identity/cloudfront/${id}`,
      iamArn: `arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ${id}`,
      callerReference: resource.urn,
    };
  },
  "aws:cloudfront/cachePolicy:CachePolicy": policy,
  "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": policy,
  "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": policy,
  "aws:cloudfront/keyGroup:KeyGroup": policy,
  "aws:cloudfront/publicKey:PublicKey": (resource) => ({
    id: `K${hex(resource, 13).toUpperCase()}`,
    name: physicalName(resource),
    callerReference: resource.urn,
  }),
  "aws:cloudfront/keyValueStore:KeyValueStore": (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "cloudfront", `key-value-store/${uuid(resource)}`, everywhere) };
  },
  "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey": keyed("keyValueStoreArn", "key"),
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
  "aws:s3/bucketObject:BucketObject": object,
  "aws:s3/bucketObjectv2:BucketObjectv2": object,
};
