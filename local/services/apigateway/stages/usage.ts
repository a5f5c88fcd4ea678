/** Usage plans at work: a token bucket and a quota for each key on a plan. */
import type { Cloud } from "../../../service.ts";
import type { Apis, UsagePlan } from "../model/apis.ts";
import type { ApiKey } from "../model/keys.ts";
import { type Bucket, take as takeToken } from "../model/throttle.ts";

export type Verdict =
  | { allowed: true; key: ApiKey }
  | { allowed: false; responseType: "INVALID_API_KEY" | "THROTTLED" | "QUOTA_EXCEEDED" };

export interface Usage {
  /**
   * Counts one request of the key with this value.
   * @param method `GET /albums/{albumId}`
   */
  take(apiId: string, stage: string, method: string, value: string | undefined): Verdict;
  flush(): void;
}

interface Counter {
  period: string;
  used: number;
}

const SAVE_AFTER_MS = 1_000;

export function usage(cloud: Cloud, apis: Apis): Usage {
  const buckets = new Map<string, Bucket>();
  const counters = new Map<string, Counter & { plan: string; key: string }>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  /** A method's own limits stand in for the plan's. */
  function withinRate(id: string, plan: UsagePlan, methods: UsagePlan["stages"][number]["methods"], method: string) {
    const own = methods.get(method);
    const throttle = own ?? plan.throttle;
    return !throttle || takeToken(buckets, own ? `${id} ${method}` : id, throttle, cloud.clock);
  }

  function withinQuota(id: string, plan: UsagePlan, key: ApiKey): boolean {
    if (!plan.quota) return true;
    const period = periodOf(plan.quota.period, cloud.clock.now());
    let counter = counters.get(id);
    if (counter?.period !== period) {
      counter = { plan: plan.id, key: key.id, period, used: apis.keys.used(plan.id, key.id, period) };
      counters.set(id, counter);
    }
    if (counter.used >= plan.quota.limit) return false;
    counter.used++;
    changed.add(id);
    if (!timer) {
      timer = setTimeout(flush, SAVE_AFTER_MS);
      timer.unref();
    }
    return true;
  }

  /** A count that a kill loses is at most a second's. */
  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const id of changed) {
      const { plan, key, period, used } = counters.get(id)!;
      apis.keys.saveUsed(plan, key, period, used);
    }
    changed.clear();
  }

  return {
    take(apiId, stage, method, value) {
      const key = value ? apis.keys.byValue(value) : undefined;
      if (!key?.enabled) return { allowed: false, responseType: "INVALID_API_KEY" };
      for (const planId of apis.keys.plansOf(key.id)) {
        const plan = apis.plan(planId);
        const place = plan?.stages.find((each) => each.apiId === apiId && each.stage === stage);
        if (!plan || !place) continue;
        const id = `${plan.id} ${key.id}`;
        if (!withinRate(id, plan, place.methods, method)) return { allowed: false, responseType: "THROTTLED" };
        if (!withinQuota(id, plan, key)) return { allowed: false, responseType: "QUOTA_EXCEEDED" };
        return { allowed: true, key };
      }
      return { allowed: false, responseType: "INVALID_API_KEY" };
    },
    flush,
  };
}

/** The day, week (by its Sunday) or month that a time lies in, UTC. */
function periodOf(period: "DAY" | "WEEK" | "MONTH", now: number): string {
  const day = new Date(now);
  if (period === "WEEK") day.setUTCDate(day.getUTCDate() - day.getUTCDay());
  return `${period} ${day.toISOString().slice(0, period === "MONTH" ? 7 : 10)}`;
}
