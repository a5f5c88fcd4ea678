/** What a distribution's edges keep, in memory: by what the cache policy makes a key of, for as long as its times allow. */

import type { Lifetimes } from "./behavior.ts";
import { type Answer, one } from "./message.ts";

export interface Entry extends Answer {
  distributionId: string;
  /** Of the request, for invalidations: decoded as far as it can be. */
  path: string;
  storedAt: number;
  freshUntil: number;
}

export interface EdgeCache {
  get(key: string): Entry | undefined;
  put(key: string, entry: Entry): void;
  /** @param patterns `/index.html`, `/images/*` */
  invalidate(distributionId: string, patterns: string[]): void;
  /** All that a distribution has, when it is another now. */
  forget(distributionId: string): void;
}

const MAX_BYTES = 64 * 1024 * 1024;
/** Larger answers are fetched anew each time. */
export const MAX_ENTRY_BYTES = 8 * 1024 * 1024;

export function edgeCache(): EdgeCache {
  const entries = new Map<string, Entry>();
  let size = 0;

  function remove(key: string): void {
    size -= entries.get(key)?.body.length ?? 0;
    entries.delete(key);
  }

  function removeWhere(found: (entry: Entry) => boolean): void {
    for (const [key, entry] of entries) if (found(entry)) remove(key);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      // The one that was asked for last is the last to go.
      entries.delete(key);
      entries.set(key, entry);
      return entry;
    },
    put(key, entry) {
      remove(key);
      entries.set(key, entry);
      size += entry.body.length;
      for (const oldest of entries.keys()) {
        if (size <= MAX_BYTES) return;
        remove(oldest);
      }
    },
    invalidate(distributionId, patterns) {
      const matchers = patterns.map((pattern) => {
        const path = decoded(pattern);
        const isPrefix = path.endsWith("*");
        return (given: string) => (isPrefix ? given.startsWith(path.slice(0, -1)) : given === path);
      });
      removeWhere(
        (entry) => entry.distributionId === distributionId && matchers.some((matches) => matches(entry.path)),
      );
    },
    forget: (distributionId) => removeWhere((entry) => entry.distributionId === distributionId),
  };
}

export function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

/** Seconds that an answer may be kept: what the origin says, between the policy's limits. */
export function secondsToKeep({ headers }: Answer, { min, byDefault, max }: Lifetimes, nowMs: number): number {
  const control = one(headers, "cache-control")?.toLowerCase() ?? "";
  if (/(^|[\s,])(no-cache|no-store|private)($|[\s,=])/.test(control)) return min;
  const age = /(?:^|[\s,])s-maxage=(\d+)/.exec(control) ?? /(?:^|[\s,])max-age=(\d+)/.exec(control);
  const expires = one(headers, "expires");
  let seconds: number | undefined;
  if (age) seconds = Number(age[1]);
  else if (expires !== undefined) seconds = Math.max(0, (Date.parse(expires) - nowMs) / 1000 || 0);
  if (seconds === undefined) return Math.max(min, byDefault);
  return Math.max(min, Math.min(seconds, Math.max(max, min)));
}
