/**
 * The environments of one function. A free one takes the next invocation; a new one starts when there is none at all, or
 * when an invocation has waited for longer than most take: every environment is a process, and memory is what a
 * developer's machine has least of.
 */
import { availableParallelism } from "node:os";
import type { Clock, Timer } from "../../../service.ts";
import type { Environment } from "./environment.ts";
import type { Invocation } from "./invocation.ts";

/** How long an invocation waits for environments that finish nothing before another one starts. */
const SCALE_OUT_AFTER_MS = 30;
/** And how long when they do finish invocations: a queue that moves is served soonest by who is there. */
const SCALE_OUT_AT_LAST_MS = 250;
/** More processes than processors finish nothing sooner, unless those that there are only wait. */
const BUSY_ENVIRONMENTS = Math.max(2, availableParallelism());
/** From here on what is there counts as waiting: for a slow server, or for ever. */
const STUCK_AFTER_MS = 1000;
/** Behind a wait that is shorter, a process that sleeps is not woken: that takes half as long, and both then share the processors. */
const WAKING_MS = 2;
/** Lambda would start up to a thousand. */
const MAX_ENVIRONMENTS = 8;
const REAP_EVERY_MS = 5_000;

export interface Pool {
  /** Hands the invocation to an environment, now or as soon as one is free. */
  submit(invocation: Invocation): void;
  /** Invocations that run or wait. */
  readonly active: number;
  readonly size: number;
  /** Keeps so many environments there, started ahead: at most as many as the machine has processors. 0 ends that. */
  provision(count: number): void;
  /** Of what `provision` asked for. */
  readonly provisioning: "done" | "in progress" | "failed";
  /** Ends idle environments now and busy ones after what they do: the function was changed. */
  retire(): void;
  kill(): void;
}

export interface PoolEvents {
  onIdle(environment: Environment): void;
  onRoom(environment: Environment): void;
  onReturned(invocations: Invocation[]): void;
  onGone(environment: Environment): void;
}

export interface PoolOptions {
  clock: Clock;
  maxEnvironments?: number;
  /** Throws where none can start (a role that Lambda may not assume). */
  start(events: PoolEvents, isProvisioned: boolean): Environment;
}

