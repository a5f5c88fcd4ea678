/** Requests to a function's own address: judged, handed to the function as an event of version 2.0, answered with what it says. */
import { randomUUID } from "node:crypto";
import { AwsError, type AwsRequest, type AwsResponse, type Cloud } from "../../../service.ts";
import { isTextual, queryOf } from "../../apigateway/integrations/event-v2.ts";
import { httpProxyResponse } from "../../apigateway/integrations/proxy-response.ts";
import { clfTime } from "../../apigateway/serve/exchange.ts";
import type { Functions, InvokeRequest, LambdaFunction } from "../functions.ts";
import type { ResourcePolicies } from "../resource-policy.ts";
import { answerHeaders } from "./answer-headers.ts";
import { corsHeaders, isPreflight } from "./cors.ts";
import type { FunctionUrl, FunctionUrls } from "./function-urls.ts";

const LIMIT_BYTES = 6_291_456;

const BAD_GATEWAY = { status: 502, headers: { "content-type": "text/plain" }, body: "Internal Server Error" };

export interface ServeOptions {
  cloud: Cloud;
  functions: Functions;
  policies: ResourcePolicies;
  urls: FunctionUrls;
}

/** @returns undefined for a request to any other host */
export async function serveFunctionUrl(options: ServeOptions, request: AwsRequest): Promise<AwsResponse | undefined> {
  const id = /^([^.]+)\.lambda-url\./.exec(request.headers.host ?? "")?.[1];
  if (id === undefined) return undefined;
  const url = options.urls.byId(id.toLowerCase());
  if (!url) return message(404, "Not Found", "ResourceNotFoundException");
  const cors = corsHeaders(url.cors, request);
  if (url.cors && isPreflight(request)) return { status: 200, headers: cors };
  const answer = await answerOf(options, url, request);
  return { ...answer, headers: { ...answer.headers, ...cors } };
}

async function answerOf(
  { cloud, functions, policies }: ServeOptions,
  url: FunctionUrl,
  request: AwsRequest,
): Promise<AwsResponse> {
  const { functionName, qualifier, authType } = url;
  const { principal, sourceIp, body } = request;
  if (body.length > LIMIT_BYTES)
    return message(413, "Request must be smaller than 6291456 bytes", "RequestTooLargeException");
  try {
    if (authType === "AWS_IAM" && principal.type === "anonymous") throw new AwsError("AccessDeniedException", "", 403);
    const target = functions.find(functionName, qualifier);
    const latest = functions.find(functionName).config;
    const resource = qualifier ? `${latest.arn}:${qualifier}` : latest.arn;
    const judged = { resource, resourcePolicy: policies.of(functionName) };
    // Both, since October 2025.
    for (const [action, context] of [
      ["lambda:InvokeFunctionUrl", { "lambda:FunctionUrlAuthType": authType }],
      ["lambda:InvokeFunction", { "lambda:InvokedViaFunctionUrl": "true" }],
    ] as const) {
      cloud.authorize({ principal, sourceIp }, { action, ...judged, context });
    }
    const payload = eventOf(cloud, url, request);
    const traceHeader = request.headers["x-amzn-trace-id"];
    const tenantId = request.headers["x-amz-tenant-id"];
    const invocation = { payload, qualifier, traceHeader, tenantId };
    if (url.invokeMode === "RESPONSE_STREAM") return await streamed(cloud, functions, target, invocation);
    const result = await functions.invoke(target, invocation);
    const answer = result.functionError ? undefined : httpProxyResponse(result.payload);
    if (!answer) return BAD_GATEWAY;
    return { status: answer.status, headers: answerHeaders(answer.headers), body: answer.body };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.status === 403) {
      cloud.log({
        level: "warn",
        source: functionName,
        message: `function URL: ${error.message || "the request is not signed"}`,
      });
      return message(403, "Forbidden", "AccessDeniedException");
    }
    return message(error.status, error.message, error.code);
  }
}

async function streamed(cloud: Cloud, functions: Functions, target: LambdaFunction, invocation: InvokeRequest) {
  const [{ streamedAnswer }, { ResponseStreamError }] = await Promise.all([
    import("./stream.ts"),
    import("../http-response-stream.ts"),
  ]);
  try {
    return (await streamedAnswer(functions, target, invocation)) ?? BAD_GATEWAY;
  } catch (error) {
    if (!(error instanceof ResponseStreamError)) throw error;
    cloud.log({ level: "error", source: target.config.name, message: `function URL: ${error.message}` });
    return BAD_GATEWAY;
  }
}

function message(status: number, Message: string, code: string): AwsResponse {
  const headers = { "content-type": "application/json", "x-amzn-errortype": code };
  return { status, headers, body: JSON.stringify({ Message }) };
}

function eventOf(cloud: Cloud, { id, authType }: FunctionUrl, request: AwsRequest): string {
  const { method, url, sourceIp, body, principal } = request;
  const { host = "", cookie, authorization: _, ...rest } = request.headers;
  const now = cloud.clock.now();
  const isText = isTextual(rest["content-type"]);
  const domainName = host.split(":")[0]!;
  const rawQueryString = url.search.slice(1);
  const plain = Object.entries(rest).filter(([name]) => !name.startsWith(":") && name !== "connection");
  const headers = Object.fromEntries(plain);
  return JSON.stringify({
    version: "2.0",
    routeKey: "$default",
    rawPath: url.pathname,
    rawQueryString,
    ...(cookie && { cookies: cookie.split(/; */) }),
    headers: { ...headers, host: domainName, "x-forwarded-for": sourceIp, "x-forwarded-proto": "http" },
    ...(rawQueryString && { queryStringParameters: queryOf(rawQueryString) }),
    requestContext: {
      accountId: authType === "NONE" ? "anonymous" : cloud.account,
      apiId: id,
      ...(authType === "AWS_IAM" && {
        authorizer: {
          iam: {
            accessKey: principal.accessKeyId ?? null,
            accountId: principal.account,
            callerId: principal.sessionName ?? null,
            cognitoIdentity: null,
            principalOrgId: null,
            userArn: principal.arn,
            userId: principal.sessionName ?? null,
          },
        },
      }),
      domainName,
      domainPrefix: id,
      http: {
        method,
        path: url.pathname,
        protocol: "HTTP/1.1",
        sourceIp,
        userAgent: rest["user-agent"] ?? "",
      },
      requestId: randomUUID(),
      routeKey: "$default",
      stage: "$default",
      time: clfTime(now),
      timeEpoch: now,
    },
    ...(body.length > 0 && { body: body.toString(isText ? "utf8" : "base64") }),
    isBase64Encoded: body.length > 0 && !isText,
  });
}
