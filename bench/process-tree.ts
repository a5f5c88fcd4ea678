/** A server under test: its whole process tree, how long it took to answer, and what it holds in memory. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface Server {
  url: string;
  /** The Host header to send, where it is another than the URL's: not every resolver knows `*.localhost`. */
  host?: string;
  /** From spawn to the first 200. */
  startMs: number;
  /** Proportional set size of the whole tree, MiB. Shared pages are counted once. Linux only. */
  memoryMiB(): number;
  stop(): Promise<void>;
}

export interface Command {
  file: string;
  args: string[];
  cwd: string;
  env?: NodeJS.ProcessEnv;
  url: string;
  /** See `Server`. */
  host?: string;
  /** @default whether `url` answers 200 */
  isReady?: () => boolean;
}

/** Starts a server and asks for `url` until it answers 200. */
export async function startServer(command: Command, deadlineMs = 120_000): Promise<Server> {
  const started = performance.now();
  let output = "";
  const child = spawn(command.file, command.args, {
    cwd: command.cwd,
    env: command.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Both are read all the time: a full pipe would stop the server under load.
  child.stdout.on("data", (chunk) => (output = `${output}${chunk}`.slice(-4000)));
  child.stderr.on("data", (chunk) => (output = `${output}${chunk}`.slice(-4000)));
  while (!(command.isReady ? command.isReady() : await answers(command))) {
    if (child.exitCode !== null) throw new Error(`${command.file} ended before it answered:\n${output}`);
    if (performance.now() - started > deadlineMs) {
      child.kill("SIGKILL");
      throw new Error(`${command.url} did not answer within ${deadlineMs} ms:\n${output}`);
    }
    await sleep(5);
  }
  return {
    url: command.url,
    host: command.host,
    startMs: performance.now() - started,
    memoryMiB: () => treeMemoryMiB(child.pid!),
    stop: () => stop(child),
  };
}

function answers({ url, host }: Command): Promise<boolean> {
  return new Promise((done) => {
    const headers = host === undefined ? {} : { host };
    get(url, { headers, agent: false, timeout: 10_000 }, (response) => {
      response.resume().on("end", () => done(response.statusCode === 200));
    })
      .on("timeout", function (this: { destroy(): void }) {
        this.destroy();
      })
      .on("error", () => done(false));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
  await exited;
  clearTimeout(timer);
}

/** Proportional set size of a process and all its descendants. Linux only. */
export function treeMemoryMiB(root: number): number {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!pid) continue;
    const parent = parentOf(pid);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  let kib = 0;
  const visit = (pid: number): void => {
    kib += pssKib(pid);
    for (const child of children.get(pid) ?? []) visit(child);
  };
  visit(root);
  return kib / 1024;
}

function parentOf(pid: number): number | undefined {
  try {
    // The command's name stands in parentheses and may hold anything: what follows the last one is regular.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

function pssKib(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
