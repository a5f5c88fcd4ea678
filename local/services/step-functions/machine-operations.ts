/** Operations on state machines: making, changing, describing, listing, deleting, tagging them. */
import { type Access, AwsError, type Call, type Cloud, type Operation } from "../../service.ts";
import type { Logging } from "./execution-store.ts";
import { validateDefinition } from "./language/validate.ts";
import type { Machine, Machines } from "./machines.ts";
import { page } from "./page.ts";
import { publish, versionOperations } from "./version-operations.ts";

const MOST_BYTES = 1_048_576;

interface LoggingInput {
  level?: Logging["level"];
  includeExecutionData?: boolean;
  destinations?: { cloudWatchLogsLogGroup?: { logGroupArn?: string } }[];
}

export interface MachineInput {
  name: string;
  definition: string;
  roleArn: string;
  type?: Machine["type"];
  loggingConfiguration?: LoggingInput;
  tracingConfiguration?: { enabled?: boolean };
  tags?: { key: string; value: string }[];
  publish?: boolean;
  versionDescription?: string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a name may not have
export const INVALID_NAME = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]/;

/** Checks what AWS checks at creation, and makes or changes the machine. */
export async function putMachine(
  cloud: Cloud,
  machines: Machines,
  known: Machine | undefined,
  input: Partial<MachineInput> & { name: string },
): Promise<Machine> {
  const { name } = input;
  if (!name || name.length > 80 || INVALID_NAME.test(name))
    throw new AwsError("InvalidName", `Invalid Name: '${name}'`);
  const type = known?.type ?? input.type ?? "STANDARD";
  const definition = input.definition ?? known?.definition ?? "";
  const roleArn = input.roleArn ?? known?.roleArn ?? "";
  if (Buffer.byteLength(definition) > MOST_BYTES) {
    throw new AwsError(
      "ValidationException",
      "Value at 'definition' failed to satisfy constraint: Member must have length less than or equal to 1048576",
    );
  }
  if (!/^arn:aws:iam::\d{12}:role\/.+$/.test(roleArn))
    throw new AwsError("InvalidArn", `Invalid Role Arn: '${roleArn}'`);
  const problems = await validateDefinition(definition, type);
  if (problems.length > 0) {
    const all = problems.map(({ code, message, location }) => `${code}: ${message} at ${location ?? null}`).join(", ");
    throw new AwsError("InvalidDefinition", `Invalid State Machine Definition: '${all}'`);
  }
  const arn = machines.arnOf(name);
  const logging = input.loggingConfiguration ? loggingOf(input.loggingConfiguration) : known?.logging;
  checkRole(cloud, roleArn, arn, logging);
  const now = cloud.clock.now();
  const machine: Machine = {
    ...(known ?? { createdAt: now, versions: [], lastVersion: 0, aliases: [], isDeclared: false }),
    ...{ arn, name, type, definition, roleArn, updatedAt: now, revisionId: crypto.randomUUID() },
    logging: logging ?? { level: "OFF", includeExecutionData: false },
    isTraced: input.tracingConfiguration?.enabled ?? known?.isTraced ?? false,
    tags: input.tags ? Object.fromEntries(input.tags.map(({ key, value }) => [key, value])) : (known?.tags ?? {}),
  };
  machines.save(machine);
  return machine;
}

function loggingOf({ level = "OFF", includeExecutionData = false, destinations = [] }: LoggingInput): Logging {
  const arn = destinations[0]?.cloudWatchLogsLogGroup?.logGroupArn;
  const group = arn && /^arn:aws:logs:[\w-]+:\d{12}:log-group:([^:]+):\*$/.exec(arn)?.[1];
  if (level !== "OFF" && !group) {
    throw new AwsError(
      "InvalidLoggingConfiguration",
      "Invalid Logging Configuration: Must specify exactly one Log Destination.",
    );
  }
  return { level, includeExecutionData, group };
}

/** AWS looks at creation already whether it may take on the role, and whether the role may have logs delivered. */
function checkRole(cloud: Cloud, roleArn: string, machineArn: string, logging?: Logging): void {
  let principal: Call["principal"];
  try {
    principal = cloud.assume(roleArn, "states", "states.amazonaws.com", machineArn);
  } catch (error) {
    const message =
      "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.";
    throw new AwsError("AccessDeniedException", `${message} ${(error as Error).message}`, 400);
  }
  if (!logging?.group || logging.level === "OFF") return;
  try {
    cloud.authorize({ principal, sourceIp: "127.0.0.1" }, { action: "logs:CreateLogDelivery", resource: "*" });
  } catch (error) {
    const message = `The state machine IAM Role is not authorized to access the Log Destination. ${(error as Error).message}`;
    throw new AwsError("AccessDeniedException", message, 400);
  }
}

