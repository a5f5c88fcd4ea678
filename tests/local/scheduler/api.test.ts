import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  ListTagsForResourceCommand,
  SchedulerClient,
  TagResourceCommand,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import type { Graph } from "../../../engine/graph.ts";
import { iam } from "../../../local/services/iam/index.ts";
import { scheduler } from "../../../local/services/scheduler/index.ts";
import { resource, role } from "../lambda/resources.ts";
import { codeOf, type MessagingCloud, startMessaging } from "../messaging-cloud.ts";

const ROLE = "arn:aws:iam::000000000000:role/schedule";
const QUEUE = "arn:aws:sqs:eu-west-1:000000000000:due";
const MINUTE = 60_000;
let cloud: MessagingCloud;
let client: SchedulerClient;

async function connect(): Promise<void> {
  client = new SchedulerClient({ ...cloud.running.client(), maxAttempts: 1 });
  const sends = { Effect: "Allow", Action: ["sqs:SendMessage", "sns:Publish"], Resource: "*" };
  await provision(role(ROLE, [sends], "scheduler.amazonaws.com"));
}

const provision = (...resources: ReturnType<typeof resource>[]) =>
  cloud.running.provision({ resources } as unknown as Graph);

beforeEach(async () => {
  cloud = await startMessaging({ iam, scheduler });
  await connect();
  await cloud.running.call("sqs", "CreateQueue", { QueueName: "due" });
});

afterEach(async () => {
  client.destroy();
  await cloud.stop();
});

const given = (more: Partial<CreateScheduleCommandInput> = {}): CreateScheduleCommandInput => ({
  Name: "sweep",
  ScheduleExpression: "rate(1 minute)",
  FlexibleTimeWindow: { Mode: "OFF" },
  Target: { Arn: QUEUE, RoleArn: ROLE, Input: "now" },
  ...more,
});
const create = (more?: Partial<CreateScheduleCommandInput>) => client.send(new CreateScheduleCommand(given(more)));

/** Takes what is in the queue. */
async function bodies(): Promise<string[]> {
  const QueueUrl = `${cloud.running.endpoint}/000000000000/due`;
  const input = { QueueUrl, MaxNumberOfMessages: 10 };
  type Received = { Messages?: { Body: string; ReceiptHandle: string }[] };
  const { Messages = [] } = await cloud.running.call<Received>("sqs", "ReceiveMessage", input);
  for (const { ReceiptHandle } of Messages)
    await cloud.running.call("sqs", "DeleteMessage", { QueueUrl, ReceiptHandle });
  return Messages.map(({ Body }) => Body);
}

