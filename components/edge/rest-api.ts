/**
 * An Api as an API Gateway REST API. Resources and methods are declared one by one rather than as an OpenAPI body, so
 * that a preview names the route that changes, and a policy can judge it.
 */
import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { type ApiOutputs, type ApiParts, accessLogFormat } from "./api.ts";
import { restAuthorizer } from "./authorizers.ts";
import { declarePreflights } from "./preflight.ts";
import { type Child, declareMethods } from "./rest-api/methods.ts";
import { declareProblems } from "./rest-api/problems.ts";
import { slugOf } from "./routes.ts";

export function restApi(parent: pulumi.ComponentResource, name: string, parts: ApiParts): ApiOutputs {
  const child = { parent };
  const { tags } = parts;
  const api = new aws.apigateway.RestApi(
    name,
    {
      name: parts.apiName,
      endpointConfiguration: { types: "REGIONAL" },
      // The key of the usage plan comes with the authorizer's answer: clients hold a token, not a key.
      apiKeySource: "AUTHORIZER",
      ...(parts.defaultEndpoint === "off" ? { disableExecuteApiEndpoint: true } : {}),
      tags,
    },
    child,
  );
  const authorizer = restAuthorizer(parent, name, api, parts);
  const { declared, resources } = declareMethods(name, api, parts, authorizer, child);
  const responses = declareProblems(name, api, child);
  const origins = parts.allowedOrigins ?? [];
  const preflights = origins.length > 0 ? declarePreflights(name, api, resources, parts.routes, origins, parent) : [];

  const deployment = new aws.apigateway.Deployment(
    `${name}-deployment`,
    // A deployment is a snapshot: it has to be made anew whenever what it shows changes.
    {
      restApi: api.id,
      triggers: {
        routes: hashOf([
          ...[parts.routes, parts.authorizerTtlSeconds, parts.usagePlans !== undefined],
          ...(origins.length > 0 ? [origins] : []),
          ...(parts.authorizer ? [] : [authorizer.kind]),
          ...(parts.handlers ? [Object.keys(parts.handlers)] : []),
          ...(parts.streamed ? [parts.streamed] : []),
        ]),
      },
    },
    { parent, dependsOn: [...declared, ...responses, ...preflights] },
  );
  const stage = new aws.apigateway.Stage(
    `${name}-stage`,
    {
      restApi: api.id,
      deployment: deployment.id,
      stageName: parts.stage,
      xrayTracingEnabled: true,
      accessLogSettings: { destinationArn: parts.logGroup.arn, format: ACCESS_LOG },
      tags,
    },
    child,
  );
  const settings = {
    metricsEnabled: true,
    loggingLevel: "ERROR",
    dataTraceEnabled: false,
    throttlingRateLimit: parts.rate ?? 500,
    throttlingBurstLimit: parts.burst ?? 1000,
  };
  const common = { restApi: api.id, stageName: stage.stageName };
  new aws.apigateway.MethodSettings(`${name}-settings`, { ...common, methodPath: "*/*", settings }, child);
  for (const [route, { rate, burst }] of Object.entries(parts.routeLimits ?? {})) {
    const [method, path] = route.split(" ") as [string, string];
    new aws.apigateway.MethodSettings(
      `${name}-limit-${slugOf({ method, path })}`,
      {
        ...common,
        methodPath: `${path.slice(1)}/${method}`,
        settings: { ...settings, throttlingRateLimit: rate, throttlingBurstLimit: burst },
      },
      child,
    );
  }
  return {
    apiId: api.id,
    stageName: stage.stageName,
    url: stage.invokeUrl,
    executionArn: api.executionArn,
    stageArn: stage.arn,
    metricDimensions: { ApiName: api.name, Stage: stage.stageName },
    usagePlanIds: declareUsagePlans(name, parts, api, stage, child),
  };
}

function declareUsagePlans(
  name: string,
  parts: ApiParts,
  api: aws.apigateway.RestApi,
  stage: aws.apigateway.Stage,
  child: Child,
) {
  const plans: Record<string, pulumi.Output<string>> = {};
  for (const [tier, { rate, burst, quotaPerDay }] of Object.entries(parts.usagePlans ?? {})) {
    plans[tier] = new aws.apigateway.UsagePlan(
      `${name}-plan-${tier}`,
      {
        apiStages: [{ apiId: api.id, stage: stage.stageName }],
        throttleSettings: { rateLimit: rate, burstLimit: burst },
        quotaSettings: quotaPerDay ? { limit: quotaPerDay, period: "DAY" } : undefined,
        tags: parts.tags,
      },
      child,
    ).id;
  }
  return plans;
}

const ACCESS_LOG = accessLogFormat({
  requestId: "requestId",
  time: "requestTime",
  ip: "identity.sourceIp",
  tenantId: "authorizer.tenantId",
  method: "httpMethod",
  path: "path",
  route: "resourcePath",
  status: "status",
  bytes: "responseLength",
  latencyMs: "responseLatency",
  error: "error.message",
});

const hashOf = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
