/**
 * One process per state folder. The lock is SQLite's own on a file, which the kernel releases when a process dies,
 * however it dies: there are no stale locks.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Problem } from "./problem.ts";

export interface Lock {
  release(): void;
}

/** @throws Problem when another process has the folder, naming its process id. */
export function lock(directory: string): Lock {
  mkdirSync(directory, { recursive: true });
  const holder = join(directory, "lock.pid");
  const database = new DatabaseSync(join(directory, "lock.sqlite"));
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch {
    database.close();
    throw new Problem(
      `another instance${readPid(holder)} uses ${directory}: stop it, or give this one a --state of its own`,
    );
  }
  writeFileSync(holder, String(process.pid));
  return { release: () => database.close() };
}

function readPid(path: string): string {
  try {
    return ` (process ${readFileSync(path, "utf8")})`;
  } catch {
    return "";
  }
}
