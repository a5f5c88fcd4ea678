/** Who waits for a message: each is woken by what may be one, and by its time. */
import type { Clock } from "../../service.ts";

export class Waiters {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when there may be something, or time is up, or the wait is called off. */
  wait(ms: number, signals: (AbortSignal | undefined)[]): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#waiting.delete(done);
        for (const signal of signals) signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = this.#clock.after(ms, done);
      this.#waiting.add(done);
      for (const signal of signals) signal?.addEventListener("abort", done);
    });
  }

  wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
