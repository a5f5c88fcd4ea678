import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";
import { refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";
const { flow, task } = terrace;

const key = "arn:aws:kms:eu-west-1:000000000000:key/11111111-2222-3333-4444-555555555555";
const done = { Type: "Succeed" } as const;
/** The least there is to deploy. */
const trivial = flow({ StartAt: "Done", States: { Done: done } });

const workflow = (args: Partial<terrace.WorkflowArgs>) => () =>
  new terrace.Workflow("orders", { definition: trivial, ...args });

const definitionOf = (stack: Deployment, name = "orders") =>
  JSON.parse(String(stack.resource("aws:sfn/stateMachine:StateMachine", name).inputs.definition));

type Statement = { Sid?: string; Action: string[]; Resource: string[]; Condition?: object };
const statementsOf = (stack: Deployment, name: string) =>
  JSON.parse(String(stack.resource("aws:iam/rolePolicy:RolePolicy", name).inputs.policy)).Statement as Statement[];

/** A definition with one task, and the parts it may call. */
interface Parts {
  charge: terrace.Function;
  queue: terrace.Queue;
  topic: terrace.Topic;
  table: terrace.Table;
  bus: terrace.EventBus;
  other: terrace.Workflow;
}

const calling = (integration: (parts: Parts) => terrace.Integration, args: Partial<terrace.WorkflowArgs> = {}) =>
  deploy(() => {
    const parts: Parts = {
      charge: new terrace.Function("charge", { entry }),
      queue: new terrace.Queue("jobs"),
      topic: new terrace.Topic("events"),
      table: new terrace.Table("items", { attributes: { id: "S" }, hashKey: "id" }),
      bus: new terrace.EventBus("bus"),
      other: new terrace.Workflow("other", { definition: trivial }),
    };
    const definition = flow({
      StartAt: "Work",
      States: { Work: { Type: "Task", Call: integration(parts), TimeoutSeconds: 60, End: true } },
    });
    new terrace.Workflow("orders", { definition, ...args });
  });

describe("Workflow", () => {
  it("runs for a day at most, in JSONata, traced, with errors logged and no data in the logs", async () => {
    const stack = await deploy(workflow({}));
    const { inputs } = stack.resource("aws:sfn/stateMachine:StateMachine");
    expect(definitionOf(stack)).toEqual({
      QueryLanguage: "JSONata",
      TimeoutSeconds: 86_400,
      StartAt: "Done",
      States: { Done: { Type: "Succeed" } },
    });
    expect(inputs).toMatchObject({
      type: "STANDARD",
      publish: true,
      tracingConfiguration: { enabled: true },
      loggingConfiguration: {
        level: "ERROR",
        includeExecutionData: false,
        logDestination: `${stack.resource("LogGroup").outputs.arn}:*`,
      },
    });
    expect(inputs).not.toHaveProperty("encryptionConfiguration");
    expect(stack.resource("LogGroup").inputs).toEqual({
      namePrefix: "/aws/vendedlogs/states/orders-",
      retentionInDays: 30,
    });
  });

  it("as an express workflow logs everything, for nothing else remembers it, and ends within five minutes", async () => {
    const stack = await deploy(workflow({ type: "express", tracing: false, workflowName: "orders" }));
    const { inputs } = stack.resource("aws:sfn/stateMachine:StateMachine");
    expect(inputs).toMatchObject({ type: "EXPRESS", loggingConfiguration: { level: "ALL" }, name: "orders" });
    expect(definitionOf(stack).TimeoutSeconds).toBe(300);
    expect(stack.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")).toEqual([]);
    expect(stack.resource("LogGroup").inputs.name).toBe("/aws/vendedlogs/states/orders");
  });

  it("is a published version behind an alias, which callers name", async () => {
    const stack = await deploy(() => {
      const target = new terrace.Workflow("orders", { definition: trivial });
      new terrace.Schedule("nightly", { expression: "rate(1 day)", target });
    });
    const machine = stack.resource("aws:sfn/stateMachine:StateMachine").outputs;
    const alias = stack.resource("aws:sfn/alias:Alias");
    expect(alias.inputs).toEqual({
      name: "live",
      routingConfigurations: [{ stateMachineVersionArn: machine.stateMachineVersionArn, weight: 100 }],
    });
    expect(stack.resource("aws:scheduler/schedule:Schedule").inputs.target).toMatchObject({
      arn: `${machine.arn}:live`,
    });
    // Step Functions authorizes an alias by the workflow's own ARN.
    expect(statementsOf(stack, "nightly-policy")).toEqual([
      { Effect: "Allow", Action: ["states:StartExecution"], Resource: [machine.arn] },
    ]);
  });

  it("keeps a share of the executions on the version before", async () => {
    const versionArn = pulumi.output("arn:aws:states:eu-west-1:000000000000:stateMachine:orders:6");
    const stack = await deploy(workflow({ alias: "stable", previous: { versionArn, weight: 90 } }));
    const { name, routingConfigurations } = stack.resource("aws:sfn/alias:Alias").inputs;
    expect(name).toBe("stable");
    expect(routingConfigurations).toMatchObject([
      { weight: 10 },
      { weight: 90, stateMachineVersionArn: "arn:aws:states:eu-west-1:000000000000:stateMachine:orders:6" },
    ]);
  });

  it("has a role that Step Functions takes on for this account's workflows alone", async () => {
    const stack = await deploy(workflow({}));
    const trust = JSON.parse(String(stack.resource("aws:iam/role:Role").inputs.assumeRolePolicy)).Statement[0];
    expect(trust).toMatchObject({
      Principal: { Service: "states.amazonaws.com" },
      Condition: {
        StringEquals: { "aws:SourceAccount": "000000000000" },
        ArnLike: { "aws:SourceArn": "arn:aws:states:eu-west-1:000000000000:stateMachine:*" },
      },
    });
  });

  it("names a star in its role only where AWS has no ARN for log deliveries, and says so", async () => {
    const stack = await calling(({ charge }) => task.invoke(charge));
    const stars = statementsOf(stack, "orders-policy").filter(({ Resource }) => Resource.includes("*"));
    expect(stars.map(({ Sid, Action }) => [Sid, Action.every((action) => action.startsWith("logs:"))])).toEqual([
      ["LogDeliveriesHaveNoArn", true],
    ]);
  });

  it("with a key of one's own encrypts definition and history, and may use it for workflows only", async () => {
    const stack = await deploy(workflow({ kmsKeyArn: pulumi.output(key) }));
    expect(stack.resource("aws:sfn/stateMachine:StateMachine").inputs.encryptionConfiguration).toEqual({
      type: "CUSTOMER_MANAGED_KMS_KEY",
      kmsKeyId: key,
      kmsDataKeyReusePeriodSeconds: 300,
    });
    expect(statementsOf(stack, "orders-policy").find(({ Resource }) => Resource[0] === key)).toMatchObject({
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Condition: {
        StringLike: {
          "kms:EncryptionContext:aws:states:stateMachineArn": "arn:aws:states:eu-west-1:000000000000:stateMachine:*",
        },
      },
    });
  });

  it("lets a distributed map start executions of its own workflow", async () => {
    const definition = flow({
      StartAt: "Each",
      States: {
        Each: {
          Type: "Map",
          Items: "{% $states.input.items %}",
          ItemProcessor: {
            ...flow({ StartAt: "One", States: { One: { Type: "Succeed" } } }),
            ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "EXPRESS" },
          },
          End: true,
        },
      },
    });
    const stack = await deploy(workflow({ definition }));
    const machine = stack.resource("aws:sfn/stateMachine:StateMachine").outputs;
    expect(statementsOf(stack, "orders-children").map(({ Resource }) => Resource)).toEqual([
      [machine.arn],
      [
        `arn:aws:states:eu-west-1:000000000000:execution:${machine.name}:*`,
        `arn:aws:states:eu-west-1:000000000000:execution:${machine.name}/*:*`,
      ],
    ]);
  });
});

describe("a workflow's tasks", () => {
  it.each<[string, (parts: Parts) => terrace.Integration, object, string[][]]>([
    [
      "invoke",
      ({ charge }) => task.invoke(charge),
      {
        Resource: "arn:aws:states:::lambda:invoke",
        Arguments: { FunctionName: expect.stringMatching(/function:charge-/), Payload: "{% $states.input %}" },
        Output: "{% $states.result.Payload %}",
        Retry: [expect.objectContaining({ MaxAttempts: 6, JitterStrategy: "FULL" })],
      },
      [["lambda:InvokeFunction"]],
    ],
    [
      "invoke and wait for an answer",
      ({ charge }) => task.invoke(charge, { callback: true, payload: { id: 7 } }),
      {
        Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
        Arguments: {
          FunctionName: expect.anything(),
          Payload: { taskToken: "{% $states.context.Task.Token %}", input: { id: 7 } },
        },
        Retry: expect.anything(),
      },
      [["lambda:InvokeFunction"]],
    ],
    [
      "send",
      ({ queue }) => task.send(queue, { messageGroupId: "{% $states.input.tenantId %}" }),
      {
        Resource: "arn:aws:states:::sqs:sendMessage",
        Arguments: {
          QueueUrl: expect.stringMatching(/^https:/),
          MessageBody: "{% $states.input %}",
          MessageGroupId: "{% $states.input.tenantId %}",
        },
      },
      [["sqs:SendMessage"]],
    ],
    [
      "publish",
      ({ topic }) => task.publish(topic, "hello"),
      { Resource: "arn:aws:states:::sns:publish", Arguments: { TopicArn: expect.anything(), Message: "hello" } },
      [["sns:Publish"]],
    ],
    [
      "item",
      ({ table }) => task.item(table, "PutItem", { Item: { id: { S: "1" } } }),
      {
        Resource: "arn:aws:states:::dynamodb:putItem",
        Arguments: { TableName: expect.anything(), Item: { id: { S: "1" } } },
      },
      [["dynamodb:PutItem"]],
    ],
    [
      "put an event",
      ({ bus }) => task.putEvent(bus, { source: "orders", detailType: "order.paid" }),
      {
        Resource: "arn:aws:states:::events:putEvents",
        Arguments: {
          Entries: [
            {
              EventBusName: expect.anything(),
              Source: "orders",
              DetailType: "order.paid",
              Detail: "{% $states.input %}",
            },
          ],
        },
      },
      [["events:PutEvents"]],
    ],
    [
      "start another workflow and wait",
      ({ other }) => task.start(other, { wait: true }),
      {
        Resource: "arn:aws:states:::states:startExecution.sync:2",
        Arguments: { StateMachineArn: expect.stringMatching(/:live$/), Input: "{% $states.input %}" },
        Output: "{% $states.result.Output %}",
      },
      [
        ["states:StartExecution"],
        ["states:DescribeExecution", "states:StopExecution"],
        ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
      ],
    ],
    [
      "call anything else",
      () =>
        task.call("aws-sdk:s3:headObject", { Bucket: "b" }, [
          { actions: ["s3:GetObject"], resources: ["arn:aws:s3:::b/*"] },
        ]),
      { Resource: "arn:aws:states:::aws-sdk:s3:headObject", Arguments: { Bucket: "b" } },
      [["s3:GetObject"]],
    ],
  ])("%s: AWS's own arguments, and the grants that takes", async (_title, integration, expected, actions) => {
    const stack = await calling(integration);
    expect(definitionOf(stack).States.Work).toEqual({ Type: "Task", TimeoutSeconds: 60, End: true, ...expected });
    const granted = statementsOf(stack, "orders-policy").filter(({ Sid }) => Sid === undefined);
    expect(granted.map(({ Action }) => Action)).toEqual(actions);
    for (const { Resource } of granted)
      expect(Resource.every((arn) => /^arn:aws:[a-z0-9]+:.*[^*:]/.test(arn))).toBe(true);
  });

  it("speak JSONPath where the workflow does", async () => {
    const stack = await calling(({ charge }) => task.invoke(charge, { callback: false }), {
      queryLanguage: "JSONPath",
    });
    expect(definitionOf(stack).States.Work).toMatchObject({
      Parameters: { "Payload.$": "$" },
      OutputPath: "$.Payload",
    });
    const token = await calling(({ queue }) => task.send(queue, { callback: true }), { queryLanguage: "JSONPath" });
    expect(definitionOf(token).States.Work.Parameters.MessageBody).toEqual({
      "taskToken.$": "$$.Task.Token",
      "input.$": "$",
    });
  });

  it("are granted once however many states call the same", async () => {
    const stack = await deploy(() => {
      const charge = new terrace.Function("charge", { entry });
      const definition = flow({
        StartAt: "All",
        States: {
          All: {
            Type: "Parallel",
            Branches: [
              flow({ StartAt: "A", States: { A: { Type: "Task", Call: task.invoke(charge), End: true } } }),
              flow({ StartAt: "B", States: { B: { Type: "Task", Call: task.invoke(charge), End: true } } }),
            ],
            End: true,
          },
        },
      });
      new terrace.Workflow("orders", { definition });
    });
    expect(statementsOf(stack, "orders-policy")).toHaveLength(2);
    expect(definitionOf(stack).States.All.Branches[1].States.B.Resource).toBe("arn:aws:states:::lambda:invoke");
  });
});

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
