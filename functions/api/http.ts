/**
 * What the API works with, whichever gateway stands before it: REST (event version 1.0) and HTTP (2.0) events become one
 * request, and one response becomes the result either expects.
 */

import type {
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyResult,
  APIGatewayProxyStructuredResultV2,
} from "aws-lambda";
import type { TenantAccess } from "../shared/tenant-access.ts";

export type GatewayEvent = APIGatewayProxyEvent | APIGatewayProxyEventV2;
export type GatewayResult = APIGatewayProxyResult & APIGatewayProxyStructuredResultV2;

export interface HttpRequest {
  method: string;
  /** As the client sent it, without the stage. */
  path: string;
  /** `GET /albums/{albumId}`, where the gateway has already matched a route. */
  routeKey?: string;
  parameters: Record<string, string>;
  query: Record<string, string>;
  /** Lower-case names. */
  headers: Record<string, string>;
  body?: string;
  requestId: string;
  /** From the authorizer's context and nowhere else: no client header can name a tenant. */
  tenant?: TenantAccess;
}

export interface HttpResponse {
  status: number;
  headers?: Record<string, string>;
  /** Serialised as JSON; a string is sent as it is. */
  body?: unknown;
}

/** Reads an event of either payload version. */
export function readRequest(event: GatewayEvent): HttpRequest {
  const request = "httpMethod" in event ? readRest(event) : readHttp(event);
  if (event.isBase64Encoded && request.body !== undefined)
    request.body = Buffer.from(request.body, "base64").toString("utf8");
  return request;
}

function readRest(event: APIGatewayProxyEvent): HttpRequest {
  return {
    method: event.httpMethod,
    path: event.path,
    routeKey: event.resource && !event.resource.includes("+}") ? `${event.httpMethod} ${event.resource}` : undefined,
    parameters: defined(event.pathParameters),
    query: defined(event.queryStringParameters),
    headers: lowerCased(event.headers),
    body: event.body ?? undefined,
    requestId: event.requestContext.requestId,
    tenant: tenantOf(event.requestContext.authorizer),
  };
}

function readHttp(event: APIGatewayProxyEventV2): HttpRequest {
  const { stage, requestId, http } = event.requestContext;
  const prefix = `/${stage}`;
  const staged = stage !== "$default" && (event.rawPath === prefix || event.rawPath.startsWith(`${prefix}/`));
  const { authorizer } = event.requestContext as { authorizer?: { lambda?: Record<string, unknown> } };
  return {
    method: http.method,
    path: (staged ? event.rawPath.slice(prefix.length) : event.rawPath) || "/",
    routeKey: event.routeKey === "$default" || event.routeKey.includes("+}") ? undefined : event.routeKey,
    parameters: defined(event.pathParameters),
    query: defined(event.queryStringParameters),
    headers: lowerCased(event.headers),
    body: event.body,
    requestId,
    tenant: tenantOf(authorizer?.lambda),
  };
}

function tenantOf(context: Record<string, unknown> | null | undefined): TenantAccess | undefined {
  if (typeof context?.["tenantId"] !== "string") return undefined;
  const text = (name: string) => String(context[name] ?? "");
  return {
    tenantId: text("tenantId"),
    tier: text("tier"),
    subject: text("subject"),
    database: text("database"),
    dbSecretArn: text("dbSecretArn"),
  };
}

/** The result both payload versions accept. */
export function renderResponse({ status, headers, body }: HttpResponse): GatewayResult {
  return {
    statusCode: status,
    headers:
      body === undefined
        ? { "cache-control": "no-store", ...headers }
        : { "content-type": "application/json", "cache-control": "no-store", ...headers },
    body: body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body),
    isBase64Encoded: false,
  };
}

function lowerCased(headers: Record<string, string | undefined> | null): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) result[name.toLowerCase()] = value;
  }
  return result;
}

const defined = (values: Record<string, string | undefined> | null | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(values ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined));