export function machineOperations(cloud: Cloud, machines: Machines): Record<string, Operation> {
  const on =
    (action: string, key = "stateMachineArn") =>
    (input: Record<string, string>): Access => ({
      action: `states:${action}`,
      resource: String(input[key]).replace(/^((?:[^:]*:){6}[^:]*):.*$/, "$1"),
    });
  const passing = (roleArn?: string): Access[] =>
    roleArn === undefined
      ? []
      : [{ action: "iam:PassRole", resource: roleArn, context: { "iam:PassedToService": "states.amazonaws.com" } }];

  return {
    ...versionOperations(cloud, machines),
    CreateStateMachine: {
      authorize: ({ name, roleArn }) => [
        { action: "states:CreateStateMachine", resource: machines.arnOf(name) },
        ...passing(roleArn),
      ],
      async run(input: MachineInput) {
        const known = machines.get(input.name);
        if (known && (known.definition !== input.definition || known.roleArn !== input.roleArn)) {
          throw new AwsError("StateMachineAlreadyExists", `State Machine Already Exists: '${known.arn}'`);
        }
        const machine = known ?? (await putMachine(cloud, machines, undefined, input));
        const version = input.publish ? publish(cloud, machines, machine, input.versionDescription) : undefined;
        const creationDate = new Date(machine.createdAt);
        return { stateMachineArn: machine.arn, creationDate, stateMachineVersionArn: version };
      },
    },
    UpdateStateMachine: {
      authorize: (input) => [on("UpdateStateMachine")(input), ...passing(input.roleArn)],
      async run({ stateMachineArn, ...changes }) {
        const known = machines.find(stateMachineArn);
        const machine = await putMachine(cloud, machines, known, { ...changes, name: known.name });
        const version = changes.publish ? publish(cloud, machines, machine, changes.versionDescription) : undefined;
        const { updatedAt, revisionId } = machine;
        return { updateDate: new Date(updatedAt), revisionId, stateMachineVersionArn: version };
      },
    },
    DeleteStateMachine: {
      authorize: on("DeleteStateMachine"),
      run({ stateMachineArn }) {
        try {
          machines.remove(machines.find(stateMachineArn));
        } catch (error) {
          // What is gone is deleted
          if ((error as AwsError).code !== "StateMachineDoesNotExist") throw error;
        }
        return {};
      },
    },
    DescribeStateMachine: {
      authorize: on("DescribeStateMachine"),
      run({ stateMachineArn }) {
        const { machine, definition, roleArn, versionArn } = machines.target(stateMachineArn);
        return { ...describe(machine), stateMachineArn: versionArn ?? machine.arn, definition, roleArn };
      },
    },
    ListStateMachines: {
      authorize: () => ({ action: "states:ListStateMachines", resource: "*" }),
      run({ maxResults, nextToken }) {
        const found = page(machines.all(), nextToken, maxResults);
        const stateMachines = found.items.map(({ arn, name, type, createdAt }) => ({
          stateMachineArn: arn,
          name,
          type,
          creationDate: new Date(createdAt),
        }));
        return { stateMachines, nextToken: found.nextToken };
      },
    },
    ValidateStateMachineDefinition: {
      authorize: () => ({ action: "states:ValidateStateMachineDefinition", resource: "*" }),
      async run({ definition, type = "STANDARD" }) {
        const problems = await validateDefinition(definition, type);
        const diagnostics = problems.map((problem) => ({ severity: "ERROR", ...problem }));
        return { result: problems.length > 0 ? "FAIL" : "OK", diagnostics, truncated: false };
      },
    },
    ListTagsForResource: {
      authorize: on("ListTagsForResource", "resourceArn"),
      run: ({ resourceArn }) => ({
        tags: Object.entries(machines.find(resourceArn).tags).map(([key, value]) => ({ key, value })),
      }),
    },
    TagResource: {
      authorize: on("TagResource", "resourceArn"),
      run({ resourceArn, tags }: { resourceArn: string; tags: { key: string; value: string }[] }) {
        const machine = machines.find(resourceArn);
        for (const { key, value } of tags) machine.tags = { ...machine.tags, [key]: value };
        machines.save(machine);
        return {};
      },
    },
    UntagResource: {
      authorize: on("UntagResource", "resourceArn"),
      run({ resourceArn, tagKeys }: { resourceArn: string; tagKeys: string[] }) {
        const machine = machines.find(resourceArn);
        machine.tags = Object.fromEntries(Object.entries(machine.tags).filter(([key]) => !tagKeys.includes(key)));
        machines.save(machine);
        return {};
      },
    },
  };
}

export function describe(machine: Machine): object {
  const { level, includeExecutionData, group } = machine.logging;
  const region = machine.arn.split(":")[3];
  const logGroupArn = `arn:aws:logs:${region}:${machine.arn.split(":")[4]}:log-group:${group}:*`;
  return {
    name: machine.name,
    status: "ACTIVE",
    type: machine.type,
    creationDate: new Date(machine.createdAt),
    loggingConfiguration: {
      level,
      includeExecutionData,
      destinations: group ? [{ cloudWatchLogsLogGroup: { logGroupArn } }] : undefined,
    },
    tracingConfiguration: { enabled: machine.isTraced },
    encryptionConfiguration: { type: "AWS_OWNED_KEY" },
    revisionId: machine.revisionId,
  };
}
