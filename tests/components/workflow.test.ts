import * as pulumi from "@pulumi/pulumi";
import * as terrace from "../../components/index.ts";
import { type Deployment, deploy } from "../../engine/testing.ts";

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
