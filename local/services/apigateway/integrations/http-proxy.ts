/** HTTP proxy integrations: the request as it is goes to an endpoint on this machine, and its answer to the client. */
import type { Cloud } from "../../../service.ts";
import type { HttpIntegration, RestIntegration } from "../model/apis.ts";
import { addressIn } from "../model/routes.ts";
import { contextVariable, type Exchange, type GatewayAnswer } from "../serve/exchange.ts";
import { parameterValue } from "../serve/gateway-responses.ts";
import { isReplaced } from "./event-v1.ts";
import { callEndpoint } from "./http-endpoint.ts";

type Failure = "INTEGRATION_TIMEOUT" | "INTEGRATION_FAILURE";

export async function restHttpProxy(
  cloud: Cloud,
  integration: RestIntegration,
  exchange: Exchange,
): Promise<GatewayAnswer | Failure> {
  const headers = passedHeaders(exchange);
  const query = new URLSearchParams(exchange.rawQuery);
  // `{proxy}` in the address is what the request parameters map to it, or else the resource's own.
  const path: Record<string, string> = { ...exchange.parameters };
  for (const [target, source] of Object.entries(integration.requestParameters)) {
    const [, kind, name = ""] = /^integration\.request\.(header|querystring|path)\.(.+)$/.exec(target) ?? [];
    const value = parameterValue(cloud, exchange, source);
    if (value === undefined) continue;
    if (kind === "header") headers[name] = value;
    else if (kind === "querystring") query.set(name, value);
    else if (kind === "path") path[name] = value;
  }
  return proxied(cloud, integration, exchange, address(addressIn(exchange.stage, integration), path, query), headers);
}

export async function httpHttpProxy(
  cloud: Cloud,
  integration: HttpIntegration,
  exchange: Exchange,
): Promise<GatewayAnswer | Failure> {
  const headers = passedHeaders(exchange);
  const query = new URLSearchParams(exchange.rawQuery);
  for (const [target, source] of Object.entries(integration.requestParameters)) {
    const [, action, kind, name = ""] = /^(append|overwrite|remove):(header|querystring)\.(.+)$/.exec(target) ?? [];
    const value = source.startsWith("$context.")
      ? String(contextVariable(cloud, exchange, source.slice(9)) ?? "")
      : source;
    if (kind === "header") {
      if (action === "remove") delete headers[name.toLowerCase()];
      else headers[name.toLowerCase()] = value;
    } else if (kind === "querystring") {
      if (action === "remove") query.delete(name);
      else query[action === "append" ? "append" : "set"](name, value);
    }
  }
  return proxied(
    cloud,
    integration,
    exchange,
    address(addressIn(exchange.stage, integration), exchange.parameters ?? {}, query),
    headers,
  );
}

async function proxied(
  cloud: Cloud,
  { httpMethod = "ANY", timeoutMs, isStreamed }: { httpMethod?: string; timeoutMs: number; isStreamed?: boolean },
  exchange: Exchange,
  uri: string,
  headers: Record<string, string>,
): Promise<GatewayAnswer | Failure> {
  const method = httpMethod === "ANY" ? exchange.method : httpMethod;
  const answer = await callEndpoint(cloud, { uri, method, headers, body: exchange.body, timeoutMs, isStreamed });
  if (answer.outcome === "timeout") return "INTEGRATION_TIMEOUT";
  if (answer.outcome !== "answered") return "INTEGRATION_FAILURE";
  exchange.integrationStatus = answer.status;
  return { status: answer.status, headers: answer.headers.flat(), body: answer.body };
}

/** As the client spells them; a header that came twice has its values side by side. */
function passedHeaders({ incoming, sourceIp }: Exchange): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    const name = incoming.rawHeaders[i]!.toLowerCase();
    if (isReplaced(name)) continue;
    const value = incoming.rawHeaders[i + 1]!;
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { ...headers, "x-forwarded-for": sourceIp };
}

function address(uri: string, path: Record<string, string>, query: URLSearchParams): string {
  const filled = uri.replace(/\{(\w+)\+?\}/g, (_all, name: string) =>
    (path[name] ?? "").split("/").map(encodeURIComponent).join("/"),
  );
  const text = query.toString();
  return text === "" ? filled : `${filled}${filled.includes("?") ? "&" : "?"}${text}`;
}