describe("a schedule that the API made", () => {
  it("calls its target when it is due, also after a restart, until it is deleted", async () => {
    const { ScheduleArn } = await create();
    expect(ScheduleArn).toBe("arn:aws:scheduler:eu-west-1:000000000000:schedule/default/sweep");
    await cloud.clock.advance(MINUTE);
    expect(await bodies()).toEqual(["now"]);
    client.destroy();
    await cloud.restart();
    await connect();
    expect(await client.send(new GetScheduleCommand({ Name: "sweep" }))).toMatchObject({ State: "ENABLED" });
    await cloud.clock.advance(MINUTE);
    expect(await bodies()).toEqual(["now"]);
    await client.send(new DeleteScheduleCommand({ Name: "sweep" }));
    await cloud.clock.advance(10 * MINUTE);
    expect(await bodies()).toEqual([]);
    expect(await codeOf(client.send(new GetScheduleCommand({ Name: "sweep" })))).toBe("ResourceNotFoundException");
  });

  it("is described as it was made, changed as a whole, and listed by group, state and page", async () => {
    await create({ Description: "tidies", EndDate: new Date(Date.now() + 86_400_000) });
    const described = await client.send(new GetScheduleCommand({ Name: "sweep" }));
    expect(described).toMatchObject({ Description: "tidies", ScheduleExpressionTimezone: "UTC", GroupName: "default" });
    expect(described.Target?.RetryPolicy).toEqual({ MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 });
    await client.send(new UpdateScheduleCommand(given({ State: "DISABLED" })));
    expect((await client.send(new GetScheduleCommand({ Name: "sweep" }))).Description).toBeUndefined();
    await create({ Name: "sweep-2" });
    const first = await client.send(new ListSchedulesCommand({ MaxResults: 1 }));
    const rest = await client.send(new ListSchedulesCommand({ NextToken: first.NextToken }));
    expect([first, rest].map(({ Schedules }) => Schedules?.map(({ Name }) => Name))).toEqual([["sweep"], ["sweep-2"]]);
    const { Schedules } = await client.send(new ListSchedulesCommand({ State: "DISABLED" }));
    expect(Schedules?.map(({ Name }) => Name)).toEqual(["sweep"]);
  });

  it("is refused twice under one name, in a group that is not there, and where it makes no sense", async () => {
    await create();
    expect(await codeOf(create())).toBe("ConflictException");
    expect(await codeOf(create({ Name: "b", GroupName: "none" }))).toBe("ResourceNotFoundException");
    for (const wrong of [
      { ScheduleExpression: "rate(0 minutes)" },
      { ScheduleExpressionTimezone: "Mars/Olympus" },
      { FlexibleTimeWindow: { Mode: "FLEXIBLE" as const } },
      { Target: { Arn: "arn:aws:ecs:eu-west-1:000000000000:cluster/x", RoleArn: ROLE } },
      { StartDate: new Date(2000), EndDate: new Date(1000) },
    ]) {
      expect(await codeOf(create({ Name: "c", ...wrong }))).toBe("ValidationException");
    }
  });

  it("comes in its flexible window, not before it is due and not after the window", async () => {
    const due = Math.floor(cloud.clock.now() / 1000) * 1000 + 10 * MINUTE;
    const at = new Date(due).toISOString().slice(0, 19);
    const FlexibleTimeWindow = { Mode: "FLEXIBLE" as const, MaximumWindowInMinutes: 15 };
    await create({ ScheduleExpression: `at(${at})`, FlexibleTimeWindow });
    await cloud.clock.advance(due - cloud.clock.now() - 1);
    expect(await bodies()).toEqual([]);
    await cloud.clock.advance(15 * MINUTE);
    expect(await bodies()).toEqual(["now"]);
  });

  it("is due by the clock of its timezone", async () => {
    const input = "<aws.scheduler.scheduled-time>";
    const Target = { Arn: QUEUE, RoleArn: ROLE, Input: input };
    await create({ Target, ScheduleExpression: "cron(0 9 * * ? *)", ScheduleExpressionTimezone: "Asia/Tokyo" });
    await cloud.clock.advance(86_400_000);
    expect(await bodies()).toEqual([expect.stringMatching(/T00:00:00Z$/)]);
  });

  it("is gone after its last time where it says so", async () => {
    const at = new Date(cloud.clock.now() + 2 * MINUTE).toISOString().slice(0, 19);
    await create({ ScheduleExpression: `at(${at})`, ActionAfterCompletion: "DELETE" });
    await cloud.clock.advance(3 * MINUTE);
    expect(await bodies()).toEqual(["now"]);
    expect(await codeOf(client.send(new GetScheduleCommand({ Name: "sweep" })))).toBe("ResourceNotFoundException");
  });

  it("may be any operation of any service, its input being the operation's", async () => {
    const Input = JSON.stringify({ QueueUrl: `${cloud.running.endpoint}/000000000000/due`, MessageBody: "by the SDK" });
    await create({ Target: { Arn: "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", RoleArn: ROLE, Input } });
    await cloud.clock.advance(MINUTE);
    expect(await bodies()).toEqual(["by the SDK"]);
  });
});

describe("a group of schedules", () => {
  it("has tags, and takes its schedules with it when it goes", async () => {
    const { ScheduleGroupArn: ResourceArn } = await client.send(new CreateScheduleGroupCommand({ Name: "acme" }));
    await client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: "tenant", Value: "acme" }] }));
    const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceArn }));
    expect(Tags).toEqual([{ Key: "tenant", Value: "acme" }]);
    await create({ GroupName: "acme" });
    await client.send(new DeleteScheduleGroupCommand({ Name: "acme" }));
    expect((await client.send(new ListSchedulesCommand({}))).Schedules).toEqual([]);
  });
});

it("what the program declares, the API lists and changes; declared anew it is as declared", async () => {
  const declared = resource(
    "aws:scheduler/schedule:Schedule",
    "declared",
    { scheduleExpression: "rate(5 minutes)", target: { arn: QUEUE, roleArn: ROLE, input: "declared" } },
    { name: "declared", arn: "arn:aws:scheduler:eu-west-1:000000000000:schedule/default/declared" },
  );
  await provision(declared);
  await client.send(new UpdateScheduleCommand(given({ Name: "declared" })));
  await cloud.clock.advance(MINUTE);
  expect(await bodies()).toEqual(["now"]);
  await provision(declared);
  await cloud.clock.advance(5 * MINUTE);
  expect(await bodies()).toEqual(["declared"]);
});