export function pool({ clock, maxEnvironments = MAX_ENVIRONMENTS, start }: PoolOptions): Pool {
  const idle: Environment[] = [];
  const all = new Set<Environment>();
  const waiting: { invocation: Invocation; since: number }[] = [];
  let active = 0;
  let scaleOut: Timer | undefined;
  let reaper: Timer | undefined;
  let lastDone = 0;
  let retired = false;
  let provisioned = 0;
  /** One that was started ahead did not come up: nor would the next one. */
  let failed = false;

  const events: PoolEvents = {
    onIdle(environment) {
      if (retired || environment.expired) {
        environment.kill();
        return;
      }
      const next = waiting.shift();
      if (next) environment.invoke(next.invocation);
      else idle.push(environment);
    },
    onRoom(environment) {
      while (waiting.length > 0 && takesAhead(environment, waiting[0]!.invocation)) {
        environment.invoke(waiting.shift()!.invocation);
      }
    },
    onReturned(invocations) {
      const since = clock.now();
      waiting.unshift(...invocations.map((invocation) => ({ invocation, since })));
      // Who comes back has waited for long enough, and another environment may be free.
      for (const free of idle.splice(0)) {
        const next = waiting.shift();
        if (next) free.invoke(next.invocation);
        else idle.push(free);
      }
      if (waiting.length > 0) scaleOut ??= clock.after(SCALE_OUT_AFTER_MS, grow);
    },
    onGone(environment) {
      all.delete(environment);
      const at = idle.indexOf(environment);
      if (at >= 0) idle.splice(at, 1);
      const next = waiting.length > 0 && !retired ? waiting.shift() : undefined;
      if (next) launch(next.invocation);
      failed ||= !environment.hasStarted;
      startAhead();
    },
  };

  function startAhead(): void {
    while (!retired && !failed && all.size < provisioned) {
      try {
        const environment = start(events, true);
        environment.keepWarmMs = Number.POSITIVE_INFINITY;
        all.add(environment);
      } catch {
        failed = true;
      }
    }
    if (all.size > 0) reaper ??= clock.after(REAP_EVERY_MS, reap);
  }

  function submit(invocation: Invocation): void {
    count(invocation);
    const busy = waiting.length === 0 ? soonest(invocation) : undefined;
    const free = busy && (idle.length === 0 || busy.waitMs < WAKING_MS) ? busy : idle.pop();
    if (free) free.invoke(invocation);
    else if (all.size === 0) launch(invocation);
    else {
      waiting.push({ invocation, since: clock.now() });
      scaleOut ??= clock.after(SCALE_OUT_AFTER_MS, grow);
    }
  }

  function count(invocation: Invocation): void {
    const { done } = invocation;
    active++;
    invocation.done = (result) => {
      active--;
      lastDone = clock.now();
      done(result);
    };
  }

  function soonest(invocation: Invocation): Environment | undefined {
    let found: Environment | undefined;
    for (const each of all) {
      if (takesAhead(each, invocation) && !(found && found.waitMs <= each.waitMs)) found = each;
    }
    return found;
  }

  /** A log tail is told apart by who runs alone. */
  function takesAhead(environment: Environment, { tail }: Invocation): boolean {
    return tail === undefined && !retired && environment.canQueue;
  }

  function launch(invocation: Invocation): void {
    let environment: Environment;
    try {
      environment = start(events, false);
    } catch (error) {
      invocation.done(startFailure(error));
      return;
    }
    all.add(environment);
    reaper ??= clock.after(REAP_EVERY_MS, reap);
    environment.invoke(invocation);
  }

  /** What has arrived in the meantime is read first: it may be that only this process was slow. */
  function grow(): void {
    setImmediate(() => {
      scaleOut = undefined;
      const [first] = waiting;
      if (!first || retired) return;
      const now = clock.now();
      const waited = now - first.since;
      const idleFor = Math.min(waited, now - lastDone);
      const crowded = waiting.length >= 4 * all.size;
      const wanted = crowded || idleFor >= SCALE_OUT_AFTER_MS || waited >= SCALE_OUT_AT_LAST_MS;
      const most = idleFor >= STUCK_AFTER_MS ? maxEnvironments : Math.min(maxEnvironments, BUSY_ENVIRONMENTS);
      // One start at a time: starting is what takes the processor, and several at once are all late.
      const starting = [...all].some((environment) => environment.starting);
      if (wanted && !starting && all.size < most) {
        waiting.shift();
        launch(first.invocation);
      }
      if (waiting.length > 0) scaleOut = clock.after(SCALE_OUT_AFTER_MS, grow);
    });
  }

  function reap(): void {
    reaper = undefined;
    const now = clock.now();
    for (const environment of [...idle]) {
      if (environment.expired || now - (environment.idleSince ?? now) >= environment.keepWarmMs) environment.kill();
    }
    if (all.size > 0) reaper = clock.after(REAP_EVERY_MS, reap);
  }

  return {
    submit,
    get active() {
      return active;
    },
    get size() {
      return all.size;
    },
    provision(count) {
      provisioned = Math.min(count, maxEnvironments, BUSY_ENVIRONMENTS);
      failed = false;
      if (count === 0) for (const environment of all) environment.keepWarmMs = 0;
      startAhead();
    },
    get provisioning() {
      if (failed) return "failed";
      let started = 0;
      for (const environment of all) if (environment.hasStarted) started++;
      return started >= provisioned ? "done" : "in progress";
    },
    retire() {
      retired = true;
      for (const environment of [...idle]) environment.kill();
    },
    kill() {
      retired = true;
      scaleOut?.cancel();
      reaper?.cancel();
      for (const { invocation } of waiting.splice(0)) invocation.done(startFailure("The service is stopping."));
      for (const environment of [...all]) environment.kill();
    },
  };
}

function startFailure(error: unknown) {
  const errorMessage = error instanceof Error ? error.message : String(error);
  const payload = Buffer.from(JSON.stringify({ errorType: "AccessDeniedException", errorMessage }));
  return { payload, functionError: "Unhandled" as const };
}
