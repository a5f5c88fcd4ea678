/** What a durable execution waits for from outside: callbacks, and other functions. */

import type { ResourceNotFoundException } from "@aws-sdk/client-lambda";
import {
  SendDurableExecutionCallbackFailureCommand,
  SendDurableExecutionCallbackHeartbeatCommand,
  SendDurableExecutionCallbackSuccessCommand,
} from "@aws-sdk/client-lambda";
import { type LambdaCloud, startLambda } from "../fixture.ts";
import { ROLE_ARN, role } from "../resources.ts";
import { arnOf, begin, defineDurable, ended, happened, history, read, suspended } from "./fixture.ts";

let cloud: LambdaCloud;

beforeEach(async () => {
  cloud = await startLambda();
});

afterEach(() => cloud.stop());

async function callbackOf(arn: string): Promise<string> {
  const [event] = await happened(cloud, arn, "CallbackStarted");
  await suspended(cloud, arn);
  return event!.CallbackStartedDetails!.CallbackId!;
}

const succeed = (CallbackId: string, result: unknown) =>
  cloud.client.send(
    new SendDurableExecutionCallbackSuccessCommand({ CallbackId, Result: Buffer.from(JSON.stringify(result)) }),
  );
const heartbeat = (CallbackId: string) =>
  cloud.client.send(new SendDurableExecutionCallbackHeartbeatCommand({ CallbackId }));

describe("a callback", () => {
  const waiting = (config: string) =>
    `return context.waitForCallback("approval", async () => {}, { serdes: undefined, ${config} });`;

  beforeEach(() =>
    defineDurable(cloud, "approve", waiting("timeout: { hours: 1 }, heartbeatTimeout: { minutes: 10 }"), {
      executionTimeout: 86_400,
    }),
  );

  it("brings its result to the execution that waits for it", async () => {
    const arn = await begin(cloud, "approve");
    const id = await callbackOf(arn);

    await succeed(id, { by: "kim" });

    const { Status, Result } = await ended(cloud, arn);
    expect(Status).toBe("SUCCEEDED");
    expect(Result).toContain("kim");
    expect((await history(cloud, arn)).map(({ EventType }) => EventType)).toContain("CallbackSucceeded");
  });

  it("can fail, and the handler sees the error", async () => {
    const arn = await begin(cloud, "approve");
    const CallbackId = await callbackOf(arn);

    const Error = { ErrorMessage: "refused", ErrorType: "Refusal" };
    await cloud.client.send(new SendDurableExecutionCallbackFailureCommand({ CallbackId, Error }));

    const { Status, Error: error } = await ended(cloud, arn);
    expect(Status).toBe("FAILED");
    expect(error?.ErrorMessage).toBe("refused");
  });

  it("times out without a heartbeat, and later with them", async () => {
    const silent = await begin(cloud, "approve");
    const alive = await begin(cloud, "approve");
    const id = await callbackOf(alive);
    await callbackOf(silent);
    for (let minutes = 0; minutes < 54; minutes += 9) {
      await cloud.clock.advance(9 * 60_000);
      await heartbeat(id);
    }

    expect((await ended(cloud, silent)).Status).toBe("FAILED");
    const [timedOut] = await happened(cloud, silent, "CallbackTimedOut");
    expect(timedOut?.CallbackTimedOutDetails?.Error?.Payload).toEqual({
      ...{ ErrorMessage: "Callback timed out on heartbeat", ErrorType: "Callback.Heartbeat" },
    });
    expect((await read(cloud, alive)).Status).toBe("RUNNING");
    await cloud.clock.advance(6 * 60_000);
    const [late] = await happened(cloud, alive, "CallbackTimedOut");
    expect(late?.CallbackTimedOutDetails?.Error?.Payload?.ErrorType).toBe("Callback.Timeout");
    await ended(cloud, alive);
  });

  it("is taken once", async () => {
    const arn = await begin(cloud, "approve");
    const id = await callbackOf(arn);
    await succeed(id, 1);
    await ended(cloud, arn);

    await expect(succeed(id, 2)).rejects.toMatchObject({
      name: "CallbackTimeoutException",
      message: "The callback is either timed out or already completed",
    });
    await expect(heartbeat(id)).rejects.toMatchObject({ name: "CallbackTimeoutException" });
    await expect(succeed("bm9uZQ", 1)).rejects.toMatchObject({
      ...{ name: "InvalidParameterValueException", message: "Invalid callback id" },
    });
  });
});

