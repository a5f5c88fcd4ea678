/** Step Functions' metrics of its executions, by state machine. */
import { meter } from "../../metrics.ts";
import type { Cloud } from "../../service.ts";
import type { Execution } from "./execution-store.ts";

const COUNTED: Partial<Record<Execution["status"], string>> = {
  RUNNING: "ExecutionsStarted",
  SUCCEEDED: "ExecutionsSucceeded",
  FAILED: "ExecutionsFailed",
  TIMED_OUT: "ExecutionsTimedOut",
  ABORTED: "ExecutionsAborted",
};

/** Counts that an execution came to be in its status. */
export function countExecution(cloud: Cloud, { machineArn, status, startedAt, stoppedAt }: Execution): void {
  const now = cloud.clock.now();
  const of = (name: string, unit: string) => meter(cloud, "AWS/States", name, unit, { StateMachineArn: machineArn });
  const counted = COUNTED[status];
  if (counted) of(counted, "Count").add(1, now);
  if (stoppedAt !== undefined) of("ExecutionTime", "Milliseconds").add(stoppedAt - startedAt, now);
}
