/**
 * One execution environment: a process of its own, one invocation at a time, gone for good at a timeout, at an exit or
 * over its memory limit. Between invocations it is frozen: its process waits for one byte and does nothing else (see
 * freezer.ts). A quick function's process is sent the next few invocations while it runs one (see ahead.ts).
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Credentials, Timer } from "../../../service.ts";
import type { FunctionConfig } from "../function-config.ts";
import type { StreamLog } from "../function-log.ts";
import { ahead as createAhead } from "./ahead.ts";
import type { Freezable, Freezer } from "./freezer.ts";
import { failure, type Invocation, RESPONSE_LIMIT_BYTES, tooLarge, traceId } from "./invocation.ts";
import { endLines, reportLine, startLine } from "./log-lines.ts";
import { residentBytes } from "./memory.ts";
import type { RuntimeApi } from "./runtime-api/runtime-api.ts";
import type { RuntimeClient } from "./runtime-api/runtime-client.ts";
import { awaken, eachLine, exitReason, spawnRuntime } from "./runtime-process.ts";
import { STREAM_LIMIT_BYTES, type StreamedResponse, streamedResponse } from "./streamed-response.ts";

/** Lambda's own limit for everything before the first invocation. */
const INIT_LIMIT_MS = 10_000;
/** Ahead of any invocation, there is more time for it. */
const PROVISIONED_INIT_LIMIT_MS = 900_000;
/** Credentials last twelve hours. */
const MAX_AGE_MS = 11 * 3_600_000;
const MEMORY_CHECK_MS = 250;
/** What a process said before it ended is seen within this. */
const LAST_WORDS_MS = 50;

export interface EnvironmentOptions {
  config: FunctionConfig;
  clock: Clock;
  runtime: RuntimeApi;
  freezer: Freezer;
  /** Started ahead, for no invocation yet. */
  isProvisioned: boolean;
  codeDirectory: string;
  /** Directories of the function's layers. */
  layers: string[];
  stateDirectory: string;
  endpoint: string;
  /** Where tracers send segments; absent without active tracing. */
  traceDaemon?: string;
  region: string;
  credentials: Credentials;
  streamName: string;
  log: StreamLog;
  onIdle(environment: Environment): void;
  /** An invocation has ended and another one runs: there is room for one more (see `canQueue`). */
  onRoom(environment: Environment): void;
  /** Invocations that were sent ahead and have not begun. */
  onReturned(invocations: Invocation[]): void;
  onGone(environment: Environment): void;
}

export interface Environment extends Freezable {
  readonly id: string;
  /** When it last became free; undefined while it starts or works. */
  idleSince?: number;
  keepWarmMs: number;
  readonly expired: boolean;
  /** True until its runtime asks for the first invocation. */
  readonly starting: boolean;
  /** True from then on. */
  readonly hasStarted: boolean;
  /** How long one more would wait in it, as far as can be told, ms. */
  readonly waitMs: number;
  /** Whether it may be given an invocation while it runs another one. */
  readonly canQueue: boolean;
  /** Takes an invocation when it is idle, when it `canQueue`, and the first one while it starts. */
  invoke(invocation: Invocation): void;
  kill(): void;
}

