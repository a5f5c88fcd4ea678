/** What the engine of durable executions offers to the rest of Lambda, and its parts to each other. */
import type { CheckpointDurableExecutionRequest } from "@aws-sdk/client-lambda";
import type { InvocationResult } from "../environments/invocation.ts";
import type { InvokeRequest, LambdaFunction } from "../functions.ts";
import type { DurableExecution, DurableOperation, ErrorObject, ExecutionStatus, LiveExecution } from "./execution.ts";
import type { NewEvent } from "./history.ts";
import type { DurableStore } from "./store.ts";

export interface StartRequest extends InvokeRequest {
  executionName?: string;
  /** Its caller does not wait. */
  isAsync?: boolean;
  parent?: DurableExecution["parent"];
}

export interface DurableEngine {
  store: DurableStore;
  /** Begins an execution, or finds the one of this name. Throws DurableExecutionAlreadyStartedException. */
  start(target: LambdaFunction, request: StartRequest): DurableExecution;
  /** An execution from beginning to end, for a caller who waits. */
  run(target: LambdaFunction, request: StartRequest): Promise<InvocationResult>;
  find(arn: string): DurableExecution;
  checkpoint(request: CheckpointDurableExecutionRequest): object;
  /** What an invocation replays. Throws where the token is not its own. */
  state(arn: string, token: string): DurableOperation[];
  completeCallback(id: string, outcome: { result?: string; error?: ErrorObject; isFailure?: boolean }): void;
  heartbeat(id: string): void;
  end(arn: string, error: ErrorObject): DurableExecution;
  /** Goes on with what an earlier run left, once its function is declared. */
  resume(functionName: string): void;
  stop(): void;
}

/** What the parts of the engine share. */
export interface Lives {
  get(arn: string): LiveExecution | undefined;
  /** Writes down, then goes on: with an invocation where the function has not seen everything. */
  commit(execution: LiveExecution, operations: DurableOperation[], events: NewEvent[], goOn?: boolean): void;
  close(execution: LiveExecution, status: ExecutionStatus, outcome: Outcome, events?: NewEvent[]): void;
  start: DurableEngine["start"];
}

export interface Outcome {
  result?: string;
  error?: ErrorObject;
}
