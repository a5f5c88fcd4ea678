import { GetDurableExecutionStateCommand, ListDurableExecutionsByFunctionCommand } from "@aws-sdk/client-lambda";
import { eventBridge } from "../../../../local/services/eventbridge/index.ts";
import { sqs } from "../../../../local/services/sqs/index.ts";
import { eventually, type LambdaCloud, startLambda, temporaryFile } from "../fixture.ts";
import { ROLE_ARN, resource, role } from "../resources.ts";
import { arnOf, begin, defineDurable, happened, suspended } from "./fixture.ts";

let cloud: LambdaCloud;
let file: string;

beforeEach(async () => {
  cloud = await startLambda({ sqs, events: eventBridge });
  file = temporaryFile("log");
});

afterEach(() => cloud.stop());

const note = (text: string) => `appendFileSync(${JSON.stringify(file)}, ${JSON.stringify(`${text}\n`)});`;
const sync = (name: string, event: unknown = {}, more = {}) => cloud.invoke(`${name}:$LATEST`, event, more);

describe("a durable execution", () => {
  it("of a name is begun once: the same call again gets the same execution, another payload is refused", async () => {
    await defineDurable(cloud, "named", `${note("run")} await context.wait({ seconds: 5 }); return event.n;`);
    const call = (n: number) => begin(cloud, "named", { n }, { DurableExecutionName: "order-1" });

    const arn = await call(1);
    await suspended(cloud, arn);
    expect(await call(1)).toBe(arn);
    const again = sync("named", { n: 1 }, { DurableExecutionName: "order-1" });
    await expect(call(2)).rejects.toMatchObject({
      name: "DurableExecutionAlreadyStartedException",
      message: `Execution already started: ${arn}`,
      $metadata: { httpStatusCode: 409 },
    });
    await cloud.clock.advance(5_000);

    expect((await again).payload).toBe(1);
    expect((await sync("named", { n: 1 }, { DurableExecutionName: "order-1" })).payload).toBe(1);
    expect(arn).toContain("/durable-execution/order-1/");
  });

  it("may not be begun without a qualifier, nor synchronously when it may take longer than fifteen minutes", async () => {
    await defineDurable(cloud, "long", "return 1;", { executionTimeout: 901 });
    await cloud.define("plain", "export const handler = async () => 1;");

    await expect(cloud.invoke("long")).rejects.toMatchObject({
      name: "InvalidParameterValueException",
      message: "You cannot invoke a durable function using an unqualified ARN.",
    });
    await expect(sync("long")).rejects.toMatchObject({
      name: "InvalidParameterValueException",
      message: "You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.",
    });
    await expect(cloud.invoke("plain", {}, { DurableExecutionName: "x" })).rejects.toMatchObject({
      name: "InvalidParameterValueException",
    });
  });

  it("that nobody waits for sends its event to the dead-letter queue when it fails", async () => {
    const arn = "arn:aws:sqs:eu-west-1:000000000000:dead";
    await cloud.provision(resource("aws:sqs/queue:Queue", "dead", { name: "dead" }, { name: "dead", arn }));
    await defineDurable(cloud, "unlucky", "throw new Error('lost');", { deadLetterConfig: { targetArn: arn } });

    await begin(cloud, "unlucky", { photo: 7 });

    const input = { QueueUrl: `${cloud.running.endpoint}/000000000000/dead`, MessageAttributeNames: ["All"] };
    const { Messages } = await eventually(
      () => cloud.running.call("sqs", "ReceiveMessage", input),
      (found) => found.Messages?.length > 0,
    );
    expect(JSON.parse(Messages[0].Body)).toEqual({ photo: 7 });
    expect(Messages[0].MessageAttributes.ErrorMessage.StringValue).toBe("lost");
  });

  it("is listed by function, name and status, the newest first", async () => {
    await defineDurable(cloud, "many", "if (event.wait) await context.wait({ days: 1 }); return 1;", {
      executionTimeout: 200_000,
    });
    for (const [name, wait] of [
      ["a", false],
      ["b", true],
      ["c", false],
    ]) {
      const arn = await begin(cloud, "many", { wait }, { DurableExecutionName: name });
      await happened(cloud, arn, "InvocationCompleted");
      await cloud.clock.advance(1_000);
    }
    const list = async (more = {}) => {
      const command = new ListDurableExecutionsByFunctionCommand({ FunctionName: "many", ...more });
      const { DurableExecutions, NextMarker } = await cloud.client.send(command);
      return { names: DurableExecutions?.map((each) => each.DurableExecutionName), NextMarker };
    };

    expect((await list()).names).toEqual(["c", "b", "a"]);
    expect((await list({ ReverseOrder: true })).names).toEqual(["a", "b", "c"]);
    expect((await list({ Statuses: ["RUNNING"] })).names).toEqual(["b"]);
    expect((await list({ DurableExecutionName: "a" })).names).toEqual(["a"]);
    const first = await list({ MaxItems: 2 });
    expect(first.names).toEqual(["c", "b"]);
    expect((await list({ MaxItems: 2, Marker: first.NextMarker })).names).toEqual(["a"]);
  });

  it("may only be written by who holds its checkpoint token", async () => {
    await defineDurable(cloud, "guarded", "await context.wait({ days: 1 });", { executionTimeout: 200_000 });
    const arn = await begin(cloud, "guarded");
    await suspended(cloud, arn);

    const state = cloud.client.send(
      new GetDurableExecutionStateCommand({ DurableExecutionArn: arn, CheckpointToken: "guess" }),
    );

    await expect(state).rejects.toMatchObject({
      ...{ name: "InvalidParameterValueException", message: "Invalid Checkpoint Token" },
    });
  });

  it("fails when the function's role may not write checkpoints, and says so", async () => {
    await cloud.provision(role(ROLE_ARN, [{ Effect: "Allow", Action: "logs:*", Resource: "*" }]));
    await defineDurable(cloud, "denied", "return context.step('a', async () => 1);");

    const answer = await sync("denied");

    expect(answer.error).toBe("Unhandled");
    expect(answer.payload.errorMessage).toContain("lambda:CheckpointDurableExecution");
  });

  it("tells EventBridge when it begins and when it ends", async () => {
    const arn = "arn:aws:sqs:eu-west-1:000000000000:told";
    const policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Action: "sqs:SendMessage", Resource: arn },
      ],
    });
    await cloud.provision(
      resource("aws:sqs/queue:Queue", "told", { name: "told", policy }, { name: "told", arn }),
      resource(
        "aws:cloudwatch/eventRule:EventRule",
        "rule",
        { name: "rule", eventPattern: JSON.stringify({ "detail-type": ["Durable Execution Status Change"] }) },
        { name: "rule", arn: "arn:aws:events:eu-west-1:000000000000:rule/rule" },
      ),
      resource("aws:cloudwatch/eventTarget:EventTarget", "target", { rule: "rule", arn, targetId: "t" }),
    );
    await defineDurable(cloud, "watched", "return 1;");

    await sync("watched", {}, { DurableExecutionName: "seen" });

    const input = { QueueUrl: `${cloud.running.endpoint}/000000000000/told`, MaxNumberOfMessages: 10 };
    const bodies: { source: string; detail: Record<string, string> }[] = [];
    await eventually(
      async () => {
        const { Messages = [] } = await cloud.running.call("sqs", "ReceiveMessage", input);
        bodies.push(...Messages.map(({ Body }: { Body: string }) => JSON.parse(Body)));
        return bodies.length;
      },
      (count) => count >= 2,
    );
    expect(bodies.map(({ detail }) => detail.status).sort()).toEqual(["RUNNING", "SUCCEEDED"]);
    expect(bodies[0]).toMatchObject({
      source: "aws.lambda",
      detail: { durableExecutionName: "seen", functionArn: arnOf("watched") },
    });
  });
});