describe("a chained invoke", () => {
  const invoking = (name: string) => `return context.invoke("call", ${JSON.stringify(name)}, { n: event.n });`;

  it("answers with what another function answers", async () => {
    await cloud.define("double", "export const handler = async ({ n }) => 2 * n;");
    await defineDurable(cloud, "caller", invoking("double"));

    const answer = await cloud.invoke("caller:$LATEST", { n: 21 });

    expect(answer.payload).toBe(42);
  });

  it("fails as the other function does", async () => {
    await cloud.define("picky", "export const handler = async () => { throw new RangeError('too much'); };");
    await defineDurable(cloud, "caller", invoking("picky"));

    const arn = await begin(cloud, "caller", { n: 1 });

    expect(await ended(cloud, arn)).toMatchObject({ Status: "FAILED", Error: { ErrorMessage: "too much" } });
    const [failed] = await happened(cloud, arn, "ChainedInvokeFailed");
    expect(failed?.ChainedInvokeFailedDetails?.Error?.Payload?.ErrorType).toBe("RangeError");
  });

  it("of a durable function waits for as long as that takes", async () => {
    await defineDurable(cloud, "inner", "await context.wait({ days: 3 }); return 2 * event.n;", {
      executionTimeout: 864_000,
    });
    await defineDurable(cloud, "outer", invoking(arnOf("inner")), { executionTimeout: 864_000 });

    const arn = await begin(cloud, "outer", { n: 4 });
    const [started] = await happened(cloud, arn, "ChainedInvokeStarted");
    await suspended(cloud, arn);
    await suspended(cloud, started!.ChainedInvokeStartedDetails!.DurableExecutionArn!);
    await cloud.clock.advance(3 * 86_400_000);

    expect(started?.ChainedInvokeStartedDetails?.FunctionName).toBe(arnOf("inner"));
    expect(await ended(cloud, arn)).toMatchObject({ Status: "SUCCEEDED", Result: "8" });
  });

  it("of a function that is not there, or that its role may not call, fails in words that say so", async () => {
    await cloud.define("secret", "export const handler = async () => 1;");
    const own = ["CheckpointDurableExecution", "GetDurableExecutionState"].map((action) => `lambda:${action}`);
    await cloud.provision(role(ROLE_ARN, [{ Effect: "Allow", Action: own, Resource: `${arnOf("caller")}*` }]));
    await defineDurable(
      cloud,
      "caller",
      `const outcomes = [];
       for (const name of ["missing", "secret"]) {
         try { await context.invoke(name, name, {}); } catch (error) { outcomes.push(error.message); }
       }
       return outcomes;`,
    );

    const arn = await begin(cloud, "caller");

    const [missing, denied] = JSON.parse((await ended(cloud, arn)).Result!);
    expect(missing).toContain("Function not found");
    expect(denied).toContain("lambda:InvokeFunction");
  });
});

describe("permissions", () => {
  it("a role that may not read an execution is told which action it lacks", async () => {
    await defineDurable(cloud, "private", "return 1;");
    const arn = await begin(cloud, "private");
    await ended(cloud, arn);
    await cloud.provision(role("arn:aws:iam::000000000000:role/other", [], "ec2.amazonaws.com"));
    const { LambdaClient, GetDurableExecutionCommand } = await import("@aws-sdk/client-lambda");
    const other = new LambdaClient({ ...cloud.running.client("arn:aws:iam::000000000000:role/other"), maxAttempts: 1 });

    const refused: ResourceNotFoundException = await other
      .send(new GetDurableExecutionCommand({ DurableExecutionArn: arn }))
      .catch((error) => error);

    other.destroy();
    expect(refused.name).toBe("AccessDeniedException");
    expect(refused.message).toContain("lambda:GetDurableExecution");
  });
});

describe("versions", () => {
  it("an execution goes on with the version that it began on, whatever its alias names meanwhile", async () => {
    const { CreateAliasCommand, PublishVersionCommand, UpdateAliasCommand, UpdateFunctionCodeCommand } = await import(
      "@aws-sdk/client-lambda"
    );
    const { create, zip } = await import("../api-fixture.ts");
    const sdk = import.meta.resolve("@aws/durable-execution-sdk-js");
    const source = (answer: string) => `
      import { withDurableExecution } from ${JSON.stringify(sdk)};
      export const handler = withDurableExecution(async (event, context) => {
        await context.wait({ seconds: 30 });
        return ${JSON.stringify(answer)};
      });`;
    const DurableConfig = { ExecutionTimeout: 300, RetentionPeriodInDays: 3 };
    const made = await create(cloud, "pinned", source("old"), { Publish: true, DurableConfig, Timeout: 60 });
    await cloud.client.send(new CreateAliasCommand({ FunctionName: "pinned", Name: "live", FunctionVersion: "1" }));

    const arn = await begin(cloud, "pinned", {}, { Qualifier: "live" });
    await suspended(cloud, arn);
    await cloud.client.send(
      new UpdateFunctionCodeCommand({ FunctionName: "pinned", ZipFile: zip({ "index.mjs": source("new") }) }),
    );
    await cloud.client.send(new PublishVersionCommand({ FunctionName: "pinned" }));
    await cloud.client.send(new UpdateAliasCommand({ FunctionName: "pinned", Name: "live", FunctionVersion: "2" }));
    await cloud.clock.advance(30_000);

    expect(made.DurableConfig).toEqual(DurableConfig);
    expect(arn).toContain("function:pinned:1/durable-execution/");
    expect(await ended(cloud, arn)).toMatchObject({ Status: "SUCCEEDED", Result: '"old"', Version: "1" });
  });
});
