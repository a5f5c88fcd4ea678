/** What a REST API itself answers, in API Gateway's words or the API's own gateway responses. */
import type { Cloud } from "../../../service.ts";
import type { RestApi } from "../model/apis.ts";
import { contextVariable, type Exchange, type GatewayAnswer } from "./exchange.ts";

/** Response type → status, message, error type. A message of null is what API Gateway answers as well. */
const DEFAULTS = {
  ACCESS_DENIED: [403, "User is not authorized to access this resource", "AccessDeniedException"],
  API_CONFIGURATION_ERROR: [500, "Internal server error", "InternalServerErrorException"],
  AUTHORIZER_CONFIGURATION_ERROR: [500, null, "AuthorizerConfigurationException"],
  AUTHORIZER_FAILURE: [500, null, "AuthorizerFailureException"],
  BAD_REQUEST_BODY: [400, "Invalid request body", "BadRequestException"],
  BAD_REQUEST_PARAMETERS: [400, "Missing required request parameters", "BadRequestException"],
  INTEGRATION_FAILURE: [502, "Internal server error", "InternalServerErrorException"],
  INTEGRATION_TIMEOUT: [504, "Endpoint request timed out", "InternalServerErrorException"],
  INVALID_SIGNATURE: [403, "The request signature does not match", "InvalidSignatureException"],
  INVALID_API_KEY: [403, "Forbidden", "ForbiddenException"],
  MISSING_AUTHENTICATION_TOKEN: [403, "Missing Authentication Token", "MissingAuthenticationTokenException"],
  QUOTA_EXCEEDED: [429, "Limit Exceeded", "LimitExceededException"],
  REQUEST_TOO_LARGE: [413, "Request Too Long", "RequestTooLargeException"],
  THROTTLED: [429, "Too Many Requests", "TooManyRequestsException"],
  UNSUPPORTED_MEDIA_TYPE: [415, "Unsupported Media Type", "BadRequestException"],
  UNAUTHORIZED: [401, "Unauthorized", "UnauthorizedException"],
} as const;

export type ResponseType = keyof typeof DEFAULTS;

/** Every type there is, with its status; the two families have none of their own. */
export const RESPONSE_TYPES: Record<string, string | null> = {
  ...Object.fromEntries(Object.entries(DEFAULTS).map(([type, [status]]) => [type, String(status)])),
  ...{ DEFAULT_4XX: null, DEFAULT_5XX: null, EXPIRED_TOKEN: "403" },
  ...{ RESOURCE_NOT_FOUND: "404", WAF_FILTERED: "403" },
};

export interface Problem {
  message?: string;
  /** What was wrong with the body, for `$context.error.validationErrorString`. */
  validation?: string;
}

export function gatewayResponse(
  cloud: Cloud,
  api: RestApi,
  exchange: Exchange,
  responseType: ResponseType,
  problem: Problem = {},
): GatewayAnswer {
  const [defaultStatus, defaultMessage, errorType] = DEFAULTS[responseType];
  const message = problem.message ?? defaultMessage;
  exchange.error = { message: message ?? "null", responseType, validation: problem.validation };
  const family = defaultStatus < 500 ? "DEFAULT_4XX" : "DEFAULT_5XX";
  const own = api.responses.get(responseType) ?? api.responses.get(family);
  const status = Number(own?.statusCode ?? defaultStatus);
  const headers = new Map<string, string>([
    ["content-type", "application/json"],
    ["x-amzn-errortype", errorType],
  ]);
  for (const [target, source] of Object.entries(own?.parameters ?? {})) {
    const name = /^gatewayresponse\.header\.(.+)$/i.exec(target)?.[1]?.toLowerCase();
    const value = name && parameterValue(cloud, exchange, source);
    if (name && value !== undefined) headers.set(name, value);
  }
  const template = own?.templates["application/json"];
  const key = responseType === "ACCESS_DENIED" ? "Message" : "message";
  const body = template ? render(cloud, exchange, template) : JSON.stringify({ [key]: message });
  return { status, headers: [...headers].flat(), body };
}

/** `'text'`, `context.x`, or `method.request.header.x` / `.querystring.x` / `.path.x`. */
export function parameterValue(cloud: Cloud, exchange: Exchange, source: string): string | undefined {
  if (source.startsWith("'")) return source.slice(1, -1);
  if (source.startsWith("context.")) {
    const value = contextVariable(cloud, exchange, source.slice("context.".length));
    return value === undefined || value === null ? undefined : String(value);
  }
  if (source.startsWith("stageVariables.")) return exchange.stage.variables?.[source.slice("stageVariables.".length)];
  const [, kind, name = ""] = /^method\.request\.(header|querystring|path)\.(.+)$/.exec(source) ?? [];
  if (kind === "header") {
    const value = exchange.incoming.headers[name.toLowerCase()];
    return Array.isArray(value) ? value[0] : value;
  }
  if (kind === "querystring") return new URLSearchParams(exchange.rawQuery).get(name) ?? undefined;
  if (kind === "path") return exchange.parameters?.[name];
  return undefined;
}

/** Replaces `$context` variables; inside a JSON string their values are escaped. */
function render(cloud: Cloud, exchange: Exchange, template: string): string {
  return template.replace(/\$context\.([A-Za-z]\w*(?:\.\w+)*)/g, (_all, name: string) => {
    const value = contextVariable(cloud, exchange, name);
    if (value === undefined || value === null) return "";
    return name === "error.messageString" ? String(value) : JSON.stringify(String(value)).slice(1, -1);
  });
}
