/** A server that outlived its run is stopped before the next one takes its data. */

import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** How long a server gets for each of: ending by itself, fast shutdown, immediate shutdown. */
const PATIENCE_MS = 5_000;

/**
 * @throws when the server belongs to a process that is alive: two runs on one state folder would lose data.
 */
export async function stopOrphan(directory: string): Promise<void> {
  const file = join(directory, "data", "postmaster.pid");
  if (!existsSync(file)) return;
  const lines = readFileSync(file, "utf8").split("\n");
  const server = Number(lines[0]);
  if (server > 0 && isPostgres(server)) {
    const owner = readOwner(directory);
    if (owner?.server === server && owner.owner !== process.pid && isAlive(owner.owner)) {
      throw new Error(`the database in ${directory} is in use by process ${owner.owner}: stop that first`);
    }
    // After a kill its shell is already at it; the first round only waits.
    for (const signal of [undefined, "SIGINT", "SIGQUIT"] as const) {
      if (signal) process.kill(server, signal);
      if (await hasEnded(server, signal ? PATIENCE_MS : 1_000)) break;
    }
    if (isAlive(server)) throw new Error(`the database server ${server} of ${directory} does not stop`);
  }
  const socketDirectory = lines[4];
  if (socketDirectory && dirname(socketDirectory) !== "/" && socketDirectory.includes("terrace-pg-")) {
    rmSync(socketDirectory, { recursive: true, force: true });
  }
  // PostgreSQL judges a stale file by its number alone, which another process may have by now.
  rmSync(file, { force: true });
}

function readOwner(directory: string): { owner: number; server: number } | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, "owner.json"), "utf8"));
  } catch {
    return undefined;
  }
}

/** A number in a file may belong to anyone after a restart: ask what runs under it, where the system tells. */
function isPostgres(pid: number): boolean {
  if (!isAlive(pid)) return false;
  if (!existsSync("/proc/self/cmdline")) return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("postgres");
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // A zombie has ended; whoever inherited it has not noticed yet.
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}

async function hasEnded(pid: number, patienceMs: number): Promise<boolean> {
  for (let waited = 0; waited < patienceMs; waited += 10) {
    if (!isAlive(pid)) return true;
    await delay(10);
  }
  return !isAlive(pid);
}
