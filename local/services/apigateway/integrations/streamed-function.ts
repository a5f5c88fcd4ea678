/** A proxied function whose answer goes to the client while the function makes it: response transfer mode `STREAM`. */
import { AwsError, type Call, type Cloud, type Timer } from "../../../service.ts";
import type { HttpResponseStream } from "../../lambda/http-response-stream.ts";
import type { StreamedOutput } from "../../lambda/invoke.ts";
import type { GatewayAnswer } from "../serve/exchange.ts";
import type { FunctionCall } from "./invoke-function.ts";
import { restProxyResponse } from "./proxy-response.ts";

type Failure = "INTEGRATION_TIMEOUT" | "INTEGRATION_FAILURE" | "API_CONFIGURATION_ERROR";

export async function streamedFunction(cloud: Cloud, call: FunctionCall): Promise<GatewayAnswer | Failure> {
  const {
    uri,
    credentials,
    sourceArn,
    timeoutMs,
    payload: Payload,
    tenantId: TenantId,
    traceHeader: TraceHeader,
  } = call;
  const FunctionName = /\/functions\/(arn:[^/]+)\//.exec(uri)?.[1] ?? uri;
  const principal = credentials
    ? cloud.principalFor(credentials, "BackplaneAssumeRoleSession")
    : ({ type: "service", arn: "apigateway.amazonaws.com", account: cloud.account } as const);
  const caller: Partial<Call> = { principal, sourceArn };
  const { httpResponseStream, ResponseStreamError } = await import("../../lambda/http-response-stream.ts");
  const warn = (message: string) => cloud.log({ level: "error", source: "apigateway", message });

  const begin = async (): Promise<HttpResponseStream> => {
    const input = { FunctionName, Payload, TenantId, TraceHeader };
    return httpResponseStream(await cloud.call<StreamedOutput>("lambda", "InvokeWithResponseStream", input, caller));
  };
  let timer: Timer | undefined;
  let begun: HttpResponseStream | undefined;
  const timeout = new Promise<"timeout">((done) => {
    timer = cloud.clock.after(timeoutMs, () => {
      done("timeout");
      begun?.body.destroy(new Error(`the response took more than ${timeoutMs} ms`));
    });
  });
  try {
    const answered = await Promise.race([begin(), timeout]);
    if (answered === "timeout") return "INTEGRATION_TIMEOUT";
    begun = answered;
  } catch (error) {
    timer?.cancel();
    warn((error as Error).message);
    if (error instanceof ResponseStreamError) return "INTEGRATION_FAILURE";
    if (error instanceof AwsError) return "API_CONFIGURATION_ERROR";
    throw error;
  }
  const { metadata, body } = begun;
  body.once("close", () => timer?.cancel());
  const answer = metadata && headOf(metadata);
  if (answer) return { ...answer, body };
  body.destroy();
  warn(`Execution failed due to configuration error: Malformed Lambda proxy response from ${uri}`);
  return "INTEGRATION_FAILURE";
}

/** Status and headers; cookies are headers here. */
function headOf({ cookies, ...metadata }: Record<string, unknown>): GatewayAnswer | undefined {
  const answer = restProxyResponse(Buffer.from(JSON.stringify({ statusCode: 200, ...metadata })), false);
  for (const cookie of Array.isArray(cookies) ? cookies : []) answer?.headers.push("Set-Cookie", String(cookie));
  return answer;
}
