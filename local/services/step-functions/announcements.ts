/** What others learn of an execution: its metrics, and "Step Functions Execution Status Change" on the default bus, of standard ones. */
import type { Cloud } from "../../service.ts";
import { countExecution } from "./execution-metrics.ts";
import type { Execution } from "./execution-store.ts";

export function announce(cloud: Cloud, execution: Execution): void {
  countExecution(cloud, execution);
  if (execution.type === "EXPRESS") return;
  const { arn, machineArn, name, status, startedAt, stoppedAt = null } = execution;
  const { input, output = null, error = null, cause = null } = execution;
  const detail = {
    executionArn: arn,
    stateMachineArn: machineArn,
    name,
    status,
    startDate: startedAt,
    stopDate: stoppedAt,
    input,
    inputDetails: { included: true },
    output,
    outputDetails: output === null ? null : { included: true },
    error,
    cause,
    redriveCount: execution.redriveCount,
  };
  const body = JSON.stringify({ "detail-type": "Step Functions Execution Status Change", resources: [arn], detail });
  const bus = `arn:aws:events:${cloud.region}:${cloud.account}:event-bus/default`;
  // A cloud may have no event bus; and no rule is worth an execution
  cloud.deliver(bus, { service: "states.amazonaws.com", sourceArn: arn, body }).catch(() => {});
}
