/** A request through a REST API: route, authorizer, API key, validation, integration. */
import type { Cloud } from "../../../service.ts";
import type { AuthorizeRest } from "../authorizers/rest-authorizer.ts";
import { eventV1 } from "../integrations/event-v1.ts";
import type { FunctionCall, InvokeFunction } from "../integrations/invoke-function.ts";
import { restProxyResponse } from "../integrations/proxy-response.ts";
import type { Apis, RestApi, RestIntegration } from "../model/apis.ts";
import { addressIn, restRoutes } from "../model/routes.ts";
import type { StageThrottles } from "../stages/stage-throttles.ts";
import type { Usage } from "../stages/usage.ts";
import { type Exchange, type GatewayAnswer, headerOf } from "./exchange.ts";
import { gatewayResponse, parameterValue } from "./gateway-responses.ts";
import { validateRequest } from "./request-validation.ts";

export interface RestParts {
  cloud: Cloud;
  apis: Apis;
  invoke: InvokeFunction;
  authorize: AuthorizeRest;
  usage: Usage;
  throttled: StageThrottles;
}

export async function serveRest(parts: RestParts, api: RestApi, exchange: Exchange): Promise<GatewayAnswer> {
  const { cloud } = parts;
  const match = restRoutes(api).find(exchange.method, exchange.path, false);
  if (!match) return gatewayResponse(cloud, api, exchange, "MISSING_AUTHENTICATION_TOKEN");
  const { method, path, resource } = match.route;
  exchange.resourcePath = path;
  exchange.resourceId = resource.id;
  exchange.parameters = match.parameters;

  if (exchange.stage.throttles && !parts.throttled.takes(api.id, exchange.stage, method.httpMethod, path)) {
    return gatewayResponse(cloud, api, exchange, "THROTTLED");
  }
  let usageKey: string | undefined;
  if (method.authorization !== "NONE") {
    const authorization = await parts.authorize(api, method, exchange);
    if (!authorization.allowed) {
      return gatewayResponse(cloud, api, exchange, authorization.responseType, { message: authorization.message });
    }
    exchange.authorizer = authorization.context;
    usageKey = authorization.usageIdentifierKey;
  }
  if (method.apiKeyRequired) {
    const value = api.apiKeySource === "AUTHORIZER" ? usageKey : headerOf(exchange, "x-api-key");
    const verdict = parts.usage.take(api.id, exchange.stage.name, `${method.httpMethod} ${path}`, value);
    if (!verdict.allowed) return gatewayResponse(cloud, api, exchange, verdict.responseType);
    exchange.apiKey = { id: verdict.key.id, value: verdict.key.value };
  }
  if (method.validatorId !== undefined) {
    const invalid = await validateRequest(api, method, exchange);
    if (invalid) return gatewayResponse(cloud, api, exchange, invalid.responseType, invalid);
  }
  const { integration } = method;
  if (!integration) return gatewayResponse(cloud, api, exchange, "API_CONFIGURATION_ERROR");
  if (integration.type === "AWS_PROXY") return proxied(parts, api, integration, exchange);
  return elsewhere(parts, api, integration, exchange);
}

/** Mocks, endpoints and functions behind templates: loaded with the first of them. */
async function elsewhere(
  { cloud, invoke }: RestParts,
  api: RestApi,
  integration: RestIntegration,
  exchange: Exchange,
): Promise<GatewayAnswer> {
  const started = cloud.clock.now();
  const { credentials, timeoutMs } = integration;
  const uri = addressIn(exchange.stage, integration);
  const ask = (payload: string) =>
    invoke({ uri, credentials, timeoutMs, sourceArn: sourceArn(cloud, api, exchange), payload });
  const answer =
    integration.type === "HTTP_PROXY"
      ? await (await import("../integrations/http-proxy.ts")).restHttpProxy(cloud, integration, exchange)
      : await (await import("../integrations/templated-integration.ts")).templatedIntegration(
          cloud,
          integration.isVariable ? { ...integration, uri } : integration,
          exchange,
          ask,
        );
  if (integration.type !== "MOCK") exchange.integrationMs = cloud.clock.now() - started;
  return typeof answer === "string" ? gatewayResponse(cloud, api, exchange, answer) : answer;
}

