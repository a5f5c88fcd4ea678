/** Gateway events as AWS sends them, cut to what the API reads. */

import type { APIGatewayProxyEvent, APIGatewayProxyEventV2 } from "aws-lambda";
import { matchRoute } from "../../../functions/api/router.ts";
import { routes } from "../../../functions/api/routes.ts";

export interface EventOptions {
  body?: unknown;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  /** Null for a request that no authorizer let through. */
  tenantId?: string | null;
}

const authorizerContext = (tenantId: string) => ({
  ...{ tenantId, tier: "basic", subject: "user-1", database: "app" },
  dbSecretArn: `arn:aws:secretsmanager:eu-west-1:000000000000:secret:${tenantId}`,
});

const bodyText = (body: unknown) => (body === undefined || typeof body === "string" ? body : JSON.stringify(body));

export function restEvent(method: string, path: string, { tenantId = "acme", ...options }: EventOptions = {}) {
  let resource = "/{proxy+}";
  let pathParameters: Record<string, string> | null = null;
  for (const key of Object.keys(routes)) {
    try {
      pathParameters = matchRoute({ [key]: key }, { method, path, parameters: {} }).parameters;
      resource = key.split(" ")[1] as string;
    } catch {}
  }
  return {
    ...{ httpMethod: method, path, resource, pathParameters, isBase64Encoded: false },
    headers: { "Content-Type": "application/json", ...options.headers },
    queryStringParameters: options.query ?? null,
    body: bodyText(options.body) ?? null,
    requestContext: { requestId: "request-1", authorizer: tenantId === null ? null : authorizerContext(tenantId) },
  } as unknown as APIGatewayProxyEvent;
}

export function httpEvent(method: string, path: string, { tenantId = "acme", ...options }: EventOptions = {}) {
  return {
    ...{ version: "2.0", routeKey: "$default", rawPath: `/v1${path}`, rawQueryString: "", isBase64Encoded: false },
    headers: { "content-type": "application/json", ...options.headers },
    queryStringParameters: options.query,
    body: bodyText(options.body),
    requestContext: {
      ...{ requestId: "request-2", stage: "v1", http: { method, path } },
      authorizer: tenantId === null ? undefined : { lambda: authorizerContext(tenantId) },
    },
  } as unknown as APIGatewayProxyEventV2;
}
