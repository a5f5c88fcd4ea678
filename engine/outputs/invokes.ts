/** Answers to data source calls, by token. A call that nobody answers is an error. */
import { zoneNames } from "./network.ts";
import { arn, type Context, hex, uuid, type Values } from "./row.ts";

type Answer = (inputs: Values, context: Context) => Values;

const answers: Record<string, Answer> = {
  "aws:index/getCallerIdentity:getCallerIdentity": (_inputs, context) => ({
    id: context.account,
    accountId: context.account,
    arn: arn(context, "iam", "root", { region: "" }),
    userId: context.account,
  }),
  "aws:index/getRegion:getRegion": (inputs, context) => {
    const region = inputs.region ?? inputs.name ?? context.region;
    return { id: region, name: region, region, description: region, endpoint: `ec2.${region}.amazonaws.com` };
  },
  "aws:index/getPartition:getPartition": (_inputs, context) => ({
    id: context.partition,
    partition: context.partition,
    dnsSuffix: "amazonaws.com",
    reverseDnsPrefix: "com.amazonaws",
  }),
  "aws:index/getAvailabilityZones:getAvailabilityZones": (_inputs, context) => {
    const names = zoneNames(context.region, 3);
    return { id: context.region, names, zoneIds: names, state: "available" };
  },
  "aws:iam/getPolicyDocument:getPolicyDocument": (inputs) => {
    const json = policyDocument(inputs);
    return { id: hex({ urn: json }, 10), json, minifiedJson: JSON.stringify(JSON.parse(json)) };
  },
  "aws:route53/getZone:getZone": (inputs, context) => {
    const zoneId = inputs.zoneId ?? `Z${hex({ urn: String(inputs.name) }, 20).toUpperCase()}`;
    return {
      id: zoneId,
      zoneId,
      name: inputs.name,
      arn: arn(context, "route53", `hostedzone/${zoneId}`, { region: "", account: "" }),
      nameServers: [1, 2, 3, 4].map((n) => `ns-${n}.awsdns-0${n}.org`),
    };
  },
  "aws:ec2/getSecurityGroup:getSecurityGroup": (inputs) => ({
    id: `sg-${hex({ urn: JSON.stringify(inputs) }, 17)}`,
    name: inputs.name,
    vpcId: inputs.vpcId,
  }),
  "aws:ec2/getVpc:getVpc": (inputs) => ({
    id: inputs.id ?? `vpc-${hex({ urn: JSON.stringify(inputs) }, 17)}`,
    cidrBlock: inputs.cidrBlock ?? "10.0.0.0/16",
  }),
  "aws:ec2/getSubnets:getSubnets": (inputs) => ({
    id: "subnets",
    ids: [0, 1, 2].map((n) => `subnet-${hex({ urn: `${JSON.stringify(inputs)}${n}` }, 17)}`),
  }),
  "aws:bedrock/getInferenceProfile:getInferenceProfile": (inputs, context) => {
    const model = String(inputs.inferenceProfileId).replace(/^[a-z-]+\./, "");
    return {
      id: inputs.inferenceProfileId,
      inferenceProfileArn: arn(context, "bedrock", `inference-profile/${inputs.inferenceProfileId}`),
      models: [context.region, "eu-central-1"].map((region) => ({
        modelArn: arn(context, "bedrock", `foundation-model/${model}`, { region, account: "" }),
      })),
      status: "ACTIVE",
      type: "SYSTEM_DEFINED",
    };
  },
  "aws:rds/getCluster:getCluster": ({ clusterIdentifier }, context) => {
    const suffix = hex({ urn: clusterIdentifier }, 12);
    const secret = `secret:rds!cluster-${hex({ urn: clusterIdentifier }, 32)}-${hex({ urn: clusterIdentifier }, 6)}`;
    return {
      id: clusterIdentifier,
      clusterIdentifier,
      arn: arn(context, "rds", `cluster:${clusterIdentifier}`),
      clusterResourceId: `cluster-${hex({ urn: clusterIdentifier }, 26).toUpperCase()}`,
      endpoint: `${clusterIdentifier}.cluster-${suffix}.${context.region}.rds.amazonaws.com`,
      readerEndpoint: `${clusterIdentifier}.cluster-ro-${suffix}.${context.region}.rds.amazonaws.com`,
      // A cluster whose name says so is one that somebody keeps the password of.
      masterUserSecrets: String(clusterIdentifier).endsWith("-own-password")
        ? []
        : [{ secretArn: arn(context, "secretsmanager", secret), secretStatus: "active", kmsKeyId: "" }],
    };
  },
  "aws:sqs/getQueue:getQueue": ({ name }, context) => ({
    id: name,
    name,
    arn: arn(context, "sqs", String(name)),
    url: `https://sqs.${context.region}.amazonaws.com/${context.account}/${name}`,
  }),
  "aws:dynamodb/getTable:getTable": ({ name }, context) => ({
    id: name,
    name,
    arn: arn(context, "dynamodb", `table/${name}`),
    streamArn: arn(context, "dynamodb", `table/${name}/stream/2026-01-01T00:00:00.000`),
  }),
  "aws:s3/getBucket:getBucket": ({ bucket }, context) => ({
    id: bucket,
    bucket,
    arn: arn(context, "s3", bucket, { region: "", account: "" }),
    bucketDomainName: `${bucket}.s3.amazonaws.com`,
    bucketRegionalDomainName: `${bucket}.s3.${context.region}.amazonaws.com`,
    bucketRegion: context.region,
  }),
  "aws:kms/getAlias:getAlias": (inputs, context) => ({
    id: inputs.name,
    name: inputs.name,
    arn: arn(context, "kms", inputs.name),
    targetKeyArn: arn(context, "kms", `key/${uuid({ urn: inputs.name })}`),
  }),
};

