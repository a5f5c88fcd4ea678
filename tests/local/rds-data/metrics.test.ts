/** What a cluster measures of itself: what the alarms of `Insight` look at. */
import { readGauges } from "../../../local/metrics.ts";
import { callsOn } from "./calls.ts";
import { startDataApi, type TestServer } from "./data-api-server.ts";

let server: TestServer;
const { record } = callsOn(() => server);

beforeAll(async () => {
  server = await startDataApi({ resumeMs: 0 });
});
afterAll(() => server.stop());

const scaling = (minCapacity: number, maxCapacity: number) => ({
  serverlessv2ScalingConfiguration: { minCapacity, maxCapacity, secondsUntilAutoPause: 600 },
});
const measured = () =>
  Object.fromEntries(
    readGauges(server.cloud, server.clock.now()).map(({ metric, aggregate }) => [metric.name, aggregate.sum]),
  );

it("counts connections, and the least capacity while nothing is done", async () => {
  await server.provision(scaling(1, 4));
  await record("select 1");
  measured();
  expect(measured()).toMatchObject({ ServerlessDatabaseCapacity: 1, ACUUtilization: 25 });
  expect(measured().DatabaseConnections).toBeGreaterThanOrEqual(1);
});

it("has capacity of none while it is paused", async () => {
  await server.provision(scaling(0, 4));
  await record("select 1").catch(() => {});
  await record("select 1");
  expect(measured().ServerlessDatabaseCapacity).toBeGreaterThan(0);
  server.clock.advance(601_000);
  expect(measured()).toMatchObject({ ServerlessDatabaseCapacity: 0, ACUUtilization: 0, CPUUtilization: 0 });
});

it("is used up when more statements run at once than its most capacity takes", async () => {
  await server.provision(scaling(0.5, 1));
  await record("select 1").catch(() => {});
  measured();
  const busy = Array.from({ length: 12 }, () => record("select pg_sleep(0.5)"));
  await Promise.all(busy);
  const { ACUUtilization, ServerlessDatabaseCapacity } = measured();
  expect([ACUUtilization, ServerlessDatabaseCapacity]).toEqual([100, 1]);
});
