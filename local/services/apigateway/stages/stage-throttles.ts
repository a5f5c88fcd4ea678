/** Limits of a stage: each of its methods has a bucket of its own, of its own size or of the stage's. */
import type { Clock } from "../../../service.ts";
import type { Stage } from "../model/apis.ts";
import { type Bucket, take } from "../model/throttle.ts";

export interface StageThrottles {
  /**
   * Whether one more request is within the limits. Asked only where the stage has any.
   * @param method `GET`, or the key of a route, which has no path
   */
  takes(apiId: string, stage: Stage, method: string, path?: string): boolean;
}

export function stageThrottles(clock: Clock): StageThrottles {
  const buckets = new Map<string, Bucket>();
  return {
    takes(apiId, { name, throttles }, method, path) {
      const throttle =
        path === undefined
          ? (throttles?.get(method) ?? throttles?.get("*"))
          : (throttles?.get(`${method} ${path}`) ??
            throttles?.get(`* ${path}`) ??
            throttles?.get(`${method} *`) ??
            throttles?.get("* *"));
      return !throttle || take(buckets, `${apiId}/${name} ${method} ${path}`, throttle, clock);
    },
  };
}
