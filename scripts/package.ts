/**
 * Makes the npm package: `npm run package` → dist/terrace-<version>.tgz.
 *
 * Libraries are compiled, because Node strips no types from packages; functions and migrations stay TypeScript, for each
 * program bundles them for its own cells.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { compiledExports } from "./compiled-exports.ts";

const root = resolve(import.meta.dirname, "..");
const SOURCES = ["functions", "migrations", "LICENSE", "README.md", "docs/platform.svg", "policy/PulumiPolicy.yaml"];
/** What a program that uses the package needs of the libraries that only scripts use. */
const KEPT = [
  "name",
  "version",
  "description",
  "license",
  "author",
  "type",
  "engines",
  "dependencies",
  "keywords",
] as const;

/** @returns the packed file */
export function makePackage(target = join(root, "dist")): string {
  const folder = join(target, "package");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [compiler, "--project", "tsconfig.package.json", "--outDir", folder], {
    cwd: root,
    stdio: "inherit",
  });
  for (const path of SOURCES) cpSync(join(root, path), join(folder, path), { recursive: true });
  // Pulumi's analyzer reads the types of what it loads compiled: here the sources stand beside it, index.js is index.ts.
  for (const file of readdirSync(join(root, "plugin"))) {
    if (file !== "index.js") cpSync(join(root, "plugin", file), join(folder, "plugin", file));
  }
  for (const path of ["functions", "migrations"]) useCompiledLibrary(join(folder, path));
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const published = Object.fromEntries(KEPT.flatMap((key) => (key in manifest ? [[key, manifest[key]]] : [])));
  writeFileSync(
    join(folder, "package.json"),
    `${JSON.stringify({ ...published, exports: compiledExports(manifest.exports), sideEffects: false }, null, 2)}\n`,
  );
  const npm = process.env.npm_execpath;
  const args = ["pack", "--pack-destination", target, "--json", "--ignore-scripts"];
  const output = npm
    ? execFileSync(process.execPath, [npm, ...args], { cwd: folder, encoding: "utf8" })
    : execFileSync("npm", args, { cwd: folder, encoding: "utf8", shell: process.platform === "win32" });
  const [{ filename }] = JSON.parse(output.slice(output.indexOf("[")));
  return join(target, filename);
}

/** Functions and migrations stand beside the compiled dialect, not beside its source. */
function useCompiledLibrary(folder: string): void {
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue;
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/(["'](?:\.\.\/)+data-api\/[\w/-]+)\.ts(["'])/g, "$1.js$2"));
  }
}

if (import.meta.main) console.log(makePackage());
