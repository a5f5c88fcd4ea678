/** How many requests a second something takes: a bucket of tokens, one for each request. */
import type { Clock } from "../../../service.ts";

export interface Throttle {
  /** Tokens a second. */
  rate: number;
  /** Tokens that the bucket holds. */
  burst: number;
}

export interface Bucket {
  tokens: number;
  /** ms since the epoch */
  at: number;
}

/** Undefined where nothing is limited: -1 stands for the account's own limits. */
export function readThrottle(rate: unknown, burst: unknown): Throttle | undefined {
  const [each, most] = [Number(rate ?? -1), Number(burst ?? -1)];
  if (each < 0 && most < 0) return undefined;
  return { rate: each < 0 ? 10_000 : each, burst: most < 0 ? Math.max(each, 1) : most };
}

/** Takes a token, if there is one. A full bucket is what there is at first. */
export function take(buckets: Map<string, Bucket>, key: string, { rate, burst }: Throttle, clock: Clock): boolean {
  const now = clock.now();
  let bucket = buckets.get(key);
  if (!bucket) {
    bucket = { tokens: burst, at: now };
    buckets.set(key, bucket);
  }
  bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * rate);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens--;
  return true;
}
