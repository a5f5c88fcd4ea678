/** Operations on executions: starting, describing, listing, stopping, redriving them, and answering for their tasks. */
import { type Access, AwsError, type Cloud, type Operation } from "../../service.ts";
import { type Execution, executionArn } from "./execution-store.ts";
import type { Executions } from "./executions.ts";
import { historyPage } from "./history.ts";
import { INVALID_NAME } from "./machine-operations.ts";
import type { Machines } from "./machines.ts";
import { page } from "./page.ts";
import { qualified } from "./version-operations.ts";

const INPUT_BYTES = 262_144;
const REDRIVABLE_MS = 14 * 86_400_000;

interface StartInput {
  stateMachineArn: string;
  name?: string;
  input?: string;
}

export function executionOperations(
  cloud: Cloud,
  machines: Machines,
  executions: Executions,
): Record<string, Operation> {
  const starting =
    (action: string) =>
    ({ stateMachineArn }: StartInput): Access => ({
      action: `states:${action}`,
      resource: stateMachineArn.split(":").slice(0, 7).join(":"),
      context: qualified(stateMachineArn),
    });
  const on =
    (action: string) =>
    ({ executionArn }: { executionArn: string }): Access => ({ action: `states:${action}`, resource: executionArn });
  const anywhere = (action: string) => (): Access => ({ action: `states:${action}`, resource: "*" });

  function find(arn: string): Execution {
    if (/^arn:aws:states:[\w-]+:\d{12}:express:/.test(arn)) {
      throw new AwsError("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'");
    }
    if (!/^arn:aws:states:[\w-]+:\d{12}:execution:[^:]+:[^:]+$/.test(arn))
      throw new AwsError("InvalidArn", `Invalid Arn: '${arn}'`);
    const known = executions.get(arn);
    if (!known) throw new AwsError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
    return known;
  }

  function make({ stateMachineArn, name = crypto.randomUUID(), input = "{}" }: StartInput): Execution {
    const { machine, definition, roleArn, versionArn, aliasArn } = machines.target(stateMachineArn);
    if (name === "" || name.length > 80 || INVALID_NAME.test(name))
      throw new AwsError("InvalidName", `Invalid Name: '${name}'`);
    checkInput(input);
    const { arn: machineArn, name: machineName, type, logging } = machine;
    const arn = executionArn(machineArn, type, name);
    const startedAt = cloud.clock.now();
    const source = { machineArn, machineName, type, definition, roleArn, versionArn, aliasArn, logging };
    return { arn, name, ...source, input, status: "RUNNING", startedAt, redriveCount: 0 };
  }

  return {
    StartExecution: {
      authorize: starting("StartExecution"),
      run(request: StartInput) {
        const execution = make(request);
        const known = execution.type === "STANDARD" ? executions.get(execution.arn) : undefined;
        if (known && (known.status !== "RUNNING" || known.input !== execution.input)) {
          throw new AwsError("ExecutionAlreadyExists", `Execution Already Exists: '${known.arn}'`);
        }
        if (!known) executions.start(execution);
        return { executionArn: execution.arn, startDate: new Date((known ?? execution).startedAt) };
      },
    },
    StartSyncExecution: {
      authorize: starting("StartSyncExecution"),
      async run(request: StartInput) {
        const execution = make(request);
        if (execution.type !== "EXPRESS") {
          const message = "This operation is not supported by this type of state machine";
          throw new AwsError("StateMachineTypeNotSupported", `State Machine Type Not Supported: '${message}'`);
        }
        executions.start(execution);
        const done = await executions.ended(execution.arn);
        const milliseconds = done.stoppedAt! - done.startedAt;
        return {
          ...describe(done),
          stateMachineAliasArn: undefined,
          stateMachineVersionArn: undefined,
          billingDetails: {
            billedMemoryUsedInMB: 64,
            billedDurationInMilliseconds: Math.ceil(milliseconds / 100) * 100,
          },
        };
      },
    },
    DescribeExecution: { authorize: on("DescribeExecution"), run: ({ executionArn }) => describe(find(executionArn)) },
    DescribeStateMachineForExecution: {
      authorize: on("DescribeStateMachineForExecution"),
      run({ executionArn }) {
        const { machineArn, machineName, definition, roleArn, startedAt } = find(executionArn);
        return { stateMachineArn: machineArn, name: machineName, definition, roleArn, updateDate: new Date(startedAt) };
      },
    },
    ListExecutions: {
      authorize: ({ stateMachineArn }) => ({ action: "states:ListExecutions", resource: stateMachineArn }),
      run({ stateMachineArn, statusFilter, maxResults, nextToken, redriveFilter }) {
        const machine = machines.find(stateMachineArn);
        if (machine.type === "EXPRESS") {
          const message = "This operation is not supported by this type of state machine";
          throw new AwsError("StateMachineTypeNotSupported", `State Machine Type Not Supported: '${message}'`);
        }
        const all = executions.store
          .list(machine.arn)
          .filter(
            ({ status, redriveCount, aliasArn, versionArn }) =>
              (!statusFilter || status === statusFilter) &&
              (!redriveFilter || (redriveFilter === "REDRIVEN") === redriveCount > 0) &&
              [machine.arn, aliasArn, versionArn].includes(stateMachineArn),
          );
        const found = page(all, nextToken, maxResults);
        return { executions: found.items.map(summarize), nextToken: found.nextToken };
      },
    },
    StopExecution: {
      authorize: on("StopExecution"),
      run({ executionArn, error, cause }) {
        const known = find(executionArn);
        executions.end(executionArn, "ABORTED", { error, cause });
        return { stopDate: new Date(executions.get(executionArn)?.stoppedAt ?? known.stoppedAt ?? cloud.clock.now()) };
      },
    },
    GetExecutionHistory: {
      authorize: on("GetExecutionHistory"),
      run: (input) => historyPage(executions.store.events(find(input.executionArn).arn), input),
    },
    RedriveExecution: {
      authorize: on("RedriveExecution"),
      run({ executionArn }) {
        const execution = find(executionArn);
        const reason = whyNotRedrivable(execution, cloud.clock.now());
        if (reason) throw new AwsError("ExecutionNotRedrivable", `Execution Not Redrivable: '${reason}'`);
        executions.redrive(execution);
        return { redriveDate: new Date(cloud.clock.now()) };
      },
    },
    SendTaskSuccess: {
      authorize: anywhere("SendTaskSuccess"),
      run({ taskToken, output }) {
        try {
          executions.reply(taskToken, { output: JSON.parse(output) });
        } catch (error) {
          if (error instanceof SyntaxError) throw new AwsError("InvalidOutput", `Invalid Output: '${error.message}'`);
          throw error;
        }
        return {};
      },
    },
    SendTaskFailure: {
      authorize: anywhere("SendTaskFailure"),
      run({ taskToken, error = "", cause = "" }) {
        executions.reply(taskToken, { error, cause });
        return {};
      },
    },
    SendTaskHeartbeat: {
      authorize: anywhere("SendTaskHeartbeat"),
      run({ taskToken }) {
        executions.heartbeat(taskToken);
        return {};
      },
    },
  };

  function describe(execution: Execution): object {
    const { input, output, error, cause } = execution;
    const reason = execution.type === "STANDARD" ? whyNotRedrivable(execution, cloud.clock.now()) : undefined;
    return {
      ...summarize(execution),
      input,
      inputDetails: { included: true },
      ...(output !== undefined && { output, outputDetails: { included: true } }),
      error,
      cause,
      redriveStatus: reason ? "NOT_REDRIVABLE" : "REDRIVABLE",
      redriveStatusReason: reason,
    };
  }
}

