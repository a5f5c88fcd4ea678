/** What only the API made goes on after a restart before anybody asks for it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateEventSourceMappingCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { CreateQueueCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Graph } from "../../../engine/graph.ts";
import { manualClock } from "../../../local/clock.ts";
import { type RunningCloud, startCloud } from "../../../local/cloud.ts";
import { resume } from "../../../local/runner/resume.ts";
import { services } from "../../../local/services/index.ts";
import { create } from "../lambda/api-fixture.ts";
import { eventually, type LambdaCloud } from "../lambda/fixture.ts";
import { role } from "../lambda/resources.ts";

const directory = mkdtempSync(join(tmpdir(), "terrace-resume-"));
const clock = manualClock(Date.now());
const roleArn = "arn:aws:iam::000000000000:role/fn";
const queueArn = (name: string) => `arn:aws:sqs:eu-west-1:000000000000:${name}`;
const urlOf = (cloud: RunningCloud, name: string) => `${cloud.endpoint}/000000000000/${name}`;
let cloud: RunningCloud;

async function start(): Promise<void> {
  const used = ["iam", "logs", "lambda", "sqs", "scheduler", "states"];
  const some = Object.fromEntries(used.map((name) => [name, services[name]!]));
  cloud = await startCloud({ directory, clock, services: some });
  const allowed = [{ Effect: "Allow", Action: "*", Resource: "*" }];
  const all = [role(roleArn, allowed), role(`${roleArn}-scheduler`, allowed, "scheduler.amazonaws.com")];
  await cloud.provision({ resources: all } as unknown as Graph);
}

beforeEach(start);
afterEach(async () => {
  await cloud.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function restart(): Promise<void> {
  await cloud.stop();
  await start();
}

async function bodiesIn(name: string): Promise<string[]> {
  const { Messages = [] } = await cloud.call("sqs", "ReceiveMessage", { QueueUrl: urlOf(cloud, name) });
  return Messages.map(({ Body }: { Body: string }) => Body);
}

it("a mapping from a queue to a function", async () => {
  const queues = new SQSClient(cloud.client());
  for (const QueueName of ["in", "out"]) await queues.send(new CreateQueueCommand({ QueueName }));
  const client = new LambdaClient(cloud.client());
  const source = `export const handler = async ({ Records }) => {
    const { SQSClient, SendMessageCommand } = await import(${JSON.stringify(new URL("../../../node_modules/@aws-sdk/client-sqs/dist-cjs/index.js", import.meta.url).pathname)}).then((all) => all.default ?? all);
    const QueueUrl = process.env.AWS_ENDPOINT_URL + "/000000000000/out";
    await new SQSClient().send(new SendMessageCommand({ QueueUrl, MessageBody: "got " + Records[0].body }));
  };`;
  await create({ client } as LambdaCloud, "consumer", source, { Timeout: 20, MemorySize: 512 });
  const mapping = { FunctionName: "consumer", EventSourceArn: queueArn("in") };
  await client.send(new CreateEventSourceMappingCommand(mapping));
  queues.destroy();
  client.destroy();
  await restart();
  await resume(cloud);
  const sender = new SQSClient(cloud.client());
  await sender.send(new SendMessageCommand({ QueueUrl: urlOf(cloud, "in"), MessageBody: "a message" }));
  sender.destroy();
  expect(
    await eventually(
      () => bodiesIn("out"),
      (bodies) => bodies.length > 0,
    ),
  ).toEqual(["got a message"]);
});

it("a schedule", async () => {
  const queues = new SQSClient(cloud.client());
  await queues.send(new CreateQueueCommand({ QueueName: "in" }));
  const schedules = new SchedulerClient(cloud.client());
  await schedules.send(
    new CreateScheduleCommand({
      ...{ Name: "often", ScheduleExpression: "rate(1 minute)", FlexibleTimeWindow: { Mode: "OFF" } },
      Target: { Arn: queueArn("in"), RoleArn: `${roleArn}-scheduler`, Input: '"tick"' },
    }),
  );
  queues.destroy();
  schedules.destroy();
  await restart();
  await resume(cloud);
  await clock.advance(61_000);
  expect(
    await eventually(
      () => bodiesIn("in"),
      (bodies) => bodies.length > 0,
    ),
  ).toEqual(['"tick"']);
});

it("nothing starts where nothing is left to do", async () => {
  const before = cloud.database.prepare("SELECT name FROM sqlite_schema").all();
  await resume(cloud);
  expect(cloud.database.prepare("SELECT name FROM sqlite_schema").all()).toEqual(before);
});
