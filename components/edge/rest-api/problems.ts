import * as aws from "@pulumi/aws";
import type { Child } from "./methods.ts";

/** What API Gateway itself refuses, in the form that the handler's errors have (RFC 9457). */
const PROBLEMS: Record<string, [status: number, title: string, detail: string]> = {
  UNAUTHORIZED: [401, "Unauthorized", "Send a valid token: Authorization: Bearer <id token>."],
  ACCESS_DENIED: [403, "Forbidden", "This token does not open this tenant's door."],
  MISSING_AUTHENTICATION_TOKEN: [404, "Not Found", "There is nothing at this path."],
  BAD_REQUEST_BODY: [400, "Bad Request", "$context.error.validationErrorString"],
  THROTTLED: [429, "Too Many Requests", "Slow down and try again."],
  QUOTA_EXCEEDED: [429, "Too Many Requests", "The quota of this period is used up."],
  REQUEST_TOO_LARGE: [413, "Content Too Large", "A request may have 10 MB."],
  DEFAULT_5XX: [500, "Internal Server Error", "Something went wrong on our side."],
};

export function declareProblems(name: string, api: aws.apigateway.RestApi, child: Child): aws.apigateway.Response[] {
  return Object.entries(PROBLEMS).map(([responseType, [status, title, detail]]) => {
    const body = { type: "about:blank", title, status, detail, requestId: "$context.requestId" };
    return new aws.apigateway.Response(
      `${name}-problem-${responseType.toLowerCase().replaceAll("_", "-")}`,
      {
        restApiId: api.id,
        responseType,
        // 5XX keeps the status it has: 502 of a bad answer and 504 of none are not the same.
        statusCode: responseType === "DEFAULT_5XX" ? undefined : String(status),
        responseTemplates: { "application/json": JSON.stringify(body) },
        responseParameters: { "gatewayresponse.header.Content-Type": "'application/problem+json'" },
      },
      child,
    );
  });
}
