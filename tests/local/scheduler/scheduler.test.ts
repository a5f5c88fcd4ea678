import type { Value } from "../../../engine/graph.ts";
import { scheduler } from "../../../local/services/scheduler/index.ts";
import { sqs } from "../../../local/services/sqs/index.ts";
import { eventually, type LambdaCloud, linesOf, startLambda, temporaryFile } from "../lambda/fixture.ts";
import { functionArn, resource, role } from "../lambda/resources.ts";

const ROLE = "arn:aws:iam::000000000000:role/schedule";
const INVOKE = { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: functionArn("swept") };
let cloud: LambdaCloud;
let file: string;

beforeEach(async () => {
  cloud = await startLambda({ scheduler, sqs });
  file = temporaryFile("calls");
  await cloud.provision(role(ROLE, [INVOKE], "scheduler.amazonaws.com"));
  await cloud.define(
    "swept",
    `import { appendFileSync } from "node:fs";
     export const handler = async (event) => appendFileSync(${JSON.stringify(file)}, JSON.stringify(event) + "\\n");`,
  );
});

afterEach(() => cloud.stop());

const calls = () => linesOf(file).map((line) => JSON.parse(line));
const called = (times: number) => eventually(calls, (found) => found.length >= times);

function schedule(target: Record<string, Value> = {}, inputs: Record<string, Value> = {}) {
  return resource(
    "aws:scheduler/schedule:Schedule",
    "sweep",
    {
      scheduleExpression: "rate(1 minute)",
      target: { arn: functionArn("swept"), roleArn: ROLE, input: '{"sweep":true}', ...target },
      ...inputs,
    },
    { arn: "arn:aws:scheduler:eu-west-1:000000000000:schedule/default/sweep", name: "sweep" },
  );
}

describe("a schedule", () => {
  it("invokes its function with its input, each time it is due", async () => {
    await cloud.provision(schedule());
    await cloud.clock.advance(59_000);
    expect(calls()).toEqual([]);
    await cloud.clock.advance(1_000);
    expect(await called(1)).toEqual([{ sweep: true }]);
    await cloud.clock.advance(60_000);
    expect(await called(2)).toHaveLength(2);
  });

  it("fills in its context attributes", async () => {
    await cloud.provision(
      schedule({ input: '{"at":"<aws.scheduler.scheduled-time>","n":"<aws.scheduler.attempt-number>"}' }),
    );
    const due = new Date(cloud.clock.now() + 60_000).toISOString().replace(/\.\d+Z/, "Z");
    await cloud.clock.advance(60_000);
    expect(await called(1)).toEqual([{ at: due, n: "1" }]);
  });

  it("declared anew replaces what it was before", async () => {
    await cloud.provision(schedule());
    await cloud.provision(schedule({ input: '{"new":true}' }));
    await cloud.clock.advance(60_000);
    expect(await called(1)).toEqual([{ new: true }]);
  });

  it("does nothing while disabled, before its start or after its end", async () => {
    await cloud.provision(schedule({}, { state: "DISABLED" }));
    await cloud.clock.advance(120_000);
    const endDate = new Date(cloud.clock.now() + 90_000).toISOString();
    await cloud.provision(schedule({}, { endDate }));
    await cloud.clock.advance(60_000);
    expect(await called(1)).toHaveLength(1);
    await cloud.clock.advance(600_000);
    expect(calls()).toHaveLength(1);
  });

  it("is refused when its role does not trust the scheduler", async () => {
    await cloud.provision(role(ROLE, [INVOKE], "events.amazonaws.com"));
    await expect(cloud.provision(schedule())).rejects.toThrow(/sts:AssumeRole/);
  });

  it("that may not invoke is retried, then sent to its dead-letter queue and said", async () => {
    const queueArn = "arn:aws:sqs:eu-west-1:000000000000:dead";
    const send = { Effect: "Allow", Action: "sqs:SendMessage", Resource: queueArn };
    await cloud.provision(
      role(ROLE, [send], "scheduler.amazonaws.com"),
      resource("aws:sqs/queue:Queue", "dead", { name: "dead" }, { name: "dead", arn: queueArn }),
      schedule({ retryPolicy: { maximumRetryAttempts: 1 }, deadLetterConfig: { arn: queueArn } }),
    );
    await cloud.clock.advance(60_000);
    await cloud.clock.advance(1_000);
    const QueueUrl = `${cloud.running.endpoint}/000000000000/dead`;
    const read = () => cloud.running.call("sqs", "ReceiveMessage", { QueueUrl });
    const { Messages } = await eventually(read, (found) => found.Messages?.length > 0);
    expect(Messages[0].Body).toBe('{"sweep":true}');
    expect(cloud.lines.map(({ message }) => message).join()).toContain("lambda:InvokeFunction");
    expect(calls()).toEqual([]);
  });

  it("with a target that nothing here can call is refused", async () => {
    const arn = "arn:aws:ecs:eu-west-1:000000000000:cluster/x";
    await expect(cloud.provision(schedule({ arn }))).rejects.toThrow("is no target on this machine");
  });
});
