/** Time for the local cloud: the machine's own, or one that a test moves by hand. */
import type { Clock, Timer } from "./service.ts";

export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    after(delayMs, task) {
      // Longer delays than 2^31 ms fire at once in Node.
      const timer = setTimeout(task, Math.min(delayMs, 0x7fff_ffff));
      timer.unref();
      return { cancel: () => clearTimeout(timer) };
    },
  };
}

export interface ManualClock extends Clock {
  /** Moves time forward and runs what falls due, in order, giving promises a turn after each task. */
  advance(ms: number): Promise<void>;
}

export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start;
  let sequence = 0;
  const pending = new Set<{ at: number; order: number; task: () => void }>();
  const next = () => [...pending].sort((a, b) => a.at - b.at || a.order - b.order)[0];
  return {
    now: () => now,
    after(delayMs, task): Timer {
      const entry = { at: now + Math.max(0, delayMs), order: sequence++, task };
      pending.add(entry);
      return { cancel: () => void pending.delete(entry) };
    },
    async advance(ms) {
      const until = now + ms;
      for (let due = next(); due && due.at <= until; due = next()) {
        pending.delete(due);
        now = due.at;
        due.task();
        await new Promise((done) => setImmediate(done));
      }
      now = until;
      await new Promise((done) => setImmediate(done));
    },
  };
}
