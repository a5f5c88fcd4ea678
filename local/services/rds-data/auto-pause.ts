/**
 * A cluster whose capacity may fall to zero pauses once nobody has used it for a while. The call that finds it paused
 * fails and wakes it; those that come before it is awake fail as well.
 */

import { createHash } from "node:crypto";
import { AwsError, type Clock } from "../../service.ts";

export interface AutoPauseOptions {
  clock: Clock;
  /** The cluster's ARN. */
  arn: string;
  /** Milliseconds from the call that finds the cluster paused until it answers. */
  resumeMs: number;
  /** Told once for each pause that a call ends. */
  onResume(pausedMs: number): void;
}

export class AutoPause {
  /** Milliseconds without use before the cluster pauses; undefined: it never does. */
  afterMs: number | undefined;
  readonly #options: AutoPauseOptions;
  /** When it is, or was, awake again. */
  #readyAt: number;

  constructor(options: AutoPauseOptions) {
    this.#options = options;
    this.#readyAt = options.clock.now();
  }

  /** @param unusedSince as for `wake` */
  isPaused(unusedSince: number | undefined): boolean {
    if (this.afterMs === undefined || unusedSince === undefined) return false;
    return this.#options.clock.now() >= Math.max(unusedSince, this.#readyAt) + this.afterMs;
  }

  /**
   * A call has come.
   * @param unusedSince when the last statement or transaction ended; undefined while one is open
   * @throws AwsError DatabaseResumingException when the cluster was paused, or is not yet awake
   */
  wake(unusedSince: number | undefined): void {
    const { clock, resumeMs, onResume } = this.#options;
    const now = clock.now();
    if (now < this.#readyAt) throw resuming(this.#options.arn);
    if (this.afterMs === undefined || unusedSince === undefined) return;
    const pausedAt = Math.max(unusedSince, this.#readyAt) + this.afterMs;
    if (now < pausedAt) return;
    this.#readyAt = now + resumeMs;
    onResume(now - pausedAt);
    throw resuming(this.#options.arn);
  }
}

/** AWS names the instance by its resource id: `db-` and 26 letters and digits. */
export function resuming(clusterArn: string): AwsError {
  const digest = createHash("sha256").update(clusterArn).digest("hex");
  const instance = `db-${BigInt(`0x${digest}`).toString(36).toUpperCase().slice(0, 26)}`;
  return new AwsError(
    "DatabaseResumingException",
    `The Aurora DB instance ${instance} is resuming after being auto-paused. Please wait a few seconds and try again.`,
  );
}

const LEAST_SECONDS = 300;

/** `serverlessv2ScalingConfiguration` → milliseconds without use; undefined where the least capacity is not zero. */
export function autoPauseMs(scaling: unknown): number | undefined {
  const { minCapacity, secondsUntilAutoPause } = (scaling ?? {}) as {
    minCapacity?: number;
    secondsUntilAutoPause?: number;
  };
  return minCapacity === 0 ? (secondsUntilAutoPause ?? LEAST_SECONDS) * 1000 : undefined;
}
