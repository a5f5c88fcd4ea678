/** What a checkpoint may say of an operation, and what not. */
import type { OperationUpdate } from "@aws-sdk/client-lambda";
import { applyTime, applyUpdates } from "../../../../local/services/lambda/durable/checkpoint.ts";
import { type LiveExecution, replayed } from "../../../../local/services/lambda/durable/execution.ts";

function execution(): LiveExecution {
  const arn = "arn:aws:lambda:eu-west-1:000000000000:function:f:1/durable-execution/n/i";
  return {
    ...{ arn, id: "i", name: "n", functionName: "f", functionArn: "f:1", version: "1", status: "RUNNING" },
    ...{ startedAt: 0, input: "{}", timeoutSeconds: 60, retentionDays: 1, isAsync: true, changes: 0, failures: 0 },
    ...{ operations: new Map(), seen: 0, events: 0 },
  };
}

const step = (Action: OperationUpdate["Action"], more: Partial<OperationUpdate> = {}): OperationUpdate => ({
  ...{ Id: "s", Type: "STEP", Action, ...more },
});
const apply = (live: LiveExecution, ...updates: OperationUpdate[]) => applyUpdates(live, updates, 1000);

describe("a checkpoint", () => {
  it.each<[string, OperationUpdate[], string]>([
    ["an action that its operation does not know", [{ Id: "w", Type: "WAIT", Action: "RETRY" }], "Invalid action"],
    ["a step that is over", [step("SUCCEED"), step("FAIL")], "Invalid current STEP state to close."],
    ["a step that has begun, begun again", [step("START"), step("START")], "Invalid current STEP state to start."],
    ["a retry without its delay", [step("START"), step("RETRY")], "Invalid StepOptions for the given action."],
    ["a failure with a result", [step("FAIL", { Payload: "1" })], "Cannot provide a Payload for FAIL action."],
    ["a success with an error", [step("SUCCEED", { Error: {} })], "Cannot provide an Error for SUCCEED action."],
    ["a parent that is no context", [step("START", { ParentId: "none" })], "Invalid parent operation id."],
    [
      "a wait without seconds",
      [{ Id: "w", Type: "WAIT", Action: "START" }],
      "WaitSeconds must be between 1 and 31622400.",
    ],
    [
      "an end of the execution that is not the last word",
      [{ Id: "e", Type: "EXECUTION", Action: "SUCCEED" }, step("START")],
      "EXECUTION checkpoint must be the last update.",
    ],
    ["a result of more than 256 KB", [step("SUCCEED", { Payload: "x".repeat(262_145) })], "262144 bytes"],
  ])("refuses %s", (_, updates, message) => {
    expect(() => apply(execution(), ...updates)).toThrow(message);
  });

  it("that is refused has changed nothing", () => {
    const live = execution();

    expect(() => apply(live, step("START"), { Id: "w", Type: "WAIT", Action: "START" })).toThrow("WaitSeconds");

    expect(live.operations.size).toBe(0);
    expect(live.changes).toBe(0);
  });

  it("of a retry makes the step ready when its delay is over, and it may begin again", () => {
    const live = execution();
    apply(live, step("START"), step("RETRY", { StepOptions: { NextAttemptDelaySeconds: 5 } }));

    expect(applyTime(live, 5_999).changed).toEqual([]);
    expect(applyTime(live, 6_000).changed).toEqual([expect.objectContaining({ Id: "s", Status: "READY" })]);
    apply(live, step("START"));

    expect(live.operations.get("s")).toMatchObject({ Status: "STARTED", StepDetails: { Attempt: 1 } });
  });

  it("of a context that is over hides what is below it, unless it asks for its children", () => {
    const context = (Id: string, ReplayChildren: boolean): OperationUpdate[] => [
      { Id, Type: "CONTEXT", Action: "START" },
      { Id: `${Id}-step`, ParentId: Id, Type: "STEP", Action: "SUCCEED" },
      { Id, Type: "CONTEXT", Action: "SUCCEED", ContextOptions: { ReplayChildren } },
    ];
    const live = execution();
    apply(live, ...context("hides", false), ...context("shows", true));

    expect(replayed(live.operations.values()).map(({ Id }) => Id)).toEqual(["hides", "shows", "shows-step"]);
  });
});
