/** Powertools' metrics: one embedded-metrics log line, with the tenant as a dimension. */

import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";

const metrics = new Metrics({ namespace: "Terrace" });

export interface Measurement {
  name: string;
  value: number;
  /** @default Count */
  unit?: (typeof MetricUnit)[keyof typeof MetricUnit];
}

/** @param metadata Stands in the line and can be searched for; it makes no dimension. */
export function measure(tenantId: string, measurements: Measurement[], metadata: Record<string, string> = {}): void {
  metrics.addDimension("tenantId", tenantId);
  for (const [key, value] of Object.entries(metadata)) metrics.addMetadata(key, value);
  for (const { name, value, unit = MetricUnit.Count } of measurements) metrics.addMetric(name, unit, value);
  metrics.publishStoredMetrics();
}

export { MetricUnit };
