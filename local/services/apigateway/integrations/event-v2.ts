/** The event of an HTTP API, payload version 2.0: lower-case headers, duplicates joined, absent fields left out. */
import type { Cloud } from "../../../service.ts";
import { clfTime, type Exchange } from "../serve/exchange.ts";
import { isReplaced } from "./event-v1.ts";

export interface EventV2Options {
  /** `{ jwt: { claims, scopes } }` or `{ lambda: { … } }`. */
  authorizer?: object;
  /** Set after the client's own. */
  extraHeaders?: Record<string, string>;
}

export function eventV2(cloud: Cloud, exchange: Exchange, options: EventV2Options): string {
  const { body, incoming } = exchange;
  const isText = body === undefined || isTextual(incoming.headers["content-type"]);
  return JSON.stringify({
    version: "2.0",
    routeKey: exchange.routeKey,
    ...requestPart(cloud, exchange, options),
    ...(body !== undefined && { body: body.toString(isText ? "utf8" : "base64") }),
    isBase64Encoded: !isText,
  });
}

export function authorizerEventV2(
  cloud: Cloud,
  exchange: Exchange,
  routeArn: string,
  identitySource: string[],
): string {
  return JSON.stringify({
    version: "2.0",
    type: "REQUEST",
    routeArn,
    identitySource,
    routeKey: exchange.routeKey,
    ...requestPart(cloud, exchange, {}),
  });
}

function requestPart(cloud: Cloud, exchange: Exchange, { authorizer, extraHeaders }: EventV2Options) {
  const { stage, incoming, rawQuery, parameters } = exchange;
  const { headers, cookies } = headersOf(exchange, extraHeaders);
  return {
    rawPath: exchange.fullPath,
    rawQueryString: rawQuery,
    ...(cookies && { cookies }),
    headers,
    ...(rawQuery !== "" && { queryStringParameters: queryOf(rawQuery) }),
    requestContext: {
      accountId: cloud.account,
      apiId: exchange.apiId,
      ...(authorizer && { authorizer }),
      domainName: exchange.host,
      domainPrefix: exchange.host.split(".", 1)[0],
      http: {
        method: exchange.method,
        path: exchange.fullPath,
        protocol: `HTTP/${incoming.httpVersion}`,
        sourceIp: exchange.sourceIp,
        userAgent: incoming.headers["user-agent"] ?? "",
      },
      requestId: exchange.extendedRequestId,
      routeKey: exchange.routeKey,
      stage: stage.name,
      time: clfTime(exchange.startedAt),
      timeEpoch: exchange.startedAt,
    },
    ...(parameters && { pathParameters: parameters }),
    ...(stage.variables && { stageVariables: stage.variables }),
  };
}

function headersOf(exchange: Exchange, extra: Record<string, string> | undefined) {
  const headers: Record<string, string> = {};
  let cookies: string[] | undefined;
  const { rawHeaders } = exchange.incoming;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    if (isReplaced(name)) continue;
    const value = rawHeaders[i + 1]!;
    if (name === "cookie") {
      cookies = [...(cookies ?? []), ...value.split(/; */)];
      continue;
    }
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  headers.host = exchange.host;
  headers["x-forwarded-for"] = exchange.sourceIp;
  headers["x-forwarded-host"] = exchange.forwardedHost;
  headers["x-forwarded-port"] = String(exchange.incoming.socket.localPort);
  headers["x-forwarded-proto"] = "http";
  for (const name in extra) headers[name.toLowerCase()] = extra[name]!;
  return { headers, cookies };
}

export function queryOf(rawQuery: string): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQuery)) {
    query[name] = query[name] === undefined ? value : `${query[name]},${value}`;
  }
  return query;
}

export function isTextual(contentType: string | undefined): boolean {
  if (contentType === undefined) return true;
  return /^(text\/|application\/(json|javascript|xml|x-www-form-urlencoded|graphql|[^;]*\+(json|xml))\b)/i.test(
    contentType,
  );
}
