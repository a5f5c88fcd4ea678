/** Retry, Catch, timeouts, Parallel and Map. */

import { functionArn } from "../lambda/resources.ts";
import { type StatesCloud, startStates } from "./fixture.ts";

let cloud: StatesCloud;

beforeAll(async () => {
  cloud = await startStates();
  await cloud.define(
    "flaky",
    `let calls = 0;
     export const handler = async ({ failures = 0, error = "Flaky", reset }) => {
       if (reset) calls = 0;
       if (calls++ < failures) { const e = new Error("call " + calls); e.name = error; throw e; }
       return calls;
     };`,
  );
  await cloud.define("slow", "export const handler = () => new Promise(() => {});", { timeout: 900 });
});

afterAll(() => cloud.stop());

const flaky = (Payload: object) => ({
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Parameters: { FunctionName: functionArn("flaky"), Payload },
  ResultSelector: { "calls.$": "$.Payload" },
});
const reset = { Reset: { ...flaky({ reset: true, failures: 0 }), Next: "Try" } };

describe("Retry", () => {
  it("tries again after its interval, times its rate, at most its delay", async () => {
    const Retry = [
      { ErrorEquals: ["Flaky"], IntervalSeconds: 10, BackoffRate: 3, MaxDelaySeconds: 45, MaxAttempts: 5 },
    ];
    const arn = await cloud.machine({ ...reset, Try: { ...flaky({ failures: 4 }), Retry, End: true } });
    const execution = await cloud.start(arn);
    for (const [index, seconds] of [10, 30, 45].entries()) {
      await cloud.event(execution, "TaskFailed", index + 1);
      const scheduled = async () =>
        (await cloud.history(execution)).filter(({ type }) => type === "TaskScheduled").length;
      const before = await scheduled();
      await cloud.clock.advance(seconds * 1000 - 1);
      expect(await scheduled()).toBe(before);
      await cloud.clock.advance(1);
      await cloud.event(execution, "TaskScheduled", before + 1);
    }
    expect(await cloud.ended(execution)).toMatchObject({ status: "SUCCEEDED", output: { calls: 5 } });
  });

  it("ends after MaxAttempts with the failure", async () => {
    const Retry = [{ ErrorEquals: ["States.ALL"], IntervalSeconds: 1, MaxAttempts: 1 }];
    const execution = await cloud.start(
      await cloud.machine({ ...reset, Try: { ...flaky({ failures: 9 }), Retry, End: true } }),
    );
    await cloud.event(execution, "TaskFailed");
    await cloud.clock.advance(1_000);
    expect(await cloud.ended(execution)).toMatchObject({ status: "FAILED", error: "Flaky" });
    expect((await cloud.history(execution)).filter(({ type }) => type === "TaskFailed")).toHaveLength(2);
  });

  it("of Lambda's own failures takes a missing function by its name", async () => {
    const Try = {
      Type: "Task",
      Resource: functionArn("nobody"),
      Catch: [{ ErrorEquals: ["Lambda.ResourceNotFoundException"], Next: "Told" }],
      End: true,
    };
    expect(await cloud.run({ Try, Told: { Type: "Pass", Result: "told", End: true } })).toMatchObject({
      output: "told",
    });
  });
});

