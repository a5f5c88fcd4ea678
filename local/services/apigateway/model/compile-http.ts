/** Reads the documents of an HTTP or WebSocket API into what requests are served from. */
import { readAccessLog } from "./access-log.ts";
import type { Cors, HttpApi, HttpAuthorizer, HttpIntegration, HttpRoute, Stage, WebSocketApi } from "./apis.ts";
import type { Document } from "./documents.ts";
import { readThrottle, type Throttle } from "./throttle.ts";

type Parts = Iterable<[path: string, Document]>;

/** @param parts What stands below `/apis/<id>`, by the rest of its path. */
export function compileHttp(document: Document, parts: Parts): HttpApi {
  const api: HttpApi = {
    kind: "http",
    id: document.ApiId,
    cors: readCors(document.CorsConfiguration),
    routes: new Map(),
    integrations: new Map(),
    authorizers: new Map(),
    isDefaultEndpointOff: document.DisableExecuteApiEndpoint === true,
  };
  for (const [path, part] of parts) {
    const [, collection, id = "", below] = path.split("/");
    if (below !== undefined) continue;
    if (collection === "routes") api.routes.set(part.RouteKey, readRoute(part));
    else if (collection === "integrations") api.integrations.set(id, readIntegration(part));
    else if (collection === "authorizers") api.authorizers.set(id, readAuthorizer(part));
  }
  return api;
}

export function compileWebSocket(document: Document, parts: Parts): WebSocketApi {
  const api: WebSocketApi = {
    kind: "websocket",
    id: document.ApiId,
    name: document.Name,
    routeSelection: document.RouteSelectionExpression ?? "$request.body.action",
    routes: new Map(),
    integrations: new Map(),
    authorizers: new Map(),
    isDefaultEndpointOff: document.DisableExecuteApiEndpoint === true,
  };
  const responses: [integration: string, Document][] = [];
  const answering = new Set<string>();
  for (const [path, part] of parts) {
    const [, collection, id = "", below] = path.split("/");
    if (below === "integrationresponses") responses.push([id, part]);
    else if (below === "routeresponses") answering.add(id);
    else if (collection === "authorizers") api.authorizers.set(id, readAuthorizer(part));
    else if (collection === "integrations") {
      api.integrations.set(id, {
        type: part.IntegrationType,
        uri: part.IntegrationUri ?? "",
        httpMethod: part.IntegrationMethod,
        credentials: part.CredentialsArn,
        timeoutMs: part.TimeoutInMillis ?? 29_000,
        requestTemplates: part.RequestTemplates ?? {},
        templateSelection: part.TemplateSelectionExpression,
        passthrough: part.PassthroughBehavior ?? "WHEN_NO_MATCH",
        responses: new Map(),
      });
    }
  }
  for (const [path, part] of parts) {
    const [, collection, id = "", below] = path.split("/");
    if (collection !== "routes" || below !== undefined) continue;
    const route = readRoute(part);
    const answers = part.RouteResponseSelectionExpression !== undefined && answering.has(id);
    api.routes.set(route.key, { ...route, apiKeyRequired: part.ApiKeyRequired === true, answers });
  }
  for (const [id, part] of responses) {
    const { IntegrationResponseKey, ResponseTemplates = {}, TemplateSelectionExpression } = part;
    const response = { templates: ResponseTemplates, templateSelection: TemplateSelectionExpression };
    api.integrations.get(id)?.responses.set(IntegrationResponseKey, response);
  }
  return api;
}

function readRoute(part: Document): HttpRoute {
  return {
    key: part.RouteKey,
    target: part.Target ?? "",
    authorizationType: part.AuthorizationType ?? "NONE",
    authorizerId: part.AuthorizerId,
    scopes: part.AuthorizationScopes ?? [],
  };
}

function readIntegration(part: Document): HttpIntegration {
  return {
    type: part.IntegrationType,
    uri: part.IntegrationUri ?? "",
    isVariable: part.IntegrationUri?.includes("${stageVariables.") === true,
    httpMethod: part.IntegrationMethod,
    payloadFormatVersion: part.PayloadFormatVersion ?? "1.0",
    timeoutMs: part.TimeoutInMillis ?? 30_000,
    requestParameters: part.RequestParameters ?? {},
    credentials: part.CredentialsArn,
  };
}

function readAuthorizer(part: Document): HttpAuthorizer {
  const identitySources: string[] = part.IdentitySource ?? [];
  return {
    id: part.AuthorizerId,
    type: part.AuthorizerType,
    uri: part.AuthorizerUri ?? "",
    credentials: part.AuthorizerCredentialsArn,
    identitySources,
    payloadFormatVersion: part.AuthorizerPayloadFormatVersion ?? "2.0",
    simpleResponses: part.EnableSimpleResponses === true,
    // Without identity sources nothing tells callers apart.
    ttlSeconds: identitySources.length === 0 ? 0 : (part.AuthorizerResultTtlInSeconds ?? 300),
    issuer: part.JwtConfiguration?.Issuer,
    audiences: part.JwtConfiguration?.Audience ?? [],
  };
}

export function compileV2Stage(part: Document): Stage {
  return {
    name: part.StageName,
    variables: part.StageVariables,
    accessLog: readAccessLog(part.AccessLogSettings?.DestinationArn, part.AccessLogSettings?.Format),
    throttles: readThrottles(part),
    authorizersFlushedAt: part.authorizersFlushedAt,
  };
}

function readThrottles({ DefaultRouteSettings, RouteSettings, isLimitLifted }: Document) {
  const throttles = new Map<string, Throttle>();
  const settings: [string, Document][] = Object.entries(RouteSettings ?? {});
  if (DefaultRouteSettings && !isLimitLifted) settings.push(["*", DefaultRouteSettings]);
  for (const [key, { ThrottlingRateLimit, ThrottlingBurstLimit }] of settings) {
    const throttle = readThrottle(ThrottlingRateLimit, ThrottlingBurstLimit);
    if (throttle) throttles.set(key, throttle);
  }
  return throttles.size > 0 ? throttles : undefined;
}

function readCors(configuration: Document | undefined): Cors | undefined {
  if (!configuration) return undefined;
  const list = (name: string): string[] => configuration[name] ?? [];
  return {
    allowOrigins: list("AllowOrigins"),
    allowMethods: list("AllowMethods"),
    allowHeaders: list("AllowHeaders"),
    exposeHeaders: list("ExposeHeaders"),
    allowCredentials: configuration.AllowCredentials === true,
    maxAgeSeconds: configuration.MaxAge,
  };
}
