/**
 * One execution environment: a process of its own, one invocation at a time, gone for good at a timeout, at an exit or
 * over its memory limit. Between invocations it is frozen: its process waits for one byte and does nothing else (see
 * freezer.ts). A quick function's process is sent the next few invocations while it runs one (see ahead.ts).
 */
import { randomBytes } from "node:crypto";
import type { Timer } from "../../../service.ts";
import { ahead as createAhead } from "./ahead.ts";
import type { Environment, EnvironmentOptions } from "./environment.ts";
import { environmentProcess, ownFolder } from "./environment-process.ts";
import { delivery, failure, type Invocation } from "./invocation.ts";
import { endLines, reportLine, startLine } from "./log-lines.ts";
import { memoryWatch } from "./memory.ts";
import { replies } from "./replies.ts";
import type { RuntimeClient } from "./runtime-api/runtime-client.ts";

/** Lambda's own limit for everything before the first invocation. */
const INIT_LIMIT_MS = 10_000;
/** Ahead of any invocation, there is more time for it. */
const PROVISIONED_INIT_LIMIT_MS = 900_000;
/** Credentials last twelve hours. */
const MAX_AGE_MS = 11 * 3_600_000;

export function startEnvironment(options: EnvironmentOptions): Environment {
  const { config, clock, runtime, log } = options;
  const id = randomBytes(16).toString("hex");
  const timeoutMs = config.timeoutSeconds * 1000;
  const startedAt = clock.now();
  const spawnedAt = performance.now();
  const folder = ownFolder(options.stateDirectory, id);

  const ahead = createAhead({
    clock,
    file: `${folder}.claims`,
    running: () => current,
    onReturned: options.onReturned,
  });
  const answers = replies({
    running: () => current,
    onSettled: (payload, isFailure) =>
      settle(payload, isFailure ? "Unhandled" : undefined, isFailure ? "error" : "success"),
    onExceeded: end,
  });
  let send: Parameters<RuntimeClient["ready"]>[0] | undefined;
  let queues = false;
  let sayFreeze: (() => void) | undefined;
  let isFrozen = false;
  let current: Invocation | undefined;
  let tail: string[] | undefined;
  let begunAt = 0;
  let timer: Timer | undefined;
  let initMs: number | undefined = 0;
  let gone = false;
  const client: RuntimeClient = {
    connected: () => child.connected(),
    ready(sender, queuesToo, freeze) {
      // Killed, and its last words are only read now.
      if (gone) return;
      send = sender;
      queues = queuesToo;
      sayFreeze = freeze;
      if (initMs === 0) {
        // What was started ahead is no invocation's cold start.
        initMs = current || !options.isProvisioned ? performance.now() - spawnedAt : undefined;
        if (!current) timer?.cancel();
      }
      proceed();
    },
    ...answers.client,
    initError(body) {
      if (current) settle(body, "Unhandled", "error", "init");
      end();
    },
    declined(requestId) {
      if (gone || ahead.declined(requestId)) return;
      // It looked begun when it was to be taken back, and was not.
      const held = current?.requestId === requestId ? current : ahead.remove(requestId);
      if (held === current) leave();
      if (held) options.onReturned([held]);
    },
    closed: () => child.disconnected(),
  };
  runtime.attach(id, client);

  const child = environmentProcess(options, id, {
    folder,
    claims: ahead.descriptor,
    onOutput(text) {
      tail?.push(text);
      log.write(text);
    },
    onDied: died,
  });
  const memory = memoryWatch(child.pid, config.memoryMb, {
    isBusy: () => current !== undefined,
    onExceeded: () => died("Runtime exited with error: signal: killed"),
  });

  const environment: Environment = {
    id,
    keepWarmMs: 0,
    idleRound: 0,
    get starting() {
      return send === undefined && initMs === 0 && !gone;
    },
    get hasStarted() {
      return initMs !== 0;
    },
    get expired() {
      return clock.now() - startedAt > MAX_AGE_MS;
    },
    get waitMs() {
      return ((current ? 1 : 0) + ahead.length) * ahead.typicalMs;
    },
    get canQueue() {
      return queues && current !== undefined && tail === undefined && ahead.hasRoom && !environment.expired;
    },
    invoke(invocation) {
      environment.idleSince = undefined;
      environment.keepWarmMs = invocation.keepWarmMs;
      if (isFrozen) child.awaken();
      isFrozen = false;
      if (current) send!({ ...delivery(invocation, timeoutMs), claim: ahead.add(invocation) });
      else if (send) begin(invocation);
      else {
        current = invocation;
        timer?.cancel();
        timer = clock.after(INIT_LIMIT_MS + timeoutMs, timedOut);
      }
    },
    freeze() {
      if (gone || !sayFreeze) return;
      isFrozen = true;
      sayFreeze();
    },
    kill: end,
  };
  if (options.isProvisioned) timer = clock.after(PROVISIONED_INIT_LIMIT_MS, end);
  return environment;

  function begin(invocation: Invocation): void {
    const deliver = send!;
    send = undefined;
    begins(invocation);
    deliver(delivery(invocation, timeoutMs));
    send = queues ? deliver : undefined;
  }

  /** The process begins it now, or has just done so. */
  function begins(invocation: Invocation): void {
    current = invocation;
    tail = invocation.tail;
    timer?.cancel();
    begunAt = performance.now();
    timer = clock.after(timeoutMs, timedOut);
    log.platform(startLine(config, invocation.requestId), invocation.tail);
  }

  /** The process has nothing to run, or runs what was sent ahead. */
  function proceed(): void {
    if (current) {
      if (begunAt === 0) begin(current);
      return;
    }
    const next = ahead.next();
    if (next) {
      begins(next);
      options.onRoom(environment);
    } else if (ahead.settled) becomeIdle();
  }

  function settle(
    payload: Buffer,
    functionError: "Unhandled" | undefined,
    status: "success" | "error" | "timeout",
    phase: "init" | "invoke" = "invoke",
  ): void {
    const invocation = current!;
    const init = initMs || undefined;
    if (init || memory.peakBytes === 0) memory.look();
    const durationMs = phase === "init" || begunAt === 0 ? 0 : performance.now() - begunAt;
    ahead.ran(durationMs, status === "success");
    answers.close(functionError && payload);
    leave();
    initMs = undefined;
    const report = { requestId: invocation.requestId, durationMs, initMs: init, peakBytes: memory.peakBytes, status };
    // What the function wrote is on its way through a pipe: let it be read first.
    const { tail } = invocation;
    const conclude = () => log.platform([...endLines(config, report), reportLine(config, report)], tail);
    if (!tail) {
      invocation.done({ payload, functionError, durationMs });
      setImmediate(conclude);
      return;
    }
    setTimeout(() => {
      conclude();
      invocation.done({ payload, functionError, durationMs });
    }, 5);
  }

  function leave(): void {
    current = undefined;
    begunAt = 0;
    timer?.cancel();
    timer = undefined;
  }

  function becomeIdle(): void {
    environment.idleSince = clock.now();
    options.onIdle(environment);
    if (environment.idleSince !== undefined) options.freezer.watch(environment);
  }

  function timedOut(): void {
    if (!current) return;
    const message = `Task timed out after ${config.timeoutSeconds.toFixed(2)} seconds`;
    const { requestId } = current;
    log.platform(`${new Date().toISOString()} ${requestId} ${message}`, current.tail);
    settle(failure("Sandbox.Timedout", `RequestId: ${requestId} Error: ${message}`), "Unhandled", "timeout");
    end();
  }

  function died(reason: string): void {
    if (current) exited(reason);
    end();
  }

  function exited(reason: string): void {
    const { requestId } = current!;
    settle(failure("Runtime.ExitError", `RequestId: ${requestId} Error: ${reason}`), "Unhandled", "error");
  }

  function end(): void {
    if (gone) return;
    gone = true;
    memory.stop();
    timer?.cancel();
    child.kill();
    runtime.detach(id);
    const { begun, returned } = ahead.end();
    for (const invocation of [current, ...begun]) {
      if (!invocation) continue;
      current = invocation;
      exited("Runtime exited without providing a reason");
    }
    if (returned.length > 0) options.onReturned(returned);
    options.onGone(environment);
  }
}
