/**
 * Freezes environments that have nothing to do, as Lambda does: no timer of a function runs between its invocations. All of
 * them share one timer, which stands still while all of them are frozen; under load none is idle for long enough.
 */

/** An environment is frozen between one and two of these after it became idle. */
const SWEEP_MS = 10;

/** What of an environment the freezer needs. */
export interface Freezable {
  /** Undefined while it works. */
  readonly idleSince?: number;
  /** The freezer's round when it became idle. */
  idleRound: number;
  freeze(): void;
}

export interface Freezer {
  /** It has become idle. */
  watch(environment: Freezable): void;
}

export function freezer(): Freezer {
  const watched = new Set<Freezable>();
  let round = 0;
  let timer: NodeJS.Timeout | undefined;

  function sweep(): void {
    timer = undefined;
    round++;
    for (const environment of watched) {
      const isBusy = environment.idleSince === undefined;
      if (!isBusy && environment.idleRound + 1 >= round) continue;
      watched.delete(environment);
      if (!isBusy) environment.freeze();
    }
    if (watched.size > 0) sweepLater();
  }

  function sweepLater(): void {
    timer = setTimeout(sweep, SWEEP_MS);
    timer.unref();
  }

  return {
    watch(environment) {
      environment.idleRound = round;
      watched.add(environment);
      if (!timer) sweepLater();
    },
  };
}
