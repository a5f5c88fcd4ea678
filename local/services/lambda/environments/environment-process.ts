/** The process of one environment, from its start until nothing of it is left. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EnvironmentOptions } from "./environment.ts";
import { awaken, eachMessage, exitReason, spawnRuntime } from "./runtime-process.ts";

/** What a process said before it ended is seen within this. */
const LAST_WORDS_MS = 50;

export interface EnvironmentProcess {
  readonly pid: number;
  /** Its runtime has said who it is. */
  connected(): void;
  /** All that its runtime has said has been read. */
  disconnected(): void;
  /** Frozen, it goes on. */
  awaken(): void;
  /** Its files go with it. */
  kill(): void;
}

export interface EnvironmentProcessOptions {
  /** See `ownFolder`. */
  folder: string;
  /** Descriptor of the claims' file. */
  claims: number;
  onOutput(text: string): void;
  /** It has ended, and nothing of what it said is still to be read. */
  onDied(reason: string): void;
}

/** What `/tmp` is in the environment: see runtime/own-files.cjs. */
export function ownFolder(stateDirectory: string, id: string): string {
  const folder = join(stateDirectory, "tmp", id);
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function environmentProcess(
  options: EnvironmentOptions,
  id: string,
  { folder, claims, onOutput, onDied }: EnvironmentProcessOptions,
): EnvironmentProcess {
  let connection: "none" | "open" | "closed" = "none";
  let exit: string | undefined;
  const child = spawnRuntime(options, id, folder, claims);
  child.once("error", (error) => onDied(String(error)));
  child.once("exit", (code, signal) => {
    exit = exitReason(code, signal);
    // Its last words may not have been read yet, and its connection may not have been seen.
    if (connection === "closed") onDied(exit);
    else if (connection === "none") {
      // A turn after the time: where this process was the slow one, what waits to be read is read first.
      setTimeout(() => setImmediate(() => connection !== "open" && onDied(exit!)), LAST_WORDS_MS);
    }
  });
  for (const stream of [child.stdout!, child.stderr!]) eachMessage(stream, onOutput);
  // So that the next platform finds it, should this one be killed.
  const pidFile = join(options.stateDirectory, "pids", String(child.pid));
  writeFileSync(pidFile, "");
  return {
    pid: child.pid!,
    connected() {
      connection = "open";
    },
    disconnected() {
      connection = "closed";
      if (exit !== undefined) onDied(exit);
    },
    awaken: () => awaken(child),
    kill() {
      child.kill("SIGKILL");
      child.unref();
      rmSync(pidFile, { force: true });
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
