/** What API Gateway asks of an integration before it keeps it. Pure. */
import type { Document } from "../model/documents.ts";
import { badRequest } from "./kinds.ts";

const TYPES = ["HTTP", "AWS", "MOCK", "HTTP_PROXY", "AWS_PROXY"];

export function checkIntegration({ type, uri, httpMethod, timeoutInMillis, connectionType, ...rest }: Document): void {
  if (!TYPES.includes(type)) {
    throw badRequest(
      `1 validation error detected: Value '${type}' at 'putIntegrationInput.type' failed to satisfy constraint: Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]`,
    );
  }
  // REST APIs may be given more than 29 s since 2024, at the cost of throttle: the quota's own bound holds here.
  if (timeoutInMillis !== undefined && !(timeoutInMillis >= 50 && timeoutInMillis <= 300_000)) {
    throw badRequest("Timeout should be between 50 ms and 29000 ms");
  }
  const { responseTransferMode: mode } = rest;
  if (mode !== undefined && mode !== "BUFFERED" && mode !== "STREAM") {
    throw badRequest(`Invalid response transfer mode: ${mode}`);
  }
  if (mode === "STREAM" && !type.endsWith("_PROXY")) {
    throw badRequest("Response streaming is only supported for HTTP_PROXY and AWS_PROXY integrations");
  }
  if (connectionType === "VPC_LINK") throw badRequest("VPC links are not emulated on this machine");
  if (type === "MOCK") return;
  if (!httpMethod) throw badRequest("Enumeration value for HttpMethod must be non-empty");
  if (type.startsWith("HTTP")) {
    if (!/^https?:\/\/[^/\s]+/.test(uri ?? "")) throw badRequest("Invalid HTTP endpoint specified for URI");
    return;
  }
  if (!/^arn:aws[\w-]*:apigateway:/.test(uri ?? "")) throw badRequest("Invalid ARN specified in the request");
  if (!/^arn:aws[\w-]*:apigateway:[^:]*:[^:]+:(path|action)\//.test(uri)) {
    throw badRequest("AWS ARN for integration must contain path or action");
  }
  if (type === "AWS_PROXY" && !/:(lambda|firehose):path\//.test(uri)) {
    throw badRequest(
      "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
    );
  }
}
