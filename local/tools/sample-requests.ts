/** Requests as API Gateway and Cognito hand them to functions. */
import { randomUUID } from "node:crypto";
import type { EventValues } from "./sample-events.ts";

export function restEvent({ account, method = "GET", path = "/health", body }: EventValues) {
  const headers = { Host: "api.example.com", "Content-Type": "application/json" };
  const multiValueHeaders = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return {
    ...{ resource: path, path, httpMethod: method, headers, multiValueHeaders, queryStringParameters: null },
    ...{ multiValueQueryStringParameters: null, pathParameters: null, stageVariables: null },
    requestContext: {
      ...{ accountId: account, apiId: "sample", stage: "v1", httpMethod: method, path, resourcePath: path },
      ...{
        requestId: randomUUID(),
        requestTimeEpoch: Date.now(),
        identity: { sourceIp: "127.0.0.1", userAgent: "sample" },
      },
    },
    ...{ body: body ?? null, isBase64Encoded: false },
  };
}

export function httpEvent({ account, method = "GET", path = "/health", body }: EventValues) {
  return {
    ...{ version: "2.0", routeKey: `${method} ${path}`, rawPath: path, rawQueryString: "" },
    headers: { host: "api.example.com", "content-type": "application/json" },
    requestContext: {
      ...{
        accountId: account,
        apiId: "sample",
        domainName: "api.example.com",
        routeKey: `${method} ${path}`,
        stage: "$default",
      },
      ...{ requestId: randomUUID(), timeEpoch: Date.now() },
      http: { method, path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "sample" },
    },
    ...(body === undefined ? {} : { body }),
    isBase64Encoded: false,
  };
}

/** A REST API's authorizer of the kind REQUEST; `--body` is the Authorization header. */
export function authorizerEvent(values: EventValues) {
  const { region, account, method = "GET", path = "/health", body = "Bearer sample" } = values;
  const { body: _body, isBase64Encoded: _encoded, ...request } = restEvent({ ...values, body: undefined });
  return {
    ...request,
    type: "REQUEST",
    methodArn: `arn:aws:execute-api:${region}:${account}:sample/v1/${method}${path}`,
    headers: { ...request.headers, Authorization: body },
    multiValueHeaders: { ...request.multiValueHeaders, Authorization: [body] },
  };
}

export function webSocketEvent({ body }: EventValues) {
  const isMessage = body !== undefined;
  return {
    requestContext: {
      ...{ routeKey: isMessage ? "$default" : "$connect", eventType: isMessage ? "MESSAGE" : "CONNECT" },
      ...{ connectionId: "sample-connection=", connectedAt: Date.now(), requestTimeEpoch: Date.now() },
      ...{ messageDirection: "IN", requestId: randomUUID(), apiId: "sample", stage: "v1" },
      ...{ domainName: "sample.execute-api.example.com", identity: { sourceIp: "127.0.0.1" } },
      ...(isMessage && { messageId: randomUUID() }),
    },
    ...(isMessage ? { body } : { headers: { Host: "sample.execute-api.example.com" } }),
    isBase64Encoded: false,
  };
}

/** Cognito's pre-token trigger, version 2. */
export function tokenEvent({ region }: EventValues) {
  return {
    ...{ version: "2", triggerSource: "TokenGeneration_Authentication", region, userPoolId: `${region}_sample` },
    ...{ userName: "ada@example.com", callerContext: { awsSdkVersion: "sample", clientId: "sample" } },
    request: {
      userAttributes: { sub: randomUUID(), email: "ada@example.com" },
      groupConfiguration: { groupsToOverride: [], iamRolesToOverride: [], preferredRole: null },
      scopes: ["aws.cognito.signin.user.admin"],
    },
    response: { claimsAndScopeOverrideDetails: null },
  };
}
