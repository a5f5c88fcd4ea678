import * as terrace from "../../components/index.ts";
import { deploy } from "../../engine/testing.ts";
import { refused } from "./refused.ts";

process.env.TERRACE_BUNDLE_TARGET = "host";
const entry = "tests/fixtures/functions/hello";
const durable = { executionTimeoutSeconds: 86_400 };

describe("a durable function", () => {
  it("keeps its history for 14 days, and is invoked by an alias of a published version", async () => {
    const stack = await deploy(() => new terrace.Function("onboard", { entry, durable }));
    const fn = stack.resource("aws:lambda/function:Function");
    expect(fn.inputs).toMatchObject({
      durableConfig: { executionTimeout: 86_400, retentionPeriod: 14 },
      publish: true,
    });
    expect(stack.resource("aws:lambda/alias:Alias", "onboard-live").inputs).toEqual({
      name: "live",
      functionName: fn.outputs.name,
      functionVersion: "1",
    });
  });

  it("may keep checkpoints of itself and of no other function, before anybody can start it", async () => {
    const stack = await deploy(() => new terrace.Function("onboard", { entry, durable }));
    const policy = stack.resource("aws:iam/rolePolicy:RolePolicy", "onboard-durable");
    expect(JSON.parse(String(policy.inputs.policy)).Statement).toEqual([
      {
        Effect: "Allow",
        Action: ["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"],
        Resource: [`${stack.resource("aws:lambda/function:Function").outputs.arn}:*`],
      },
    ]);
    expect(stack.resource("aws:lambda/alias:Alias").dependencies).toContain(policy.urn);
  });

  it("is what schedules and permissions name by its alias", async () => {
    const stack = await deploy(() => {
      const target = new terrace.Function("onboard", { entry, durable });
      new terrace.Schedule("nightly", { expression: "rate(1 day)", target });
      target.allowInvoke("caller", "events.amazonaws.com", "arn:aws:events:eu-west-1:000000000000:rule/r");
    });
    const alias = stack.resource("aws:lambda/alias:Alias").outputs.arn;
    expect(stack.resource("aws:scheduler/schedule:Schedule").inputs.target).toMatchObject({ arn: alias });
    expect(stack.resource("aws:lambda/permission:Permission").inputs.qualifier).toBe("live");
  });

  it("leaves an ordinary function unpublished and without an alias", async () => {
    const stack = await deploy(() => new terrace.Function("plain", { entry }));
    expect(stack.all("aws:lambda/alias:Alias")).toEqual([]);
    expect(stack.resource("aws:lambda/function:Function").inputs).not.toHaveProperty("publish");
    expect(stack.resource("aws:lambda/function:Function").inputs).not.toHaveProperty("durableConfig");
  });

  it.each([
    [{} as terrace.DurableArgs, "executionTimeoutSeconds is missing; say for how long an execution may last"],
    [{ executionTimeoutSeconds: 0 }, "executionTimeoutSeconds is 0; it has to be a number from 1 to 31622400"],
    [{ executionTimeoutSeconds: 60, retentionDays: 91 }, "retentionDays is 91; it has to be a number from 1 to 90"],
  ])("refuses %j", async (bad, message) => {
    const said = await refused(() => new terrace.Function("onboard", { entry, durable: bad }));
    expect(said).toContain(`Function "onboard": durable.${message}`);
  });

  it("refuses to stand behind a queue for longer than the queue waits", async () => {
    const said = await refused(() => {
      const slow = new terrace.Function("slow", { entry, durable });
      new terrace.Queue("orders").consume("slow", slow);
    });
    expect(said).toContain(
      'Queue "orders": durable.executionTimeoutSeconds is 86400; a queue or stream waits for at most',
    );
  });
});
