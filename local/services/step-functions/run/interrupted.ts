/** Waiting that ends early: an execution was stopped, a sibling failed, the platform goes down. */
import type { Clock, Timer } from "../../../service.ts";

/** No Retry or Catch sees it, and nothing more is recorded. */
export class Interrupted extends Error {
  /** The platform goes down: the execution goes on later. */
  readonly isHalt: boolean;
  constructor(isHalt = false) {
    super("interrupted");
    this.isHalt = isHalt;
  }
}

export function sleepUntil(clock: Clock, at: number, signal: AbortSignal): Promise<void> {
  let timer: Timer | undefined;
  const slept = new Promise<void>((resolve) => {
    // A clock may not be able to wait for months at once.
    const arm = () => {
      const left = at - clock.now();
      if (left <= 0) resolve();
      else timer = clock.after(left, arm);
    };
    arm();
  });
  return interruptible(slept, signal).finally(() => timer?.cancel());
}

export function interruptible<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
