/** Every service of the local cloud, by the name that requests are signed for. A module loads when it is first needed. */
import type { ServiceFactory } from "../cloud.ts";
import { inert } from "./inert.ts";

export const services: Record<string, ServiceFactory> = {
  iam: async (cloud) => (await import("./iam/index.ts")).iam(cloud),
  sts: async (cloud) => (await import("./sts.ts")).sts(cloud),
  ssm: async (cloud) => (await import("./ssm/index.ts")).ssm(cloud),
  secretsmanager: async (cloud) => (await import("./secrets-manager/index.ts")).secretsManager(cloud),
  xray: async (cloud) => (await import("./xray/index.ts")).xray(cloud),
  monitoring: async (cloud) => (await import("./cloudwatch/index.ts")).monitoring(cloud),
  logs: async (cloud) => (await import("./logs/index.ts")).logs(cloud),
  dynamodb: async (cloud) => (await import("./dynamodb/index.ts")).dynamodb(cloud),
  "streams.dynamodb": async (cloud) => (await import("./dynamodb/streams/index.ts")).dynamodbStreams(cloud),
  "cognito-idp": async (cloud) => (await import("./cognito/index.ts")).cognito(cloud),
  "cognito-identity": async (cloud) => (await import("./cognito-identity/index.ts")).cognitoIdentity(cloud),
  kms: async (cloud) => (await import("./kms/index.ts")).kms(cloud),
  "rds-data": async (cloud) => (await import("./rds-data/index.ts")).rdsData(cloud),
  s3: async (cloud) => (await import("./s3/index.ts")).s3(cloud),
  sqs: async (cloud) => (await import("./sqs/index.ts")).sqs(cloud),
  sns: async (cloud) => (await import("./sns/index.ts")).sns(cloud),
  ses: async (cloud) => (await import("./ses/index.ts")).ses(cloud),
  sesv2: async (cloud) => (await import("./ses/index.ts")).sesv2(cloud),
  lambda: async (cloud) => (await import("./lambda/index.ts")).lambda(cloud),
  glue: async (cloud) => (await import("./glue/index.ts")).glue(cloud),
  athena: async (cloud) => (await import("./athena/index.ts")).athena(cloud),
  apis: async (cloud) => (await import("./apigateway/index.ts")).declaredApis(cloud),
  apigateway: async (cloud) => (await import("./apigateway/control/index.ts")).apigateway(cloud),
  "execute-api": async (cloud) => (await import("./apigateway/websocket/index.ts")).executeApi(cloud),
  apigatewayv2: async (cloud) => (await import("./apigateway/control-v2/index.ts")).apigatewayv2(cloud),
  cloudfront: async (cloud) => (await import("./cloudfront/index.ts")).cloudfront(cloud),
  events: async (cloud) => (await import("./eventbridge/index.ts")).eventBridge(cloud),
  firehose: async (cloud) => (await import("./firehose/index.ts")).firehose(cloud),
  kinesis: async (cloud) => (await import("./kinesis/index.ts")).kinesis(cloud),
  states: async (cloud) => (await import("./step-functions/index.ts")).stepFunctions(cloud),
  scheduler: async (cloud) => (await import("./scheduler/index.ts")).scheduler(cloud),
};

/** The module of a Pulumi type (`aws:sqs/queue:Queue` → `sqs`) where the service that provisions it is named otherwise. */
const OWNERS: Record<string, string> = {
  apigateway: "apis",
  apigatewayv2: "apis",
  cloudwatch: "logs",
  cognito: "cognito-idp",
  rds: "rds-data",
  sfn: "states",
};

/** Types that another service than their module's provisions. */
const EXCEPTIONS: [type: RegExp, owner: string][] = [
  [/^aws:cloudwatch\/event/, "events"],
  [/^aws:cognito\/identityPool/, "cognito-identity"],
  [/^aws:cloudwatch\/(metricAlarm|compositeAlarm|dashboard):/, "monitoring"],
  [/^aws:kinesis\/firehose/, "firehose"],
];

/** The service that provisions a Pulumi type; undefined where none does. */
export function ownerOf(type: string): string | undefined {
  const module = /^aws:([^/:]+)\//.exec(type)?.[1];
  if (module === undefined) return undefined;
  const exception = EXCEPTIONS.find(([types]) => types.test(type))?.[1];
  const name = exception ?? OWNERS[module] ?? module;
  return Object.hasOwn(services, name) && !inert(type) ? name : undefined;
}
