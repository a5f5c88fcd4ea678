/** S3, DynamoDB, Aurora, Secrets Manager, SSM, KMS. */
import {
  arn,
  type Context,
  hex,
  identified,
  keyed,
  physicalName,
  type Registered,
  type Row,
  type Table,
} from "./row.ts";

const bucket: Row = (resource, context) => {
  const name = physicalName(resource, "bucket").toLowerCase();
  return {
    id: name,
    bucket: name,
    arn: arn(context, "s3", name, { region: "", account: "" }),
    bucketDomainName: `${name}.s3.amazonaws.com`,
    bucketRegionalDomainName: `${name}.s3.${context.region}.amazonaws.com`,
    region: context.region,
  };
};

const website: Row = ({ inputs }, { region }) => {
  const websiteDomain = `s3-website-${region}.amazonaws.com`;
  return { id: String(inputs.bucket), websiteDomain, websiteEndpoint: `${inputs.bucket}.${websiteDomain}` };
};

/** The resources that set one aspect of a bucket are known by its name. */
function bucketAspects(names: string[]): Table {
  const types = names.flatMap((name) => {
    const spelled = name[0]!.toUpperCase() + name.slice(1);
    return [`aws:s3/${name}:${spelled}`, `aws:s3/${name}V2:${spelled}V2`];
  });
  return Object.fromEntries(types.map((type) => [type, keyed("bucket")]));
}

function clusterOutputs(resource: Registered, context: Context) {
  const identifier = physicalName(resource, "clusterIdentifier");
  const suffix = hex(resource, 12);
  const masterSecret = arn(context, "secretsmanager", `secret:rds!cluster-${hex(resource, 32)}-${hex(resource, 6)}`);
  return {
    id: identifier,
    clusterIdentifier: identifier,
    arn: arn(context, "rds", `cluster:${identifier}`),
    clusterResourceId: `cluster-${hex(resource, 26).toUpperCase()}`,
    endpoint: `${identifier}.cluster-${suffix}.${context.region}.rds.amazonaws.com`,
    readerEndpoint: `${identifier}.cluster-ro-${suffix}.${context.region}.rds.amazonaws.com`,
    port: resource.inputs.port ?? 5432,
    engineVersionActual: resource.inputs.engineVersion,
    masterUserSecrets: resource.inputs.manageMasterUserPassword
      ? [{ secretArn: masterSecret, secretStatus: "active", kmsKeyId: resource.inputs.masterUserSecretKmsKeyId ?? "" }]
      : [],
  };
}

export const storage: Table = {
  "aws:s3/bucket:Bucket": bucket,
  "aws:s3/bucketV2:BucketV2": bucket,
  ...bucketAspects([
    "bucketPolicy",
    "bucketPublicAccessBlock",
    "bucketVersioning",
    "bucketServerSideEncryptionConfiguration",
    "bucketLifecycleConfiguration",
    "bucketCorsConfiguration",
    "bucketNotification",
    "bucketOwnershipControls",
    "bucketLogging",
    "bucketReplicationConfig",
    "bucketObjectLockConfiguration",
  ]),
  "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration": website,
  "aws:s3/bucketWebsiteConfigurationV2:BucketWebsiteConfigurationV2": website,
  "aws:dynamodb/table:Table": (resource, context) => {
    const name = physicalName(resource);
    const table = arn(context, "dynamodb", `table/${name}`);
    const streamLabel = "2026-01-01T00:00:00.000";
    const stream = resource.inputs.streamEnabled ? { streamLabel, streamArn: `${table}/stream/${streamLabel}` } : {};
    return { id: name, name, arn: table, ...stream };
  },
  "aws:rds/cluster:Cluster": clusterOutputs,
  "aws:rds/clusterInstance:ClusterInstance": (resource, context) => {
    const identifier = physicalName(resource, "identifier");
    return { id: identifier, identifier, arn: arn(context, "rds", `db:${identifier}`), writer: true, port: 5432 };
  },
  "aws:rds/subnetGroup:SubnetGroup": (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "rds", `subgrp:${name}`) };
  },
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "rds", `cluster-pg:${name}`) };
  },
  "aws:secretsmanager/secret:Secret": (resource, context) => {
    const name = physicalName(resource);
    const secret = arn(context, "secretsmanager", `secret:${name}-${hex(resource, 6)}`);
    return { id: secret, name, arn: secret };
  },
  "aws:secretsmanager/secretVersion:SecretVersion": (resource) => {
    const versionId = hex(resource, 32);
    return { id: `${resource.inputs.secretId}|${versionId}`, versionId, arn: resource.inputs.secretId };
  },
  "aws:secretsmanager/secretRotation:SecretRotation": ({ inputs }) => ({ id: inputs.secretId, rotationEnabled: true }),
  "aws:secretsmanager/secretPolicy:SecretPolicy": keyed("secretArn"),
  "aws:ssm/parameter:Parameter": (resource, context) => {
    const name = physicalName(resource);
    return {
      id: name,
      name,
      version: 1,
      arn: arn(context, "ssm", `parameter${name.startsWith("/") ? "" : "/"}${name}`),
    };
  },
  "aws:kms/key:Key": (resource, context) => {
    const keyId = hex(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    return { id: keyId, keyId, arn: arn(context, "kms", `key/${keyId}`) };
  },
  "aws:kms/keyPolicy:KeyPolicy": keyed("keyId"),
  "aws:kms/alias:Alias": (resource, context) => {
    const name = physicalName(resource);
    return { id: name, name, arn: arn(context, "kms", name), targetKeyArn: resource.inputs.targetKeyId };
  },
  "aws:backup/vault:Vault": identified("vault-"),
};
