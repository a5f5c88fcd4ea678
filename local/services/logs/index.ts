/**
 * CloudWatch Logs: groups, streams and events, kept over restarts; metric and subscription filters; Insights queries and their definitions.
 *
 * Not emulated: subscriptions of accounts and other accounts, exports, data protection, anomalies, live tail, Insights' other languages and a few of its
 * commands (see insights/parse.ts). A metric filter's default value is not reported. A group keeps its newest 32 MB.
 */
import type { Resource } from "../../../engine/graph.ts";
import type { Cloud, Service } from "../../service.ts";
import { groupAccess } from "./access.ts";
import { eventOperations } from "./event-operations.ts";
import { groupOperations } from "./group-operations.ts";
import { insightsOperations } from "./insights/index.ts";
import { queryDefinitions } from "./insights/query-definitions.ts";
import { declareMetricFilter, metricFilterOperations } from "./metric-filter-operations.ts";
import { logStoreOf } from "./store.ts";
import { forwarding } from "./subscriptions/forwarding.ts";
import { subscriptionOperations } from "./subscriptions/operations.ts";

export function logs(cloud: Cloud): Service {
  const store = logStoreOf(cloud);
  const access = groupAccess(cloud);

  function declare({ inputs, outputs }: Resource): void {
    const name = String(outputs.name);
    const createdAt = store.group(name)?.createdAt ?? cloud.clock.now();
    store.saveGroup({ name, createdAt, retentionDays: Number(inputs.retentionInDays) || undefined });
    store.expire(name, cloud.clock.now());
  }

  function declareStream({ inputs, outputs }: Resource): void {
    const [group, name] = [String(inputs.logGroupName), String(outputs.name)];
    if (!store.hasStream(group, name)) store.addStream(group, name, cloud.clock.now());
  }

  const definitions = queryDefinitions(cloud);
  const subscriptions = subscriptionOperations(cloud, access);
  const forwarded = forwarding(cloud);
  return {
    name: "logs",
    client: () => import("@aws-sdk/client-cloudwatch-logs"),
    requiresMembers: "InvalidParameterException",
    resources: {
      "aws:cloudwatch/logGroup:LogGroup": declare,
      "aws:cloudwatch/logStream:LogStream": declareStream,
      "aws:cloudwatch/logMetricFilter:LogMetricFilter": declareMetricFilter(cloud),
      "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": subscriptions.declare,
      "aws:cloudwatch/queryDefinition:QueryDefinition": definitions.declare,
    },
    operations: {
      ...groupOperations(cloud, access),
      ...eventOperations(cloud, access, forwarded),
      ...metricFilterOperations(cloud, access),
      ...subscriptions.operations,
      ...insightsOperations(cloud, access),
      ...definitions.operations,
    },
    stop: forwarded.stop,
  };
}
