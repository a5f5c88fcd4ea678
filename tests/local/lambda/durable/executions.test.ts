/** Durable functions through AWS's own SDK for them: what they do survives, and is done once. */
import { writeFileSync } from "node:fs";
import {
  InvokeCommand,
  ListDurableExecutionsByFunctionCommand,
  StopDurableExecutionCommand,
} from "@aws-sdk/client-lambda";
import { eventBridge } from "../../../../local/services/eventbridge/index.ts";
import { sqs } from "../../../../local/services/sqs/index.ts";
import { eventually, type LambdaCloud, linesOf, startLambda, temporaryFile } from "../fixture.ts";
import { resource } from "../resources.ts";
import { arnOf, begin, defineDurable, ended, history, read, suspended } from "./fixture.ts";

let cloud: LambdaCloud;
let file: string;

beforeEach(async () => {
  cloud = await startLambda({ sqs, events: eventBridge });
  file = temporaryFile("log");
});

afterEach(() => cloud.stop());

const note = (text: string) => `appendFileSync(${JSON.stringify(file)}, ${JSON.stringify(`${text}\n`)});`;
const notes = () => linesOf(file);
const sync = (name: string, event: unknown = {}, more = {}) => cloud.invoke(`${name}:$LATEST`, event, more);

describe("a durable execution", () => {
  it("called synchronously answers with the handler's result and says which execution it was", async () => {
    await defineDurable(cloud, "sum", "return event.a + (await context.step('b', async () => 2));");

    const output = await cloud.client.send(
      new InvokeCommand({ FunctionName: "sum", Qualifier: "$LATEST", Payload: Buffer.from('{"a":1}') }),
    );

    expect(output.Payload?.transformToString()).toBe("3");
    expect(output.DurableExecutionArn).toMatch(/^arn:aws:lambda:.*:function:sum:\$LATEST\/durable-execution\/.+\/.+$/);
    expect(await read(cloud, output.DurableExecutionArn!)).toMatchObject({
      ...{ Status: "SUCCEEDED", InputPayload: '{"a":1}', Result: "3", Version: "$LATEST" },
      DurableConfig: { ExecutionTimeout: 900, RetentionPeriodInDays: 14 },
    });
  });

  it("does each step once, whatever it waits for between them", async () => {
    await defineDurable(
      cloud,
      "steps",
      `const a = await context.step("first", async () => { ${note("first")} return 20; });
       await context.wait("a while", { seconds: 3600 });
       const b = await context.step("second", async () => { ${note("second")} return 22; });
       return a + b;`,
      { executionTimeout: 86_400 },
    );

    const arn = await begin(cloud, "steps");
    await suspended(cloud, arn);
    expect(await read(cloud, arn)).toMatchObject({ Status: "RUNNING" });
    await cloud.clock.advance(3_599_000);
    expect(notes()).toEqual(["first"]);
    await cloud.clock.advance(1_000);

    expect(await ended(cloud, arn)).toMatchObject({ Status: "SUCCEEDED", Result: "42" });
    expect(notes()).toEqual(["first", "second"]);
    expect((await history(cloud, arn)).map(({ EventType }) => EventType)).toEqual([
      ...["ExecutionStarted", "StepStarted", "StepSucceeded", "WaitStarted", "InvocationCompleted", "WaitSucceeded"],
      ...["StepStarted", "StepSucceeded", "InvocationCompleted", "ExecutionSucceeded"],
    ]);
  });

  it("tries a failed step again after the delay of its own strategy", async () => {
    await defineDurable(
      cloud,
      "flaky",
      `return context.step("call", async () => {
         ${note("call")}
         const n = readFileSync(${JSON.stringify(file)}, "utf8").split("\\n").length - 1;
         if (n < 3) throw new TypeError("attempt " + n);
         return n;
       }, { retryStrategy: (error, attempts) => ({ shouldRetry: attempts < 5, delay: { seconds: 100 * attempts } }) });`,
    );

    const arn = await begin(cloud, "flaky");
    await suspended(cloud, arn);
    await cloud.clock.advance(100_000);
    await suspended(cloud, arn, 2);
    expect(notes()).toHaveLength(2);
    await cloud.clock.advance(200_000);

    expect(await ended(cloud, arn)).toMatchObject({ Status: "SUCCEEDED", Result: "3" });
    const failures = (await history(cloud, arn)).filter(({ EventType }) => EventType === "StepFailed");
    expect(failures.map(({ StepFailedDetails }) => StepFailedDetails)).toEqual([
      expect.objectContaining({ Error: { Payload: expect.objectContaining({ ErrorMessage: "attempt 1" }) } }),
      expect.objectContaining({ RetryDetails: expect.objectContaining({ CurrentAttempt: 2 }) }),
    ]);
  });

  it("that throws has failed with its error, and its caller sees a function error", async () => {
    await defineDurable(cloud, "broken", "throw new RangeError('no such photo');");

    const answer = await sync("broken");

    expect(answer).toMatchObject({ status: 200, error: "Unhandled" });
    expect(answer.payload).toMatchObject({ errorMessage: "no such photo", errorType: "RangeError" });
  });

  it("runs branches side by side and each item of a map, and replays them together", async () => {
    await defineDurable(
      cloud,
      "wide",
      `const both = await context.parallel("both", [
         (ctx) => ctx.step("left", async () => 1),
         async (ctx) => { await ctx.wait("pause", { seconds: 60 }); return ctx.step("right", async () => 2); },
       ]);
       const squares = await context.map("squares", [3, 4], async (ctx, item) => ctx.step("square", async () => item * item));
       const child = await context.runInChildContext("child", (ctx) => ctx.step("inner", async () => "in"));
       return [both.getResults(), squares.getResults(), child];`,
    );

    const arn = await begin(cloud, "wide");
    await suspended(cloud, arn);
    await cloud.clock.advance(60_000);

    expect(await ended(cloud, arn)).toMatchObject({ Status: "SUCCEEDED", Result: '[[1,2],[9,16],"in"]' });
  });

  it("goes on with another invocation when one crashes, and fails after the last retry", async () => {
    await defineDurable(
      cloud,
      "crash",
      `await context.step("once", async () => { ${note("once")} });
       ${note("crash")}
       await new Promise((done) => setTimeout(done, 20));
       process.exit(1);`,
    );

    const arn = await begin(cloud, "crash");
    for (const [index, seconds] of [1, 2, 4, 8, 16, 32, 64].entries()) {
      await suspended(cloud, arn, index + 1);
      await cloud.clock.advance(seconds * 1000);
    }

    const { Status, Error: error } = await ended(cloud, arn);
    expect(Status).toBe("FAILED");
    expect(error?.ErrorType).toBe("Runtime.ExitError");
    expect(notes().filter((line) => line === "once")).toHaveLength(1);
    expect(notes().filter((line) => line === "crash")).toHaveLength(8);
  });

  it("times out in all, waits included", async () => {
    await defineDurable(cloud, "slow", "await context.wait('long', { days: 2 });", { executionTimeout: 86_400 });

    const arn = await begin(cloud, "slow");
    await suspended(cloud, arn);
    await cloud.clock.advance(86_400_000);

    expect(await read(cloud, arn)).toMatchObject({
      Status: "TIMED_OUT",
      Error: { ErrorMessage: "Execution timed out after 86400 seconds." },
    });
  });

  it("can be stopped, once and for all", async () => {
    await defineDurable(cloud, "endless", "await context.wait('long', { days: 2 });", { executionTimeout: 31_622_400 });
    const arn = await begin(cloud, "endless");
    await suspended(cloud, arn);
    const stop = () =>
      cloud.client.send(
        new StopDurableExecutionCommand({ DurableExecutionArn: arn, Error: { ErrorMessage: "enough" } }),
      );

    const { StopTimestamp } = await stop();

    expect(await read(cloud, arn)).toMatchObject({ Status: "STOPPED", Error: { ErrorMessage: "enough" } });
    await cloud.clock.advance(2 * 86_400_000);
    expect(await stop()).toMatchObject({ StopTimestamp });
    expect((await history(cloud, arn)).at(-1)?.EventType).toBe("ExecutionStopped");
  });

  it("is forgotten when its retention is over", async () => {
    await defineDurable(cloud, "short", "return 1;", { retentionPeriod: 2 });
    const arn = await begin(cloud, "short", {}, { DurableExecutionName: "one" });
    await ended(cloud, arn);

    await cloud.clock.advance(2 * 86_400_000 - 60_000);
    await expect(read(cloud, arn)).resolves.toMatchObject({ Status: "SUCCEEDED" });
    await cloud.clock.advance(60_000);

    await expect(read(cloud, arn)).rejects.toMatchObject({
      ...{ name: "ResourceNotFoundException", message: "Durable Execution does not exist" },
    });
    expect(await begin(cloud, "short", {}, { DurableExecutionName: "one" })).not.toBe(arn);
  });

  it("goes on after a restart, with its waits where they were", async () => {
    const body = `${note("run")} await context.wait({ seconds: 600 }); return "back";`;
    await defineDurable(cloud, "kept", body);
    const arn = await begin(cloud, "kept");
    await suspended(cloud, arn);
    await cloud.clock.advance(300_000);

    await cloud.restart();
    await defineDurable(cloud, "kept", body);
    await suspended(cloud, arn, 2);
    expect(await read(cloud, arn)).toMatchObject({ Status: "RUNNING" });
    await cloud.clock.advance(300_000);

    expect(await ended(cloud, arn)).toMatchObject({ Status: "SUCCEEDED", Result: '"back"' });
  });

  it("does a step that must not be done twice once, though its environment is gone in the middle of it", async () => {
    writeFileSync(file, "");
    await defineDurable(
      cloud,
      "careful",
      `return context.step("charge", async () => {
         if (existsSync(${JSON.stringify(`${file}.charged`)})) { ${note("twice")} }
         appendFileSync(${JSON.stringify(`${file}.charged`)}, "x");
         process.exit(1);
       }, { semantics: StepSemantics.AtMostOncePerRetry, retryStrategy: () => ({ shouldRetry: false }) });`,
    );

    const arn = await begin(cloud, "careful");
    await suspended(cloud, arn);
    await cloud.clock.advance(1_000);

    expect(await ended(cloud, arn)).toMatchObject({ Status: "FAILED" });
    expect(notes()).toEqual([]);
  });

  it("replays more than fits into one event", async () => {
    await defineDurable(
      cloud,
      "large",
      `let bytes = 0;
       for (let n = 0; n < 30; n++) bytes += (await context.step("part " + n, async () => { ${note("part")} return "x".repeat(200_000); })).length;
       await context.wait({ seconds: 10 });
       return bytes;`,
    );

    const arn = await begin(cloud, "large");
    await suspended(cloud, arn);
    await cloud.clock.advance(10_000);

    expect(await ended(cloud, arn)).toMatchObject({ Status: "SUCCEEDED", Result: "6000000" });
    expect(notes()).toHaveLength(30);
  });

  it("begins for each batch of a queue, which keeps its messages until it is over", async () => {
    const queueArn = "arn:aws:sqs:eu-west-1:000000000000:jobs";
    const url = `${cloud.running.endpoint}/000000000000/jobs`;
    const inputs = { name: "jobs", visibilityTimeoutSeconds: 600 };
    await cloud.provision(resource("aws:sqs/queue:Queue", "jobs", inputs, { name: "jobs", arn: queueArn, url }));
    await defineDurable(
      cloud,
      "worker",
      `await context.wait({ seconds: 30 });
       await context.step("done", async () => { ${note("done")} });
       return {};`,
    );
    const mapping = { eventSourceArn: queueArn, functionName: arnOf("worker") };
    await cloud.provision(
      resource("aws:lambda/eventSourceMapping:EventSourceMapping", "mapping", mapping, { uuid: "mapping" }),
    );

    await cloud.running.call("sqs", "SendMessage", { QueueUrl: url, MessageBody: "one" });
    const list = new ListDurableExecutionsByFunctionCommand({ FunctionName: "worker" });
    const { DurableExecutions } = await eventually(
      () => cloud.client.send(list),
      (found) => found.DurableExecutions!.length > 0,
    );
    await suspended(cloud, DurableExecutions![0]!.DurableExecutionArn!);
    const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
    const left = async () => {
      const { Attributes } = await cloud.running.call("sqs", "GetQueueAttributes", { QueueUrl: url, AttributeNames });
      return Object.values(Attributes).reduce((sum: number, count) => sum + Number(count), 0);
    };
    expect(await left()).toBe(1);
    await cloud.clock.advance(30_000);

    await eventually(left, (count) => count === 0);
    expect(notes()).toEqual(["done"]);
  });
});
