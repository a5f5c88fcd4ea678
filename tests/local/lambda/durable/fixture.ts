/** Durable functions that AWS's own SDK for them runs in an environment. */
import {
  type Event,
  GetDurableExecutionCommand,
  GetDurableExecutionHistoryCommand,
  type GetDurableExecutionResponse,
} from "@aws-sdk/client-lambda";
import type { Value } from "../../../../engine/graph.ts";
import { eventually, type LambdaCloud } from "../fixture.ts";

const SDK = import.meta.resolve("@aws/durable-execution-sdk-js");

export const arnOf = (name: string, qualifier = "$LATEST") =>
  `arn:aws:lambda:eu-west-1:000000000000:function:${name}:${qualifier}`;

/** A function whose handler is `body`, of `event` and `context`. */
export function defineDurable(
  cloud: LambdaCloud,
  name: string,
  body: string,
  { executionTimeout = 900, retentionPeriod = 14, ...inputs }: Record<string, Value> = {},
): Promise<void> {
  const source = `
    import { appendFileSync, existsSync, readFileSync } from "node:fs";
    import { withDurableExecution, StepSemantics } from ${JSON.stringify(SDK)};
    export const handler = withDurableExecution(async (event, context) => { ${body} });`;
  const durableConfig = { executionTimeout, retentionPeriod } as Value;
  return cloud.define(name, source, { timeout: 60, memorySize: 512, durableConfig, ...inputs });
}

/** Begins an execution, and says which. */
export async function begin(cloud: LambdaCloud, name: string, event: unknown = {}, more = {}): Promise<string> {
  const { InvokeCommand } = await import("@aws-sdk/client-lambda");
  const { DurableExecutionArn } = await cloud.client.send(
    new InvokeCommand({
      ...{ FunctionName: name, Qualifier: "$LATEST", InvocationType: "Event" },
      Payload: Buffer.from(JSON.stringify(event)),
      ...more,
    }),
  );
  return DurableExecutionArn!;
}

export const read = (cloud: LambdaCloud, DurableExecutionArn: string): Promise<GetDurableExecutionResponse> =>
  cloud.client.send(new GetDurableExecutionCommand({ DurableExecutionArn }));

export async function history(cloud: LambdaCloud, DurableExecutionArn: string): Promise<Event[]> {
  const { Events } = await cloud.client.send(new GetDurableExecutionHistoryCommand({ DurableExecutionArn }));
  return Events!;
}

/** Its end, without any time passing. */
export const ended = (cloud: LambdaCloud, arn: string) =>
  eventually(
    () => read(cloud, arn),
    ({ Status }) => Status !== "RUNNING",
  );

/** Until so many events of this type are in its history. */
export const happened = (cloud: LambdaCloud, arn: string, type: string, times = 1) =>
  eventually(
    async () => (await history(cloud, arn)).filter(({ EventType }) => EventType === type),
    (found) => found.length >= times,
  );

/** Until it sleeps: so many invocations are over. */
export const suspended = (cloud: LambdaCloud, arn: string, invocations = 1) =>
  happened(cloud, arn, "InvocationCompleted", invocations);
