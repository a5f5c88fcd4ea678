/** Makes the npm package of the dialect alone: `npm run package:data-api` → dist/terrace-data-api-<version>.tgz. */

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { compiledExports } from "./compiled-exports.ts";

const root = resolve(import.meta.dirname, "..");

/** @returns the packed file */
export function makeDataApiPackage(target = join(root, "dist")): string {
  const folder = join(target, "data-api");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const options = ["--project", "data-api/tsconfig.json", "--outDir", folder];
  execFileSync(process.execPath, [compiler, ...options], { cwd: root, stdio: "inherit" });
  cpSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  cpSync(join(root, "docs/data-api.md"), join(folder, "README.md"));
  const manifest = JSON.parse(readFileSync(join(root, "data-api/package.json"), "utf8"));
  writeFileSync(
    join(folder, "package.json"),
    `${JSON.stringify({ ...manifest, exports: compiledExports(manifest.exports) }, null, 2)}\n`,
  );
  const npm = process.env.npm_execpath;
  const args = ["pack", "--pack-destination", target, "--json", "--ignore-scripts"];
  const output = npm
    ? execFileSync(process.execPath, [npm, ...args], { cwd: folder, encoding: "utf8" })
    : execFileSync("npm", args, { cwd: folder, encoding: "utf8", shell: process.platform === "win32" });
  const [{ filename }] = JSON.parse(output.slice(output.indexOf("[")));
  return join(target, filename);
}

if (import.meta.main) console.log(makeDataApiPackage());
