/** Functions that an execution invokes: plain ones, and durable ones, which are executions of their own. */
import type { Cloud } from "../../../service.ts";
import { parseFunctionName } from "../function-config.ts";
import type { Functions } from "../functions.ts";
import { invalid, put } from "./checkpoint.ts";
import type { Lives } from "./engine.ts";
import { type DurableExecution, type DurableOperation, isClosed, isOver, type LiveExecution } from "./execution.ts";
import { eventOf } from "./history.ts";
import { errorOf } from "./invocations.ts";

export function chainedInvokes(cloud: Cloud, functions: Functions, lives: Lives, isStopped: () => boolean) {
  const { clock } = cloud;

  function finish(
    { arn, operationId }: NonNullable<DurableExecution["parent"]>,
    status: DurableOperation["Status"],
    details: NonNullable<DurableOperation["ChainedInvokeDetails"]>,
  ): void {
    const execution = lives.get(arn);
    const operation = execution?.operations.get(operationId);
    if (!execution || !operation || isOver(operation)) return;
    Object.assign(operation, { Status: status, EndTimestamp: clock.now(), ChainedInvokeDetails: details });
    put(execution, operation);
    lives.commit(execution, [operation], [eventOf(operation, clock.now())]);
  }

  /** The chained invoke that an execution was is over. */
  function tellParent({ parent, status, result, error, timeoutSeconds }: DurableExecution): void {
    const timeout = {
      ErrorMessage: `CHAINED_INVOKE timed out after ${timeoutSeconds} seconds.`,
      ErrorType: "ChainedInvoke.Timeout",
    };
    finish(parent!, status as DurableOperation["Status"], {
      ...(status === "SUCCEEDED" ? { Result: result } : { Error: status === "TIMED_OUT" ? timeout : error }),
    });
  }

  /** Its history tells of it once it is known which execution it is; once, however often it is begun. */
  function tell(execution: LiveExecution, operation: DurableOperation): void {
    const { invoke } = operation.own;
    if (invoke!.isTold) return;
    invoke!.isTold = true;
    lives.commit(execution, [operation], [eventOf(operation, clock.now())], false);
  }

  async function run(execution: LiveExecution, operation: DurableOperation): Promise<void> {
    const parent = { arn: execution.arn, operationId: operation.Id };
    const { functionName, tenantId, payload = "{}" } = operation.own.invoke!;
    const { config } = functions.find(execution.functionName, execution.version);
    const call = { principal: cloud.principalFor(config.role, config.name) };
    const { qualifier } = parseFunctionName(functionName);
    const target = functions.find(functionName);
    if (target.config.durable) {
      if (!qualifier) throw invalid("You cannot invoke a durable function using an unqualified ARN.");
      const resource = `${target.config.arn}:${qualifier}`;
      cloud.authorize({ ...call, sourceIp: "127.0.0.1" }, { action: "lambda:InvokeFunction", resource });
      // Its name says whose it is: begun again after a kill, it is the same execution.
      const executionName = `${execution.id.slice(0, 8)}-${operation.Id.slice(0, 32)}`;
      const { traceHeader } = execution;
      const child = lives.start(target, { payload, qualifier, tenantId, traceHeader, parent, executionName });
      operation.own.invoke!.executionArn = child.arn;
      tell(execution, operation);
      // It ended just before the platform was killed.
      if (isClosed(child)) tellParent(child);
      return;
    }
    tell(execution, operation);
    const request = { FunctionName: functionName, Payload: payload, TenantId: tenantId };
    const result = await cloud.call<{ Payload?: Buffer; FunctionError?: string }>("lambda", "Invoke", request, call);
    if (isStopped()) return;
    const answer = Buffer.from(result.Payload ?? "");
    if (result.FunctionError) finish(parent, "FAILED", { Error: errorOf(answer) });
    else finish(parent, "SUCCEEDED", { Result: answer.length > 0 ? answer.toString() : undefined });
  }

  return {
    tellParent,
    /** A turn later; at least once, should the platform be killed meanwhile. */
    chain(execution: LiveExecution, operation: DurableOperation): void {
      const { executionArn } = operation.own.invoke!;
      // It was begun before the platform was killed, and says itself when it is over.
      if (executionArn && lives.get(executionArn)) return;
      setImmediate(() => {
        if (isStopped() || isOver(operation)) return;
        run(execution, operation).catch(({ code, message }) => {
          if (isStopped()) return;
          tell(execution, operation);
          const parent = { arn: execution.arn, operationId: operation.Id };
          finish(parent, "FAILED", { Error: { ErrorType: code, ErrorMessage: message } });
        });
      });
    },
  };
}
