/** `InvocationType: Event`: accepted, retried on the clock, and never lost. */
import {
  CreateAliasCommand,
  DeleteFunctionEventInvokeConfigCommand,
  GetFunctionEventInvokeConfigCommand,
  PutFunctionEventInvokeConfigCommand,
} from "@aws-sdk/client-lambda";
import { eventBridge } from "../../../local/services/eventbridge/index.ts";
import { sqs } from "../../../local/services/sqs/index.ts";
import { create } from "./api-fixture.ts";
import { eventually, type LambdaCloud, linesOf, startLambda, temporaryFile } from "./fixture.ts";
import { functionArn, ROLE_ARN, resource, role } from "./resources.ts";

let cloud: LambdaCloud;
let file: string;

beforeEach(async () => {
  cloud = await startLambda({ sqs, events: eventBridge });
  file = temporaryFile("calls");
});

afterEach(() => cloud.stop());

/** Notes each call's request id, then fails while `failing` (an expression over `n`, the number of calls so far) holds. */
const source = (failing: string) => `import { appendFileSync, readFileSync } from "node:fs";
  export const handler = async (event, { awsRequestId }) => {
    appendFileSync(${JSON.stringify(file)}, awsRequestId + "\\n");
    const n = readFileSync(${JSON.stringify(file)}, "utf8").split("\\n").length - 1;
    if (${failing}) throw new TypeError("attempt " + n);
    return { done: n };
  };`;

const calls = () => linesOf(file);
const called = (times: number) => eventually(calls, (found) => found.length >= times);
const enqueue = (name: string, event: unknown = { a: 1 }) => cloud.invoke(name, event, { InvocationType: "Event" });

async function queue(name: string): Promise<string> {
  const arn = `arn:aws:sqs:eu-west-1:000000000000:${name}`;
  await cloud.provision(resource("aws:sqs/queue:Queue", name, { name }, { name, arn }));
  return arn;
}

// biome-ignore lint/suspicious/noExplicitAny: the SDK's shapes
async function messageIn(name: string): Promise<any> {
  const input = { QueueUrl: `${cloud.running.endpoint}/000000000000/${name}`, MessageAttributeNames: ["All"] };
  const read = () => cloud.running.call("sqs", "ReceiveMessage", input);
  return (await eventually(read, (found) => found.Messages?.length > 0)).Messages[0];
}

/** Lets the two retries happen, one and two minutes later. */
async function retries(): Promise<void> {
  await called(1);
  await attemptOver(1);
  await cloud.clock.advance(60_000);
  await called(2);
  await attemptOver(2);
  await cloud.clock.advance(120_000);
  await called(3);
}

/** A retry is planned once the failure is noted down. */
const attemptOver = (failures: number) =>
  eventually(
    () => cloud.running.database.prepare("SELECT failures FROM lambda_events").get()?.failures,
    (found) => found === undefined || Number(found) >= failures,
  );