describe("Catch", () => {
  const told = { Told: { Type: "Pass", End: true } };

  it("goes on with error and cause where ResultPath says", async () => {
    const Catch = [
      { ErrorEquals: ["Other"], Next: "Never" },
      { ErrorEquals: ["States.TaskFailed"], ResultPath: "$.error", Next: "Told" },
    ];
    const states = {
      ...reset,
      Try: { ...flaky({ failures: 9 }), Catch, Next: "Never" },
      Never: { Type: "Fail" },
      ...told,
    };
    const { output } = await cloud.run(states);
    expect(output).toMatchObject({ calls: 1, error: { Error: "Flaky" } });
    expect(JSON.parse(output.error.Cause)).toMatchObject({ errorType: "Flaky" });
  });

  it("in JSONata has $states.errorOutput", async () => {
    const Task = {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke",
      Arguments: { FunctionName: functionArn("flaky"), Payload: { failures: 99, error: "Bad" } },
      Catch: [
        {
          ErrorEquals: ["Bad"],
          Output: "{% $states.errorOutput.Error %}",
          Assign: { e: "{% $states.errorOutput.Error %}" },
          Next: "Told",
        },
      ],
      End: true,
    };
    const states = { Task, Told: { Type: "Pass", Output: "{% [$states.input, $e] %}", End: true } };
    expect((await cloud.run(states, {}, { language: "JSONata" })).output).toEqual(["Bad", "Bad"]);
  });

  it("by States.ALL does not take States.Runtime, by its name it does", async () => {
    const parallel = (name: string) => ({
      P: {
        Type: "Parallel",
        Branches: [{ StartAt: "In", States: { In: { Type: "Pass", InputPath: "$.absent", End: true } } }],
        Catch: [{ ErrorEquals: [name], Next: "Told" }],
        End: true,
      },
      ...told,
    });
    expect(await cloud.run(parallel("States.ALL"))).toMatchObject({ status: "FAILED", error: "States.Runtime" });
    expect(await cloud.run(parallel("States.Runtime"))).toMatchObject({ status: "SUCCEEDED" });
  });

  it("takes a task that is slower than TimeoutSeconds as States.Timeout", async () => {
    const Task = {
      Type: "Task",
      Resource: functionArn("slow"),
      TimeoutSeconds: 20,
      Catch: [{ ErrorEquals: ["States.Timeout"], Next: "Told" }],
      End: true,
    };
    const execution = await cloud.start(await cloud.machine({ Task, ...told }));
    await cloud.event(execution, "LambdaFunctionStarted");
    await cloud.clock.advance(20_000);
    expect(await cloud.ended(execution)).toMatchObject({ output: { Error: "States.Timeout" } });
    expect(await cloud.event(execution, "LambdaFunctionTimedOut")).toBeDefined();
  });

  it("takes an output over 256 KiB not even by States.ALL", async () => {
    await cloud.define("large", `export const handler = async () => "x".repeat(300_000);`);
    const Task = {
      Type: "Task",
      Resource: functionArn("large"),
      Catch: [{ ErrorEquals: ["States.ALL"], Next: "Told" }],
      End: true,
    };
    expect(await cloud.run({ Task, ...told })).toMatchObject({
      error: "States.DataLimitExceeded",
      cause: "The state/task 'Task' returned a result with a size exceeding the maximum number of bytes service limit.",
    });
  });
});

describe("Parallel", () => {
  const branch = (name: string, state: object) => ({ StartAt: name, States: { [name]: { End: true, ...state } } });

  it("runs its branches beside one another; their outputs are a list", async () => {
    const arn = await cloud.machine({
      P: {
        Type: "Parallel",
        Branches: [
          branch("A", { Type: "Wait", Seconds: 60 }),
          branch("B", { Type: "Wait", Seconds: 60 }),
          branch("C", { Type: "Pass", Result: "c" }),
        ],
        ResultSelector: { "third.$": "$[2]" },
        End: true,
      },
    });
    const execution = await cloud.start(arn, { x: 1 });
    await cloud.event(execution, "WaitStateEntered", 2);
    await cloud.event(execution, "PassStateExited");
    await cloud.clock.advance(60_000);
    expect(await cloud.ended(execution)).toMatchObject({ status: "SUCCEEDED", output: { third: "c" } });
    const types = (await cloud.history(execution)).map(({ type }) => type);
    expect(types.slice(-3)).toEqual(["ParallelStateSucceeded", "ParallelStateExited", "ExecutionSucceeded"]);
  });

  it("fails with the first branch that fails and ends the others", async () => {
    const states = {
      P: {
        Type: "Parallel",
        Branches: [
          branch("Long", { Type: "Wait", Seconds: 3600 }),
          { StartAt: "Bad", States: { Bad: { Type: "Fail", Error: "Broke" } } },
        ],
        Catch: [{ ErrorEquals: ["Broke"], Next: "After" }],
        End: true,
      },
      After: { Type: "Pass", Result: "after", End: true },
    };
    const execution = await cloud.start(await cloud.machine(states));
    expect(await cloud.ended(execution)).toMatchObject({ status: "SUCCEEDED", output: "after" });
    await cloud.clock.advance(3_600_000);
    expect((await cloud.history(execution)).map(({ type }) => type)).not.toContain("WaitStateExited");
  });

  it("as a whole is tried again", async () => {
    const inner = { StartAt: "Try", States: { Try: { ...flaky({ failures: 1 }), End: true } } };
    const Retry = [{ ErrorEquals: ["Flaky"], IntervalSeconds: 5 }];
    const Reset = {
      ...flaky({ reset: true, failures: 1 }),
      Catch: [{ ErrorEquals: ["States.ALL"], Next: "P" }],
      Next: "P",
    };
    const P = {
      Type: "Parallel",
      Branches: [{ ...inner, StartAt: "First", States: { First: { Type: "Pass", Next: "Try" }, ...inner.States } }],
      Retry,
      End: true,
    };
    const execution = await cloud.start(await cloud.machine({ Reset, P }));
    expect(await cloud.ended(execution)).toMatchObject({ status: "SUCCEEDED", output: [{ calls: 2 }] });
  });

  it("has variables of its own, and sees those around it", async () => {
    const states = {
      Set: { Type: "Pass", Assign: { outer: 1 }, Next: "P" },
      P: {
        Type: "Parallel",
        Branches: [branch("In", { Type: "Pass", Parameters: { "seen.$": "$outer" } })],
        End: true,
      },
    };
    expect((await cloud.run(states)).output).toEqual([{ seen: 1 }]);
  });
});

