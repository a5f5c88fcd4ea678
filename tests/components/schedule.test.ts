import * as terrace from "../../components/index.ts";
import { deploy } from "../../engine/testing.ts";
import { refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";

const schedule =
  (args: Partial<terrace.ScheduleArgs> = {}) =>
  () => {
    const target = new terrace.Function("report", { entry });
    new terrace.Schedule("nightly", { expression: "cron(0 3 * * ? *)", target, ...args });
  };

describe("Schedule", () => {
  it("starts at its time in UTC, tries three times within an hour", async () => {
    const stack = await deploy(schedule());
    expect(stack.resource("aws:scheduler/schedule:Schedule").inputs).toEqual({
      scheduleExpression: "cron(0 3 * * ? *)",
      scheduleExpressionTimezone: "UTC",
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: stack.resource("aws:lambda/function:Function").outputs.arn,
        roleArn: stack.resource("aws:iam/role:Role", "nightly-role").outputs.arn,
        input: "{}",
        retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: 3600 },
      },
    });
  });

  it("asks for what its arguments say, and may send to its dead letters only", async () => {
    const deadLetterArn = "arn:aws:sqs:eu-west-1:000000000000:lost";
    const stack = await deploy(
      schedule({
        ...{ timezone: "Europe/Berlin", windowMinutes: 15, retries: 1, maximumAgeSeconds: 60, disabled: true },
        ...{ startDate: "2027-01-01T00:00:00Z", endDate: "2028-01-01T00:00:00Z", description: "Report" },
        ...{ deadLetterArn, input: { sweep: true }, scheduleName: "nightly" },
      }),
    );
    expect(stack.resource("aws:scheduler/schedule:Schedule").inputs).toMatchObject({
      ...{ scheduleExpressionTimezone: "Europe/Berlin", state: "DISABLED", name: "nightly", description: "Report" },
      ...{ startDate: "2027-01-01T00:00:00Z", endDate: "2028-01-01T00:00:00Z" },
      flexibleTimeWindow: { mode: "FLEXIBLE", maximumWindowInMinutes: 15 },
      target: {
        input: '{"sweep":true}',
        retryPolicy: { maximumRetryAttempts: 1, maximumEventAgeInSeconds: 60 },
        deadLetterConfig: { arn: deadLetterArn },
      },
    });
    const policy = JSON.parse(String(stack.resource("aws:iam/rolePolicy:RolePolicy", "nightly-policy").inputs.policy));
    const fn = stack.resource("aws:lambda/function:Function").outputs.arn;
    expect(policy.Statement).toEqual([
      { Effect: "Allow", Action: ["lambda:InvokeFunction"], Resource: [fn, `${fn}:*`] },
      { Effect: "Allow", Action: ["sqs:SendMessage"], Resource: [deadLetterArn] },
    ]);
  });

  it.each<[string, () => terrace.ScheduleTarget, string]>([
    ["a queue", () => new terrace.Queue("work"), "sqs:SendMessage"],
    ["a topic", () => new terrace.Topic("news"), "sns:Publish"],
  ])("starts %s too", async (_title, make, action) => {
    const stack = await deploy(() => {
      new terrace.Schedule("nightly", { expression: "rate(2 hours)", target: make() });
    });
    const { Statement } = JSON.parse(String(stack.resource("RolePolicy", "nightly-policy").inputs.policy));
    const { arn } = stack.resource("aws:scheduler/schedule:Schedule").inputs.target as { arn: string };
    expect(Statement).toEqual([{ Effect: "Allow", Action: [action], Resource: [arn] }]);
  });

  it.each<[Partial<terrace.ScheduleArgs>, string]>([
    [
      { expression: "0 3 * * *" },
      'expression is "0 3 * * *"; it has to be rate(5 minutes), cron(…) with its six fields, or at(',
    ],
    [{ expression: "cron(0 3 * * *)" }, 'expression is "cron(0 3 * * *)"'],
    [{ expression: "rate(1 minutes)" }, 'expression is "rate(1 minutes)"'],
    [{ expression: "rate(0 minutes)" }, 'expression is "rate(0 minutes)"'],
    [{ expression: "at(tomorrow)" }, 'expression is "at(tomorrow)"'],
    [{ timezone: "Mars/Olympus" }, 'timezone is "Mars/Olympus"; it has to be an IANA name such as Europe/Berlin'],
    [{ scheduleName: "a b" }, 'scheduleName is "a b"; it has to be 1 to 64'],
    [{ description: "x".repeat(513) }, "description is"],
    [{ retries: 186 }, "retries is 186; it has to be a number from 0 to 185"],
    [{ maximumAgeSeconds: 30 }, "maximumAgeSeconds is 30; it has to be a number from 60 to 86400"],
    [{ windowMinutes: 1441 }, "windowMinutes is 1441; it has to be a number from 1 to 1440"],
    [{ startDate: "tomorrow" }, 'startDate is "tomorrow"; it has to be a time such as'],
    [{ endDate: "2027-01-01" }, 'endDate is "2027-01-01"; it has to be a time such as'],
    [
      { startDate: "2028-01-01T00:00:00Z", endDate: "2027-01-01T00:00:00Z" },
      'endDate is "2027-01-01T00:00:00Z"; it has to be after startDate, 2028-01-01T00:00:00Z',
    ],
    [{ deadLetterArn: "lost" }, 'deadLetterArn is "lost"; it has to be an ARN such as arn:aws:sqs:…'],
    [{ kmsKeyArn: "mine" }, 'kmsKeyArn is "mine"; it has to be an ARN such as arn:aws:kms:…'],
    [{ target: undefined }, "target is missing; name a Function, a Workflow, a Queue or a Topic"],
  ])("refuses %.60j", async (args, message) => {
    expect(await refused(schedule(args))).toContain(`Schedule "nightly": ${message}`);
  });

  it("refuses a FIFO queue, and a function that only API Gateway can call", async () => {
    const to = (target: () => terrace.ScheduleTarget) => () =>
      new terrace.Schedule("nightly", { expression: "rate(1 day)", target: target() });
    expect(await refused(to(() => new terrace.Queue("work", { fifo: true })))).toContain("target.fifo is true");
    expect(await refused(to(() => new terrace.Function("a", { entry, tenantIsolation: true })))).toContain(
      "tenantIsolation is true",
    );
  });
});
