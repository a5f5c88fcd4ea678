/** The events of a WebSocket API's functions, as API Gateway spells them. */
import type { Cloud } from "../../../service.ts";
import { multiValued } from "../integrations/event-v1.ts";
import { clfTime, contextVariable, type Exchange } from "../serve/exchange.ts";

export type EventType = "CONNECT" | "MESSAGE" | "DISCONNECT";

export interface Happening {
  type: EventType;
  connectionId: string;
  connectedAt: number;
  messageId?: string;
  disconnectStatusCode?: number;
  disconnectReason?: string;
}

export interface Handshake {
  headers: Record<string, string>;
  multiValueHeaders: Record<string, string[]>;
  queryStringParameters?: Record<string, string>;
  multiValueQueryStringParameters?: Record<string, string[]>;
}

/** What $connect and its authorizer see of the client's request. */
export function handshakeOf(exchange: Exchange): Handshake {
  const { headers, multiValueHeaders, single, multi } = multiValued(exchange);
  return {
    headers,
    multiValueHeaders,
    ...(single && { queryStringParameters: single, multiValueQueryStringParameters: multi }),
  };
}

export function connectEvent(exchange: Exchange): object {
  return { ...handshakeOf(exchange), ...common(exchange), isBase64Encoded: false };
}

export function authorizerEvent(exchange: Exchange, methodArn: string): object {
  return { type: "REQUEST", methodArn, ...handshakeOf(exchange), ...common(exchange) };
}

export function messageEvent(exchange: Exchange, body: string): object {
  return { ...common(exchange), body, isBase64Encoded: false };
}

export function disconnectEvent(exchange: Exchange): object {
  const headers = { Host: exchange.host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" };
  const multiValueHeaders = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return { headers, multiValueHeaders, ...common(exchange), isBase64Encoded: false };
}

function common(exchange: Exchange) {
  const { stage, happening, authorizer, incoming } = exchange;
  const { type, connectionId, connectedAt, messageId, disconnectStatusCode, disconnectReason } = happening!;
  const userAgent = incoming.headers["user-agent"];
  return {
    requestContext: {
      routeKey: exchange.routeKey,
      ...(authorizer && { authorizer }),
      ...(messageId && { messageId }),
      ...(type === "DISCONNECT" && { disconnectStatusCode, disconnectReason }),
      eventType: type,
      extendedRequestId: exchange.extendedRequestId,
      requestTime: clfTime(exchange.startedAt),
      messageDirection: "IN",
      stage: stage.name,
      connectedAt,
      requestTimeEpoch: exchange.startedAt,
      identity: { ...(userAgent && { userAgent }), sourceIp: exchange.sourceIp },
      requestId: exchange.requestId,
      domainName: exchange.host,
      connectionId,
      apiId: exchange.apiId,
    },
    ...(stage.variables && Object.keys(stage.variables).length > 0 && { stageVariables: stage.variables }),
  };
}

/** A value of an authorizer's identity source: `route.request.header.Authorization`. */
export function identityValue(cloud: Cloud, exchange: Exchange, source: string): string | undefined {
  const [, kind, name = ""] =
    /^(route\.request\.header|route\.request\.querystring|context|stageVariables)\.(.+)$/.exec(source) ?? [];
  if (kind === "route.request.header") {
    const value = exchange.incoming.headers[name.toLowerCase()];
    return Array.isArray(value) ? value[0] : value;
  }
  if (kind === "route.request.querystring") return new URLSearchParams(exchange.rawQuery).get(name) ?? undefined;
  if (kind === "stageVariables") return exchange.stage.variables?.[name];
  const value = kind === "context" ? contextVariable(cloud, exchange, name) : undefined;
  return value === undefined || value === null ? undefined : String(value);
}
