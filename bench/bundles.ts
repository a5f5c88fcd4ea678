/**
 * The shipped functions' bundles beside what serverless-esbuild (CommonJS, not minified, the AWS SDK left to Lambda) and SST
 * (one ES module, minified, SDK inside) make of the same handlers by default; both are esbuild with options of their own.
 * Import time is that of the file that a cold start loads, in a fresh process.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { type BuildOptions, build } from "esbuild";
import { bundle } from "../components/compute/bundle.ts";
import { median, type Row, row } from "./row.ts";

const root = resolve(import.meta.dirname, "..");
const NATIVE = ["sharp"];
const IMPORTS = 7;
const peers: Record<string, BuildOptions> = {
  "serverless-esbuild": { format: "cjs", external: ["@aws-sdk/*", ...NATIVE], outExtension: { ".js": ".cjs" } },
  SST: {
    format: "esm",
    minify: true,
    keepNames: true,
    mainFields: ["module", "main"],
    external: NATIVE,
    outExtension: { ".js": ".mjs" },
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  },
};

interface Bundle {
  /** What a cold start imports. */
  entry: string;
  bytes: number;
}

export async function bundleRows(): Promise<Row[]> {
  const names = readdirSync(join(root, "functions")).filter((name) =>
    existsSync(join(root, "functions", name, "handler.ts")),
  );
  // In the project, where what is left out of a bundle is found.
  const directory = mkdtempSync(join(root, "node_modules/.cache/bundles-"));
  try {
    const ours = new Map<string, Bundle>();
    for (const name of names) ours.set(name, await ourBundle(name));
    const rows: Row[] = [];
    for (const [peer, options] of Object.entries(peers)) {
      const theirs = new Map<string, Bundle>();
      for (const name of names) theirs.set(name, await peerBundle(name, join(directory, peer), options));
      const total = (all: Map<string, Bundle>) => [...all.values()].reduce((sum, { bytes }) => sum + bytes, 0) / 1024;
      rows.push(row(`bundles of ${names.length} functions`, "KiB", total(ours), total(theirs), peer));
      for (const name of names) {
        console.error(`bench evaluate: importing ${name}, beside ${peer}'s…`);
        const [mine, other] = importTimes(ours.get(name)!.entry, theirs.get(name)!.entry);
        rows.push(row(`${name}: bundle`, "KiB", ours.get(name)!.bytes / 1024, theirs.get(name)!.bytes / 1024, peer));
        rows.push(row(`${name}: import`, "ms", mine, other, peer));
      }
    }
    return rows;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function ourBundle(name: string): Promise<Bundle> {
  process.env.TERRACE_BUNDLE_TARGET = "host";
  const archive = (await bundle({
    entry: join(root, "functions", name),
    nativeModules: NATIVE,
  })) as pulumi.asset.AssetArchive;
  const assets = Object.entries(await archive.assets);
  const files = await Promise.all(
    assets
      .filter(([file]) => file.endsWith(".mjs"))
      .map(async ([file, asset]) => [file, String(await (asset as pulumi.asset.FileAsset).path)] as const),
  );
  const entry = files.find(([file]) => file === "index.mjs")![1];
  return { entry, bytes: files.reduce((sum, [, path]) => sum + statSync(path).size, 0) };
}

async function peerBundle(name: string, directory: string, options: BuildOptions): Promise<Bundle> {
  const outdir = join(directory, name);
  await build({
    entryPoints: { index: join(root, "functions", name, "handler.ts") },
    ...{ absWorkingDir: root, outdir, bundle: true, platform: "node", target: "node24", logLevel: "silent" },
    ...options,
  });
  const entry = join(outdir, readdirSync(outdir).find((file) => file.startsWith("index."))!);
  return { entry, bytes: statSync(entry).size };
}

/** Medians, interleaved. */
function importTimes(mine: string, other: string): [number, number] {
  const files = [mine, other];
  const rounds = Array.from({ length: IMPORTS }, () => files.map(importTime));
  return [median(rounds.map(([first]) => first!)), median(rounds.map(([, second]) => second!))];
}

function importTime(file: string): number {
  const script = `const started = performance.now(); await import(${JSON.stringify(file)}); console.log(performance.now() - started); process.exit(0);`;
  const env = { ...process.env, NODE_COMPILE_CACHE: "", AWS_REGION: "eu-west-1", ...PLACEHOLDERS };
  const text = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
    env,
    cwd: tmpdir(),
  });
  return Number(text.trim().split("\n").at(-1));
}

/** Handlers read these when they are loaded. */
const PLACEHOLDERS = { POWERTOOLS_DEV: "false", AWS_LAMBDA_FUNCTION_NAME: "bench" };
