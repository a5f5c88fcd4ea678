/** An Api as an API Gateway HTTP API: the same routes and authorizer, cheaper, without usage plans and validation. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Function } from "../compute/function.ts";
import { type ApiOutputs, type ApiParts, accessLogFormat } from "./api.ts";
import { httpAuthorizer } from "./authorizers.ts";
import { handlerOf } from "./routes.ts";

export function httpApi(parent: pulumi.ComponentResource, name: string, parts: ApiParts): ApiOutputs {
  const child = { parent };
  const origins = parts.allowedOrigins;
  const api = new aws.apigatewayv2.Api(
    name,
    {
      name: parts.apiName,
      protocolType: "HTTP",
      ...(parts.defaultEndpoint === "off" ? { disableExecuteApiEndpoint: true } : {}),
      corsConfiguration: origins?.length
        ? {
            allowOrigins: origins,
            allowMethods: [...new Set(parts.routes.map(({ method }) => method))],
            allowHeaders: ["authorization", "content-type", "idempotency-key"],
          }
        : undefined,
      tags: parts.tags,
    },
    child,
  );
  const authorizer = httpAuthorizer(parent, name, api, parts);
  const integrationOf = integrations(parent, name, api);
  // First, so that its name stays whichever route comes first.
  integrationOf(parts.handler, "");
  for (const route of parts.routes) {
    const { method, path, isPublic } = route;
    const slug = `${method.toLowerCase()}${path.replace(/[{}+]/g, "").replace(/[^\w-]+/g, "-")}`;
    new aws.apigatewayv2.Route(
      `${name}-${slug}`,
      {
        apiId: api.id,
        routeKey: `${method} ${path}`,
        target: pulumi.interpolate`integrations/${integrationOf(handlerOf(parts, route), slug).id}`,
        authorizationType: isPublic ? "NONE" : authorizer.kind,
        authorizerId: isPublic ? undefined : authorizer.id,
      },
      child,
    );
  }
  const stage = new aws.apigatewayv2.Stage(
    `${name}-stage`,
    {
      apiId: api.id,
      name: "$default",
      autoDeploy: true,
      accessLogSettings: { destinationArn: parts.logGroup.arn, format: ACCESS_LOG },
      defaultRouteSettings: { throttlingRateLimit: parts.rate ?? 500, throttlingBurstLimit: parts.burst ?? 1000 },
      routeSettings:
        parts.routeLimits &&
        Object.entries(parts.routeLimits).map(([routeKey, { rate, burst }]) => ({
          routeKey,
          throttlingRateLimit: rate,
          throttlingBurstLimit: burst,
        })),
      tags: parts.tags,
    },
    child,
  );
  return {
    apiId: api.id,
    stageName: stage.name,
    url: stage.invokeUrl,
    executionArn: api.executionArn,
    stageArn: stage.arn,
    metricDimensions: { ApiId: api.id, Stage: stage.name },
    usagePlanIds: {},
  };
}

/** One for each function, made when its first route asks for it; the API's own has the plain name. */
function integrations(parent: pulumi.ComponentResource, name: string, api: aws.apigatewayv2.Api) {
  const made = new Map<Function, aws.apigatewayv2.Integration>();
  return (fn: Function, slug: string): aws.apigatewayv2.Integration => {
    const known = made.get(fn);
    if (known) return known;
    const part = made.size === 0 ? "" : `-${slug}`;
    const integration = new aws.apigatewayv2.Integration(
      `${name}${part}-integration`,
      {
        apiId: api.id,
        integrationType: "AWS_PROXY",
        integrationUri: fn.targetArn,
        payloadFormatVersion: "2.0",
      },
      { parent },
    );
    fn.allowInvoke(
      part ? `${name}${part}-invoke` : `${name}-handler-invoke`,
      "apigateway.amazonaws.com",
      pulumi.interpolate`${api.executionArn}/*`,
    );
    made.set(fn, integration);
    return integration;
  };
}

const ACCESS_LOG = accessLogFormat({
  requestId: "requestId",
  time: "requestTime",
  ip: "identity.sourceIp",
  tenantId: "authorizer.tenantId",
  method: "httpMethod",
  path: "path",
  route: "routeKey",
  status: "status",
  bytes: "responseLength",
  latencyMs: "responseLatency",
  error: "error.message",
});
