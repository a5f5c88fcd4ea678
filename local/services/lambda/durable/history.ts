/** What an execution's history says of each change. Pure: events without number and place, which the store gives them. */
import type { DurableExecution, DurableOperation, ErrorObject, HistoryEvent, OperationStatus } from "./execution.ts";

export type NewEvent = Omit<HistoryEvent, "EventId">;

const NAMES = {
  EXECUTION: "Execution",
  CONTEXT: "Context",
  STEP: "Step",
  WAIT: "Wait",
  CALLBACK: "Callback",
  CHAINED_INVOKE: "ChainedInvoke",
} as const;

const OUTCOMES: Partial<Record<OperationStatus, string>> = {
  STARTED: "Started",
  SUCCEEDED: "Succeeded",
  FAILED: "Failed",
  PENDING: "Failed",
  CANCELLED: "Cancelled",
  TIMED_OUT: "TimedOut",
  STOPPED: "Stopped",
};

/** Of an operation that has just come to its status. */
export function eventOf(operation: DurableOperation, now: number, details: object = detailsOf(operation)): NewEvent {
  const { Id, Name, ParentId, SubType, Type, Status } = operation;
  const EventType = `${NAMES[Type]}${OUTCOMES[Status]}`;
  return {
    ...{ EventType, EventTimestamp: now, Id, Name, ParentId, SubType },
    [`${EventType}Details`]: details,
  };
}

function detailsOf({ Status, StepDetails, WaitDetails, StartTimestamp, EndTimestamp, ...operation }: DurableOperation) {
  const { ContextDetails, CallbackDetails, ChainedInvokeDetails, own } = operation;
  const outcome = StepDetails ?? ContextDetails ?? CallbackDetails ?? ChainedInvokeDetails;
  if (WaitDetails) {
    const { ScheduledEndTimestamp } = WaitDetails;
    if (Status === "STARTED") {
      return { Duration: Math.round((ScheduledEndTimestamp - StartTimestamp) / 1000), ScheduledEndTimestamp };
    }
    return Status === "SUCCEEDED" ? { Duration: Math.round(((EndTimestamp ?? 0) - StartTimestamp) / 1000) } : {};
  }
  if (Status === "STARTED") {
    if (CallbackDetails) {
      const Timeout = own.timeoutAt && Math.round((own.timeoutAt - StartTimestamp) / 1000);
      return { CallbackId: CallbackDetails.CallbackId, HeartbeatTimeout: own.heartbeatSeconds, Timeout };
    }
    if (own.invoke) {
      const { functionName, tenantId, payload, executionArn } = own.invoke;
      return {
        ...{ FunctionName: functionName, TenantId: tenantId, DurableExecutionArn: executionArn },
        Input: { Payload: payload },
      };
    }
    return {};
  }
  const said =
    Status === "SUCCEEDED" ? { Result: { Payload: outcome?.Result } } : { Error: { Payload: outcome?.Error } };
  if (!StepDetails) return said;
  const { Attempt, NextAttemptTimestamp } = StepDetails;
  const NextAttemptDelaySeconds =
    NextAttemptTimestamp && Math.round((NextAttemptTimestamp - (EndTimestamp ?? NextAttemptTimestamp)) / 1000);
  return { ...said, RetryDetails: { CurrentAttempt: Attempt, NextAttemptDelaySeconds } };
}

export function executionStarted({ id, name, input, startedAt, timeoutSeconds }: DurableExecution): NewEvent {
  return {
    ...{ EventType: "ExecutionStarted", EventTimestamp: startedAt, Id: id, Name: name },
    ExecutionStartedDetails: { Input: { Payload: input }, ExecutionTimeout: timeoutSeconds },
  };
}

export function executionClosed({ id, name, status, result, error, endedAt = 0 }: DurableExecution): NewEvent {
  const EventType = `Execution${OUTCOMES[status as OperationStatus]}`;
  const details = status === "SUCCEEDED" ? { Result: { Payload: result } } : { Error: { Payload: error } };
  return { ...{ EventType, EventTimestamp: endedAt, Id: id, Name: name }, [`${EventType}Details`]: details };
}

export function invocationCompleted(
  startedAt: number,
  endedAt: number,
  RequestId: string,
  error?: ErrorObject,
): NewEvent {
  return {
    ...{ EventType: "InvocationCompleted", EventTimestamp: endedAt },
    InvocationCompletedDetails: {
      ...{ StartTimestamp: startedAt, EndTimestamp: endedAt, RequestId },
      ...(error && { Error: { Payload: error } }),
    },
  };
}

/** As the API tells it. @param withData Otherwise payloads are left out, and say so. */
export function describedEvent(event: HistoryEvent, withData: boolean): object {
  const shown = Object.entries(event).map(([name, value]) => [name, shownMember(name, value, withData)]);
  return Object.fromEntries(shown);
}

function shownMember(name: string, value: unknown, withData: boolean): unknown {
  if (name.endsWith("Timestamp") && typeof value === "number") return new Date(value);
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  if (["Input", "Result", "Error"].includes(name)) {
    return withData || (value as { Payload?: unknown }).Payload === undefined ? value : { Truncated: true };
  }
  return describedEvent(value as HistoryEvent, withData);
}
