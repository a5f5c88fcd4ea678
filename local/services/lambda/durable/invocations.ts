/** The invocations of executions: one at a time, and again after a crash. */
import { randomUUID } from "node:crypto";
import type { AwsError, Cloud } from "../../../service.ts";
import { type Functions, KEEP_WARM_IN_BACKGROUND_MS } from "../functions.ts";
import type { Lives } from "./engine.ts";
import { described, type ErrorObject, isClosed, isOver, type LiveExecution, replayed } from "./execution.ts";
import { invocationCompleted } from "./history.ts";

/** Before a crashed invocation is tried again; after the last of them the execution has failed. */
export const RETRY_DELAYS_MS = [1, 2, 4, 8, 16, 32, 64].map((seconds) => seconds * 1000);
const THROTTLED_DELAY_MS = 1_000;
/** An event is at most 6 MB: what is more is read by GetDurableExecutionState. */
const STATE_BYTES = 4_000_000;
const STATE_OPERATIONS = 1_000;

export interface Invocations {
  /** Calls the function, unless it runs already: then it is called again afterwards. */
  invoke(execution: LiveExecution): Promise<void>;
}

export function invocations(cloud: Cloud, functions: Functions, lives: Lives, isStopped: () => boolean): Invocations {
  const { clock } = cloud;

  async function invoke(execution: LiveExecution): Promise<void> {
    if (isStopped() || isClosed(execution) || execution.invocation || execution.retryAt !== undefined) return;
    const invocation = { token: randomUUID() };
    execution.invocation = invocation;
    const { functionName, version, tenantId, traceHeader } = execution;
    const payload = eventOf(execution, invocation.token);
    execution.seen = execution.changes;
    const requestId = randomUUID();
    const startedAt = clock.now();
    let outcome: { payload: Buffer; functionError?: string };
    let isThrottled = false;
    try {
      outcome = await functions.invoke(functions.find(functionName, version), {
        ...{ payload, qualifier: version, tenantId, requestId, traceHeader },
        ...{ keepWarmMs: KEEP_WARM_IN_BACKGROUND_MS, isReplay: true },
      });
    } catch (error) {
      const { code, message } = error as AwsError;
      isThrottled = code === "TooManyRequestsException";
      outcome = errorPayload(message, code);
    }
    if (isStopped() || execution.invocation !== invocation) return;
    execution.invocation = undefined;
    const completed = (error?: ErrorObject) => invocationCompleted(startedAt, clock.now(), requestId, error);
    // It was stopped, timed out, or ended by a checkpoint: there is nothing left to say.
    if (isClosed(execution)) return lives.commit(execution, [], [completed()]);
    if (outcome.functionError) return crashed(execution, outcome.payload, isThrottled, completed);
    execution.failures = 0;
    const { response, problem } = read(outcome.payload, execution);
    if (problem !== undefined) {
      const error = { ErrorMessage: problem, ErrorType: "InvalidParameterValueException" };
      return lives.close(execution, "FAILED", { error }, [completed(error)]);
    }
    const { Status, Result: result, Error: error } = response;
    if (Status === "PENDING") return lives.commit(execution, [], [completed()]);
    lives.close(execution, Status, Status === "SUCCEEDED" ? { result } : { error }, [completed(error)]);
  }

  function crashed(
    execution: LiveExecution,
    payload: Buffer,
    isThrottled: boolean,
    completed: (error: ErrorObject) => ReturnType<typeof invocationCompleted>,
  ): void {
    const error = errorOf(payload);
    const delay = isThrottled ? THROTTLED_DELAY_MS : RETRY_DELAYS_MS[execution.failures];
    if (delay === undefined) {
      lives.close(execution, "FAILED", { error }, [completed(error)]);
      return;
    }
    if (!isThrottled) execution.failures++;
    execution.retryAt = clock.now() + delay;
    lives.commit(execution, [], [completed(error)], false);
  }

  return {
    invoke,
  };
}

/** What the SDK's handler is called with: all there is to replay, or its beginning. */
function eventOf(execution: LiveExecution, CheckpointToken: string): string {
  const Operations: string[] = [];
  const all = replayed(execution.operations.values());
  let bytes = 0;
  for (const operation of all) {
    const text = JSON.stringify(described(operation, (ms) => new Date(ms).toISOString()));
    bytes += text.length;
    if (Operations.length > 0 && (bytes > STATE_BYTES || Operations.length === STATE_OPERATIONS)) break;
    Operations.push(text);
  }
  const next = Operations.length < all.length ? String(Operations.length) : "";
  const unseen = all.filter(({ own, Type }) => own.change > execution.seen && Type !== "EXECUTION").map(({ Id }) => Id);
  return (
    `{"DurableExecutionArn":${JSON.stringify(execution.arn)},"CheckpointToken":"${CheckpointToken}",` +
    `"UpdatedOperationIds":${JSON.stringify(unseen)},` +
    `"InitialExecutionState":{"Operations":[${Operations.join(",")}],"NextMarker":"${next}"}}`
  );
}

interface HandlerResponse {
  Status: "SUCCEEDED" | "FAILED" | "PENDING";
  Result?: string;
  Error?: ErrorObject;
}

/** What the handler answered, or what AWS has against it. */
function read(
  payload: Buffer,
  execution: LiveExecution,
): { response: HandlerResponse; problem?: undefined } | { problem: string; response?: undefined } {
  let response: HandlerResponse;
  try {
    response = JSON.parse(payload.toString());
  } catch {
    return { problem: "Invalid Status in invocation output." };
  }
  if (!["SUCCEEDED", "FAILED", "PENDING"].includes(response?.Status)) {
    return { problem: "Invalid Status in invocation output." };
  }
  const { Status, Result, Error: error } = response;
  if (Status === "SUCCEEDED" && error) return { problem: "Cannot provide an Error for SUCCEEDED status." };
  if (Status === "FAILED" && Result !== undefined) return { problem: "Cannot provide a Result for FAILED status." };
  if (Status === "PENDING" && execution.changes <= execution.seen && !waitsForSomething(execution)) {
    return { problem: "Cannot return PENDING status with no pending operations." };
  }
  return { response };
}

function waitsForSomething({ operations }: LiveExecution): boolean {
  return [...operations.values()].some(
    (operation) =>
      !isOver(operation) &&
      (operation.Status === "PENDING" || ["WAIT", "CALLBACK", "CHAINED_INVOKE"].includes(operation.Type)),
  );
}

function errorPayload(errorMessage: string, errorType: string) {
  return { payload: Buffer.from(JSON.stringify({ errorMessage, errorType })), functionError: "Unhandled" };
}

/** A failed function's payload as an error. */
export function errorOf(payload: Buffer): ErrorObject {
  try {
    const { errorMessage, errorType, trace, stackTrace } = JSON.parse(payload.toString());
    return { ErrorMessage: errorMessage, ErrorType: errorType, StackTrace: stackTrace ?? trace };
  } catch {
    return { ErrorMessage: payload.toString() };
  }
}
