/**
 * What an environment's process has been sent ahead: while a function proves to be quick, its process need not be woken for
 * each invocation. What then has to wait behind one that is not quick is taken back, to run in another environment.
 */
import type { Clock, Timer } from "../../../service.ts";
import { claims as openClaims } from "./claims.ts";
import type { Invocation } from "./invocation.ts";

/** A function is quick once so many more of its invocations took less than this. */
const QUICK_MS = 5;
const QUICK_RUNS = 32;
/** One that did not costs so many: a collection of garbage, or another process's turn, makes no function slow. */
const MOST_RUNS = 3 * QUICK_RUNS;
const LENGTH = 16;
/** How much the latest invocation counts in what one takes. */
const WEIGHT = 1 / 16;
/** How long an invocation waits behind the same other one. */
const PATIENCE_MS = 10;

export interface Ahead {
  /** Of the claims' file, for the process to inherit. */
  readonly descriptor: number;
  readonly length: number;
  /** Whether the process may be sent one more. */
  readonly hasRoom: boolean;
  /** What one invocation takes of late, ms. */
  readonly typicalMs: number;
  /** False while the process has not yet heard of everything that was taken back: until then it is not idle. */
  readonly settled: boolean;
  /** An invocation has ended. */
  ran(durationMs: number, succeeded: boolean): void;
  /** Its claim, to be sent along. */
  add(invocation: Invocation): number;
  /** The one that the process begins after the one that has ended. */
  next(): Invocation | undefined;
  /** The process has not begun this one. True when that was known already. */
  declined(invocation: string): boolean;
  /** Removes one that is still here. */
  remove(requestId: string): Invocation | undefined;
  /** The process has ended: which ones it had begun, and which ones it had not. */
  end(): { begun: Invocation[]; returned: Invocation[] };
}

export interface AheadOptions {
  clock: Clock;
  /** Path for the claims' file. */
  file: string;
  running(): Invocation | undefined;
  onReturned(invocations: Invocation[]): void;
}

export function ahead({ clock, file, running, onReturned }: AheadOptions): Ahead {
  const claims = openClaims(file);
  /** In the order in which the process will begin them. */
  let queued: { invocation: Invocation; claim: number }[] = [];
  /** Taken back, and not yet declined. */
  const takenBack = new Set<string>();
  let lastClaim = 0;
  let quickRuns = 0;
  let typicalMs = 0;
  let patience: Timer | undefined;

  function watch(): void {
    const watched = running();
    patience = clock.after(PATIENCE_MS, () => {
      patience = undefined;
      if (queued.length === 0) return;
      if (running() === watched) takeBack();
      else watch();
    });
  }

  function takeBack(): void {
    quickRuns = 0;
    claims.takeBack(queued[0]!.claim);
    const returned = unbegun();
    for (const { requestId } of returned) takenBack.add(requestId);
    if (returned.length > 0) onReturned(returned);
    else claims.takeBack(0);
  }

  function unbegun(): Invocation[] {
    const last = claims.begun();
    const rest = queued.filter(({ claim }) => claim > last);
    queued = queued.filter(({ claim }) => claim <= last);
    return rest.map(({ invocation }) => invocation);
  }

  return {
    descriptor: claims.descriptor,
    get length() {
      return queued.length;
    },
    get hasRoom() {
      return quickRuns >= QUICK_RUNS && queued.length < LENGTH && takenBack.size === 0;
    },
    get typicalMs() {
      return typicalMs;
    },
    get settled() {
      return takenBack.size === 0;
    },
    ran(durationMs, succeeded) {
      typicalMs += (durationMs - typicalMs) * WEIGHT;
      if (!succeeded) quickRuns = 0;
      else if (durationMs < QUICK_MS) quickRuns = Math.min(quickRuns + 1, MOST_RUNS);
      else quickRuns = Math.max(quickRuns - QUICK_RUNS, 0);
    },
    add(invocation) {
      const claim = ++lastClaim;
      queued.push({ invocation, claim });
      if (!patience) watch();
      return claim;
    },
    next: () => queued.shift()?.invocation,
    declined(requestId) {
      const known = takenBack.delete(requestId);
      if (takenBack.size === 0) claims.takeBack(0);
      return known;
    },
    remove(requestId) {
      const index = queued.findIndex(({ invocation }) => invocation.requestId === requestId);
      return index < 0 ? undefined : queued.splice(index, 1)[0]!.invocation;
    },
    end() {
      patience?.cancel();
      const returned = unbegun();
      const begun = queued.map(({ invocation }) => invocation);
      queued = [];
      claims.close();
      return { begun, returned };
    },
  };
}