export function startEnvironment(options: EnvironmentOptions): Environment {
  const { config, clock, runtime, log } = options;
  const id = randomBytes(16).toString("hex");
  const startedAt = clock.now();
  const spawnedAt = performance.now();
  const temporary = join(options.stateDirectory, "tmp", id);
  mkdirSync(temporary, { recursive: true });

  const ahead = createAhead({
    clock,
    file: `${temporary}.claims`,
    running: () => current,
    onReturned: options.onReturned,
  });
  let send: Parameters<RuntimeClient["ready"]>[0] | undefined;
  let queues = false;
  let sayFreeze: (() => void) | undefined;
  let isFrozen = false;
  let current: Invocation | undefined;
  let tail: string[] | undefined;
  let streamed: StreamedResponse | undefined;
  let begunAt = 0;
  let timer: Timer | undefined;
  let initMs: number | undefined = 0;
  let peakBytes = 0;
  let lastMemoryCheck = 0;
  let connection: "none" | "open" | "closed" = "none";
  let exit: string | undefined;
  let gone = false;
  const client: RuntimeClient = {
    connected: () => {
      connection = "open";
    },
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
    response(requestId, body) {
      if (current?.requestId !== requestId) return;
      if (body.length > RESPONSE_LIMIT_BYTES)
        return settle(tooLarge(body.length, RESPONSE_LIMIT_BYTES), "Unhandled", "error");
      settle(body, undefined, "success");
    },
    error(requestId, body) {
      if (current?.requestId === requestId) settle(body, "Unhandled", "error");
    },
    streamBegin(requestId, contentType) {
      if (current?.requestId === requestId) streamed ??= streamedResponse(contentType, current.onStream);
    },
    streamChunk(requestId, chunk, resume) {
      if (current?.requestId !== requestId || !streamed) return true;
      const limit = current.onStream ? STREAM_LIMIT_BYTES : RESPONSE_LIMIT_BYTES;
      if (streamed.bytes + chunk.length <= limit) return streamed.write(chunk, resume);
      settle(tooLarge(streamed.bytes + chunk.length, limit), "Unhandled", "error");
      // It would go on writing, and nobody would stop it.
      end();
      return true;
    },
    streamEnd(requestId, error) {
      if (current?.requestId === requestId) streamed?.end(error);
    },
    streamDone(requestId) {
      if (current?.requestId !== requestId || !streamed) return;
      const { error } = streamed;
      if (error) settle(error, "Unhandled", "error");
      else settle(streamed.collected(), undefined, "success");
    },
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
    closed() {
      connection = "closed";
      if (exit !== undefined) died(exit);
    },
  };
  runtime.attach(id, client);

  const child = spawnRuntime(options, id, temporary, ahead.descriptor);
  child.once("error", (error) => died(String(error)));
  child.once("exit", (code, signal) => {
    exit = exitReason(code, signal);
    // Its last words may not have been read yet, and its connection may not have been seen.
    if (connection === "closed") died(exit);
    else if (connection === "none") {
      // A turn after the time: where this process was the slow one, what waits to be read is read first.
      setTimeout(() => setImmediate(() => connection !== "open" && died(exit!)), LAST_WORDS_MS);
    }
  });
  for (const stream of [child.stdout!, child.stderr!]) {
    eachLine(stream, (line) => {
      // The runtime writes a message of several lines with carriage returns, to keep it one event.
      const text = line.replaceAll("\r", "\n");
      tail?.push(text);
      log.write(text);
    });
  }
  const pidFile = join(options.stateDirectory, "pids", String(child.pid));
  writeFileSync(pidFile, "");
  const memoryWatch = setInterval(checkMemory, MEMORY_CHECK_MS);
  memoryWatch.unref();

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
      if (isFrozen) thaw();
      if (current) send!({ ...delivery(invocation), claim: ahead.add(invocation) });
      else if (send) begin(invocation);
      else {
        current = invocation;
        timer?.cancel();
        timer = clock.after(INIT_LIMIT_MS + config.timeoutSeconds * 1000, timedOut);
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

  function thaw(): void {
    isFrozen = false;
    awaken(child);
  }

  function begin(invocation: Invocation): void {
    const deliver = send!;
    send = undefined;
    begins(invocation);
    deliver(delivery(invocation));
    send = queues ? deliver : undefined;
  }

  /** The process begins it now, or has just done so. */
  function begins(invocation: Invocation): void {
    current = invocation;
    tail = invocation.tail;
    timer?.cancel();
    begunAt = performance.now();
    timer = clock.after(config.timeoutSeconds * 1000, timedOut);
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

  function delivery({ requestId, payload, invokedArn, clientContext, tenantId, traceHeader }: Invocation) {
    const deadlineMs = Date.now() + config.timeoutSeconds * 1000;
    const trace = traceHeader ?? traceId();
    return { requestId, payload, invokedArn, deadlineMs, traceId: trace, clientContext, tenantId };
  }

  function settle(
    payload: Buffer,
    functionError: "Unhandled" | undefined,
    status: "success" | "error" | "timeout",
    phase: "init" | "invoke" = "invoke",
  ): void {
    const invocation = current!;
    const init = initMs || undefined;
    if (init || peakBytes === 0) peakBytes = Math.max(peakBytes, residentBytes(child.pid!));
    const durationMs = phase === "init" || begunAt === 0 ? 0 : performance.now() - begunAt;
    ahead.ran(durationMs, status === "success");
    streamed?.end(functionError && payload);
    leave();
    initMs = undefined;
    const report = { requestId: invocation.requestId, durationMs, initMs: init, peakBytes, status };
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
    streamed = undefined;
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

  function checkMemory(): void {
    // An idle environment neither grows nor fails anybody.
    if (!current && performance.now() - lastMemoryCheck < 5_000) return;
    lastMemoryCheck = performance.now();
    const bytes = residentBytes(child.pid!);
    if (bytes > peakBytes) peakBytes = bytes;
    if (bytes <= config.memoryMb * 1024 * 1024) return;
    if (current) exited("Runtime exited with error: signal: killed");
    end();
  }

  function end(): void {
    if (gone) return;
    gone = true;
    clearInterval(memoryWatch);
    timer?.cancel();
    child.kill("SIGKILL");
    runtime.detach(id);
    child.unref();
    const { begun, returned } = ahead.end();
    rmSync(pidFile, { force: true });
    rmSync(temporary, { recursive: true, force: true, maxRetries: 3 });
    for (const invocation of [current, ...begun]) {
      if (!invocation) continue;
      current = invocation;
      exited("Runtime exited without providing a reason");
    }
    if (returned.length > 0) options.onReturned(returned);
    options.onGone(environment);
  }
}
