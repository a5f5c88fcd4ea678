/** How often an HTTP endpoint is tried again, and how long SNS waits in between. Pure. */
import { AwsError } from "../../service.ts";

export interface RetryPolicy {
  /** Seconds. */
  minDelayTarget: number;
  maxDelayTarget: number;
  /** Of all phases together. */
  numRetries: number;
  numNoDelayRetries: number;
  numMinDelayRetries: number;
  numMaxDelayRetries: number;
  backoffFunction: "linear" | "arithmetic" | "geometric" | "exponential";
}

/** A subscription's. A topic's has the same members with `default` before them, below `http`. */
export interface DeliveryPolicy {
  healthyRetryPolicy?: Partial<RetryPolicy> | null;
  throttlePolicy?: { maxReceivesPerSecond?: number } | null;
  requestPolicy?: { headerContentType?: string } | null;
}

export interface EffectivePolicy extends DeliveryPolicy {
  healthyRetryPolicy: RetryPolicy;
}

interface TopicPolicy {
  http?: {
    defaultHealthyRetryPolicy?: Partial<RetryPolicy>;
    defaultThrottlePolicy?: DeliveryPolicy["throttlePolicy"];
    defaultRequestPolicy?: DeliveryPolicy["requestPolicy"];
    disableSubscriptionOverrides?: boolean;
  };
}

const DEFAULT: RetryPolicy = {
  ...{ minDelayTarget: 20, maxDelayTarget: 20, numRetries: 3, backoffFunction: "linear" },
  ...{ numNoDelayRetries: 0, numMinDelayRetries: 0, numMaxDelayRetries: 0 },
};
const LONGEST_SECONDS = 3600;
const MOST_RETRIES = 100;
const CONTENT_TYPE = /^(text|application)\/[\w.+-]+(; ?charset=[\w-]+)?$/;

/** What holds for a subscription. @throws AwsError InvalidParameterException */
export function effectivePolicy(topic: string | undefined, subscription: string | undefined): EffectivePolicy {
  const ofTopic = (topic ? parse(topic) : {}) as TopicPolicy;
  const { disableSubscriptionOverrides: isFixed = false } = ofTopic.http ?? {};
  const own = (subscription && !isFixed ? parse(subscription) : {}) as DeliveryPolicy;
  const healthyRetryPolicy = {
    ...DEFAULT,
    ...(own.healthyRetryPolicy ?? ofTopic.http?.defaultHealthyRetryPolicy),
  } as RetryPolicy;
  check(healthyRetryPolicy);
  const requestPolicy = own.requestPolicy ?? ofTopic.http?.defaultRequestPolicy ?? {};
  const type = requestPolicy.headerContentType;
  if (type !== undefined && !CONTENT_TYPE.test(type)) throw refused(`headerContentType ${type} is not supported`);
  return {
    healthyRetryPolicy,
    throttlePolicy: own.throttlePolicy ?? ofTopic.http?.defaultThrottlePolicy ?? {},
    requestPolicy,
  };
}

/** In ms, one for each attempt after the first. */
export function pausesOf(policy: RetryPolicy): number[] {
  const { minDelayTarget: min, maxDelayTarget: max, backoffFunction } = policy;
  const { numRetries, numNoDelayRetries: none, numMinDelayRetries: least, numMaxDelayRetries: most } = policy;
  const backoffs = numRetries - none - least - most;
  // From the least pause to the longest: evenly, or ever more steeply.
  const backoff = Array.from({ length: backoffs }, (_, index) => {
    const done = backoffs === 1 ? 1 : index / (backoffs - 1);
    if (backoffFunction === "linear") return min + (max - min) * done;
    if (backoffFunction === "arithmetic") return min + (max - min) * done ** 2;
    if (backoffFunction === "geometric") return min * (max / min) ** done;
    return Math.min(max, min * 2 ** index);
  });
  const phases = [fill(none, 0), fill(least, min), backoff, fill(most, max)];
  return phases.flat().map((seconds) => Math.round(seconds * 1000));
}

const fill = (count: number, seconds: number): number[] => new Array<number>(count).fill(seconds);

function check(policy: RetryPolicy): void {
  const { minDelayTarget: min, maxDelayTarget: max, numRetries, backoffFunction } = policy;
  const { numNoDelayRetries, numMinDelayRetries, numMaxDelayRetries } = policy;
  const counts = { numRetries, numNoDelayRetries, numMinDelayRetries, numMaxDelayRetries };
  for (const [name, count] of Object.entries(counts)) {
    if (!(Number.isInteger(count) && count >= 0 && count <= MOST_RETRIES)) {
      throw refused(`${name} is a number from 0 to ${MOST_RETRIES}`);
    }
  }
  if (!(Number.isInteger(min) && min >= 1)) throw refused("minDelayTarget is a number of seconds from 1");
  if (!(Number.isInteger(max) && max >= min && max <= LONGEST_SECONDS)) {
    throw refused(`maxDelayTarget is a number of seconds from minDelayTarget to ${LONGEST_SECONDS}`);
  }
  if (!["linear", "arithmetic", "geometric", "exponential"].includes(backoffFunction)) {
    throw refused(`backoffFunction ${backoffFunction} is not one of linear, arithmetic, geometric, exponential`);
  }
  if (numNoDelayRetries + numMinDelayRetries + numMaxDelayRetries > numRetries) {
    throw refused("numRetries has to cover the retries of all phases");
  }
  if (pausesOf(policy).reduce((sum, pause) => sum + pause, 0) > LONGEST_SECONDS * 1000) {
    throw refused(`The retries may take ${LONGEST_SECONDS} seconds together`);
  }
}

function parse(text: string): object {
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {}
  throw refused("it is not a JSON object");
}

function refused(problem: string): AwsError {
  return new AwsError("InvalidParameterException", `Invalid parameter: DeliveryPolicy: ${problem}`);
}
