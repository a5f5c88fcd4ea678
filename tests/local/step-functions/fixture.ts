/** A cloud with Step Functions and what its tasks call, on a clock that tests move. */
import {
  CreateStateMachineCommand,
  type CreateStateMachineCommandInput,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import type { Value } from "../../../engine/graph.ts";
import type { ServiceFactory } from "../../../local/cloud.ts";
import { dynamodb } from "../../../local/services/dynamodb/index.ts";
import { sns } from "../../../local/services/sns/index.ts";
import { sqs } from "../../../local/services/sqs/index.ts";
import { stepFunctions } from "../../../local/services/step-functions/index.ts";
import { eventually, type LambdaCloud, startLambda } from "../lambda/fixture.ts";
import { role } from "../lambda/resources.ts";

export const MACHINE_ROLE = "arn:aws:iam::000000000000:role/machine";

export interface StatesCloud extends LambdaCloud {
  sfn: SFNClient;
  /** Makes a machine of these states, the first one first; answers its ARN. */
  machine(states: object, more?: MachineOptions): Promise<string>;
  start(stateMachineArn: string, input?: unknown, name?: string): Promise<string>;
  /** Waits until the execution has ended. */
  ended(executionArn: string): Promise<Ended>;
  /** Makes a machine, starts it and waits for its end. */
  run(states: object, input?: unknown, more?: MachineOptions): Promise<Ended>;
  /** Waits until the history has an event of this type. */
  event(executionArn: string, type: string, count?: number): Promise<HistoryEvent>;
  history(executionArn: string): Promise<HistoryEvent[]>;
  grant(statements: Value[]): Promise<void>;
}

export interface MachineOptions extends Partial<CreateStateMachineCommandInput> {
  /** @default "JSONPath" */
  language?: "JSONPath" | "JSONata";
  timeoutSeconds?: number;
}

export interface Ended {
  status?: string;
  // biome-ignore lint/suspicious/noExplicitAny: what the machine of a test puts out
  output: any;
  error?: string;
  cause?: string;
}

const EVERYTHING = [{ Effect: "Allow", Action: "*", Resource: "*" }];

export async function startStates(services: Record<string, ServiceFactory> = {}): Promise<StatesCloud> {
  const base = await startLambda({ states: stepFunctions, sqs, sns, dynamodb, ...services });
  let made = 0;
  const connect = () => new SFNClient({ ...base.running.client(), maxAttempts: 1 });
  const grant = (statements: Value[]) => base.provision(role(MACHINE_ROLE, statements, "states.amazonaws.com"));
  await grant(EVERYTHING);
  const cloud: StatesCloud = Object.assign(base as StatesCloud, {
    sfn: connect(),
    grant,
    async machine(states: object, { language, timeoutSeconds, ...more }: MachineOptions = {}) {
      const definition = JSON.stringify({
        StartAt: Object.keys(states)[0],
        States: states,
        ...(language && { QueryLanguage: language }),
        ...(timeoutSeconds && { TimeoutSeconds: timeoutSeconds }),
      });
      const input = { name: `machine-${++made}`, definition, roleArn: MACHINE_ROLE, ...more };
      return (await cloud.sfn.send(new CreateStateMachineCommand(input))).stateMachineArn!;
    },
    async start(stateMachineArn: string, input: unknown = {}, name?: string) {
      const request = { stateMachineArn, name, input: JSON.stringify(input) };
      return (await cloud.sfn.send(new StartExecutionCommand(request))).executionArn!;
    },
    async ended(executionArn: string) {
      const done = await eventually(
        () => cloud.sfn.send(new DescribeExecutionCommand({ executionArn })),
        ({ status }) => status !== "RUNNING",
      );
      const { status, output, error, cause } = done;
      return { status, output: output === undefined ? undefined : JSON.parse(output), error, cause };
    },
    run: async (states: object, input?: unknown, more?: MachineOptions) =>
      cloud.ended(await cloud.start(await cloud.machine(states, more), input)),
    async history(executionArn: string) {
      return (await cloud.sfn.send(new GetExecutionHistoryCommand({ executionArn }))).events!;
    },
    async event(executionArn: string, type: string, count = 1) {
      const found = await eventually(
        async () => (await cloud.history(executionArn)).filter((event) => event.type === type),
        (events) => events.length >= count,
      );
      return found[count - 1]!;
    },
  });
  const { restart, stop } = base;
  cloud.restart = async () => {
    cloud.sfn.destroy();
    await restart();
    await grant(EVERYTHING);
    cloud.sfn = connect();
  };
  cloud.stop = async () => {
    cloud.sfn.destroy();
    await stop();
  };
  return cloud;
}
