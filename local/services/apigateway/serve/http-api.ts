/** A request through an HTTP API: CORS, route, authorizer, integration. */
import type { Cloud } from "../../../service.ts";
import type { AuthorizeHttp } from "../authorizers/http-authorizer.ts";
import { eventV1 } from "../integrations/event-v1.ts";
import { eventV2 } from "../integrations/event-v2.ts";
import type { InvokeFunction } from "../integrations/invoke-function.ts";
import { httpProxyResponse } from "../integrations/proxy-response.ts";
import type { Cors, HttpApi, HttpIntegration, HttpRoute } from "../model/apis.ts";
import { addressIn, httpPaths } from "../model/routes.ts";
import type { StageThrottles } from "../stages/stage-throttles.ts";
import { contextVariable, type Exchange, type GatewayAnswer, headerOf } from "./exchange.ts";

export interface HttpParts {
  cloud: Cloud;
  invoke: InvokeFunction;
  authorize: AuthorizeHttp;
  throttled: StageThrottles;
}

const MESSAGES: Record<number, string> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  413: "Request Entity Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

export async function serveHttp(parts: HttpParts, api: HttpApi, exchange: Exchange): Promise<GatewayAnswer> {
  const origin = headerOf(exchange, "origin");
  if (api.cors && origin && exchange.method === "OPTIONS" && headerOf(exchange, "access-control-request-method")) {
    return { status: 204, headers: corsHeaders(api.cors, origin, true), body: "" };
  }
  const answer = await routed(parts, api, exchange);
  // The API's own CORS headers stand in for any that the function sends.
  if (!api.cors || !origin) return answer;
  const own = answer.headers.flatMap((name, index) =>
    index % 2 === 0 && !/^access-control-/i.test(name) ? [name, answer.headers[index + 1]!] : [],
  );
  return { ...answer, headers: [...own, ...corsHeaders(api.cors, origin, false)] };
}

async function routed(parts: HttpParts, api: HttpApi, exchange: Exchange): Promise<GatewayAnswer> {
  const match = httpPaths(api).find(exchange.method, exchange.path, true);
  const route = match?.route ?? api.routes.get("$default");
  if (!route) return problem(exchange, 404);
  exchange.routeKey = route.key;
  exchange.parameters = match?.parameters;
  const path = route.key.split(" ")[1];
  exchange.resourcePath = path ?? "";
  if (exchange.stage.throttles && !parts.throttled.takes(api.id, exchange.stage, route.key)) {
    return problem(exchange, 429);
  }
  let authorizer: object | undefined;
  if (route.authorizationType !== "NONE") {
    const authorization = await parts.authorize(api, route, exchange);
    if (!authorization.allowed) return problem(exchange, authorization.status);
    authorizer = authorization.event;
    exchange.authorizer = authorization.context;
  }
  const integration = api.integrations.get(route.target.replace(/^integrations\//, ""));
  if (!integration) return problem(exchange, 500);
  if (integration.type === "HTTP_PROXY") {
    const answer = await (await import("../integrations/http-proxy.ts")).httpHttpProxy(
      parts.cloud,
      integration,
      exchange,
    );
    return typeof answer === "string" ? problem(exchange, 503) : answer;
  }
  return proxied(parts, api, route, integration, exchange, authorizer);
}

async function proxied(
  { cloud, invoke }: HttpParts,
  api: HttpApi,
  route: HttpRoute,
  integration: HttpIntegration,
  exchange: Exchange,
  authorizer: object | undefined,
): Promise<GatewayAnswer> {
  const extraHeaders = mappedHeaders(cloud, integration, exchange);
  const { body } = exchange;
  const payload =
    integration.payloadFormatVersion === "1.0"
      ? eventV1(cloud, exchange, {
          version: "1.0",
          body: body?.toString() ?? null,
          isBase64Encoded: false,
          extraHeaders,
        })
      : eventV2(cloud, exchange, { authorizer, extraHeaders });
  const [method = "", path = ""] = route.key.split(" ");
  const place =
    route.key === "$default" ? "$default" : `${method === "ANY" ? "*" : method}${path.replace(/\{[^}]+\}/g, "*")}`;
  const started = cloud.clock.now();
  const result = await invoke({
    uri: addressIn(exchange.stage, integration),
    credentials: integration.credentials,
    timeoutMs: integration.timeoutMs,
    sourceArn: `arn:aws:execute-api:${cloud.region}:${cloud.account}:${api.id}/${exchange.stage.name}/${place}`,
    payload,
  });
  exchange.integrationMs = cloud.clock.now() - started;
  exchange.integrationStatus = result.outcome === "answered" || result.outcome === "failed" ? 200 : 500;
  if (result.outcome === "timeout" || result.outcome === "throttled") return problem(exchange, 503);
  const answer = result.outcome === "answered" ? httpProxyResponse(result.payload) : undefined;
  return answer ?? problem(exchange, 500);
}

/** `overwrite:header.x`, `append:header.x`, with `$context.…` or text as the value. */
function mappedHeaders(cloud: Cloud, { requestParameters }: HttpIntegration, exchange: Exchange) {
  let headers: Record<string, string> | undefined;
  for (const target in requestParameters) {
    const name = /^(?:overwrite|append):header\.(.+)$/.exec(target)?.[1];
    if (!name) continue;
    const source = requestParameters[target]!;
    const value = source.startsWith("$context.") ? contextVariable(cloud, exchange, source.slice(9)) : source;
    if (value !== undefined && value !== null) headers = { ...headers, [name]: String(value) };
  }
  return headers;
}

export function problem(exchange: Exchange, status: number): GatewayAnswer {
  const message = MESSAGES[status] ?? "Internal Server Error";
  exchange.error = { message };
  const headers = ["content-type", "application/json"];
  if (status === 401) headers.push("www-authenticate", "Bearer");
  return { status, headers, body: JSON.stringify({ message }) };
}

function corsHeaders(cors: Cors, origin: string, isPreflight: boolean): string[] {
  const any = cors.allowOrigins.includes("*");
  if (!any && !cors.allowOrigins.some((allowed) => matchesOrigin(allowed, origin))) return [];
  const headers = ["access-control-allow-origin", any && !cors.allowCredentials ? "*" : origin];
  if (!any) headers.push("vary", "Origin");
  if (cors.allowCredentials) headers.push("access-control-allow-credentials", "true");
  if (cors.exposeHeaders.length > 0) headers.push("access-control-expose-headers", cors.exposeHeaders.join(","));
  if (!isPreflight) return headers;
  if (cors.allowMethods.length > 0) headers.push("access-control-allow-methods", cors.allowMethods.join(","));
  if (cors.allowHeaders.length > 0) headers.push("access-control-allow-headers", cors.allowHeaders.join(","));
  if (cors.maxAgeSeconds !== undefined) headers.push("access-control-max-age", String(cors.maxAgeSeconds));
  return headers;
}

/** `https://*` allows every origin of the scheme. */
function matchesOrigin(allowed: string, origin: string): boolean {
  return allowed === origin || (allowed.endsWith("://*") && origin.startsWith(allowed.slice(0, -1)));
}
