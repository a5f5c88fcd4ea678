/** Calls a function as API Gateway does: with the API as the source, or with a role of the integration. */
import { AwsError, type Call, type Cloud, type Principal, type Timer } from "../../../service.ts";
import type { InvokeOutput } from "../../lambda/invoke.ts";

export interface FunctionCall {
  /** `…:lambda:path/2015-03-31/functions/<arn>/invocations`, or the function's ARN. */
  uri: string;
  /** Role to invoke as. */
  credentials?: string;
  timeoutMs: number;
  /** The method or authorizer that calls: what a permission's SourceArn is compared with. */
  sourceArn: string;
  payload: string;
  /** What the integration maps to `X-Amz-Tenant-Id`: whose environment a tenant-isolated function runs in. */
  tenantId?: string;
  /** Of a sampled request. */
  traceHeader?: string;
}

export type FunctionAnswer =
  | { outcome: "answered"; payload: Buffer }
  | { outcome: "failed"; payload: Buffer; errorMessage: string }
  | { outcome: "refused" | "throttled" | "timeout"; reason: string };

export type InvokeFunction = (call: FunctionCall) => Promise<FunctionAnswer>;

export function functionInvoker(cloud: Cloud): InvokeFunction {
  const service: Principal = { type: "service", arn: "apigateway.amazonaws.com", account: cloud.account };
  const arns = new Map<string, string>();
  const calls = new Map<string, Partial<Call>>();

  function callOf(sourceArn: string, credentials: string | undefined): Partial<Call> {
    const key = credentials ?? sourceArn;
    let call = calls.get(key);
    if (!call) {
      const principal = credentials ? cloud.principalFor(credentials, "BackplaneAssumeRoleSession") : service;
      call = { principal, sourceArn };
      if (calls.size > 10_000) calls.clear();
      calls.set(key, call);
    }
    return call;
  }

  return async ({ uri, credentials, timeoutMs, sourceArn, payload, tenantId, traceHeader }) => {
    let FunctionName = arns.get(uri);
    if (FunctionName === undefined) {
      FunctionName = /\/functions\/(arn:[^/]+)\/invocations$/.exec(uri)?.[1] ?? uri;
      arns.set(uri, FunctionName);
    }
    let timer: Timer | undefined;
    try {
      const output = await new Promise<InvokeOutput | undefined>((done, failed) => {
        timer = cloud.clock.after(timeoutMs, () => done(undefined));
        const input = { FunctionName, Payload: payload, TenantId: tenantId, TraceHeader: traceHeader };
        cloud.call<InvokeOutput>("lambda", "Invoke", input, callOf(sourceArn, credentials)).then(done, failed);
      });
      if (!output) return { outcome: "timeout", reason: `no answer within ${timeoutMs} ms` };
      const answer = output.Payload as Buffer;
      if (!output.FunctionError) return { outcome: "answered", payload: answer };
      const { errorMessage } = JSON.parse(answer.toString());
      // How an authorizer asks for a 401: nothing has gone wrong.
      if (errorMessage !== "Unauthorized") {
        cloud.log({ level: "error", source: nameOf(FunctionName), message: answer.toString() });
      }
      return { outcome: "failed", payload: answer, errorMessage: String(errorMessage) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (error.code === "TooManyRequestsException") return { outcome: "throttled", reason: error.message };
      cloud.log({ level: "error", source: "apigateway", message: error.message });
      return { outcome: "refused", reason: error.message };
    } finally {
      timer?.cancel();
    }
  };
}

const nameOf = (arn: string): string => arn.split(":")[6] ?? arn;
