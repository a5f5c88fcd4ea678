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
  const { responseTransferMode: mode } = rest;
  // Regional APIs may be given more than 29 s; a stream may last for 15 minutes.
  const most = mode === "STREAM" ? 900_000 : 300_000;
  if (timeoutInMillis !== undefined && !(timeoutInMillis >= 50 && timeoutInMillis <= most)) {
    throw badRequest(`Timeout should be between 50 ms and ${mode === "STREAM" ? most : 29_000} ms`);
  }
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
  if (mode === "STREAM" && !uri.endsWith("/response-streaming-invocations")) {
    throw badRequest("The URI of a streaming integration has to end in /response-streaming-invocations");
  }
}
