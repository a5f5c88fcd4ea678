/** Queues that call functions: what is deleted, what comes back, what is refused. */
import type { Value } from "../../../engine/graph.ts";
import { sqs } from "../../../local/services/sqs/index.ts";
import { eventually, type LambdaCloud, linesOf, startLambda, temporaryFile } from "./fixture.ts";
import { functionArn, ROLE_ARN, resource, role } from "./resources.ts";

const QUEUE_ARN = "arn:aws:sqs:eu-west-1:000000000000:jobs";
let cloud: LambdaCloud;
let file: string;

beforeEach(async () => {
  cloud = await startLambda({ sqs });
  file = temporaryFile("batches");
  await queue("jobs", { visibilityTimeoutSeconds: 30 });
});

afterEach(() => cloud.stop());

function queue(name: string, inputs: Record<string, Value> = {}): Promise<void> {
  const arn = `arn:aws:sqs:eu-west-1:000000000000:${name}`;
  const url = `${cloud.running.endpoint}/000000000000/${name}`;
  return cloud.provision(resource("aws:sqs/queue:Queue", name, { name, ...inputs }, { name, arn, url }));
}

const url = (name = "jobs") => `${cloud.running.endpoint}/000000000000/${name}`;

async function send(...bodies: string[]): Promise<void> {
  const Entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
  await cloud.running.call("sqs", "SendMessageBatch", { QueueUrl: url(), Entries });
}

/** Notes the bodies of each batch, then answers with what `answer` (an expression over `event`) gives. */
function consumer(answer = "undefined", inputs: Record<string, Value> = {}): Promise<void> {
  return cloud.define(
    "consumer",
    `import { appendFileSync } from "node:fs";
     export const handler = async (event) => {
       appendFileSync(${JSON.stringify(file)}, JSON.stringify(event.Records.map((record) => record.body)) + "\\n");
       return ${answer}; };`,
    inputs,
  );
}

const batches = (): string[][] => linesOf(file).map((line) => JSON.parse(line));
const consumed = (count: number) =>
  eventually(
    () => batches().flat(),
    (found) => found.length >= count,
  );

function map(inputs: Record<string, Value> = {}, name = "mapping") {
  return cloud.provision(
    resource(
      "aws:lambda/eventSourceMapping:EventSourceMapping",
      name,
      { eventSourceArn: QUEUE_ARN, functionName: "consumer", ...inputs },
      { uuid: name },
    ),
  );
}

/** How many messages the queue still has, waiting or in flight. */
async function left(name = "jobs"): Promise<[waiting: number, inFlight: number]> {
  const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
  const { Attributes } = await cloud.running.call("sqs", "GetQueueAttributes", { QueueUrl: url(name), AttributeNames });
  return AttributeNames.map((attribute) => Number(Attributes[attribute])) as [number, number];
}

const settled = (waiting: number, inFlight: number) =>
  eventually(left, (counts) => counts[0] === waiting && counts[1] === inFlight);

describe("a batch", () => {
  it("has the shape that Lambda gives it, and is deleted once the function succeeded", async () => {
    await cloud.define(
      "consumer",
      `import { appendFileSync } from "node:fs";
       export const handler = async (event) => appendFileSync(${JSON.stringify(file)}, JSON.stringify(event) + "\\n");`,
    );
    await map();
    await cloud.running.call("sqs", "SendMessage", {
      QueueUrl: url(),
      MessageBody: '{"a":1}',
      MessageAttributes: { tenant: { DataType: "String", StringValue: "acme" } },
    });
    const [text] = await eventually(
      () => linesOf(file),
      (found) => found.length > 0,
    );
    const [record] = JSON.parse(text!).Records;
    expect(record).toMatchObject({
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      receiptHandle: expect.any(String),
      body: '{"a":1}',
      attributes: { ApproximateReceiveCount: "1", SentTimestamp: expect.stringMatching(/^\d{13}$/) },
      messageAttributes: {
        tenant: { stringValue: "acme", dataType: "String", stringListValues: [], binaryListValues: [] },
      },
      md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventSource: "aws:sqs",
      eventSourceARN: QUEUE_ARN,
      awsRegion: "eu-west-1",
    });
    await settled(0, 0);
  });

  it("holds at most batchSize messages", async () => {
    await consumer();
    await send("1", "2", "3", "4", "5");
    await map({ batchSize: 2 });
    await consumed(5);
    expect(batches().every((batch) => batch.length <= 2)).toBe(true);
    await settled(0, 0);
  });

  it("of a function that throws stays invisible until the visibility timeout, then comes again (case 2)", async () => {
    const isFirst = 'event.Records.some(({ attributes }) => attributes.ApproximateReceiveCount === "1")';
    await consumer(`${isFirst} ? Promise.reject(new Error("down")) : 1`);
    await send("a", "b");
    await map();
    await consumed(2);
    await settled(0, 2);
    await cloud.clock.advance(30_000);
    expect((await consumed(4)).sort()).toEqual(["a", "a", "b", "b"]);
    await settled(0, 0);
  });

  it("that fails too often moves to the dead-letter queue (case 2)", async () => {
    await queue("dead");
    await queue("jobs", {
      visibilityTimeoutSeconds: 30,
      redrivePolicy: JSON.stringify({ deadLetterTargetArn: QUEUE_ARN.replace("jobs", "dead"), maxReceiveCount: 2 }),
    });
    await consumer("Promise.reject(new Error('always'))");
    await map();
    await send("poison");
    await consumed(1);
    await cloud.clock.advance(30_000);
    await consumed(2);
    await eventually(
      async () => {
        await cloud.clock.advance(30_000);
        return left("dead");
      },
      ([waiting]) => waiting === 1,
    );
    expect(batches()).toHaveLength(2);
  });
});