function summarize(execution: Execution) {
  const { arn, machineArn, name, status, startedAt, stoppedAt, redriveCount, redrivenAt, aliasArn, versionArn } =
    execution;
  return {
    executionArn: arn,
    stateMachineArn: machineArn,
    stateMachineAliasArn: aliasArn,
    stateMachineVersionArn: versionArn,
    name,
    status,
    startDate: new Date(startedAt),
    stopDate: stoppedAt === undefined ? undefined : new Date(stoppedAt),
    redriveCount,
    redriveDate: redrivenAt === undefined ? undefined : new Date(redrivenAt),
  };
}

function whyNotRedrivable({ status, stoppedAt = 0 }: Execution, now: number): string | undefined {
  if (status === "RUNNING") return "Execution is RUNNING and cannot be redriven";
  if (status === "SUCCEEDED") return "Execution is SUCCEEDED and cannot be redriven";
  if (now - stoppedAt > REDRIVABLE_MS) return "Execution has exceeded the max redrivable period";
  return undefined;
}

function checkInput(input: string): void {
  if (Buffer.byteLength(input) > INPUT_BYTES) {
    throw new AwsError(
      "ValidationException",
      `1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to ${INPUT_BYTES}`,
    );
  }
  try {
    JSON.parse(input);
  } catch (error) {
    throw new AwsError("InvalidExecutionInput", `Invalid State Machine Execution Input: '${(error as Error).message}'`);
  }
}
