/** A cloud with Lambda, and functions of a few lines each. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { InvokeCommand, type InvokeCommandInput, LambdaClient } from "@aws-sdk/client-lambda";
import type { Graph, Resource, Value } from "../../../engine/graph.ts";
import { type ManualClock, manualClock } from "../../../local/clock.ts";
import { type RunningCloud, type ServiceFactory, startCloud } from "../../../local/cloud.ts";
import type { LogLine } from "../../../local/service.ts";
import { iam } from "../../../local/services/iam/index.ts";
import { lambda } from "../../../local/services/lambda/index.ts";
import { logs } from "../../../local/services/logs/index.ts";
import { functionResource, ROLE_ARN, role } from "./resources.ts";

export interface LambdaCloud {
  running: RunningCloud;
  client: LambdaClient;
  clock: ManualClock;
  directory: string;
  lines: LogLine[];
  provision(...resources: Resource[]): Promise<void>;
  /** Makes a function whose module is `source`. */
  define(name: string, source: string, inputs?: Record<string, Value>): Promise<void>;
  /** Invokes through the SDK; the payload is read as JSON. */
  invoke(name: string, event?: unknown, more?: Partial<InvokeCommandInput>): Promise<Answer>;
  /** Everything in the function's log group. */
  logOf(name: string): Promise<string[]>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface Answer {
  status?: number;
  error?: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test's handler answers
  payload: any;
  log?: string;
}

export async function startLambda(services: Record<string, ServiceFactory> = {}): Promise<LambdaCloud> {
  const directory = mkdtempSync(join(tmpdir(), "terrace-lambda-"));
  // Signatures carry the real time: start there
  const clock = manualClock(Date.now());
  const lines: LogLine[] = [];
  const start = async () => {
    const running = await startCloud({
      directory,
      clock,
      services: { iam, logs, lambda, ...services },
      log: (line) => lines.push(line),
    });
    await provisionAll(running, [role(ROLE_ARN, [{ Effect: "Allow", Action: "*", Resource: "*" }])]);
    return { running, client: new LambdaClient({ ...running.client(), maxAttempts: 1 }) };
  };
  const cloud: LambdaCloud = {
    ...(await start()),
    clock,
    directory,
    lines,
    provision: (...resources) => provisionAll(cloud.running, resources),
    define: (name, source, inputs) => cloud.provision(functionResource(name, source, inputs)),
    async invoke(name, event = {}, more = {}) {
      const output = await cloud.client.send(
        new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(event)), ...more }),
      );
      const text = output.Payload?.transformToString() ?? "";
      return {
        status: output.StatusCode,
        error: output.FunctionError,
        payload: text === "" ? undefined : JSON.parse(text),
        log: output.LogResult && Buffer.from(output.LogResult, "base64").toString(),
      };
    },
    async logOf(name) {
      const { events } = await cloud.running
        .call("logs", "FilterLogEvents", { logGroupName: `/aws/lambda/${name}` })
        .catch(() => ({ events: [] }));
      return (events as { message: string }[]).map(({ message }) => message);
    },
    async restart() {
      cloud.client.destroy();
      await cloud.running.stop();
      Object.assign(cloud, await start());
    },
    async stop() {
      cloud.client.destroy();
      await cloud.running.stop();
      for (const folder of [directory, ...temporaryFolders.splice(0)]) rmSync(folder, { recursive: true, force: true });
    },
  };
  return cloud;
}

function provisionAll(running: RunningCloud, resources: Resource[]): Promise<void> {
  return running.provision({ resources } as unknown as Graph);
}

/** How long something may take that comes at once on an idle machine: it is a defect only where it never comes. */
const PATIENCE_MS = 25_000;
/** From then on it is asked less often: a `read` that moves the clock is not to run past a function's time limit meanwhile. */
const SOON_MS = 2_000;

/** Waits for what another process is about to do. */
export async function eventually<T>(read: () => T | Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const begun = performance.now();
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    const waited = performance.now() - begun;
    if (waited > PATIENCE_MS) throw new Error(`never came true; last: ${JSON.stringify(value)}`);
    await delay(waited < SOON_MS ? 10 : 50);
  }
}

/** The lines of a file that another process writes: of the one that it is writing, nothing. */
export function linesOf(path: string): string[] {
  const text = readFileSync(path, "utf8");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter(Boolean);
}

/** Removed when a cloud stops. */
const temporaryFolders: string[] = [];

/** A file by which functions and tests talk: its path leads past what an environment's own files are (on Linux only). */
export function temporaryFile(name: string, text = ""): string {
  const folder = mkdtempSync(join(tmpdir(), "terrace-lambda-"));
  temporaryFolders.push(folder);
  const path = join(folder, name);
  writeFileSync(path, text);
  return process.platform === "linux" ? `/proc/self/root${path}` : path;
}
