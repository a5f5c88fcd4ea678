/** `InvocationType: Event`: accepted, retried on the clock, and never lost. */
import { readFileSync } from "node:fs";
import { sqs } from "../../../local/services/sqs/index.ts";
import { eventually, type LambdaCloud, startLambda, temporaryFile } from "./fixture.ts";
import { functionArn, ROLE_ARN, resource, role } from "./resources.ts";

let cloud: LambdaCloud;
let file: string;

beforeEach(async () => {
  cloud = await startLambda({ sqs });
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

const calls = () => readFileSync(file, "utf8").split("\n").filter(Boolean);
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

describe("an asynchronous invocation", () => {
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

  it("waits for reserved concurrency instead of failing", async () => {
    await cloud.define("single", source("false"), { reservedConcurrentExecutions: 1 });
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