describe("ReportBatchItemFailures (case 1)", () => {
  const reporting = (answer: string) => consumer(answer);
  const id = "event.Records.find((record) => record.body === 'bad').messageId";

  it.each([
    ["names failed messages: the others are deleted", `({ batchItemFailures: [{ itemIdentifier: ${id} }] })`, 1],
    ["is an empty list: all are deleted", "({ batchItemFailures: [] })", 0],
    ["is null: all are deleted", "null", 0],
    ["is an empty object: all are deleted", "({})", 0],
    ["has an unknown identifier: the whole batch fails", "({ batchItemFailures: [{ itemIdentifier: 'unknown' }] })", 2],
    ["has a mis-keyed identifier: the whole batch fails", `({ batchItemFailures: [{ itemId: ${id} }] })`, 2],
    ["has an empty identifier: the whole batch fails", "({ batchItemFailures: [{ itemIdentifier: '' }] })", 2],
    ["is a thrown error: the whole batch fails", "Promise.reject(new Error('x'))", 2],
  ])("%s", async (_what, answer, remaining) => {
    await reporting(answer);
    await send("good", "bad");
    await map({ functionResponseTypes: ["ReportBatchItemFailures"] });
    await consumed(2);
    await settled(0, remaining);
  });

  it("is not read when the mapping does not ask for it: the batch succeeded", async () => {
    await reporting(`({ batchItemFailures: [{ itemIdentifier: ${id} }] })`);
    await send("good", "bad");
    await map();
    await consumed(2);
    await settled(0, 0);
  });
});

describe("filters", () => {
  const filters = (...patterns: object[]) => ({
    filterCriteria: { filters: patterns.map((pattern) => ({ pattern: JSON.stringify(pattern) })) },
  });

  it("delete messages that none of them matches, without a call (case 4)", async () => {
    await consumer();
    await map(filters({ body: { type: ["made"] } }, { body: { size: [{ numeric: [">", 10] }] } }));
    await send('{"type":"made"}', '{"type":"gone"}', '{"size":11}', '{"size":10}', "no json");
    expect((await consumed(2)).sort()).toEqual(['{"size":11}', '{"type":"made"}']);
    await settled(0, 0);
  });

  it("that are no JSON are refused", async () => {
    await consumer();
    const criteria = { filterCriteria: { filters: [{ pattern: "{" }] } };
    await expect(map(criteria)).rejects.toThrow(/Invalid filter pattern/);
  });
});

describe("a mapping is refused (case 3)", () => {
  it("when the function may run for longer than a message stays invisible", async () => {
    await consumer("1", { timeout: 31 });
    await expect(map()).rejects.toThrow(
      "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds",
    );
  });

  it("when the function has one for the queue already: ResourceConflictException", async () => {
    await consumer();
    await map();
    const twice = map({}, "second");
    await expect(twice).rejects.toMatchObject({ cause: { code: "ResourceConflictException", status: 409 } });
    await expect(map({ batchSize: 3 })).resolves.toBeUndefined();
  });

  it("when the function's role may not read the queue", async () => {
    await cloud.provision(role(`${ROLE_ARN}-blind`, []));
    await consumer("1", { role: `${ROLE_ARN}-blind` });
    await expect(map()).rejects.toThrow(
      "The provided execution role does not have permissions to call ReceiveMessage on SQS",
    );
  });

  it("when its batch is larger than ten without a window", async () => {
    await consumer();
    await expect(map({ batchSize: 11 })).rejects.toThrow(/Maximum batch window/);
  });

  it("when its source is neither queue nor stream", async () => {
    await consumer();
    await expect(map({ eventSourceArn: "arn:aws:kafka:eu-west-1:000000000000:cluster/x" })).rejects.toThrow(
      "is not read on this machine",
    );
  });
});

it("maximumConcurrency bounds the batches at work", async () => {
  await cloud.define("consumer", "export const handler = () => new Promise((done) => setTimeout(done, 1e6));", {
    timeout: 30,
  });
  await map({ batchSize: 1, scalingConfig: { maximumConcurrency: 2 } });
  await send("1", "2", "3", "4");
  await settled(2, 2);
});

it("a disabled mapping reads nothing; enabled, it reads", async () => {
  await consumer();
  await map({ enabled: false });
  await send("x");
  expect(await left()).toEqual([1, 0]);
  await map({ enabled: true });
  expect(await consumed(1)).toEqual(["x"]);
});

it("mappings are listed with what they are set to", async () => {
  await consumer();
  await map({ batchSize: 5, functionResponseTypes: ["ReportBatchItemFailures"] });
  const { ListEventSourceMappingsCommand } = await import("@aws-sdk/client-lambda");
  const { EventSourceMappings } = await cloud.client.send(
    new ListEventSourceMappingsCommand({ FunctionName: "consumer" }),
  );
  expect(EventSourceMappings).toMatchObject([
    {
      UUID: "mapping",
      EventSourceArn: QUEUE_ARN,
      FunctionArn: functionArn("consumer"),
      BatchSize: 5,
      State: "Enabled",
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    },
  ]);
});
