/** The event of a Lambda proxy integration, payload version 1.0: REST APIs, and HTTP APIs that ask for it. */
import type { Cloud } from "../../../service.ts";
import { clfTime, type Exchange } from "../serve/exchange.ts";

export interface EventV1Options {
  /** HTTP APIs say so. */
  version?: "1.0";
  deploymentId?: string;
  body: string | null;
  isBase64Encoded: boolean;
  /** Set after the client's own: mapped from the request's context. */
  extraHeaders?: Record<string, string>;
}

export function eventV1(cloud: Cloud, exchange: Exchange, options: EventV1Options): string {
  return JSON.stringify({
    ...requestPart(cloud, exchange, options),
    body: options.body,
    isBase64Encoded: options.isBase64Encoded,
  });
}

/** What a REQUEST authorizer gets: the request without its body. */
export function authorizerEventV1(cloud: Cloud, exchange: Exchange, methodArn: string, version?: "1.0"): string {
  const request = requestPart(cloud, exchange, { version, body: null, isBase64Encoded: false });
  return JSON.stringify({ type: "REQUEST", methodArn, ...request });
}

function requestPart(cloud: Cloud, exchange: Exchange, { version, deploymentId, extraHeaders }: EventV1Options) {
  const { stage } = exchange;
  const { headers, multiValueHeaders } = headersOf(exchange, extraHeaders);
  const { single, multi } = queryOf(exchange.rawQuery);
  return {
    ...(version && { version }),
    resource: exchange.resourcePath ?? "",
    path: exchange.eventPath ?? exchange.path,
    httpMethod: exchange.method,
    headers,
    multiValueHeaders,
    queryStringParameters: single,
    multiValueQueryStringParameters: multi,
    pathParameters: exchange.parameters ?? null,
    stageVariables: stage.variables ?? null,
    requestContext: {
      resourceId: exchange.resourceId,
      ...(exchange.authorizer && { authorizer: exchange.authorizer }),
      resourcePath: exchange.resourcePath ?? "",
      httpMethod: exchange.method,
      extendedRequestId: exchange.extendedRequestId,
      requestTime: clfTime(exchange.startedAt),
      path: exchange.fullPath,
      accountId: cloud.account,
      protocol: `HTTP/${exchange.incoming.httpVersion}`,
      stage: stage.name,
      domainPrefix: exchange.host.split(".", 1)[0],
      requestTimeEpoch: exchange.startedAt,
      requestId: exchange.requestId,
      identity: {
        cognitoIdentityPoolId: null,
        accountId: null,
        cognitoIdentityId: null,
        caller: null,
        sourceIp: exchange.sourceIp,
        principalOrgId: null,
        accessKey: null,
        cognitoAuthenticationType: null,
        cognitoAuthenticationProvider: null,
        userArn: null,
        userAgent: exchange.incoming.headers["user-agent"] ?? null,
        user: null,
        ...(exchange.signer && { ...exchange.signer, user: exchange.signer.caller }),
        ...(exchange.apiKey && { apiKey: exchange.apiKey.value, apiKeyId: exchange.apiKey.id }),
      },
      domainName: exchange.host,
      deploymentId,
      apiId: exchange.apiId,
    },
  };
}

/** Headers and query of a request, each once and with all its values. */
export function multiValued(exchange: Exchange) {
  return { ...headersOf(exchange, undefined), ...queryOf(exchange.rawQuery) };
}

/** Names as the client spells them; of a header sent twice, `headers` has the last value. */
function headersOf(exchange: Exchange, extra: Record<string, string> | undefined) {
  const headers: Record<string, string> = {};
  const multiValueHeaders: Record<string, string[]> = {};
  const { rawHeaders } = exchange.incoming;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (isReplaced(name)) continue;
    const value = rawHeaders[i + 1]!;
    headers[name] = value;
    const values = multiValueHeaders[name];
    if (values) values.push(value);
    else multiValueHeaders[name] = [value];
  }
  const set = (name: string, value: string) => {
    headers[name] = value;
    multiValueHeaders[name] = [value];
  };
  set("Host", exchange.host);
  set("X-Forwarded-For", exchange.sourceIp);
  set("X-Forwarded-Host", exchange.forwardedHost);
  set("X-Forwarded-Port", String(exchange.incoming.socket.localPort));
  set("X-Forwarded-Proto", "http");
  for (const name in extra) set(name, extra[name]!);
  return { headers, multiValueHeaders };
}

/** Headers that the gateway itself speaks for, and those of the connection. */
const REPLACED = new Set([
  "host",
  "connection",
  "keep-alive",
  "transfer-encoding",
  "x-amz-tenant-id",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
]);

export function isReplaced(name: string): boolean {
  return REPLACED.has(name.toLowerCase());
}

function queryOf(rawQuery: string) {
  if (rawQuery === "") return { single: null, multi: null };
  const single: Record<string, string> = {};
  const multi: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(rawQuery)) {
    single[name] = value;
    if (Object.hasOwn(multi, name)) multi[name]!.push(value);
    else multi[name] = [value];
  }
  return { single, multi };
}