describe("Map", () => {
  const each = (fields: object, more: object = {}) => ({
    M: {
      Type: "Map",
      ItemProcessor: { ProcessorConfig: { Mode: "INLINE" }, StartAt: "It", States: { It: { End: true, ...fields } } },
      End: true,
      ...more,
    },
  });

  it("runs each item with its index and value; the outputs keep the order", async () => {
    const more = {
      ItemsPath: "$.list",
      ItemSelector: { "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "all.$": "$.name" },
    };
    const { output } = await cloud.run(each({ Type: "Pass" }, more), { name: "n", list: ["a", "b"] });
    expect(output).toEqual([
      { i: 0, v: "a", all: "n" },
      { i: 1, v: "b", all: "n" },
    ]);
  });

  it("in JSONata takes Items from an expression", async () => {
    const more = { Items: "{% $states.input.list %}", ItemSelector: { v: "{% $states.context.Map.Item.Value * 2 %}" } };
    const { output } = await cloud.run(
      each({ Type: "Pass", Output: "{% $states.input.v + 1 %}" }, more),
      { list: [1, 2, 3] },
      { language: "JSONata" },
    );
    expect(output).toEqual([3, 5, 7]);
  });

  it("runs at most MaxConcurrency at a time", async () => {
    const execution = await cloud.start(
      await cloud.machine(each({ Type: "Wait", Seconds: 10 }, { MaxConcurrency: 2 })),
      [1, 2, 3],
    );
    await cloud.event(execution, "WaitStateEntered", 2);
    await cloud.clock.advance(9_000);
    expect((await cloud.history(execution)).filter(({ type }) => type === "MapIterationStarted")).toHaveLength(2);
    await cloud.clock.advance(1_000);
    await cloud.event(execution, "WaitStateEntered", 3);
    await cloud.clock.advance(10_000);
    expect((await cloud.ended(execution)).output).toEqual([1, 2, 3]);
  });

  it("of nothing is an empty list, of something else fails", async () => {
    expect((await cloud.run(each({ Type: "Pass" }), [])).output).toEqual([]);
    expect(await cloud.run(each({ Type: "Pass" }), { no: "list" })).toMatchObject({ error: "States.Runtime" });
  });

  it("fails with an item's failure, tells which, and can be caught", async () => {
    const states = {
      ...each(
        {
          Type: "Choice",
          Choices: [{ Variable: "$", NumericEquals: 2, Next: "Bad" }],
          Default: "Good",
          End: undefined,
        },
        { Catch: [{ ErrorEquals: ["Two"], Next: "Told" }] },
      ),
      Told: { Type: "Pass", Result: "told", End: true },
    };
    Object.assign(states.M.ItemProcessor.States as object, {
      Bad: { Type: "Fail", Error: "Two" },
      Good: { Type: "Succeed" },
    });
    const execution = await cloud.start(await cloud.machine(states), [1, 2, 3]);
    expect((await cloud.ended(execution)).output).toBe("told");
    expect((await cloud.event(execution, "MapIterationFailed")).mapIterationFailedEventDetails).toMatchObject({
      index: 1,
    });
  });
});
