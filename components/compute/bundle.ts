/**
 * A function's code: ES modules made by esbuild, and the native modules they load. Each distinct function is bundled
 * once however many cells use it, and not at all when none of its sources changed since the last time.
 *
 * What a handler imports dynamically becomes a file of its own, so that a cold start reads what it needs and no more: the
 * API's health check starts from 5 KiB instead of 1.4 MiB (2 ms instead of 75, 38 MB less memory).
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";

export interface BundleOptions {
  /** Folder of the function, with a `handler.ts` in it. */
  entry: string;
  /** Packages with compiled parts: not bundled, but installed for the target beside the bundle. @default [] */
  nativeModules?: string[];
  /** @default "arm64" */
  architecture?: "arm64" | "x64";
}

type Archive = pulumi.asset.Archive;

const bundles = new Map<string, Promise<Archive>>();

/** How many different bundles this program has asked for so far. */
export const bundlesMade = (): number => bundles.size;

/** No code at all, for who asks what a program wires and not what runs: the types of links are made before handlers compile. */
export const targetsNothing = (): boolean => process.env.TERRACE_BUNDLE_TARGET === "none";

/** `host`: the native modules of this project as they are, for running on this machine. */
export const targetsHost = (): boolean => process.env.TERRACE_BUNDLE_TARGET === "host";

export function bundle({ entry, nativeModules = [], architecture = "arm64" }: BundleOptions): Promise<Archive> {
  if (targetsNothing()) return Promise.resolve(new pulumi.asset.AssetArchive({}));
  const root = process.cwd();
  const key = JSON.stringify([resolve(root, entry), nativeModules, architecture, targetsHost()]);
  const known = bundles.get(key);
  if (known) return known;
  const making = makeBundle(root, resolve(root, entry, "handler.ts"), nativeModules, architecture);
  bundles.set(key, making);
  return making;
}

async function makeBundle(
  root: string,
  handler: string,
  nativeModules: string[],
  architecture: string,
): Promise<Archive> {
  const code = await compile(root, handler, nativeModules);
  const assets: Record<string, pulumi.asset.Asset | Archive> = {};
  for (const file of readdirSync(code)
    .filter((name) => /\.mjs(\.map)?$/.test(name))
    .sort())
    assets[file] = new pulumi.asset.FileAsset(join(code, file));
  if (targetsHost()) {
    for (const name of nativeModules) {
      assets[`node_modules/${name}`] = new pulumi.asset.FileArchive(join(root, "node_modules", name));
    }
  } else if (nativeModules.length > 0) {
    assets["node_modules"] = new pulumi.asset.FileArchive(installNative(root, nativeModules, architecture));
  }
  return new pulumi.asset.AssetArchive(assets);
}

/**
 * What a bundle was made of: the same sources make the same bundle again. An installed package is known by its manifest,
 * which npm writes with it: a function is made of a hundred files of its own and of thousands of its packages'.
 */
interface BundleRecord {
  sources: Record<string, string>;
  folder: string;
}

const BUNDLER_VERSION = 3;

async function compile(root: string, handler: string, external: string[]): Promise<string> {
  const cache = join(root, ".terrace", "bundles");
  const id = createHash("sha256")
    .update(JSON.stringify([BUNDLER_VERSION, handler, external]))
    .digest("hex")
    .slice(0, 16);
  const recordPath = join(cache, `${id}.json`);
  const known = readRecord(recordPath);
  if (known && isCurrent(root, known)) return known.folder;

  // Most starts find every bundle in the cache and need no bundler.
  const { build } = await import("esbuild");
  const result = await build({
    entryPoints: { index: handler },
    absWorkingDir: root,
    outdir: cache,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    minify: true,
    keepNames: true,
    sourcemap: "linked",
    sourcesContent: false,
    external,
    // Some dependencies are CommonJS and ask for Node's own modules with require.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "silent",
  });
  const hash = createHash("sha256");
  for (const file of result.outputFiles) hash.update(file.contents);
  const folder = join(cache, hash.digest("hex").slice(0, 16));
  mkdirSync(folder, { recursive: true });
  for (const file of result.outputFiles) writeAtomically(join(folder, basename(file.path)), file.contents);
  const paths = new Set(Object.keys(result.metafile.inputs).map(sourceOf));
  const sources = Object.fromEntries([...paths].map((path) => [path, stamp(root, path)]));
  writeAtomically(recordPath, JSON.stringify({ sources, folder } satisfies BundleRecord));
  return folder;
}

const sourceOf = (path: string): string =>
  path.replace(/^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\/.*$/, "$1/package.json");

function readRecord(path: string): BundleRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function isCurrent(root: string, { sources, folder }: BundleRecord): boolean {
  if (!existsSync(join(folder, "index.mjs"))) return false;
  for (const path in sources) if (stamp(root, path) !== sources[path]) return false;
  return true;
}

/** Functions share most of their sources: each file is looked at once for all that are made in the same turn. */
const stamps = new Map<string, string>();

function stamp(root: string, path: string): string {
  let known = stamps.get(path);
  if (known === undefined) {
    if (stamps.size === 0) setImmediate(() => stamps.clear());
    const { mtimeMs, size } = statSync(join(root, path), { throwIfNoEntry: false }) ?? { mtimeMs: 0, size: -1 };
    known = `${mtimeMs}:${size}`;
    stamps.set(path, known);
  }
  return known;
}

/** Two processes may bundle the same function at once. */
function writeAtomically(path: string, contents: Uint8Array | string): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}

/** Installs packages for Lambda's Linux with npm, whatever this machine is. Versions are those of this project. */
function installNative(root: string, names: string[], architecture: string): string {
  const wanted = names.map((name) => {
    const manifest = join(root, "node_modules", name, "package.json");
    return `${name}@${JSON.parse(readFileSync(manifest, "utf8")).version}`;
  });
  const id = createHash("sha256")
    .update(JSON.stringify([wanted, architecture]))
    .digest("hex")
    .slice(0, 16);
  const folder = join(root, ".terrace", "native", id);
  if (existsSync(join(folder, "installed"))) return join(folder, "node_modules");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}");
  const args = [
    "install",
    "--no-save",
    "--ignore-scripts",
    "--os=linux",
    `--cpu=${architecture}`,
    "--libc=glibc",
    ...wanted,
  ];
  const { status, stderr } = spawnSync("npm", args, {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0)
    throw new Error(
      `npm could not install ${wanted.join(", ")} for linux-${architecture} in ${relative(root, folder)}: ${stderr}`,
    );
  writeFileSync(join(folder, "installed"), "");
  return join(folder, "node_modules");
}
