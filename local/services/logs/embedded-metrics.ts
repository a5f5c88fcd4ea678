/** Embedded metrics: a JSON log line whose `_aws` member says which of its numbers are metrics. Pure. */
import type { MetricName } from "../../metrics.ts";

export interface EmbeddedMetric {
  metric: MetricName;
  unit: string;
  /** ms since the epoch */
  time: number;
  /** 1 or 60 seconds. */
  resolution: number;
  values: number[];
}

interface Directive {
  Namespace?: unknown;
  Dimensions?: unknown;
  Metrics?: unknown;
}

const MAX_VALUES = 100;
const MAX_METRICS = 100;

/** What is malformed makes no metric, as on AWS; the line stays a line. */
export function embeddedMetrics(message: string): EmbeddedMetric[] {
  if (!message.startsWith("{") || !message.includes('"_aws"')) return [];
  let line: Record<string, unknown>;
  try {
    line = JSON.parse(message);
  } catch {
    return [];
  }
  const { Timestamp: time, CloudWatchMetrics: directives } = (line._aws ?? {}) as Record<string, unknown>;
  if (typeof time !== "number" || !Array.isArray(directives)) return [];
  return directives.flatMap((directive: Directive) => metricsOf(line, directive, time));
}

function metricsOf(line: Record<string, unknown>, directive: Directive, time: number): EmbeddedMetric[] {
  const { Namespace: namespace, Dimensions: sets, Metrics: metrics } = directive;
  if (typeof namespace !== "string" || !Array.isArray(metrics)) return [];
  const dimensionSets = (Array.isArray(sets) && sets.length > 0 ? sets : [[]]).map((set) => dimensionsOf(line, set));
  return metrics.slice(0, MAX_METRICS).flatMap(({ Name: name, Unit, StorageResolution }) => {
    const value = line[name];
    const values = (Array.isArray(value) ? value.slice(0, MAX_VALUES) : [value]).filter(Number.isFinite) as number[];
    if (typeof name !== "string" || values.length === 0) return [];
    return dimensionSets.flatMap((dimensions) =>
      dimensions === undefined
        ? []
        : {
            ...{ metric: { namespace, name, dimensions }, unit: typeof Unit === "string" ? Unit : "None" },
            ...{ time, resolution: StorageResolution === 1 ? 1 : 60, values },
          },
    );
  });
}

/** A set that names what the line does not have makes no metric. */
function dimensionsOf(line: Record<string, unknown>, set: unknown): Record<string, string> | undefined {
  if (!Array.isArray(set)) return undefined;
  const dimensions: Record<string, string> = {};
  for (const name of set) {
    const value = line[name];
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
    dimensions[name] = String(value);
  }
  return dimensions;
}
