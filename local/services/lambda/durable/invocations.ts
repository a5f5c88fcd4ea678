/** The invocations of executions: of the function itself, again and again, and of the functions that it invokes. */
import { randomUUID } from "node:crypto";
import type { AwsError, Cloud } from "../../../service.ts";
import { parseFunctionName } from "../function-config.ts";
import { type Functions, KEEP_WARM_IN_BACKGROUND_MS } from "../functions.ts";
import { invalid } from "./checkpoint.ts";
import {
  type DurableExecution,
  type DurableOperation,
  described,
  type ErrorObject,
  isClosed,
  isOver,
  type LiveExecution,
  replayed,
} from "./execution.ts";
import { eventOf as historyOf, invocationCompleted } from "./history.ts";
import type { Lives } from "./index.ts";

/** Before a crashed invocation is tried again; after the last of them the execution has failed. */
export const RETRY_DELAYS_MS = [1, 2, 4, 8, 16, 32, 64].map((seconds) => seconds * 1000);
const THROTTLED_DELAY_MS = 1_000;
/** An event is at most 6 MB: what is more is read by GetDurableExecutionState. */
const STATE_BYTES = 4_000_000;
const STATE_OPERATIONS = 1_000;

type FinishInvoke = (
  parent: NonNullable<DurableExecution["parent"]>,
  status: DurableOperation["Status"],
  details: NonNullable<DurableOperation["ChainedInvokeDetails"]>,
) => void;

export interface Invocations {
  /** Calls the function, unless it runs already: then it is called again afterwards. */
  invoke(execution: LiveExecution): Promise<void>;
  /** Invokes the function that a chained invoke names; at least once, should the platform be killed meanwhile. */
  chain(execution: LiveExecution, operation: DurableOperation, finish: FinishInvoke): void;
  stop(): void;
}

export function invocations(cloud: Cloud, functions: Functions, lives: Lives): Invocations {
  const { clock } = cloud;
  let stopped = false;

  async function invoke(execution: LiveExecution): Promise<void> {
    if (stopped || isClosed(execution) || execution.invocation || execution.retryAt !== undefined) return;
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
    if (stopped || execution.invocation !== invocation) return;
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

  function chain(execution: LiveExecution, operation: DurableOperation, finish: FinishInvoke): void {
    const parent = { arn: execution.arn, operationId: operation.Id };
    const { functionName, tenantId, payload = "{}", executionArn } = operation.own.invoke!;
    // It was begun before the platform was killed, and says itself when it is over.
    if (executionArn && lives.get(executionArn)) return;
    const tell = () => {
      if (operation.own.invoke!.isTold) return;
      operation.own.invoke!.isTold = true;
      lives.commit(execution, [operation], [historyOf(operation, clock.now())], false);
    };
    const run = async () => {
      const { config } = functions.find(execution.functionName, execution.version);
      const call = { principal: cloud.principalFor(config.role, config.name) };
      const parsed = parseFunctionName(functionName);
      const target = functions.find(functionName);
      const resource = parsed.qualifier ? `${target.config.arn}:${parsed.qualifier}` : target.config.arn;
      const { traceHeader } = execution;
      if (target.config.durable) {
        if (!parsed.qualifier) throw invalid("You cannot invoke a durable function using an unqualified ARN.");
        cloud.authorize({ ...call, sourceIp: "127.0.0.1" }, { action: "lambda:InvokeFunction", resource });
        // Its name says whose it is: begun again after a kill, it is the same execution.
        const executionName = `${execution.id.slice(0, 8)}-${operation.Id.slice(0, 32)}`;
        const child = lives.start(target, {
          ...{ payload, qualifier: parsed.qualifier, tenantId, traceHeader, parent, executionName },
        });
        operation.own.invoke!.executionArn = child.arn;
        tell();
        // It ended just before the platform was killed.
        if (isClosed(child)) lives.tellParent(child);
        return;
      }
      tell();
      const request = { FunctionName: functionName, Payload: payload, TenantId: tenantId };
      const result = await cloud.call<{ Payload?: Buffer; FunctionError?: string }>("lambda", "Invoke", request, call);
      if (stopped) return;
      const answer = Buffer.from(result.Payload ?? "");
      if (result.FunctionError) return finish(parent, "FAILED", { Error: errorOf(answer) });
      finish(parent, "SUCCEEDED", { Result: answer.length > 0 ? answer.toString() : undefined });
    };
    setImmediate(() => {
      if (stopped || isOver(operation)) return;
      run().catch(({ code, message }) => {
        if (stopped) return;
        tell();
        finish(parent, "FAILED", { Error: { ErrorType: code, ErrorMessage: message } });
      });
    });
  }

  return {
    invoke,
    chain,
    stop() {
      stopped = true;
    },
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
function errorOf(payload: Buffer): ErrorObject {
  try {
    const { errorMessage, errorType, trace, stackTrace } = JSON.parse(payload.toString());
    return { ErrorMessage: errorMessage, ErrorType: errorType, StackTrace: stackTrace ?? trace };
  } catch {
    return { ErrorMessage: payload.toString() };
  }
}
