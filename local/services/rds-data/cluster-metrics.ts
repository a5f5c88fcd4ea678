/**
 * RDS's metrics of its clusters, read once a minute while CloudWatch runs. What a cluster on AWS would scale to is estimated: from
 * how much of the minute its statements ran, at four sessions that are always busy for each ACU.
 */
import { gauge } from "../../metrics.ts";
import type { Cloud } from "../../service.ts";
import type { Cluster } from "./clusters.ts";

const BUSY_SESSIONS_PER_ACU = 4;
/** Capacity goes in steps of half an ACU. */
const STEP = 0.5;

/** How long a cluster's statements ran, since somebody last asked. */
export class Load {
  #busyMs = 0;
  #since = performance.now();

  ran(ms: number): void {
    this.#busyMs += ms;
  }

  /** How many sessions were busy on average. */
  take(): number {
    const now = performance.now();
    const sessions = this.#busyMs / Math.max(now - this.#since, 1);
    this.#busyMs = 0;
    this.#since = now;
    return sessions;
  }
}

export function clusterMetrics(cloud: Cloud, clusters: Map<string, Cluster>): void {
  gauge(cloud, (record) => {
    for (const { identifier, capacity, pause, load, open } of clusters.values()) {
      const put = (name: string, value: number, unit: string) =>
        record({ namespace: "AWS/RDS", name, dimensions: { DBClusterIdentifier: identifier } }, unit, value);
      const { connections, unusedSince } = open();
      const wanted = load.take() / BUSY_SESSIONS_PER_ACU;
      const steps = Math.ceil(Math.max(capacity.least, STEP, wanted) / STEP) * STEP;
      const used = pause.isPaused(unusedSince) ? 0 : Math.min(steps, capacity.most);
      put("DatabaseConnections", connections, "Count");
      put("ServerlessDatabaseCapacity", used, "Count");
      put("ACUUtilization", (100 * used) / capacity.most, "Percent");
      put("CPUUtilization", used === 0 ? 0 : Math.min(100, (100 * wanted) / used), "Percent");
    }
  });
}

/** `serverlessv2ScalingConfiguration`, in ACU. */
export function capacityOf(scaling: unknown): { least: number; most: number } {
  const { minCapacity = 0.5, maxCapacity = 1 } = (scaling ?? {}) as { minCapacity?: number; maxCapacity?: number };
  return { least: Number(minCapacity), most: Number(maxCapacity) };
}
