/** Lambda's own segments of a sampled invocation: the service's, and within it the function's. */
import type { Cloud } from "../../service.ts";
import { emit, newSegmentId, type TraceContext, traceHeader, traceOf, tracingOf } from "../../tracing.ts";
import type { InvocationResult } from "./environments/invocation.ts";
import type { FunctionConfig } from "./function-config.ts";

export interface InvocationTrace {
  /** For the function: its tracer's subsegments belong to the function's segment. */
  header: string;
  end(result: InvocationResult): void;
}

export type TraceInvocation = (
  config: FunctionConfig,
  requestId: string,
  header: string | undefined,
) => InvocationTrace | undefined;

export function functionTraces(cloud: Cloud): TraceInvocation {
  const tracing = tracingOf(cloud);

  return (config, requestId, header) => {
    if (!config.isTraced || (header === undefined && !tracing.sample)) return undefined;
    const startedAt = cloud.clock.now();
    const request = () => ({ serviceName: config.name, serviceType: "AWS::Lambda::Function" });
    const trace = traceOf(tracing, header, request, startedAt);
    if (!trace) return undefined;
    const [service, own] = [newSegmentId(), newSegmentId()];
    const lineage = /;Lineage=[^;]*/.exec(header ?? "")?.[0] ?? "";
    return {
      header: traceHeader({ root: trace.root, parent: own }) + lineage,
      end: (result) => write(config, requestId, trace, { service, own, startedAt }, result),
    };
  };

  function write(
    config: FunctionConfig,
    requestId: string,
    trace: TraceContext,
    { service, own, startedAt }: { service: string; own: string; startedAt: number },
    { functionError, payload, durationMs = 0 }: InvocationResult,
  ): void {
    const end = cloud.clock.now() / 1000;
    const start = startedAt / 1000;
    const common = { trace_id: trace.root, name: config.name, end_time: end, resource_arn: config.arn };
    const failed = functionError ? { fault: true, cause: causeOf(payload) } : {};
    const status = { http: { response: { status: 200 } } };
    const aws = {
      request_id: requestId,
      account_id: cloud.account,
      function_arn: config.arn,
      resource_names: [config.name],
    };
    emit(
      tracing,
      JSON.stringify({
        ...{
          ...common,
          ...status,
          id: service,
          parent_id: trace.parent,
          start_time: start,
          origin: "AWS::Lambda",
          aws,
        },
        ...(functionError && { fault: true }),
      }),
    );
    const invocation = { id: newSegmentId(), name: "Invocation", start_time: Math.max(start, end - durationMs / 1000) };
    emit(
      tracing,
      JSON.stringify({
        ...{ ...common, id: own, parent_id: service, start_time: start, origin: "AWS::Lambda::Function", aws },
        ...{ ...failed, subsegments: [{ ...invocation, end_time: end, ...failed }] },
      }),
    );
  }
}

function causeOf(payload: Buffer): object | undefined {
  try {
    const { errorType: type, errorMessage: message } = JSON.parse(payload.toString());
    return { exceptions: [{ id: newSegmentId(), type, message }] };
  } catch {
    return undefined;
  }
}
