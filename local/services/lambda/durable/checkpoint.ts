/**
 * What a checkpoint does to an execution's operations: each update is one step of its operation's own small state machine.
 * Nothing is changed where one of them is refused.
 */
import type { OperationUpdate } from "@aws-sdk/client-lambda";
import { AwsError } from "../../../service.ts";
import { callbackId } from "./callback-id.ts";
import type { DurableExecution, DurableOperation, ErrorObject, LiveExecution, OperationType } from "./execution.ts";
import { dueAt, isOver } from "./execution.ts";
import { eventOf, type NewEvent } from "./history.ts";

const MOST_SECONDS = 31_622_400;
const MOST_OPERATIONS = 3_000;
const MOST_ERROR_BYTES = 32_768;
const MOST_PAYLOAD_BYTES = 262_144;

const ACTIONS: Record<OperationType, string[]> = {
  EXECUTION: ["SUCCEED", "FAIL"],
  CONTEXT: ["START", "SUCCEED", "FAIL"],
  STEP: ["START", "SUCCEED", "FAIL", "RETRY"],
  WAIT: ["START", "CANCEL"],
  CALLBACK: ["START"],
  CHAINED_INVOKE: ["START", "CANCEL"],
};

export interface Applied {
  changed: DurableOperation[];
  events: NewEvent[];
  /** Chained invokes that are to begin. */
  invokes: DurableOperation[];
  /** The execution's own end. */
  end?: { status: "SUCCEEDED" | "FAILED"; result?: string; error?: ErrorObject };
}

/** @throws AwsError InvalidParameterValueException */
export function applyUpdates(execution: LiveExecution, updates: OperationUpdate[], now: number): Applied {
  const drafts = new Map<string, DurableOperation>();
  const applied: Applied = { changed: [], events: [], invokes: [] };
  const known = (id: string) => drafts.get(id) ?? execution.operations.get(id);
  for (const [index, update] of updates.entries()) {
    const { Id, Type, Action, ParentId } = update as OperationUpdate & { Id: string; Type: OperationType };
    if (!ACTIONS[Type]) throw invalid("Unknown operation type.");
    if (!ACTIONS[Type].includes(Action!)) throw invalid("Invalid action for the given operation type.");
    checkSizes(update, Type);
    if (Type === "EXECUTION") {
      if (index < updates.length - 1) throw invalid("EXECUTION checkpoint must be the last update.");
      const isSuccess = Action === "SUCCEED";
      applied.end = isSuccess
        ? { status: "SUCCEEDED", result: update.Payload }
        : { status: "FAILED", error: update.Error };
      continue;
    }
    if (ParentId !== undefined && known(ParentId)?.Type !== "CONTEXT") throw invalid("Invalid parent operation id.");
    const before = known(Id);
    if (before && before.Type !== Type) throw invalid("Operation type does not match the existing operation.");
    const next = before ? structuredClone(before) : begun(update, now);
    change(execution, next, before, update, now);
    drafts.set(Id, next);
    // A step that is only reported when it is over has begun too.
    if (!before && Action !== "START") applied.events.push(eventOf({ ...next, Status: "STARTED" }, now, {}));
    // Its history tells of it once it is known which execution it is.
    if (Type === "CHAINED_INVOKE" && Action === "START") applied.invokes.push(next);
    else applied.events.push(eventOf(next, now));
  }
  const count = new Set([...execution.operations.keys(), ...drafts.keys()]).size;
  if (count > MOST_OPERATIONS) {
    throw invalid(`Durable execution cannot have more than ${MOST_OPERATIONS} operations.`);
  }
  for (const draft of drafts.values()) put(execution, draft);
  applied.changed = [...drafts.values()];
  return applied;
}

function begun({ Id, ParentId, Name, Type, SubType }: OperationUpdate, now: number): DurableOperation {
  return {
    ...{ Id: Id!, ParentId, Name, Type: Type!, SubType, Status: "STARTED", StartTimestamp: now },
    own: { change: 0 },
  } as DurableOperation;
}

function change(
  execution: DurableExecution,
  next: DurableOperation,
  before: DurableOperation | undefined,
  update: OperationUpdate,
  now: number,
): void {
  const { Type } = next;
  const { Action } = update;
  if (Action === "START") {
    start(execution, next, before, update, now);
  } else if (Action === "CANCEL") {
    if (!before || isOver(before)) {
      throw invalid(`Cannot cancel a ${Type} that does not exist or has already completed.`);
    }
    next.Status = "CANCELLED";
    next.EndTimestamp = now;
  } else {
    if (before && isOver(before)) throw invalid(`Invalid current ${Type} state to close.`);
    if (Action === "RETRY") retry(next, update, now);
    else finish(next, before, update, now);
  }
}

function finish(
  next: DurableOperation,
  before: DurableOperation | undefined,
  { Action, Payload: Result, Error: error, ContextOptions }: OperationUpdate,
  now: number,
): void {
  if (Action === "FAIL" && Result !== undefined) throw invalid("Cannot provide a Payload for FAIL action.");
  if (Action === "SUCCEED" && error !== undefined) throw invalid("Cannot provide an Error for SUCCEED action.");
  next.Status = Action === "SUCCEED" ? "SUCCEEDED" : "FAILED";
  next.EndTimestamp = now;
  const outcome = Action === "SUCCEED" ? { Result } : { Error: error };
  if (next.Type === "STEP") next.StepDetails = { Attempt: (before?.StepDetails?.Attempt ?? 0) + 1, ...outcome };
  else next.ContextDetails = { ReplayChildren: ContextOptions?.ReplayChildren, ...outcome };
}

