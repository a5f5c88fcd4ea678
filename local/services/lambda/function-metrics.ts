/** Lambda's metrics of a function: each invocation adds to them, as cheap as can be. */
import { gauge, type Meter, meter } from "../../metrics.ts";
import type { Cloud } from "../../service.ts";

export interface FunctionMetrics {
  ended(name: string, qualifier: string | undefined, durationMs: number | undefined, isError: boolean): void;
  throttled(name: string, qualifier: string | undefined): void;
  /** How far a stream's consumer is behind. */
  readStream(name: string, ageMs: number): void;
}

interface Meters {
  invocations: Meter;
  errors: Meter;
  duration: Meter;
  throttles: Meter;
  iteratorAge: Meter;
}

export function functionMetrics(cloud: Cloud): FunctionMetrics {
  const byFunction = new Map<string, Meters>();

  function metersOf(name: string, qualifier: string | undefined): Meters {
    const resource = qualifier === undefined ? name : `${name}:${qualifier}`;
    let meters = byFunction.get(resource);
    if (!meters) {
      const dimensions: Record<string, string>[] = [
        { FunctionName: name },
        { FunctionName: name, Resource: resource },
        {},
      ];
      const of = (metric: string, unit: string) => meter(cloud, "AWS/Lambda", metric, unit, ...dimensions);
      meters = {
        invocations: of("Invocations", "Count"),
        errors: of("Errors", "Count"),
        duration: of("Duration", "Milliseconds"),
        throttles: of("Throttles", "Count"),
        iteratorAge: of("IteratorAge", "Milliseconds"),
      };
      byFunction.set(resource, meters);
    }
    return meters;
  }

  return {
    ended(name, qualifier, durationMs, isError) {
      const { invocations, errors, duration } = metersOf(name, qualifier);
      const now = cloud.clock.now();
      invocations.add(1, now);
      errors.add(isError ? 1 : 0, now);
      if (durationMs !== undefined) duration.add(durationMs, now);
    },
    throttled: (name, qualifier) => metersOf(name, qualifier).throttles.add(1, cloud.clock.now()),
    readStream: (name, ageMs) => metersOf(name, undefined).iteratorAge.add(ageMs, cloud.clock.now()),
  };
}

/** @param active how many invocations of each function run or wait */
export function concurrencyGauge(cloud: Cloud, active: () => Iterable<[name: string, count: number]>): void {
  gauge(cloud, (record) => {
    const of = (dimensions: Record<string, string>) => ({ ...METRIC, dimensions });
    let all = 0;
    for (const [name, count] of active()) {
      if (count > 0) record(of({ FunctionName: name }), "Count", count);
      all += count;
    }
    if (all > 0) record(of({}), "Count", all);
  });
}

const METRIC = { namespace: "AWS/Lambda", name: "ConcurrentExecutions" };