export function answerInvoke(token: string, inputs: Values, context: Context): Values {
  const answer = answers[token];
  if (!answer) throw new Error(`${token}: nobody answers this call. Add it to engine/outputs/invokes.ts.`);
  return { ...inputs, ...answer(inputs, context) };
}

interface PolicyStatement {
  sid?: string;
  effect?: string;
  actions?: string[];
  notActions?: string[];
  resources?: string[];
  notResources?: string[];
  principals?: { type: string; identifiers: string[] }[];
  conditions?: { test: string; variable: string; values: string[] }[];
}

function policyDocument(inputs: Values): string {
  const one = (values: string[]) => (values.length === 1 ? values[0] : values);
  const statements = ((inputs.statements ?? []) as PolicyStatement[]).map((statement) => ({
    ...(statement.sid ? { Sid: statement.sid } : {}),
    Effect: statement.effect ?? "Allow",
    ...(statement.principals
      ? { Principal: Object.fromEntries(statement.principals.map(({ type, identifiers }) => [type, one(identifiers)])) }
      : {}),
    ...(statement.actions ? { Action: one(statement.actions) } : {}),
    ...(statement.notActions ? { NotAction: one(statement.notActions) } : {}),
    ...(statement.resources ? { Resource: one(statement.resources) } : {}),
    ...(statement.notResources ? { NotResource: one(statement.notResources) } : {}),
    ...(statement.conditions ? { Condition: conditionsOf(statement.conditions) } : {}),
  }));
  return JSON.stringify({ Version: inputs.version ?? "2012-10-17", Statement: statements }, null, 2);
}

function conditionsOf(
  conditions: NonNullable<PolicyStatement["conditions"]>,
): Record<string, Record<string, string[]>> {
  const block: Record<string, Record<string, string[]>> = {};
  for (const { test, variable, values } of conditions) {
    block[test] ??= {};
    block[test][variable] = values;
  }
  return block;
}
