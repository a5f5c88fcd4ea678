import type * as pulumi from "@pulumi/pulumi";
import type { Function } from "../compute/function.ts";
import type { Database } from "../data/database.ts";
import type { Api } from "../edge/api.ts";
import type { WebSocketApi } from "../edge/websocket-api.ts";
import type { Queue } from "../messaging/queue.ts";

/** What is looked at, by the names that alarms and graphs then have. */
export interface Watched {
  /** @default none */
  functions?: Record<string, Function>;
  /** Those of the functions that read a stream, and can fall behind. @default none */
  streamConsumers?: Record<string, Function>;
  /** @default none */
  queues?: Record<string, Queue>;
  /** @default none */
  apis?: Record<string, Api>;
  /** @default none */
  webSocketApis?: Record<string, WebSocketApi>;
  /** @default none */
  databases?: Record<string, Database>;
}

/** A metric as CloudWatch names it. */
export interface Metric {
  namespace: string;
  metricName: string;
  dimensions: Record<string, pulumi.Input<string>>;
}

export const functionMetric = (fn: Function, metricName: string): Metric => ({
  namespace: "AWS/Lambda",
  metricName,
  dimensions: { FunctionName: fn.functionName },
});

export const queueMetric = (queueName: pulumi.Input<string>, metricName: string): Metric => ({
  namespace: "AWS/SQS",
  metricName,
  dimensions: { QueueName: queueName },
});

export const databaseMetric = (database: Database, metricName: string): Metric => ({
  namespace: "AWS/RDS",
  metricName,
  dimensions: { DBClusterIdentifier: database.clusterIdentifier },
});

/** REST and HTTP APIs count the same things under other names. */
const API_METRICS = {
  requests: { rest: "Count", http: "Count" },
  clientErrors: { rest: "4XXError", http: "4xx" },
  serverErrors: { rest: "5XXError", http: "5xx" },
  latency: { rest: "Latency", http: "Latency" },
} as const;

export const apiMetric = (api: Api, what: keyof typeof API_METRICS): Metric => ({
  namespace: "AWS/ApiGateway",
  metricName: API_METRICS[what][api.type],
  dimensions: api.metricDimensions,
});

/** A count of connections, of messages, or of what went wrong with them. */
export const webSocketMetric = (api: WebSocketApi, metricName: string): Metric => ({
  namespace: "AWS/ApiGateway",
  metricName,
  dimensions: api.metricDimensions,
});
