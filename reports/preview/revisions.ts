/** The two revisions: the working tree as it is, and the commit that HEAD's branch began at, laid out in a folder of its own. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { type EvaluateOptions, evaluate } from "../../engine/evaluate.ts";
import type { Graph } from "../../engine/graph.ts";
import { type Bundles, bundlesOf } from "./bundles.ts";
import type { PreviewOptions } from "./preview.ts";
import { PreviewError } from "./preview-error.ts";

export interface BaseRevision {
  /** As it was asked for. */
  name: string;
  commit: string;
  /** The stack's file did not exist there: everything is new. */
  isNewStack: boolean;
}

export interface HeadRevision {
  commit: string;
  /** The working tree has changes that are not committed; they are part of the preview. */
  uncommitted: boolean;
}

/** A revision's graph, with paths relative to the program's folder. */
export interface Evaluated {
  graph: Graph;
  bundles: Bundles;
}

export interface Base {
  revision: BaseRevision;
  /** Absent for a stack that is new. */
  evaluated?: Evaluated;
  directory: string;
  remove(): void;
}

export async function evaluateHead({ directory, stack, config }: PreviewOptions) {
  const file = `Pulumi.${stack}.yaml`;
  if (!existsSync(join(directory, file))) throw new PreviewError(`there is no ${file} in ${directory}`);
  const revision: HeadRevision = {
    commit: git(directory, ["rev-parse", "HEAD"], "this folder is not a git repository with a commit"),
    uncommitted: git(directory, ["status", "--porcelain", "--untracked-files=normal"]) !== "",
  };
  return { revision, ...(await evaluateAt(directory, stack, config, "the working tree")) };
}

export async function evaluateBase({ directory, stack, base, config }: PreviewOptions): Promise<Base> {
  const named = git(
    directory,
    ["rev-parse", "--verify", "--quiet", `${base}^{commit}`],
    `there is no revision "${base}" here`,
  );
  const commit = git(directory, ["merge-base", named, "HEAD"], `"${base}" and HEAD have no commit in common`);
  const folder = mkdtempSync(join(tmpdir(), "terrace-preview-"));
  const remove = () => {
    process.off("exit", remove);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  process.on("exit", remove);
  try {
    const root = git(directory, ["rev-parse", "--show-toplevel"]);
    checkOut(root, commit, folder);
    const program = join(folder, relative(root, directory));
    const isNewStack = !existsSync(join(program, `Pulumi.${stack}.yaml`));
    const revision = { name: base, commit, isNewStack };
    if (isNewStack) return { revision, directory: program, remove };
    linkPackages(directory, program);
    const cache = join(directory, ".terrace", "previews", `${commit}-${stack}-${cacheKey(directory, config)}.json`);
    const evaluated =
      readCache(cache) ?? (await evaluateAt(program, stack, config, `"${base}" (${commit.slice(0, 10)})`));
    writeCache(cache, evaluated);
    return { revision, evaluated, directory: program, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Through an index of its own: neither the repository's index nor its list of worktrees hears of it. */
function checkOut(root: string, commit: string, folder: string): void {
  const env = { ...process.env, GIT_INDEX_FILE: join(folder, ".index") };
  git(root, ["read-tree", commit], "", env);
  git(root, ["checkout-index", "--all", `--prefix=${folder}/`], "", env);
}

/** Both revisions run on this checkout's packages. */
function linkPackages(directory: string, program: string): void {
  const packages = join(program, "node_modules");
  if (!existsSync(packages)) symlinkSync(join(directory, "node_modules"), packages, "dir");
}

async function evaluateAt(
  directory: string,
  stack: string,
  config: EvaluateOptions["config"],
  what: string,
): Promise<Evaluated> {
  try {
    const options = { directory, stack, config, env: { TERRACE_BUNDLE_TARGET: "host" } };
    const graph = relocated(await evaluate(options), directory);
    return { graph, bundles: bundlesOf(graph.resources, directory) };
  } catch (error) {
    throw new PreviewError(`${what} can not be evaluated: ${(error as Error).message}`);
  }
}

/** Paths of the two folders are the same place. */
function relocated(graph: Graph, directory: string): Graph {
  return JSON.parse(JSON.stringify(graph).replaceAll(JSON.stringify(directory).slice(1, -1), "."));
}

/** A commit never changes; what it is evaluated with may. */
function cacheKey(directory: string, config: Record<string, string> = {}): string {
  const lock = join(directory, "node_modules", ".package-lock.json");
  const packages = existsSync(lock) ? readFileSync(lock).length : 0;
  const settings = Object.entries(config).map(([key, value]) => `${key}=${value}`);
  return Buffer.from([packages, ...settings].join())
    .toString("hex")
    .slice(0, 64);
}

function readCache(file: string): Evaluated | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function writeCache(file: string, evaluated: Evaluated): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(evaluated), { mode: 0o600 });
  renameSync(`${file}.${process.pid}`, file);
}

function git(directory: string, args: string[], problem = "", env = process.env): string {
  try {
    return execFileSync("git", args, {
      cwd: directory,
      encoding: "utf8",
      env,
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 1 << 28,
    }).trim();
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: string };
    if (code === "ENOENT") throw new PreviewError("git is not installed, and the base is a git revision");
    throw new PreviewError(problem || `git ${args[0]} failed: ${String(stderr).trim()}`);
  }
}
