/** FIFO queues and throttled functions behind a mapping. */
import { existsSync, writeFileSync } from "node:fs";
import {
  CreateEventSourceMappingCommand,
  DeleteFunctionConcurrencyCommand,
  PutFunctionConcurrencyCommand,
} from "@aws-sdk/client-lambda";
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { sqs } from "../../../local/services/sqs/index.ts";
import { codeOf } from "../messaging-cloud.ts";
import { eventually, type LambdaCloud, linesOf, startLambda, temporaryFile } from "./fixture.ts";

let cloud: LambdaCloud;
let queues: SQSClient;
let file: string;

beforeEach(async () => {
  cloud = await startLambda({ sqs });
  queues = new SQSClient(cloud.running.client());
  file = temporaryFile("bodies");
});
afterEach(async () => {
  queues.destroy();
  await cloud.stop();
});

/** Notes each message; `bad` ones fail until a file says that all is well. */
const SOURCE = `import { appendFileSync, existsSync } from "node:fs";
  export const handler = async ({ Records }) => {
    const failed = Records.filter(({ body }) => body === "bad" && !existsSync(process.env.WELL));
    for (const { body } of Records) appendFileSync(process.env.FILE, body + "\\n");
    const from = failed.length > 0 ? Records.indexOf(failed[0]) : Records.length;
    return { batchItemFailures: Records.slice(from).map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };`;

async function consume(name: string, more: { BatchSize?: number; Timeout?: number } = {}): Promise<string> {
  const { QueueUrl } = await queues.send(
    new CreateQueueCommand({
      QueueName: name,
      Attributes: { VisibilityTimeout: "30", ...(name.endsWith(".fifo") && { FifoQueue: "true" }) },
    }),
  );
  const variables = { FILE: file, WELL: `${file}.well` };
  await cloud.define("consumer", SOURCE, { timeout: more.Timeout ?? 20, environment: { variables } });
  await cloud.client.send(
    new CreateEventSourceMappingCommand({
      FunctionName: "consumer",
      EventSourceArn: `arn:aws:sqs:eu-west-1:000000000000:${name}`,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      BatchSize: more.BatchSize ?? 1,
    }),
  );
  return QueueUrl!;
}

const bodies = () => linesOf(file);
const heard = (count: number) => eventually(bodies, (found) => found.length >= count);
const left = (QueueUrl: string, { waiting, inFlight }: { waiting: string; inFlight: string }) =>
  eventually(
    () => queues.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] })),
    ({ Attributes }) =>
      Attributes?.ApproximateNumberOfMessages === waiting &&
      Attributes.ApproximateNumberOfMessagesNotVisible === inFlight,
  );
const send = (QueueUrl: string, MessageBody: string, group?: string) =>
  queues.send(
    new SendMessageCommand({
      ...{ QueueUrl, MessageBody },
      ...(group && { MessageGroupId: group, MessageDeduplicationId: `${group}-${MessageBody}` }),
    }),
  );

it("a FIFO queue's failed message holds up its own group until it is visible again, and no other (case 5)", async () => {
  const url = await consume("jobs.fifo");
  await send(url, "bad", "a");
  await send(url, "a2", "a");
  await send(url, "b1", "b");
  await send(url, "b2", "b");
  expect((await heard(3)).filter((body) => body !== "bad")).toEqual(["b1", "b2"]);
  // Heard is not yet answered: when time goes on, the group b is done with.
  await left(url, { waiting: "1", inFlight: "1" });
  writeFileSync(`${file}.well`, "");
  await cloud.clock.advance(30_000);
  expect((await heard(5)).slice(3)).toEqual(["bad", "a2"]);
});

it("a message that a throttled function could not take is not lost: it comes again (case 10)", async () => {
  const url = await consume("jobs");
  await cloud.client.send(
    new PutFunctionConcurrencyCommand({ FunctionName: "consumer", ReservedConcurrentExecutions: 0 }),
  );
  await send(url, "held");
  await eventually(
    () => cloud.lines.map(({ message }) => message).join(),
    (text) => text.includes("Rate Exceeded"),
  );
  expect(existsSync(file) ? bodies() : []).toEqual([]);
  await cloud.client.send(new DeleteFunctionConcurrencyCommand({ FunctionName: "consumer" }));
  await cloud.clock.advance(30_000);
  expect(await heard(1)).toEqual(["held"]);
  await left(url, { waiting: "0", inFlight: "0" });
});

it("a function that may run for longer than a message stays invisible is refused through the API too (case 3)", async () => {
  const attempt = consume("jobs", { Timeout: 31 });
  expect(await codeOf(attempt)).toBe("InvalidParameterValueException");
  await expect(attempt).rejects.toThrow(
    "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds",
  );
});
