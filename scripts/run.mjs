// Starts every npm script: installs what is missing, then runs the command under the Node that package.json pins.
// The host's Node only has to get this far, so this file keeps to what Node 12 understands and imports nothing of ours.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const MINIMUM_NODE = 22;
/** Type stripping is on by default from 22.18; node:sqlite is stable enough for us and warns all the same. */
const NODE_FLAGS = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];

const commands = {
  start: ["local/main.ts"],
  demo: ["scripts/demo/main.ts"],
  test: ["node_modules/jest/bin/jest.js"],
  "test:engine": ["tests/engine/pulumi/main.ts"],
  format: ["node_modules/@biomejs/biome/bin/biome", "format", "--write"],
  lint: ["node_modules/@biomejs/biome/bin/biome", "check"],
  types: ["node_modules/typescript/bin/tsc", "--project", "tsconfig.json"],
  invoke: ["local/tools/main.ts", "invoke"],
  logs: ["local/tools/main.ts", "logs"],
  queues: ["local/tools/main.ts", "queues"],
  redrive: ["local/tools/main.ts", "redrive"],
  sql: ["local/tools/main.ts", "sql"],
  iam: ["local/tools/main.ts", "iam"],
  bench: ["bench/main.ts"],
  preview: ["reports/preview/main.ts"],
  cost: ["reports/cost/main.ts"],
  diagram: ["reports/diagram/main.ts"],
  doctor: ["reports/doctor/main.ts"],
  bootstrap: ["reports/bootstrap/main.ts"],
  docs: ["reports/reference/main.ts"],
  "db:types": ["scripts/db-types.ts"],
  openapi: ["scripts/openapi.ts"],
  "link:types": ["scripts/link-types.ts"],
  args: ["scripts/args-shapes.ts"],
  package: ["scripts/package.ts"],
  reference: ["scripts/reference-graph.ts"],
  "package:data-api": ["scripts/package-data-api.ts"],
};

/** Those that make one thing: what is said besides would go unheard. */
const WITHOUT_ARGUMENTS = [
  "docs",
  "db:types",
  "openapi",
  "link:types",
  "args",
  "package",
  "reference",
  "package:data-api",
];

/** True when node_modules is absent or older than the lockfile it should mirror. */
function installIsStale() {
  const installed = join(root, "node_modules", ".package-lock.json");
  const lock = join(root, "package-lock.json");
  if (!existsSync(installed)) return true;
  if (!existsSync(lock)) return false;
  return (
    statSync(installed).mtimeMs < statSync(lock).mtimeMs && !samePackages(readPackages(installed), readPackages(lock))
  );
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages || {};
}

function samePackages(installed, lock) {
  return Object.keys(lock).every(
    (path) =>
      path === "" ||
      (installed[path]
        ? installed[path].version === lock[path].version
        : lock[path].optional || lock[path].devOptional),
  );
}

function install() {
  console.error("terrace: installing packages (first run, or the lockfile changed)…");
  // npm sets npm_execpath for its scripts; run outside npm, `npm` on PATH does the same.
  const npm = process.env.npm_execpath;
  // Not `npm ci`: it refuses a lockfile without the optional packages of other platforms, which not every registry mirror
  // carries. `install --no-save` takes the locked versions as well, and leaves the lockfile as it is.
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
  const options = { cwd: root, stdio: ["ignore", 2, 2], shell: !npm && process.platform === "win32" };
  const result = npm ? spawnSync(process.execPath, [npm, ...args], options) : spawnSync("npm", args, options);
  if (result.status !== 0) {
    console.error("terrace: `npm install` failed; its message is above. Is the package registry reachable?");
    process.exit(result.status || 1);
  }
}

/** The pinned Node where npm has a package for this platform, else the host's, if it is new enough. */
function findNode() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const binary = process.platform === "win32" ? "node.exe" : "node";
  const pinned = join(root, "node_modules", `node-${platform}-${process.arch}`, "bin", binary);
  if (existsSync(pinned)) return pinned;
  return hostNode();
}

function hostNode() {
  if (Number(process.versions.node.split(".")[0]) >= MINIMUM_NODE) return process.execPath;
  console.error(
    `terrace: needs Node ${MINIMUM_NODE} or later; this is ${process.version}, and npm has no pinned Node for ${process.platform}-${process.arch}.`,
  );
  process.exit(1);
}

function main() {
  const name = process.argv[2];
  const command = commands[name];
  if (!command) {
    console.error(`terrace: no command "${name || ""}"; there are ${Object.keys(commands).join(", ")}.`);
    process.exit(1);
  }
  if (WITHOUT_ARGUMENTS.includes(name) && process.argv.length > 3) {
    console.error(`terrace: npm run ${name} takes no arguments; leave out "${process.argv.slice(3).join(" ")}".`);
    process.exit(2);
  }
  if (installIsStale()) install();
  run(findNode(), name, command);
}

function run(node, name, command) {
  const [script, ...fixed] = command;
  // The platform stays for hours: a small young generation keeps its memory small under load.
  const flags = name === "start" ? [...NODE_FLAGS, "--min-semi-space-size=16", "--max-semi-space-size=16"] : NODE_FLAGS;
  const args = [...flags, join(root, script), ...fixed, ...process.argv.slice(3)];
  const path = `${dirname(node)}${process.platform === "win32" ? ";" : ":"}${process.env.PATH || ""}`;
  const child = spawn(node, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: path, NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "node") },
  });
  // A musl host cannot execute the glibc build.
  child.on("error", (error) => {
    if (node === process.execPath) throw error;
    run(hostNode(), name, command);
  });
  // Ctrl-C reaches the whole process group: the child decides when to end, this process only waits for it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}

main();
