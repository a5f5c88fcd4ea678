/** What Step Functions would refuse, or run without end, is refused before anything is deployed. */
import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const { flow, task } = terrace;

const done = { Type: "Succeed" } as const;
/** The least there is to deploy. */
const trivial = flow({ StartAt: "Done", States: { Done: done } });

const workflow = (args: Partial<terrace.WorkflowArgs>) => () =>
  new terrace.Workflow("orders", { definition: trivial, ...args });

describe("a workflow's definition", () => {
  it("does not compile when a state points nowhere", () => {
    flow({
      StartAt: "A",
      States: {
        // @ts-expect-error there is no state "Nowhere"
        A: { Type: "Pass", Next: "Nowhere" },
        B: done,
      },
    });
    // @ts-expect-error there is no state "C"
    const { StartAt } = flow({ StartAt: "C", States: { A: done } });
    expect(StartAt).toBe("C");
  });

  const call = task.call("sns:publish", {}, []);
  const wait = task.call("sqs:sendMessage.waitForTaskToken", {}, []);
  const pass = (Next: string) => ({ Type: "Pass" as const, Next });

  it.each<[string, object, string]>([
    [
      "a start that is no state",
      { StartAt: "X", States: { A: done } },
      'StartAt is "X"; there is no such state; the states are A',
    ],
    ["no states", { StartAt: "A", States: {} }, "States is {}; name at least one state"],
    [
      "a next that is no state",
      { StartAt: "A", States: { A: pass("B") } },
      'States.A.Next is "B"; there is no such state',
    ],
    [
      "a catch that leads nowhere",
      {
        StartAt: "A",
        States: { A: { Type: "Task", Call: call, Catch: [{ ErrorEquals: ["E"], Next: "B" }], End: true } },
      },
      'States.A.Catch[0].Next is "B"; there is no such state',
    ],
    [
      "a default that leads nowhere",
      {
        StartAt: "A",
        States: { A: { Type: "Choice", Choices: [{ Condition: "{% true %}", Next: "D" }], Default: "B" }, D: done },
      },
      'States.A.Default is "B"; there is no such state',
    ],
    [
      "a state that nothing leads to",
      { StartAt: "A", States: { A: done, B: done } },
      'States.B is "Succeed"; no state leads to it',
    ],
    [
      "no end",
      { StartAt: "A", States: { A: pass("B"), B: pass("A") } },
      'States.A is "Pass"; no way leads from it to an end',
    ],
    [
      "neither next nor end",
      { StartAt: "A", States: { A: { Type: "Pass" } } },
      "States.A.Next is missing; a state says either Next or End: true",
    ],
    [
      "both next and end",
      { StartAt: "A", States: { A: { Type: "Pass", Next: "B", End: true }, B: done } },
      'States.A.Next is "B"; a state says either Next or End: true',
    ],
    [
      "a type that is none",
      { StartAt: "A", States: { A: { Type: "Loop", End: true } } },
      'States.A.Type is "Loop"; it has to be one of Task, Pass',
    ],
    [
      "a map of nothing",
      { StartAt: "A", States: { A: { Type: "Map", End: true } } },
      "States.A.ItemProcessor.States is {}; name at least one state",
    ],
    [
      "the same name twice",
      {
        StartAt: "A",
        States: { A: { Type: "Parallel", Branches: [{ StartAt: "A", States: { A: done } }], End: true } },
      },
      'States.A.Branches[0].States is "A"; a name stands for one state in the whole workflow',
    ],
    [
      "a name that is too long",
      { StartAt: "x".repeat(81), States: { ["x".repeat(81)]: done } },
      `States is "${"x".repeat(81)}"; a state's name has 1 to 80 characters`,
    ],
    [
      "an empty choice",
      { StartAt: "A", States: { A: { Type: "Choice", Choices: [], Default: "B" }, B: done } },
      "States.A.Choices is []; give at least one rule",
    ],
    [
      "no branch",
      { StartAt: "A", States: { A: { Type: "Parallel", Branches: [], End: true } } },
      "States.A.Branches is []; give at least one branch",
    ],
    [
      "a condition that is no expression",
      { StartAt: "A", States: { A: { Type: "Choice", Choices: [{ Condition: "x > 1", Next: "B" }] }, B: done } },
      'States.A.Choices[0].Condition is "x > 1"; it has to be an expression, {% … %}',
    ],
    [
      "JSONPath in JSONata",
      { StartAt: "A", States: { A: { Type: "Pass", ResultPath: "$.x", End: true } } },
      'States.A.ResultPath is "$.x"; JSONata has no such field',
    ],
    [
      "a state in JSONPath within JSONata",
      { StartAt: "A", States: { A: { Type: "Pass", QueryLanguage: "JSONPath", End: true } } },
      'States.A.QueryLanguage is "JSONPath"; JSONPath stands only in a workflow whose queryLanguage it is',
    ],
    [
      "two ways to wait",
      { StartAt: "A", States: { A: { Type: "Wait", Seconds: 1, Timestamp: "x", End: true } } },
      'States.A.Seconds is ["Seconds","Timestamp"]; say how long in exactly one of',
    ],
    [
      "a negative wait",
      { StartAt: "A", States: { A: { Type: "Wait", Seconds: -1, End: true } } },
      "States.A.Seconds is -1; it has to be a number from 0",
    ],
    [
      "a task that calls nothing",
      { StartAt: "A", States: { A: { Type: "Task", End: true } } },
      "States.A.Call is missing; say what is called",
    ],
    [
      "a token that is waited for without end",
      { StartAt: "A", States: { A: { Type: "Task", Call: wait, End: true } } },
      "States.A.TimeoutSeconds is missing; a token that never comes back",
    ],
    [
      "no timeout at all",
      { StartAt: "A", States: { A: { Type: "Task", Call: call, TimeoutSeconds: 0, End: true } } },
      "States.A.TimeoutSeconds is 0",
    ],
    [
      "a heartbeat that is longer than the timeout",
      {
        StartAt: "A",
        States: { A: { Type: "Task", Call: call, TimeoutSeconds: 10, HeartbeatSeconds: 10, End: true } },
      },
      "States.A.HeartbeatSeconds is 10; it has to be a number from 1 to 9",
    ],
    [
      "a retry of no error",
      { StartAt: "A", States: { A: { Type: "Task", Call: call, Retry: [{ ErrorEquals: [] }], End: true } } },
      "States.A.Retry[0].ErrorEquals is []; name at least one error",
    ],
    [
      "a catch-all that is not last",
      {
        StartAt: "A",
        States: {
          A: { Type: "Task", Call: call, Retry: [{ ErrorEquals: ["States.ALL"] }, { ErrorEquals: ["E"] }], End: true },
        },
      },
      'States.A.Retry[0].ErrorEquals is ["States.ALL"]; States.ALL stands alone, and last',
    ],
    [
      "a backoff below one",
      {
        StartAt: "A",
        States: { A: { Type: "Task", Call: call, Retry: [{ ErrorEquals: ["E"], BackoffRate: 0.5 }], End: true } },
      },
      "States.A.Retry[0].BackoffRate is 0.5",
    ],
    [
      "a concurrency below none",
      {
        StartAt: "A",
        States: {
          A: { Type: "Map", MaxConcurrency: -1, ItemProcessor: { StartAt: "B", States: { B: done } }, End: true },
        },
      },
      "States.A.MaxConcurrency is -1",
    ],
    [
      "a mistake within a map",
      { StartAt: "A", States: { A: { Type: "Map", ItemProcessor: { StartAt: "B", States: { C: done } }, End: true } } },
      'States.A.ItemProcessor.StartAt is "B"; there is no such state; the states are C',
    ],
  ])("is refused for %s", async (_title, definition, message) => {
    const said = await refused(workflow({ definition: definition as terrace.Flow }));
    expect(said).toContain(`Workflow "orders": definition.${message}`);
  });

  it.each<[string, object, string]>([
    ["waits for a token", { Type: "Task", Call: wait, TimeoutSeconds: 9, End: true }, "States.A.Call is"],
    ["waits for more than five minutes", { Type: "Wait", Seconds: 301, End: true }, "States.A.Seconds is 301"],
    [
      "runs items as executions of their own",
      {
        Type: "Map",
        ItemProcessor: {
          StartAt: "B",
          States: { B: done },
          ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        },
        End: true,
      },
      'States.A.ItemProcessor.ProcessorConfig.Mode is "DISTRIBUTED"; an express workflow has INLINE only',
    ],
  ])("is refused for an express workflow that %s", async (_title, A, message) => {
    const definition = { StartAt: "A", States: { A } } as unknown as terrace.Flow;
    expect(await refused(workflow({ definition, type: "express" }))).toContain(`definition.${message}`);
  });

  it.each<[Partial<terrace.WorkflowArgs>, string]>([
    [{ workflowName: "a b" }, 'workflowName is "a b"; it has to be 1 to 80 letters, digits, - or _'],
    [{ alias: "7" }, 'alias is "7"; it has to be 1 to 80 letters, digits, _, . or -, not a number'],
    [{ timeoutSeconds: 0 }, "timeoutSeconds is 0; it has to be a number from 1 to 31536000"],
    [{ type: "express", timeoutSeconds: 301 }, "timeoutSeconds is 301; it has to be a number from 1 to 300"],
    [
      { previous: { versionArn: "arn:aws:states:x", weight: 100 } },
      "previous.weight is 100; it has to be a number from 1 to 99",
    ],
    [
      { previous: { versionArn: "6", weight: 50 } },
      'previous.versionArn is "6"; it has to be an ARN such as arn:aws:states:…',
    ],
    [{ kmsKeyArn: pulumi.output("mine") }, 'kmsKeyArn is "mine"; it has to be an ARN such as arn:aws:kms:…'],
    [{ definition: {} as terrace.Flow }, "definition is {}; give flow({ StartAt, States })"],
    [{ comment: "x".repeat(1_048_577) }, 'definition is "1048'],
  ])("and its arguments: refuses %.60j", async (args, message) => {
    expect(await refused(workflow(args))).toContain(`Workflow "orders": ${message}`);
  });
});
