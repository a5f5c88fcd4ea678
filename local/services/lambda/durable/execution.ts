/** A durable execution and its operations as they are kept: times in ms, and what the wire does not show. */

export type ExecutionStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "STOPPED";
export type OperationType = "EXECUTION" | "CONTEXT" | "STEP" | "WAIT" | "CALLBACK" | "CHAINED_INVOKE";
export type OperationStatus =
  | "STARTED"
  | "PENDING"
  | "READY"
  | "SUCCEEDED"
  | "FAILED"
  | "CANCELLED"
  | "TIMED_OUT"
  | "STOPPED";

export interface ErrorObject {
  ErrorMessage?: string;
  ErrorType?: string;
  ErrorData?: string;
  StackTrace?: string[];
}

export interface DurableOperation {
  Id: string;
  ParentId?: string;
  Name?: string;
  Type: OperationType;
  SubType?: string;
  Status: OperationStatus;
  StartTimestamp: number;
  EndTimestamp?: number;
  ExecutionDetails?: { InputPayload?: string };
  ContextDetails?: { ReplayChildren?: boolean; Result?: string; Error?: ErrorObject };
  StepDetails?: { Attempt: number; NextAttemptTimestamp?: number; Result?: string; Error?: ErrorObject };
  WaitDetails?: { ScheduledEndTimestamp: number };
  CallbackDetails?: { CallbackId: string; Result?: string; Error?: ErrorObject };
  ChainedInvokeDetails?: { Result?: string; Error?: ErrorObject };
  /** Not on the wire. */
  own: {
    /** Number of its last change in the execution: what an invocation has not seen yet has a higher one. */
    change: number;
    timeoutAt?: number;
    heartbeatSeconds?: number;
    heartbeatAt?: number;
    invoke?: { functionName: string; tenantId?: string; payload?: string; executionArn?: string; isTold?: boolean };
  };
}

/** In the form of the SDK's `Event`, but for its timestamps. */
export interface HistoryEvent {
  EventId: number;
  EventType: string;
  EventTimestamp: number;
  [member: string]: unknown;
}

export interface DurableExecution {
  arn: string;
  id: string;
  name: string;
  functionName: string;
  /** With the version. */
  functionArn: string;
  version: string;
  status: ExecutionStatus;
  startedAt: number;
  endedAt?: number;
  input: string;
  result?: string;
  error?: ErrorObject;
  timeoutSeconds: number;
  retentionDays: number;
  /** Its caller does not wait: what fails goes to the dead-letter queue. */
  isAsync: boolean;
  tenantId?: string;
  traceHeader?: string;
  /** The chained invoke that it is. */
  parent?: { arn: string; operationId: string };
  /** Changes of operations so far. */
  changes: number;
  /** Invocations in a row that crashed. */
  failures: number;
  /** When a crashed invocation is tried again. */
  retryAt?: number;
}

/** An execution with its operations in order of their start, while it is in memory. */
export interface LiveExecution extends DurableExecution {
  operations: Map<string, DurableOperation>;
  /** The last change that the function was told of. */
  seen: number;
  /** Events written so far. */
  events: number;
  /** The one invocation there may be at a time. */
  invocation?: Invocation;
}

export interface Invocation {
  /** Used up by the next checkpoint. */
  token: string;
  /** The last checkpoint's answer, for a client that did not hear it. */
  last?: { token: string; clientToken: string; answer: object };
}

export const isClosed = ({ status }: DurableExecution): boolean => status !== "RUNNING";

export const isOver = ({ Status }: DurableOperation): boolean =>
  Status !== "STARTED" && Status !== "PENDING" && Status !== "READY";

/** When time alone changes an operation. */
export function dueAt({ Type, Status, WaitDetails, StepDetails, own }: DurableOperation): number | undefined {
  if (Type === "WAIT" && Status === "STARTED") return WaitDetails?.ScheduledEndTimestamp;
  if (Type === "STEP" && Status === "PENDING") return StepDetails?.NextAttemptTimestamp;
  if (Type !== "CALLBACK" || Status !== "STARTED") return undefined;
  const times = [own.timeoutAt, own.heartbeatAt].filter((time) => time !== undefined);
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** Without what is below a context that is over: its result stands for it, unless it asked for its children. */
export function replayed(operations: Iterable<DurableOperation>): DurableOperation[] {
  const hidden = new Set<string>();
  return [...operations].filter((operation) => {
    const isHidden = operation.ParentId !== undefined && hidden.has(operation.ParentId);
    const hides = operation.Type === "CONTEXT" && isOver(operation) && !operation.ContextDetails?.ReplayChildren;
    if (isHidden || hides) hidden.add(operation.Id);
    return !isHidden;
  });
}

/** An operation as the SDK knows it. @param time what a moment is on the wire in question */
export function described<Time>(operation: DurableOperation, time: (ms: number) => Time) {
  const { own: _, StartTimestamp, EndTimestamp, StepDetails, WaitDetails, ...rest } = operation;
  return {
    ...rest,
    StartTimestamp: time(StartTimestamp),
    ...(EndTimestamp !== undefined && { EndTimestamp: time(EndTimestamp) }),
    ...(StepDetails && {
      StepDetails: {
        ...StepDetails,
        NextAttemptTimestamp:
          StepDetails.NextAttemptTimestamp === undefined ? undefined : time(StepDetails.NextAttemptTimestamp),
      },
    }),
    ...(WaitDetails && { WaitDetails: { ScheduledEndTimestamp: time(WaitDetails.ScheduledEndTimestamp) } }),
  };
}
