/** One request on its way through the gateway, and the `$context` variables that logs and templates read from it. */
import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { Cloud } from "../../../service.ts";
import type { Signer } from "../authorizers/iam-authorizer.ts";
import type { Stage } from "../model/apis.ts";
import type { RequestTrace } from "../stages/stage-trace.ts";
import type { Happening } from "../websocket/events.ts";

export interface Exchange {
  incoming: IncomingMessage;
  apiId: string;
  stage: Stage;
  method: string;
  /** Without the stage. */
  path: string;
  /** As the client sent it to this API: with the stage where the address has it. */
  fullPath: string;
  /** What a function sees of a path that begins with a domain's base path. @default `path` */
  eventPath?: string;
  rawQuery: string;
  /** The domain that the API believes to serve. */
  host: string;
  /** What the client really asked for, when the gateway stood in for DNS. */
  forwardedHost: string;
  sourceIp: string;
  requestId: string;
  extendedRequestId: string;
  startedAt: number;
  body?: Buffer;
  parameters?: Record<string, string>;
  /** REST: `/albums/{albumId}`. */
  resourcePath?: string;
  resourceId?: string;
  /** HTTP API: `GET /albums/{albumId}`. */
  routeKey?: string;
  authorizer?: Record<string, unknown>;
  /** Who signed the request, where IAM authorizes it. */
  signer?: Signer;
  /** Of a WebSocket API: what happened on which connection. */
  happening?: Happening;
  apiKey?: { id: string; value: string };
  integrationMs?: number;
  integrationStatus?: number;
  trace?: RequestTrace;
  error?: { message: string; responseType?: string; validation?: string };
}

export interface GatewayAnswer {
  status: number;
  /** Names and values in turn. */
  headers: string[];
  /** A stream where it comes piece by piece. */
  body: string | Buffer | Readable;
}

export function newExchange(
  cloud: Cloud,
  incoming: IncomingMessage,
  place: Pick<Exchange, "apiId" | "stage" | "path" | "fullPath" | "eventPath" | "rawQuery" | "host" | "forwardedHost">,
): Exchange {
  return {
    incoming,
    method: incoming.method ?? "GET",
    sourceIp: incoming.socket.remoteAddress ?? "127.0.0.1",
    requestId: randomUUID(),
    extendedRequestId: extendedId(),
    startedAt: cloud.clock.now(),
    ...place,
  };
}

let pool = Buffer.alloc(0);

/** 16 characters ending in `=`, as API Gateway's own; random bytes are drawn by the thousand. */
export function extendedId(): string {
  if (pool.length < 11) pool = randomBytes(4096);
  const id = pool.toString("base64", 0, 11);
  pool = pool.subarray(11);
  return id;
}

/** A request header by its lower-case name, as the API sees it. */
export function headerOf({ incoming, host, forwardedHost }: Exchange, name: string): string | undefined {
  if (name === "host") return host;
  if (name === "x-forwarded-host") return forwardedHost;
  // Only an authorizer says whose request this is.
  if (name === "x-amz-tenant-id") return undefined;
  const value = incoming.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** `[10/Apr/2026:12:34:56 +0000]` without the brackets. */
export function clfTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== clfSecond) {
    const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(ms).toUTCString())!;
    clfText = `${day}/${month}/${year}:${time} +0000`;
    clfSecond = second;
  }
  return clfText;
}
let clfSecond = Number.NaN;
let clfText = "";

/** The value of `$context.<name>`; undefined where this request has none. */
export function contextVariable(cloud: Cloud, exchange: Exchange, name: string): unknown {
  if (name.startsWith("authorizer.")) {
    const path = name.slice("authorizer.".length);
    const own = exchange.authorizer?.[path];
    return own ?? path.split(".").reduce<unknown>((value, key) => (value as never)?.[key], exchange.authorizer);
  }
  switch (name) {
    case "requestId":
      return exchange.requestId;
    case "extendedRequestId":
      return exchange.extendedRequestId;
    case "apiId":
      return exchange.apiId;
    case "accountId":
      return cloud.account;
    case "stage":
      return exchange.stage.name;
    case "httpMethod":
      return exchange.method;
    case "path":
      return exchange.fullPath;
    case "protocol":
      return `HTTP/${exchange.incoming.httpVersion}`;
    case "resourcePath":
      return exchange.resourcePath;
    case "resourceId":
      return exchange.resourceId;
    case "routeKey":
      return exchange.routeKey;
    case "requestTime":
      return clfTime(exchange.startedAt);
    case "requestTimeEpoch":
      return exchange.startedAt;
    case "connectionId":
      return exchange.happening?.connectionId;
    case "connectedAt":
      return exchange.happening?.connectedAt;
    case "eventType":
      return exchange.happening?.type;
    case "messageId":
      return exchange.happening?.messageId;
    case "messageDirection":
      return exchange.happening && "IN";
    case "disconnectStatusCode":
      return exchange.happening?.disconnectStatusCode;
    case "disconnectReason":
      return exchange.happening?.disconnectReason;
    case "domainName":
      return exchange.host;
    case "domainPrefix":
      return exchange.host.split(".")[0];
    case "xrayTraceId":
      return /Root=([^;]+)/.exec(exchange.trace?.header ?? "")?.[1];
    case "identity.caller":
    case "identity.user":
      return exchange.signer?.caller;
    case "identity.userArn":
      return exchange.signer?.userArn;
    case "identity.accountId":
      return exchange.signer?.accountId;
    case "identity.accessKey":
      return exchange.signer?.accessKey;
    case "identity.sourceIp":
      return exchange.sourceIp;
    case "identity.userAgent":
      return exchange.incoming.headers["user-agent"];
    case "identity.apiKey":
      return exchange.apiKey?.value;
    case "identity.apiKeyId":
      return exchange.apiKey?.id;
    case "integrationLatency":
    case "integration.latency":
      return exchange.integrationMs;
    case "integrationStatus":
    case "integration.status":
    case "integration.integrationStatus":
      return exchange.integrationStatus;
    case "customDomain.basePathMatched":
      // What of the whole path is not the API's own.
      return exchange.eventPath?.slice(1, exchange.eventPath.length - exchange.path.length) || undefined;
    case "error.message":
      return exchange.error?.message;
    case "error.messageString":
      return exchange.error && JSON.stringify(exchange.error.message);
    case "error.responseType":
      return exchange.error?.responseType;
    case "error.validationErrorString":
      return exchange.error?.validation ?? exchange.error?.message;
    default:
      return undefined;
  }
}
