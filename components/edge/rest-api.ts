/**
 * An Api as an API Gateway REST API. Resources and methods are declared one by one rather than as an OpenAPI body, so
 * that a preview names the route that changes, and a policy can judge it.
 */
import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type ApiOutputs, type ApiParts, accessLogFormat } from "./api.ts";
import { restAuthorizer } from "./authorizers.ts";
import { declarePreflights } from "./preflight.ts";
import type { Route } from "./routes.ts";

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
  parts.handler.allowInvoke(
    `${name}-handler-invoke`,
    "apigateway.amazonaws.com",
    pulumi.interpolate`${api.executionArn}/${parts.stage}/*`,
  );
  const validator = new aws.apigateway.RequestValidator(
    `${name}-validator`,
    { restApi: api.id, name: "body", validateRequestBody: true, validateRequestParameters: false },
    child,
  );
  const models = declareModels(name, api, parts.routes, child);
  const resources = declareResources(name, api, parts.routes, child);
  const methods = parts.routes.flatMap((route) => {
    const slug = slugOf(route);
    const place = { restApi: api.id, resourceId: resources.get(route.path)!, httpMethod: route.method };
    const method = new aws.apigateway.Method(
      `${name}-${slug}`,
      {
        ...place,
        authorization: route.isPublic ? "NONE" : authorizer.kind,
        authorizerId: route.isPublic ? undefined : authorizer.id,
        apiKeyRequired: !route.isPublic && parts.usagePlans !== undefined,
        requestModels: route.body ? { "application/json": models.get(route.body.name)!.name } : undefined,
        requestValidatorId: route.body ? validator.id : undefined,
      },
      child,
    );
    const integration = new aws.apigateway.Integration(
      `${name}-${slug}-integration`,
      {
        ...place,
        type: "AWS_PROXY",
        integrationHttpMethod: "POST",
        uri: parts.handler.invokeArn,
        // The tenant of an isolated function is what the authorizer found, never what a client sends. Other functions
        // are invoked without: Lambda takes a tenant only where isolation is on.
        requestParameters:
          route.isPublic || !parts.handler.tenantIsolation
            ? undefined
            : { "integration.request.header.X-Amz-Tenant-Id": "context.authorizer.tenantId" },
      },
      { parent, dependsOn: [method] },
    );
    return [method, integration];
  });
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
        ]),
      },
    },
    { parent, dependsOn: [...methods, ...responses, ...preflights] },
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
      `${name}-limit-${slugOf({ method, path, isPublic: false })}`,
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

type Child = { parent: pulumi.ComponentResource };

function declareModels(name: string, api: aws.apigateway.RestApi, routes: Route[], child: Child) {
  const models = new Map<string, aws.apigateway.Model>();
  for (const { body } of routes) {
    if (!body || models.has(body.name)) continue;
    const schema = JSON.stringify({ $schema: "http://json-schema.org/draft-04/schema#", ...body.schema });
    models.set(
      body.name,
      new aws.apigateway.Model(
        `${name}-${body.name}`,
        { restApi: api.id, name: body.name, contentType: "application/json", schema },
        child,
      ),
    );
  }
  return models;
}

/** One resource per path segment, each below its parent. Path → resource id. */
function declareResources(name: string, api: aws.apigateway.RestApi, routes: Route[], child: Child) {
  const ids = new Map<string, pulumi.Output<string>>([["/", api.rootResourceId]]);
  for (const { path } of routes) {
    const segments = path.split("/").slice(1);
    for (const [index, pathPart] of segments.entries()) {
      const here = `/${segments.slice(0, index + 1).join("/")}`;
      if (pathPart === "" || ids.has(here)) continue;
      const parentId = ids.get(index === 0 ? "/" : `/${segments.slice(0, index).join("/")}`)!;
      const resource = new aws.apigateway.Resource(
        `${name}-path${slug(here)}`,
        { restApi: api.id, parentId, pathPart },
        child,
      );
      ids.set(here, resource.id);
    }
  }
  return ids;
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

/** What API Gateway itself refuses, in the form that the handler's errors have (RFC 9457). */
const PROBLEMS: Record<string, [status: number, title: string, detail: string]> = {
  UNAUTHORIZED: [401, "Unauthorized", "Send a valid token: Authorization: Bearer <id token>."],
  ACCESS_DENIED: [403, "Forbidden", "This token does not open this tenant's door."],
  MISSING_AUTHENTICATION_TOKEN: [404, "Not Found", "There is nothing at this path."],
  BAD_REQUEST_BODY: [400, "Bad Request", "$context.error.validationErrorString"],
  THROTTLED: [429, "Too Many Requests", "Slow down and try again."],
  QUOTA_EXCEEDED: [429, "Too Many Requests", "The quota of this period is used up."],
  REQUEST_TOO_LARGE: [413, "Content Too Large", "A request may have 10 MB."],
  DEFAULT_5XX: [500, "Internal Server Error", "Something went wrong on our side."],
};

function declareProblems(name: string, api: aws.apigateway.RestApi, child: Child): aws.apigateway.Response[] {
  return Object.entries(PROBLEMS).map(([responseType, [status, title, detail]]) => {
    const body = { type: "about:blank", title, status, detail, requestId: "$context.requestId" };
    return new aws.apigateway.Response(
      `${name}-problem-${responseType.toLowerCase().replaceAll("_", "-")}`,
      {
        restApiId: api.id,
        responseType,
        // 5XX keeps the status it has: 502 of a bad answer and 504 of none are not the same.
        statusCode: responseType === "DEFAULT_5XX" ? undefined : String(status),
        responseTemplates: { "application/json": JSON.stringify(body) },
        responseParameters: { "gatewayresponse.header.Content-Type": "'application/problem+json'" },
      },
      child,
    );
  });
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

/** `/albums/{albumId}` → `-albums-albumId` */
const slug = (path: string): string =>
  path
    .replace(/[{}+]/g, "")
    .replace(/\/+/g, "-")
    .replace(/[^\w-]/g, "-");
const slugOf = ({ method, path }: Route): string => `${method.toLowerCase()}${slug(path)}`;
const hashOf = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
