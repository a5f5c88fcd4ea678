/** The answer of a function's own address with the invoke mode `RESPONSE_STREAM`. */
import type { AwsResponse } from "../../../service.ts";
import { httpProxyResponse } from "../../apigateway/integrations/proxy-response.ts";
import type { Functions, InvokeRequest, LambdaFunction } from "../functions.ts";
import { httpResponseStream } from "../http-response-stream.ts";
import { streamedInvocation } from "../streamed-invocation.ts";
import { answerHeaders } from "./answer-headers.ts";

/** @throws ResponseStreamError where the function failed before it answered */
export async function streamedAnswer(
  functions: Functions,
  target: LambdaFunction,
  request: InvokeRequest,
): Promise<AwsResponse | undefined> {
  const { metadata, contentType, body } = await httpResponseStream(
    await streamedInvocation(functions, target, request),
  );
  if (!metadata) return { status: 200, headers: { "content-type": contentType }, body };
  const headers = { "content-type": "application/octet-stream", ...lowerCased(metadata.headers) };
  const answer = httpProxyResponse(Buffer.from(JSON.stringify({ statusCode: 200, ...metadata, headers })));
  if (answer) return { status: answer.status, headers: answerHeaders(answer.headers), body };
  body.destroy();
  return undefined;
}

function lowerCased(headers: unknown): Record<string, unknown> {
  const entries = headers && typeof headers === "object" ? Object.entries(headers) : [];
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]));
}
