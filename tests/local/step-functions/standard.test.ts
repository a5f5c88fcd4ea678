/** A standard machine, spoken to through the SDK. */
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  StartExecutionCommand,
  StopExecutionCommand,
  UpdateStateMachineCommand,
} from "@aws-sdk/client-sfn";
import { functionArn } from "../lambda/resources.ts";
import { MACHINE_ROLE, type StatesCloud, startStates } from "./fixture.ts";

let cloud: StatesCloud;

beforeAll(async () => {
  cloud = await startStates();
  await cloud.define("double", "export const handler = async ({ n }) => ({ n: n * 2 });");
});

afterAll(() => cloud.stop());

const invoke = (name: string) => ({
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Parameters: { FunctionName: functionArn(name), "Payload.$": "$" },
});

describe("a standard machine", () => {
  it("goes through Pass, Task and Choice to its output, and tells its history", async () => {
    const arn = await cloud.machine({
      Seed: { Type: "Pass", Result: 4, ResultPath: "$.n", Next: "Double" },
      Double: { ...invoke("double"), OutputPath: "$.Payload", Next: "Enough" },
      Enough: {
        Type: "Choice",
        Choices: [{ Variable: "$.n", NumericGreaterThan: 20, Next: "Done" }],
        Default: "Double",
      },
      Done: { Type: "Succeed" },
    });
    const execution = await cloud.start(arn, { ignored: true }, "first");
    expect(execution).toBe("arn:aws:states:eu-west-1:000000000000:execution:machine-1:first");
    expect(await cloud.ended(execution)).toMatchObject({ status: "SUCCEEDED", output: { n: 32 } });
    const events = await cloud.history(execution);
    expect(events.slice(0, 8).map(({ type }) => type)).toEqual([
      ...[
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
      ],
      ...["TaskSucceeded", "TaskStateExited"],
    ]);
    expect(events.at(-1)).toMatchObject({ type: "ExecutionSucceeded", previousEventId: events.length - 1 });
    expect(events[4]!.taskScheduledEventDetails).toMatchObject({ resourceType: "lambda", resource: "invoke" });
  });

  it("waits on the cloud's clock", async () => {
    const arn = await cloud.machine({ Night: { Type: "Wait", Seconds: 28_800, End: true } });
    const execution = await cloud.start(arn, { kept: 1 });
    await cloud.event(execution, "WaitStateEntered");
    await cloud.clock.advance(28_799_000);
    const { status } = await cloud.sfn.send(new DescribeExecutionCommand({ executionArn: execution }));
    expect(status).toBe("RUNNING");
    await cloud.clock.advance(1_000);
    expect(await cloud.ended(execution)).toMatchObject({ status: "SUCCEEDED", output: { kept: 1 } });
  });

  it("fails with a Fail state's error and cause, and with a function's own", async () => {
    const failed = await cloud.run({ No: { Type: "Fail", Error: "Declined", Cause: "no money" } });
    expect(failed).toMatchObject({ status: "FAILED", error: "Declined", cause: "no money" });
    await cloud.define("broken", `export const handler = async () => { throw new TypeError("not today"); };`);
    const thrown = await cloud.run({ Call: { ...invoke("broken"), End: true } });
    expect(thrown).toMatchObject({ status: "FAILED", error: "TypeError" });
    expect(JSON.parse(thrown.cause!)).toMatchObject({ errorMessage: "not today", errorType: "TypeError" });
  });

  it("is started once by a name, and again only with the same input while it runs", async () => {
    const arn = await cloud.machine({ Wait: { Type: "Wait", Seconds: 60, End: true } });
    const first = await cloud.start(arn, { a: 1 }, "order-1");
    expect(await cloud.start(arn, { a: 1 }, "order-1")).toBe(first);
    await expect(cloud.start(arn, { a: 2 }, "order-1")).rejects.toMatchObject({
      name: "ExecutionAlreadyExists",
      message: `Execution Already Exists: '${first}'`,
    });
    await cloud.clock.advance(60_000);
    await cloud.ended(first);
    await expect(cloud.start(arn, { a: 1 }, "order-1")).rejects.toMatchObject({ name: "ExecutionAlreadyExists" });
  });

  it("is stopped, and nothing of it happens afterwards", async () => {
    const arn = await cloud.machine({
      Wait: { Type: "Wait", Seconds: 60, Next: "After" },
      After: { Type: "Pass", End: true },
    });
    const executionArn = await cloud.start(arn);
    await cloud.event(executionArn, "WaitStateEntered");
    await cloud.sfn.send(new StopExecutionCommand({ executionArn, error: "Why", cause: "changed my mind" }));
    await cloud.clock.advance(120_000);
    expect(await cloud.ended(executionArn)).toMatchObject({
      status: "ABORTED",
      error: "Why",
      cause: "changed my mind",
    });
    expect((await cloud.history(executionArn)).map(({ type }) => type)).toEqual([
      ...["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"],
    ]);
  });

  it("times out when its own seconds are over", async () => {
    const arn = await cloud.machine({ Wait: { Type: "Wait", Seconds: 60, End: true } }, { timeoutSeconds: 30 });
    const execution = await cloud.start(arn);
    await cloud.event(execution, "WaitStateEntered");
    await cloud.clock.advance(30_000);
    expect(await cloud.ended(execution)).toMatchObject({ status: "TIMED_OUT" });
  });

  it("is described, listed, changed and deleted", async () => {
    const stateMachineArn = await cloud.machine({ Pass: { Type: "Pass", End: true } }, { name: "lived" });
    const definition = JSON.stringify({ StartAt: "New", States: { New: { Type: "Pass", Result: "new", End: true } } });
    const before = await cloud.sfn.send(new DescribeStateMachineCommand({ stateMachineArn }));
    expect(before).toMatchObject({ name: "lived", status: "ACTIVE", type: "STANDARD", roleArn: MACHINE_ROLE });
    await cloud.sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition }));
    const execution = await cloud.start(stateMachineArn);
    expect((await cloud.ended(execution)).output).toBe("new");
    const { executions } = await cloud.sfn.send(
      new ListExecutionsCommand({ stateMachineArn, statusFilter: "SUCCEEDED" }),
    );
    expect(executions).toMatchObject([{ executionArn: execution, status: "SUCCEEDED" }]);
    const { stateMachines } = await cloud.sfn.send(new ListStateMachinesCommand({}));
    expect(stateMachines!.map(({ name }) => name)).toContain("lived");
    await cloud.sfn.send(new DeleteStateMachineCommand({ stateMachineArn }));
    await expect(cloud.start(stateMachineArn)).rejects.toMatchObject({
      name: "StateMachineDoesNotExist",
      message: `State Machine Does Not Exist: '${stateMachineArn}'`,
    });
  });

  it("refuses an unknown execution, a bad name, a bad ARN, input that is no JSON or too large", async () => {
    const stateMachineArn = await cloud.machine({ Pass: { Type: "Pass", End: true } }, { name: "strict" });
    const executionArn = "arn:aws:states:eu-west-1:000000000000:execution:strict:nobody";
    const start = (more: object) => cloud.sfn.send(new StartExecutionCommand({ stateMachineArn, ...more }));
    await expect(cloud.sfn.send(new DescribeExecutionCommand({ executionArn }))).rejects.toMatchObject({
      name: "ExecutionDoesNotExist",
      message: `Execution Does Not Exist: '${executionArn}'`,
    });
    await expect(start({ name: "a b" })).rejects.toMatchObject({ name: "InvalidName", message: "Invalid Name: 'a b'" });
    await expect(start({ stateMachineArn: "strict" })).rejects.toMatchObject({ name: "InvalidArn" });
    await expect(start({ input: "{" })).rejects.toMatchObject({ name: "InvalidExecutionInput" });
    await expect(start({ input: JSON.stringify("x".repeat(262_144)) })).rejects.toMatchObject({
      name: "ValidationException",
    });
    const other = { name: "strict", definition: "{}", roleArn: MACHINE_ROLE };
    await expect(cloud.sfn.send(new CreateStateMachineCommand(other))).rejects.toMatchObject({
      name: "StateMachineAlreadyExists",
    });
  });
});
