/** Callbacks: operations that somebody outside ends, by an id that says which. */
import { AwsError, type Clock } from "../../../service.ts";
import { parseCallbackId } from "./callback-id.ts";
import { put } from "./checkpoint.ts";
import type { Lives } from "./engine.ts";
import { type DurableOperation, dueAt, type ErrorObject, isOver, type LiveExecution } from "./execution.ts";
import { eventOf } from "./history.ts";

export function callbacks(clock: Clock, lives: Lives) {
  /** @throws AwsError CallbackTimeoutException where nobody waits for it any more */
  function pending(id: string): { execution: LiveExecution; operation: DurableOperation } {
    const { arn, operationId } = parseCallbackId(id);
    const execution = lives.get(arn);
    const operation = execution?.operations.get(operationId);
    const isOpen = operation?.CallbackDetails?.CallbackId === id && !isOver(operation);
    if (execution && isOpen && (dueAt(operation) ?? Number.POSITIVE_INFINITY) > clock.now()) {
      return { execution, operation };
    }
    const message = "The callback is either timed out or already completed";
    throw new AwsError("CallbackTimeoutException", message, 400, { Type: "User" });
  }

  return {
    completeCallback(id: string, outcome: { result?: string; error?: ErrorObject; isFailure?: boolean }): void {
      const { execution, operation } = pending(id);
      const { result, error, isFailure = false } = outcome;
      operation.Status = isFailure ? "FAILED" : "SUCCEEDED";
      operation.EndTimestamp = clock.now();
      const { CallbackId } = operation.CallbackDetails!;
      operation.CallbackDetails = { CallbackId, ...(isFailure ? { Error: error ?? {} } : { Result: result }) };
      put(execution, operation);
      lives.commit(execution, [operation], [eventOf(operation, clock.now())]);
    },
    heartbeat(id: string): void {
      const { execution, operation } = pending(id);
      const { own } = operation;
      if (own.heartbeatSeconds === undefined) return;
      own.heartbeatAt = clock.now() + own.heartbeatSeconds * 1000;
      lives.commit(execution, [operation], [], false);
    },
  };
}
