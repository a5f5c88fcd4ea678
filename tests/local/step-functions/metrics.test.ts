/** What state machines measure of their executions. */
import { StopExecutionCommand } from "@aws-sdk/client-sfn";
import { takeMeasured } from "../../../local/metrics.ts";
import { type StatesCloud, startStates } from "./fixture.ts";

let cloud: StatesCloud;

beforeEach(async () => {
  cloud = await startStates();
});

afterEach(() => cloud.stop());

it("counts what began, and how it ended, by machine, and how long it took by the cloud's clock", async () => {
  const good = await cloud.machine({ Wait: { Type: "Wait", Seconds: 10, End: true } });
  const bad = await cloud.machine({ Fail: { Type: "Fail", Error: "No" } });
  const waiting = await cloud.start(good);
  await cloud.event(waiting, "WaitStateEntered");
  await cloud.clock.advance(10_000);
  await cloud.ended(waiting);
  await cloud.ended(await cloud.start(bad));
  const stopped = await cloud.start(good);
  await cloud.event(stopped, "WaitStateEntered");
  await cloud.sfn.send(new StopExecutionCommand({ executionArn: stopped }));
  const all = takeMeasured(cloud.running);
  // Over minutes: ten seconds may begin a new one.
  const of = (machineArn: string) => {
    const sums: Record<string, number> = {};
    for (const { metric, aggregate } of all) {
      if (metric.dimensions.StateMachineArn !== machineArn) continue;
      sums[metric.name] = (sums[metric.name] ?? 0) + aggregate.sum;
    }
    return sums;
  };
  expect(of(good)).toEqual({
    ExecutionsStarted: 2,
    ExecutionsSucceeded: 1,
    ExecutionsAborted: 1,
    ExecutionTime: 10_000,
  });
  expect(of(bad)).toMatchObject({ ExecutionsStarted: 1, ExecutionsFailed: 1 });
});
