/** A peer is no dependency of the project: its locked packages are installed beside it when a benchmark first needs it. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** @returns the folder that holds a copy of `bench/peers/<name>` with its packages. */
export function installPeer(name: string): string {
  const source = join(root, "bench/peers", name);
  const directory = join(root, "node_modules/.cache/terrace/bench", name);
  const installed = existsSync(join(directory, "node_modules/.package-lock.json")) && sameLock(source, directory);
  cpSync(source, directory, { recursive: true });
  if (installed) return directory;
  console.error(`bench: installing ${name}…`);
  const npm = process.env.npm_execpath;
  const args = ["install", "--no-save", "--loglevel=error"];
  const options = { cwd: directory, stdio: ["ignore", 2, 2] as ["ignore", 2, 2] };
  const { status } = npm ? spawnSync(process.execPath, [npm, ...args], options) : spawnSync("npm", args, options);
  if (status !== 0) throw new Error(`bench: ${name} could not be installed`);
  return directory;
}

function sameLock(source: string, directory: string): boolean {
  const lock = (folder: string) => readFileSync(join(folder, "package-lock.json"), "utf8");
  return existsSync(join(directory, "package-lock.json")) && lock(source) === lock(directory);
}