describe("an asynchronous invocation (case 9)", () => {
  it("is accepted with 202 before it runs", async () => {
    await cloud.define("fine", source("false"));
    expect(await enqueue("fine")).toMatchObject({ status: 202, error: undefined, payload: undefined });
    await called(1);
  });

  it("that fails is tried twice again, one and two minutes later, under the same request id", async () => {
    await cloud.define("flaky", source("n < 3"));
    await enqueue("flaky");
    await called(1);
    await attemptOver(1);
    await cloud.clock.advance(59_000);
    expect(calls()).toHaveLength(1);
    await cloud.clock.advance(1_000);
    await called(2);
    await attemptOver(2);
    await cloud.clock.advance(120_000);
    const ids = await called(3);
    expect(new Set(ids).size).toBe(1);
    await cloud.clock.advance(600_000);
    expect(calls()).toHaveLength(3);
  });

  it("that fails for good reaches the on-failure destination with all that is known about it", async () => {
    const destination = await queue("failures");
    await cloud.define("doomed", source("true"));
    await cloud.provision(
      resource("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "doomed", {
        functionName: "doomed",
        destinationConfig: { onFailure: { destination } },
      }),
    );
    await enqueue("doomed", { order: 7 });
    await retries();
    const record = JSON.parse((await messageIn("failures")).Body);
    expect(record).toMatchObject({
      version: "1.0",
      requestContext: {
        requestId: calls()[0],
        functionArn: `${functionArn("doomed")}:$LATEST`,
        condition: "RetriesExhausted",
        approximateInvokeCount: 3,
      },
      requestPayload: { order: 7 },
      responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      responsePayload: { errorType: "TypeError", errorMessage: "attempt 3" },
    });
  });

  it("that fails for good reaches the dead-letter queue as it was sent", async () => {
    const targetArn = await queue("dead");
    await cloud.define("doomed", source("true"), { deadLetterConfig: { targetArn } });
    await enqueue("doomed", { order: 8 });
    await retries();
    const message = await messageIn("dead");
    expect(message.Body).toBe('{"order":8}');
    expect(message.MessageAttributes).toMatchObject({
      RequestID: { StringValue: calls()[0] },
      ErrorMessage: { StringValue: "attempt 3" },
    });
  });

  it("that succeeds reaches the on-success destination", async () => {
    const destination = await queue("successes");
    await cloud.define("fine", source("false"));
    await cloud.provision(
      resource("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "fine", {
        functionName: "fine",
        destinationConfig: { onSuccess: { destination } },
      }),
    );
    await enqueue("fine");
    const record = JSON.parse((await messageIn("successes")).Body);
    expect(record).toMatchObject({ requestContext: { condition: "Success" }, responsePayload: { done: 1 } });
  });

  it("that streams its response reaches the destination with what it wrote, which need not be JSON", async () => {
    const destination = await queue("streamed");
    const source = `export const handler = awslambda.streamifyResponse(async (event, stream) => { stream.end("some text"); });`;
    await cloud.define("streams", source);
    await cloud.provision(
      resource("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "streams", {
        functionName: "streams",
        destinationConfig: { onSuccess: { destination } },
      }),
    );
    await enqueue("streams");
    expect(JSON.parse((await messageIn("streamed")).Body)).toMatchObject({ responsePayload: "some text" });
  });

  it("says so when its role may not send to the destination", async () => {
    const targetArn = await queue("dead");
    await cloud.provision(role(`${ROLE_ARN}-mute`, []));
    await cloud.define("doomed", source("true"), { role: `${ROLE_ARN}-mute`, deadLetterConfig: { targetArn } });
    await enqueue("doomed");
    await retries();
    await eventually(
      () => cloud.lines.map(({ message }) => message).join(),
      (text) => /could not send a failed event .*sqs:SendMessage/.test(text),
    );
  });

  it("waits for reserved concurrency instead of failing (case 10)", async () => {
    // The clock runs on while it works, but not into its time limit.
    await cloud.define("single", source("false"), { reservedConcurrentExecutions: 1, timeout: 900 });
    await Promise.all([enqueue("single"), enqueue("single")]);
    await called(1);
    await eventually(
      async () => {
        await cloud.clock.advance(1_000);
        return calls().length;
      },
      (count) => count === 2,
    );
  });

  it("survives a restart: what was waiting for its retry runs", async () => {
    await cloud.define("flaky", source("n < 2"));
    await enqueue("flaky");
    await called(1);
    await attemptOver(1);
    await cloud.restart();
    await cloud.define("flaky", source("n < 2"));
    await cloud.clock.advance(60_000);
    await called(2);
  });

  it("of more than 1 MB is refused", async () => {
    await cloud.define("fine", source("false"));
    await expect(enqueue("fine", "x".repeat(1_048_577))).rejects.toMatchObject({ name: "RequestTooLargeException" });
  });
});