async function proxied(
  { cloud, invoke }: RestParts,
  api: RestApi,
  integration: RestIntegration,
  exchange: Exchange,
): Promise<GatewayAnswer> {
  const { body } = exchange;
  const isBinary = body !== undefined && matchesMediaType(api, exchange.incoming.headers["content-type"]);
  const extraHeaders = mappedHeaders(cloud, integration, exchange);
  const started = cloud.clock.now();
  const call: FunctionCall = {
    uri: addressIn(exchange.stage, integration),
    credentials: integration.credentials,
    timeoutMs: integration.timeoutMs,
    // As the console writes permissions: parameters are wildcards.
    sourceArn: sourceArn(cloud, api, exchange),
    payload: eventV1(cloud, exchange, {
      deploymentId: api.deploymentId,
      body: body === undefined || body.length === 0 ? null : body.toString(isBinary ? "base64" : "utf8"),
      isBase64Encoded: isBinary,
      extraHeaders,
    }),
    tenantId: extraHeaders?.["X-Amz-Tenant-Id"],
    traceHeader: exchange.trace?.header,
  };
  if (integration.isStreamed) {
    const answer = await (await import("../integrations/streamed-function.ts")).streamedFunction(cloud, call);
    exchange.integrationMs = cloud.clock.now() - started;
    return typeof answer === "string" ? gatewayResponse(cloud, api, exchange, answer) : answer;
  }
  const result = await invoke(call);
  exchange.integrationMs = cloud.clock.now() - started;
  exchange.integrationStatus = result.outcome === "failed" || result.outcome === "answered" ? 200 : 500;
  switch (result.outcome) {
    case "timeout":
      return gatewayResponse(cloud, api, exchange, "INTEGRATION_TIMEOUT");
    case "refused":
    case "throttled":
      return gatewayResponse(cloud, api, exchange, "API_CONFIGURATION_ERROR");
    case "failed":
      return gatewayResponse(cloud, api, exchange, "INTEGRATION_FAILURE");
    default: {
      const answer = restProxyResponse(result.payload, acceptsBinary(api, exchange));
      if (answer) return answer;
      const message = `Execution failed due to configuration error: Malformed Lambda proxy response from ${integration.uri}`;
      cloud.log({ level: "error", source: "apigateway", message });
      return gatewayResponse(cloud, api, exchange, "INTEGRATION_FAILURE");
    }
  }
}

const sourceArns = new WeakMap<RestApi, Map<string, string>>();

function sourceArn({ region, account }: Cloud, api: RestApi, exchange: Exchange): string {
  let known = sourceArns.get(api);
  if (!known) {
    known = new Map();
    sourceArns.set(api, known);
  }
  const key = `${exchange.stage.name}/${exchange.method}${exchange.resourcePath}`;
  let arn = known.get(key);
  if (!arn) {
    arn = `arn:aws:execute-api:${region}:${account}:${api.id}/${key.replace(/\{[^}]+\}/g, "*")}`;
    known.set(key, arn);
  }
  return arn;
}

/** `integration.request.header.X-Amz-Tenant-Id` ← `context.authorizer.tenantId` */
function mappedHeaders(cloud: Cloud, { requestParameters }: RestIntegration, exchange: Exchange) {
  let headers: Record<string, string> | undefined;
  for (const target in requestParameters) {
    const name = /^integration\.request\.header\.(.+)$/.exec(target)?.[1];
    const value = name && parameterValue(cloud, exchange, requestParameters[target]!);
    if (name && value !== undefined) headers = { ...headers, [name]: value };
  }
  return headers;
}

function acceptsBinary(api: RestApi, { incoming }: Exchange): boolean {
  if (api.binaryMediaTypes.length === 0) return false;
  return matchesMediaType(api, (incoming.headers.accept ?? "*/*").split(",")[0]);
}

function matchesMediaType({ binaryMediaTypes }: RestApi, type: string | undefined): boolean {
  if (binaryMediaTypes.length === 0) return false;
  const wanted = (type ?? "application/json").split(";")[0]!.trim().toLowerCase();
  return binaryMediaTypes.some((each) => {
    const known = each.toLowerCase();
    return known === "*/*" || known === wanted || (known.endsWith("/*") && wanted.startsWith(known.slice(0, -1)));
  });
}
