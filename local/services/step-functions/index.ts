/**
 * Step Functions on one machine: standard executions that survive a killed platform, express ones, JSONPath and JSONata,
 * every state of Amazon States Language, task tokens, activities, versions and aliases, redrives, logs, integrations with
 * what runs here (`integrations/resource.ts`).
 *
 * Not emulated, and refused by name: distributed maps (ItemReader, ItemBatcher, ResultWriter), HTTP endpoints and services
 * that do not run here, credentials of other accounts, TestState. Without effect: X-Ray, keys of one's own. Of a machine that
 * the program declares there is one version, today's, whatever alias routes to. A task that was under way when the platform
 * was killed is done again. Machines made by the API alone go on once the program has been provisioned.
 */
import type { Resource } from "../../../engine/graph.ts";
import type { Cloud, Operation, Service } from "../../service.ts";
import { executionOperations } from "./execution-operations.ts";
import { executionsOf } from "./executions.ts";
import { type MachineInput, machineOperations, putMachine } from "./machine-operations.ts";
import { machinesOf } from "./machines.ts";
import { publish } from "./version-operations.ts";

export function stepFunctions(cloud: Cloud): Service {
  const machines = machinesOf(cloud);
  const executions = executionsOf(cloud);
  let isResumed = false;

  /** Their roles are the program's: by the first request it has been provisioned. */
  function resumeOthers(): void {
    if (isResumed) return;
    isResumed = true;
    for (const { arn, isDeclared } of machines.all()) if (!isDeclared) executions.resume(arn);
  }

  function resuming(operations: Record<string, Operation>): Record<string, Operation> {
    const entries = Object.entries(operations).map(([name, operation]): [string, Operation] => [
      name,
      {
        ...operation,
        run(input, call) {
          resumeOthers();
          return operation.run(input, call);
        },
      },
    ]);
    return Object.fromEntries(entries);
  }

  return {
    name: "states",
    client: () => import("@aws-sdk/client-sfn"),
    requiresMembers: "ValidationException",
    resources: {
      "aws:sfn/stateMachine:StateMachine": async (resource: Resource) => {
        const { inputs, outputs } = resource;
        const before = machines.get(String(outputs.name));
        // Of another kind it is another machine: AWS replaces it
        const known = before?.type === (inputs.type ?? "STANDARD") ? before : undefined;
        const machine = await putMachine(cloud, machines, known, machineInput(resource));
        machine.isDeclared = true;
        if (inputs.publish) {
          // It has one version: today's, by the name that the alias knows it by
          machine.versions = [];
          machine.lastVersion = 0;
          publish(cloud, machines, machine, inputs.versionDescription as string | undefined);
        }
        machines.save(machine);
        executions.resume(machine.arn);
      },
      "aws:sfn/alias:Alias": ({ inputs, outputs }: Resource) => {
        const routes = (inputs.routingConfigurations as { stateMachineVersionArn: string; weight: number }[]).map(
          ({ stateMachineVersionArn, weight }) => ({ versionArn: stateMachineVersionArn, weight }),
        );
        const machine = machines.find(routes[0]!.versionArn);
        const name = String(outputs.name);
        const now = cloud.clock.now();
        const description = inputs.description as string | undefined;
        machine.aliases = machine.aliases.filter((alias) => alias.name !== name);
        machine.aliases.push({ name, description, routes, createdAt: now, updatedAt: now });
        machines.save(machine);
      },
      "aws:sfn/activity:Activity": ({ outputs }: Resource) =>
        executions.activities.declare(String(outputs.arn), String(outputs.name)),
    },
    operations: resuming({
      ...machineOperations(cloud, machines),
      ...executionOperations(cloud, machines, executions),
      ...executions.activities.operations,
    }),
    stop: () => executions.stop(),
  };
}

function machineInput({ inputs, outputs }: Resource): MachineInput {
  const logging = inputs.loggingConfiguration as
    | { level?: "ALL"; includeExecutionData?: boolean; logDestination?: string }
    | undefined;
  const { level = "OFF", includeExecutionData, logDestination } = logging ?? {};
  return {
    name: String(outputs.name),
    definition: String(inputs.definition),
    roleArn: String(inputs.roleArn),
    type: (inputs.type as MachineInput["type"] | undefined) ?? "STANDARD",
    tracingConfiguration: inputs.tracingConfiguration as { enabled?: boolean } | undefined,
    loggingConfiguration: {
      level,
      includeExecutionData,
      destinations: logDestination ? [{ cloudWatchLogsLogGroup: { logGroupArn: logDestination } }] : [],
    },
    tags: Object.entries((inputs.tags ?? {}) as Record<string, string>).map(([key, value]) => ({ key, value })),
  };
}
