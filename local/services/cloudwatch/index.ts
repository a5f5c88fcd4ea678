/**
 * CloudWatch on one machine: metrics of programs, of log lines (embedded metrics and metric filters) and of the services
 * themselves; metric math; alarms that change state on the cloud's clock and tell topics, functions and EventBridge of it;
 * dashboards, which are kept.
 *
 * Not emulated: metric streams, Metrics Insights and SEARCH, alarms of logs, Contributor Insights, mute rules, actions of other
 * services than SNS and Lambda, pictures of graphs, cross-account metrics. Metrics are kept for fifteen days at their own
 * resolution. What is usual (ANOMALY_DETECTION_BAND) is a mean with its deviation, and knows no hours or weekdays.
 */
import type { Cloud, Service } from "../../service.ts";
import { alarmOperations } from "./alarms/alarm-operations.ts";
import { alarmResources } from "./alarms/alarm-resources.ts";
import { type Alarms, alarmsOf } from "./alarms/alarms.ts";
import { collection } from "./collection.ts";
import { dashboardsOf } from "./dashboards.ts";
import { metricOperations } from "./metrics/metric-operations.ts";
import { type MetricStore, metricStore } from "./metrics/metric-store.ts";

import { tagOperations } from "./tags.ts";

/** What the groups of operations share. */
export interface Monitoring {
  cloud: Cloud;
  store: MetricStore;
  alarms: Alarms;
  /** Resolves when everything that was measured until now is in the store. */
  settle(): Promise<void>;
}

export function monitoring(cloud: Cloud): Service {
  const store = metricStore(cloud.database);
  store.expire(cloud.clock.now());
  const alarms = alarmsOf(cloud, store);
  const dashboards = dashboardsOf(cloud);
  const collecting = collection(cloud, store, (now) => alarms.evaluate(now));
  const shared: Monitoring = { cloud, store, alarms, settle: () => collecting.settle() };
  return {
    name: "monitoring",
    client: () => import("@aws-sdk/client-cloudwatch"),
    requiresMembers: "MissingRequiredParameterException",
    resources: { ...alarmResources(alarms), ...dashboards.resources },
    operations: {
      ...metricOperations(shared),
      ...alarmOperations(shared),
      ...dashboards.operations,
      ...tagOperations(shared),
    },
    stop: () => collecting.stop(),
  };
}
