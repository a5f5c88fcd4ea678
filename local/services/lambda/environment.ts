/**
 * One execution environment: a process of its own, one invocation at a time, gone for good at a timeout, at an exit or
 * over its memory limit. Between invocations it is not frozen.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Credentials, Timer } from "../../service.ts";
import type { FunctionConfig } from "./function-config.ts";
import type { StreamLog } from "./function-log.ts";
import { endLines, reportLine, startLine } from "./log-lines.ts";
import { residentBytes } from "./memory.ts";
import type { RuntimeApi } from "./runtime-api.ts";
import { eachLine, exitReason, spawnRuntime } from "./runtime-process.ts";

/** Lambda's own limit for everything before the first invocation. */
const INIT_LIMIT_MS = 10_000;
/** Credentials last twelve hours. */
const MAX_AGE_MS = 11 * 3_600_000;
const MEMORY_CHECK_MS = 250;
export const RESPONSE_LIMIT_BYTES = 6_291_556;

export interface Invocation {
  requestId: string;
  payload: string | Uint8Array;
  invokedArn: string;
  clientContext?: string;
  tenantId?: string;
  /** How long the environment may wait for more work afterwards. */
  keepWarmMs: number;
  /** Collects the invocation's log for `LogType: Tail`. */
  tail?: string[];
  done(result: InvocationResult): void;
}

export interface InvocationResult {
  payload: Buffer;
  functionError?: "Unhandled";
}

export interface EnvironmentOptions {
  config: FunctionConfig;
  clock: Clock;
  runtime: RuntimeApi;
  codeDirectory: string;
  /** Directories of the function's layers. */
  layers: string[];
  stateDirectory: string;
  endpoint: string;
  region: string;
  credentials: Credentials;
  streamName: string;
  log: StreamLog;
  onIdle(environment: Environment): void;
  onGone(environment: Environment): void;
}

export interface Environment {
  readonly id: string;
  /** When it last became free; undefined while it starts or works. */
  idleSince?: number;
  keepWarmMs: number;
  readonly expired: boolean;
  /** True until its runtime asks for the first invocation. */
  readonly starting: boolean;
  /** Takes an invocation; while it starts, the first one waits for it. */
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

  let send: ((head: string, body: string | Uint8Array) => void) | undefined;
  let current: Invocation | undefined;
  let tail: string[] | undefined;
  let begun = 0;
  let timer: Timer | undefined;
  let initMs: number | undefined = 0;
  let peakBytes = 0;
  let lastMemoryCheck = 0;
  let gone = false;

  runtime.attach(id, {
    next(sender) {
      send = sender;
      if (initMs === 0) initMs = performance.now() - spawnedAt;
      if (current) begin(current);
      else becomeIdle();
    },
    response: (requestId, body) => {
      if (current?.requestId !== requestId) return;
      if (body.length > RESPONSE_LIMIT_BYTES) return settle(tooLarge(body.length), "Unhandled", "error");
      settle(body, undefined, "success");
    },
    error: (requestId, body) => {
      if (current?.requestId === requestId) settle(body, "Unhandled", "error");
    },
    initError: (body) => {
      if (current) settle(body, "Unhandled", "error", "init");
      end();
    },
  });

  const child = spawnRuntime(options, id, temporary);
  child.once("error", (error) => died(String(error)));
  child.once("exit", (code, signal) => died(exitReason(code, signal)));
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
    get starting() {
      return send === undefined && initMs === 0 && !gone;
    },
    get expired() {
      return clock.now() - startedAt > MAX_AGE_MS;
    },
    invoke(invocation) {
      environment.idleSince = undefined;
      environment.keepWarmMs = invocation.keepWarmMs;
      current = invocation;
      tail = invocation.tail;
      if (send) begin(invocation);
      else timer = clock.after(INIT_LIMIT_MS + config.timeoutSeconds * 1000, timedOut);
    },
    kill: end,
  };
  return environment;

  function begin(invocation: Invocation): void {
    const deliver = send!;
    send = undefined;
    timer?.cancel();
    begun = performance.now();
    timer = clock.after(config.timeoutSeconds * 1000, timedOut);
    log.platform(startLine(config, invocation.requestId), invocation.tail);
    const { payload } = invocation;
    const length = typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
    let head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: ${invocation.requestId}\r\nLambda-Runtime-Deadline-Ms: ${Date.now() + config.timeoutSeconds * 1000}\r\nLambda-Runtime-Invoked-Function-Arn: ${invocation.invokedArn}\r\nLambda-Runtime-Trace-Id: ${traceId()}\r\nContent-Length: ${length}\r\n`;
    if (invocation.clientContext) head += `Lambda-Runtime-Client-Context: ${invocation.clientContext}\r\n`;
    if (invocation.tenantId) head += `Lambda-Runtime-Aws-Tenant-Id: ${invocation.tenantId}\r\n`;
    deliver(`${head}\r\n`, payload);
  }

  function settle(
    payload: Buffer,
    functionError: "Unhandled" | undefined,
    status: "success" | "error" | "timeout",
    phase: "init" | "invoke" = "invoke",
  ): void {
    const invocation = current!;
    const init = initMs || undefined;
    if (init) peakBytes = Math.max(peakBytes, residentBytes(child.pid!));
    const durationMs = phase === "init" || begun === 0 ? 0 : performance.now() - begun;
    current = undefined;
    begun = 0;
    timer?.cancel();
    timer = undefined;
    initMs = undefined;
    const report = { requestId: invocation.requestId, durationMs, initMs: init, peakBytes, status };
    // What the function wrote is on its way through a pipe: let it be read first.
    const conclude = () => log.platform([...endLines(config, report), reportLine(config, report)], tail);
    if (!tail) {
      invocation.done({ payload, functionError });
      setImmediate(conclude);
      return;
    }
    setTimeout(() => {
      conclude();
      invocation.done({ payload, functionError });
    }, 5);
  }

  function becomeIdle(): void {
    environment.idleSince = clock.now();
    options.onIdle(environment);
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
    runtime.detach(id);
    child.kill("SIGKILL");
    child.unref();
    rmSync(pidFile, { force: true });
    rmSync(temporary, { recursive: true, force: true, maxRetries: 3 });
    if (current) exited("Runtime exited without providing a reason");
    options.onGone(environment);
  }
}

function failure(errorType: string, errorMessage: string): Buffer {
  return Buffer.from(JSON.stringify({ errorType, errorMessage }));
}

function tooLarge(bytes: number): Buffer {
  return failure(
    "Function.ResponseSizeTooLarge",
    `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${RESPONSE_LIMIT_BYTES} bytes).`,
  );
}

/** Not sampled: nothing collects traces on this machine. */
function traceId(): string {
  const hex = randomUUID().replaceAll("-", "");
  return `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${hex.slice(0, 24)};Parent=${hex.slice(16)};Sampled=0`;
}