describe("an asynchronous invocation's configuration, through the API,", () => {
  const put = (more: object) =>
    cloud.client.send(new PutFunctionEventInvokeConfigCommand({ FunctionName: "doomed", ...more }));

  it("sets retries, age and destinations, and survives a restart", async () => {
    const Destination = await queue("failures");
    await create(cloud, "doomed", source("true"));
    await put({ MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: { Destination } } });
    await cloud.restart();
    await queue("failures");
    const get = new GetFunctionEventInvokeConfigCommand({ FunctionName: "doomed" });
    expect(await cloud.client.send(get)).toMatchObject({
      FunctionArn: `${functionArn("doomed")}:$LATEST`,
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 21_600,
      DestinationConfig: { OnFailure: { Destination }, OnSuccess: {} },
    });
    await enqueue("doomed");
    const record = JSON.parse((await messageIn("failures")).Body);
    expect(record.requestContext).toMatchObject({ condition: "RetriesExhausted", approximateInvokeCount: 1 });
    await cloud.client.send(new DeleteFunctionEventInvokeConfigCommand({ FunctionName: "doomed" }));
    await expect(cloud.client.send(get)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });

  it("drops an event that got too old before its retry: EventAgeExceeded", async () => {
    const Destination = await queue("failures");
    await create(cloud, "doomed", source("true"));
    await put({ MaximumEventAgeInSeconds: 60, DestinationConfig: { OnFailure: { Destination } } });
    await enqueue("doomed");
    await called(1);
    await attemptOver(1);
    // The second retry would come three minutes after the event.
    await cloud.clock.advance(60_000);
    const record = JSON.parse((await messageIn("failures")).Body);
    expect(record.requestContext.condition).toBe("EventAgeExceeded");
    expect(calls()).toHaveLength(2);
  });

  it("is an alias's own", async () => {
    const Destination = await queue("failures");
    await create(cloud, "doomed", source("true"), { Publish: true });
    await cloud.client.send(new CreateAliasCommand({ FunctionName: "doomed", Name: "live", FunctionVersion: "1" }));
    await put({ Qualifier: "live", MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: { Destination } } });
    await cloud.invoke("doomed", {}, { InvocationType: "Event", Qualifier: "live" });
    const record = JSON.parse((await messageIn("failures")).Body);
    expect(record).toMatchObject({
      requestContext: { functionArn: `${functionArn("doomed")}:live`, approximateInvokeCount: 1 },
      responseContext: { executedVersion: "1" },
    });
  });

  it("may name an event bus, which gets an event of source lambda", async () => {
    const bus = "arn:aws:events:eu-west-1:000000000000:event-bus/default";
    const target = await queue("from-bus");
    const QueueUrl = `${cloud.running.endpoint}/000000000000/from-bus`;
    const allowed = { Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Action: "sqs:SendMessage" };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [{ ...allowed, Resource: target }] });
    await cloud.running.call("sqs", "SetQueueAttributes", { QueueUrl, Attributes: { Policy } });
    await cloud.running.call("events", "PutRule", { Name: "failures", EventPattern: '{"source":["lambda"]}' });
    await cloud.running.call("events", "PutTargets", { Rule: "failures", Targets: [{ Id: "queue", Arn: target }] });
    await create(cloud, "doomed", source("true"));
    await put({ MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: { Destination: bus } } });
    await enqueue("doomed");
    expect(JSON.parse((await messageIn("from-bus")).Body)).toMatchObject({
      "detail-type": "Lambda Function Invocation Result - Failure",
      source: "lambda",
      resources: [`${functionArn("doomed")}:$LATEST`],
      detail: { requestContext: { condition: "RetriesExhausted" } },
    });
  });

  it("is refused out of bounds and with a destination that is none", async () => {
    await create(cloud, "doomed", source("true"));
    await expect(put({ MaximumRetryAttempts: 3 })).rejects.toMatchObject({ name: "ValidationException" });
    await expect(put({ MaximumEventAgeInSeconds: 59 })).rejects.toMatchObject({ name: "ValidationException" });
    const DestinationConfig = { OnFailure: { Destination: "arn:aws:ec2:eu-west-1:000000000000:instance/i-1" } };
    await expect(put({ DestinationConfig })).rejects.toMatchObject({ name: "InvalidParameterValueException" });
  });
});
