/** A cloud with CloudWatch and what it listens to, on a clock that tests move. */
import { CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import { type ManualClock, manualClock } from "../../../local/clock.ts";
import { type RunningCloud, type ServiceFactory, startCloud } from "../../../local/cloud.ts";
import type { LogLine } from "../../../local/service.ts";
import { monitoring } from "../../../local/services/cloudwatch/index.ts";
import { logs } from "../../../local/services/logs/index.ts";

export interface CloudWatchCloud {
  cloud: RunningCloud;
  clock: ManualClock;
  client: CloudWatchClient;
  logged: LogLine[];
  /** The beginning of the minute. */
  start: number;
  /** Values in order of time, by query id, of the time from `start` to now. */
  values(...queries: MetricDataQuery[]): Promise<Record<string, number[]>>;
  stop(): Promise<void>;
}

export const MINUTE = 60_000;

export async function startCloudWatch(
  more: Record<string, ServiceFactory> = {},
  directory?: string,
  clock: ManualClock = manualClock(Math.floor(Date.now() / (60 * MINUTE)) * 60 * MINUTE),
): Promise<CloudWatchCloud> {
  const logged: LogLine[] = [];
  const services = { monitoring, logs, ...more };
  const cloud = await startCloud({ clock, directory, services, log: (line) => void logged.push(line) });
  await cloud.service("monitoring");
  const client = new CloudWatchClient({ ...cloud.client(), maxAttempts: 1 });
  const start = clock.now();
  return {
    ...{ cloud, clock, client, logged, start },
    async values(...MetricDataQueries) {
      const range = { StartTime: new Date(start), EndTime: new Date(clock.now() + MINUTE) };
      const { MetricDataResults = [] } = await client.send(
        new GetMetricDataCommand({ MetricDataQueries, ...range, ScanBy: "TimestampAscending" }),
      );
      return Object.fromEntries(MetricDataResults.map(({ Id, Values = [] }) => [Id!, Values]));
    },
    async stop() {
      client.destroy();
      await cloud.stop();
    },
  };
}

/** A query of one metric. */
export function metric(
  Id: string,
  name: string,
  Stat: string,
  { Period = 60, dimensions = {} as Record<string, string>, namespace = "Shop" } = {},
): MetricDataQuery {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return { Id, MetricStat: { Metric: { Namespace: namespace, MetricName: name, Dimensions }, Period, Stat } };
}
