/** Keeps authorizers' answers for their time to live, and lets requests with the same identity share one that is on its way. */
import type { Clock } from "../../../service.ts";

export interface AuthorizationCache<Answer> {
  /** @param key What identifies the caller; undefined for an authorizer that keeps nothing. */
  get(key: string | undefined, ttlSeconds: number, decide: () => Promise<Answer>): Promise<Answer>;
}

const MAX_ENTRIES = 10_000;

/** @param keeps Whether an answer may be kept: a failure to decide is not one. */
export function authorizationCache<Answer>(
  clock: Clock,
  keeps: (answer: Answer) => boolean,
): AuthorizationCache<Answer> {
  const entries = new Map<string, { answer: Promise<Answer>; until: number }>();
  return {
    get(key, ttlSeconds, decide) {
      if (key === undefined || ttlSeconds <= 0) return decide();
      const now = clock.now();
      const known = entries.get(key);
      if (known && known.until > now) return known.answer;
      const entry = { answer: decide(), until: now + ttlSeconds * 1000 };
      if (entries.size >= MAX_ENTRIES) entries.clear();
      entries.set(key, entry);
      const forget = () => {
        if (entries.get(key) === entry) entries.delete(key);
      };
      entry.answer.then((answer) => keeps(answer) || forget(), forget);
      return entry.answer;
    },
  };
}
