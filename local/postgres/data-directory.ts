/**
 * The data directory of one server. `initdb` takes a second, a copy of what it made a few hundredths: the result is kept
 * as a template per machine. Where the server's user can not reach the state folder (root's own, mode 0700), the data
 * lies in a system folder and the state folder holds a link to it.
 */

import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { cp } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Binaries, publish } from "./binaries.ts";
import { canReach, type Identity, systemStateDirectory } from "./identity.ts";

/** The bootstrap superuser, named as on RDS; nobody but this project's own code connects as it. */
export const SUPERUSER = "rdsadmin";

export interface DataDirectory {
  path: string;
  superuserPassword: string;
}

/** Makes the data directory below `directory` when there is none yet. */
export async function prepareDataDirectory(directory: string, binaries: Binaries): Promise<DataDirectory> {
  const link = join(resolve(directory), "data");
  const secret = join(resolve(directory), "superuser");
  if (isUsable(link) && existsSync(secret))
    return { path: follow(link), superuserPassword: readFileSync(secret, "utf8") };
  mkdirSync(directory, { recursive: true });
  rmSync(link, { recursive: true, force: true });
  const template = await prepareTemplate(binaries);
  const path = choosePath(link, binaries.identity);
  const made = `${path}.new`;
  rmSync(made, { recursive: true, force: true });
  await copyTree(join(template, "data"), made, binaries.identity);
  copyFileSync(join(template, "superuser"), secret);
  chmodSync(secret, 0o600);
  // Last of all, so that what a killed run left half made is never taken for a data directory.
  renameSync(made, path);
  if (path !== link) symlinkSync(path, link);
  return { path, superuserPassword: readFileSync(secret, "utf8") };
}

function isUsable(link: string): boolean {
  return existsSync(join(link, "PG_VERSION"));
}

function follow(link: string): string {
  return lstatSync(link).isSymbolicLink() ? readlinkSync(link) : link;
}

function choosePath(link: string, identity: Identity | undefined): string {
  if (!identity || canReach(resolve(link, ".."), identity)) return link;
  const parent = join(systemStateDirectory(), "clusters");
  mkdirSync(parent, { recursive: true });
  removeAbandoned(parent);
  const home = join(parent, createHash("sha256").update(link).digest("hex").slice(0, 16));
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home);
  writeFileSync(join(home, "origin"), link);
  return join(home, "data");
}

/** State folders that were deleted leave their data behind here: nothing refers to it any more. */
function removeAbandoned(parent: string): void {
  for (const entry of readdirSync(parent)) {
    const origin = join(parent, entry, "origin");
    if (existsSync(origin) && !existsSync(dirname(readFileSync(origin, "utf8")))) {
      rmSync(join(parent, entry), { recursive: true, force: true });
    }
  }
}

async function prepareTemplate(binaries: Binaries): Promise<string> {
  const template = join(binaries.cache, "template-1");
  if (existsSync(template)) return template;
  const made = `${template}.${process.pid}.${performance.now()}`;
  mkdirSync(join(made, "data"), { recursive: true });
  const secret = join(made, "superuser");
  writeFileSync(secret, randomBytes(24).toString("base64url"), { mode: 0o600 });
  const { identity } = binaries;
  if (identity) for (const path of [made, join(made, "data"), secret]) chownSync(path, identity.uid, identity.gid);
  const settings = [
    `--username=${SUPERUSER}`,
    `--pwfile=${secret}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // PostgreSQL's own provider sorts alike on every platform and loads no ICU data.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--wal-segsize=1",
    "--no-sync",
    "--no-instructions",
  ];
  try {
    await promisify(execFile)(binaries.initdb, ["--pgdata", join(made, "data"), ...settings], {
      env: { ...binaries.env, LC_ALL: "C", PATH: process.env.PATH },
      cwd: "/",
      ...identity,
    });
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    throw new Error(`PostgreSQL's initdb failed: ${(error as { stderr?: string }).stderr || error}`, { cause: error });
  }
  publish(made, template);
  return template;
}

/** A thousand small files: the system's own `cp` takes a tenth of what Node needs for them, and does not hold it up. */
async function copyTree(source: string, target: string, identity: Identity | undefined): Promise<void> {
  mkdirSync(target, { mode: 0o700 });
  if (process.platform === "win32") return cp(source, target, { recursive: true });
  if (identity) chownSync(target, identity.uid, identity.gid);
  await promisify(execFile)("cp", ["-R", `${source}/.`, target], { ...identity, cwd: "/" });
}