function start(
  { arn }: DurableExecution,
  next: DurableOperation,
  before: DurableOperation | undefined,
  { Type, WaitOptions, CallbackOptions, ChainedInvokeOptions, Payload }: OperationUpdate,
  now: number,
): void {
  if (Type === "STEP") {
    if (before && before.Status !== "READY") throw invalid("Invalid current STEP state to start.");
    next.Status = "STARTED";
    next.StepDetails = { ...next.StepDetails, Attempt: next.StepDetails?.Attempt ?? 0 };
    delete next.StepDetails.NextAttemptTimestamp;
    return;
  }
  if (before) throw invalid(`Cannot start a ${Type} that already exist.`);
  if (Type === "CONTEXT") next.ContextDetails = {};
  if (Type === "WAIT") {
    const seconds = WaitOptions?.WaitSeconds ?? 0;
    if (!(seconds >= 1 && seconds <= MOST_SECONDS)) {
      throw invalid(`WaitSeconds must be between 1 and ${MOST_SECONDS}.`);
    }
    next.WaitDetails = { ScheduledEndTimestamp: now + seconds * 1000 };
  }
  if (Type === "CALLBACK") {
    const { TimeoutSeconds = 0, HeartbeatTimeoutSeconds = 0 } = CallbackOptions ?? {};
    next.CallbackDetails = { CallbackId: callbackId(arn, next.Id) };
    if (TimeoutSeconds > 0) next.own.timeoutAt = now + TimeoutSeconds * 1000;
    if (HeartbeatTimeoutSeconds > 0) {
      next.own.heartbeatSeconds = HeartbeatTimeoutSeconds;
      next.own.heartbeatAt = now + HeartbeatTimeoutSeconds * 1000;
    }
  }
  if (Type === "CHAINED_INVOKE") {
    if (!ChainedInvokeOptions?.FunctionName) throw invalid("ChainedInvokeOptions must name a function.");
    const { FunctionName, TenantId } = ChainedInvokeOptions;
    next.ChainedInvokeDetails = {};
    next.own.invoke = { functionName: FunctionName, tenantId: TenantId, payload: Payload };
  }
}

function retry(next: DurableOperation, { StepOptions, Error: error, Payload }: OperationUpdate, now: number): void {
  if (!["STARTED", "READY"].includes(next.Status)) throw invalid("Invalid current STEP state to re-attempt.");
  const seconds = StepOptions?.NextAttemptDelaySeconds ?? 0;
  if (!(seconds >= 1 && seconds <= MOST_SECONDS)) throw invalid("Invalid StepOptions for the given action.");
  if (error && Payload !== undefined) throw invalid("Cannot provide both error and payload to RETRY a STEP.");
  next.Status = "PENDING";
  next.StepDetails = {
    Attempt: (next.StepDetails?.Attempt ?? 0) + 1,
    NextAttemptTimestamp: now + seconds * 1000,
    ...(error && { Error: error }),
    ...(Payload !== undefined && { Result: Payload }),
  };
}

/** What time has changed by now. */
export function applyTime(execution: LiveExecution, now: number): { changed: DurableOperation[]; events: NewEvent[] } {
  const changed: DurableOperation[] = [];
  const events: NewEvent[] = [];
  for (const operation of execution.operations.values()) {
    const due = dueAt(operation);
    if (due === undefined || due > now) continue;
    if (operation.Type === "STEP") operation.Status = "READY";
    else {
      operation.Status = operation.Type === "WAIT" ? "SUCCEEDED" : "TIMED_OUT";
      operation.EndTimestamp = now;
    }
    if (operation.CallbackDetails) {
      operation.CallbackDetails.Error =
        operation.own.heartbeatAt === due
          ? { ErrorMessage: "Callback timed out on heartbeat", ErrorType: "Callback.Heartbeat" }
          : { ErrorMessage: "Callback timed out", ErrorType: "Callback.Timeout" };
    }
    put(execution, operation);
    changed.push(operation);
    if (operation.Status !== "READY") events.push(eventOf(operation, now));
  }
  return { changed, events };
}

/** Notes the change down. */
export function put(execution: LiveExecution, operation: DurableOperation): void {
  operation.own.change = ++execution.changes;
  execution.operations.set(operation.Id, operation);
}

function checkSizes({ Error: error, Payload = "" }: OperationUpdate, type: OperationType): void {
  if (error && Buffer.byteLength(JSON.stringify(error)) > MOST_ERROR_BYTES) {
    throw invalid(`Error object size must be less than ${MOST_ERROR_BYTES} bytes.`);
  }
  const most = type === "EXECUTION" || type === "CHAINED_INVOKE" ? 6_291_456 : MOST_PAYLOAD_BYTES;
  if (Buffer.byteLength(Payload) > most) {
    throw invalid(`${type} output payload size must be less than or equal to ${most} bytes.`);
  }
}

export function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message, 400, { Type: "User" });
}
