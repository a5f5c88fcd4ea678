/** What a task that waited for another execution has of it. */
import type { Execution } from "../execution-store.ts";
import type { Json } from "../language/definition.ts";
import { StatesError } from "../language/states-error.ts";

/** @param isParsed `.sync:2`: input and output are JSON; with `.sync` they are text */
export function nestedResult(execution: Execution, isParsed: boolean): Json {
  const read = (text: string): Json => (isParsed ? JSON.parse(text) : text);
  const { output, error, cause } = execution;
  const result = {
    ExecutionArn: execution.arn,
    Input: read(execution.input),
    InputDetails: { Included: true },
    Name: execution.name,
    ...(output !== undefined && { Output: read(output), OutputDetails: { Included: true } }),
    ...(error !== undefined && { Error: error }),
    ...(cause !== undefined && { Cause: cause }),
    RedriveCount: execution.redriveCount,
    StartDate: execution.startedAt,
    StateMachineArn: execution.machineArn,
    Status: execution.status,
    StopDate: execution.stoppedAt ?? null,
  };
  if (execution.status === "SUCCEEDED") return result;
  throw new StatesError("States.TaskFailed", JSON.stringify(result));
}
