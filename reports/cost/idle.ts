/** What a resource costs in a month in which nobody uses it. Pure. */
import type { Resource, Value } from "../../engine/graph.ts";
import { HOURS_PER_MONTH, PRICES } from "./prices.ts";

export interface Item {
  what: string;
  usdPerMonth: number;
}

type Inputs = Record<string, Value>;
type Idle = (inputs: Inputs, resource: Resource) => Item[];

/** A cluster's volume begins at this size; more is the tenants' own. */
const EMPTY_DATABASE_GB = 10;

const fixed =
  (what: string, usdPerMonth: number): Idle =>
  () => [{ what, usdPerMonth }];

const IDLE: Record<string, Idle> = {
  "aws:rds/cluster:Cluster": ({ manageMasterUserPassword }) => [
    { what: `storage of ${EMPTY_DATABASE_GB} GB`, usdPerMonth: EMPTY_DATABASE_GB * PRICES.auroraStorage.usd },
    ...(manageMasterUserPassword ? [{ what: "the master user's secret", usdPerMonth: PRICES.secret.usd }] : []),
  ],
  "aws:secretsmanager/secret:Secret": fixed("a secret", PRICES.secret.usd),
  "aws:kms/key:Key": fixed("a key of its own", PRICES.key.usd),
  "aws:route53/zone:Zone": fixed("a hosted zone", PRICES.zone.usd),
  "aws:route53/healthCheck:HealthCheck": fixed("a health check", PRICES.healthCheck.usd),
  "aws:cloudwatch/metricAlarm:MetricAlarm": ({ metricQueries }) => {
    const metrics = Math.max(
      1,
      (metricQueries as { metric?: Value }[] | undefined)?.filter(({ metric }) => metric).length ?? 1,
    );
    return [
      { what: `an alarm on ${metrics} metric${metrics > 1 ? "s" : ""}`, usdPerMonth: metrics * PRICES.alarm.usd },
    ];
  },
  "aws:cloudwatch/dashboard:Dashboard": fixed("a dashboard", PRICES.dashboard.usd),
  "aws:ec2/natGateway:NatGateway": fixed("a NAT gateway and its address", nat(1)),
  "aws:ec2/vpcEndpoint:VpcEndpoint": ({ vpcEndpointType, subnetIds }) =>
    vpcEndpointType === "Interface"
      ? [{ what: "an interface endpoint", usdPerMonth: endpoints((subnetIds as Value[] | undefined)?.length ?? 1) }]
      : [],
  "aws:wafv2/webAcl:WebAcl": ({ rules }) => {
    const count = (rules as Value[] | undefined)?.length ?? 0;
    return [{ what: `a web ACL with ${count} rules`, usdPerMonth: PRICES.webAcl.usd + count * PRICES.webAclRule.usd }];
  },
  "awsx:ec2:Vpc": ({ natGateways, numberOfAvailabilityZones }) => {
    const zones = Number(numberOfAvailabilityZones ?? 3);
    const strategy = (natGateways as { strategy?: string } | undefined)?.strategy ?? "OnePerAz";
    const count = strategy === "None" ? 0 : strategy === "Single" ? 1 : zones;
    return count === 0
      ? []
      : [{ what: `${count} NAT gateway${count > 1 ? "s" : ""} and their addresses`, usdPerMonth: nat(count) }];
  },
};

/** Types that cost nothing until somebody uses them; by module, or one by one. */
const FREE =
  /^(aws:(acm|apigateway|apigatewayv2|athena|budgets|cloudfront|codebuild|codedeploy|cognito|dynamodb|ecr|glue|iam|lambda|s3|scheduler|sfn|signer|sns|sqs|ssm|xray)\/|aws:cloudwatch\/(event\w+|logGroup|log\w+|queryDefinition)|aws:ec2\/(defaultSecurityGroup|flowLog|internetGateway|route\w*|securityGroup\w*|subnet|vpc):|aws:vpc\/|aws:kms\/alias|aws:rds\/(subnetGroup|clusterParameterGroup|clusterInstance)|aws:route53\/record|aws:secretsmanager\/secret(Policy|Version|Rotation)|aws:wafv2\/webAcl\w+|aws:elasticache\/(user|userGroup|subnetGroup)\w*:)/;

/** @returns undefined where the price is not known */
export function idleItems(resource: Resource, all: readonly Resource[]): Item[] | undefined {
  if (resource.type === "aws:rds/clusterInstance:ClusterInstance") return capacity(resource, all);
  if (resource.type === "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig") {
    return warm(resource, all);
  }
  const known = IDLE[resource.type];
  if (known) return known(resource.inputs, resource);
  return FREE.test(resource.type) ? [] : undefined;
}

/** An instance of a serverless cluster stands at the cluster's least capacity; at 0 it pauses. */
function capacity({ inputs }: Resource, all: readonly Resource[]): Item[] | undefined {
  if (inputs.instanceClass !== "db.serverless") return undefined;
  const cluster = all.find(
    ({ type, outputs, id }) =>
      type === "aws:rds/cluster:Cluster" &&
      [outputs.clusterIdentifier, id].includes(inputs.clusterIdentifier as string),
  );
  const scaling = cluster?.inputs.serverlessv2ScalingConfiguration as { minCapacity?: number } | undefined;
  const least = scaling?.minCapacity ?? 0.5;
  if (least === 0) return [];
  return [{ what: `${least} ACU at least`, usdPerMonth: least * PRICES.auroraCapacity.usd * HOURS_PER_MONTH }];
}

/** Environments that wait for calls, by their memory. */
function warm({ inputs }: Resource, all: readonly Resource[]): Item[] | undefined {
  const fn = all.find(
    ({ type, outputs }) => type === "aws:lambda/function:Function" && outputs.name === inputs.functionName,
  );
  if (!fn) return undefined;
  const arm = JSON.stringify(fn.inputs.architectures ?? []).includes("arm64");
  const gigabytes = (Number(fn.inputs.memorySize ?? 128) / 1024) * Number(inputs.provisionedConcurrentExecutions);
  const second = (arm ? PRICES.lambdaWarmArm : PRICES.lambdaWarmX86).usd;
  return [{ what: `${gigabytes} GB of warm environments`, usdPerMonth: gigabytes * second * HOURS_PER_MONTH * 3600 }];
}

function nat(count: number): number {
  return count * (PRICES.natGateway.usd + PRICES.publicAddress.usd) * HOURS_PER_MONTH;
}

function endpoints(zones: number): number {
  return zones * PRICES.interfaceEndpoint.usd * HOURS_PER_MONTH;
}
