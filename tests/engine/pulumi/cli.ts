/** Where the Pulumi CLI is that the suite and `bench -- preview` run, and how one is built where it can not be downloaded. */
import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");

/** What `--build` builds: the newest version whose Go modules every proxy hands out. */
const BUILT_VERSION = "v3.250.0";
const CACHE = join(root, "node_modules/.cache/terrace/pulumi", BUILT_VERSION);

export const NO_CLI =
  "no Pulumi CLI: install one (https://www.pulumi.com/docs/install/), set TERRACE_PULUMI to its path, run " +
  "`npx -p pulumi npm run test:engine`, or build it with Go: `npm run test:engine -- --build`";

export interface Cli {
  /** Absolute path. */
  path: string;
  version: string;
  /** By `--build`, and so without language hosts: language-host.ts stands in. */
  built: boolean;
}

/** TERRACE_PULUMI, else `pulumi` on PATH, else the one that `--build` left. */
export function findCli(env: NodeJS.ProcessEnv = process.env): Cli | undefined {
  if (env.TERRACE_PULUMI && !isExecutable(env.TERRACE_PULUMI)) {
    throw new Error(`TERRACE_PULUMI is ${env.TERRACE_PULUMI}: no such program`);
  }
  const found = [
    env.TERRACE_PULUMI,
    ...(env.PATH ?? "").split(delimiter).map((folder) => join(folder, "pulumi")),
    join(CACHE, "pulumi"),
  ].find((path) => path && isExecutable(path));
  if (!found) return undefined;
  const path = resolve(found);
  const version = execFileSync(path, ["version"], { encoding: "utf8", env: { ...env, ...QUIET } }).trim();
  return { path, version, built: path === join(CACHE, "pulumi") };
}

/** The CLI asks pulumi.com for its newest version, and a machine without that network waits for it. */
export const QUIET = { PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "true" };

/** Builds the CLI from its Go module, once. Minutes on a small machine. @throws where Go or its modules are not to be had. */
export function buildCli(): void {
  if (existsSync(join(CACHE, "pulumi"))) return;
  if (spawnSync("go", ["version"]).status !== 0) throw new Error("--build needs Go (https://go.dev/dl/) on PATH");
  const source = join(CACHE, "source");
  mkdirSync(source, { recursive: true });
  const module = "github.com/pulumi/pulumi/pkg/v3";
  writeFileSync(join(source, "go.mod"), `module build\n\ngo 1.24\n\nrequire ${module} ${BUILT_VERSION}\n`);
  // Without a package of ours that imports it, `go` would drop the requirement.
  writeFileSync(join(source, "tools.go"), `//go:build tools\n\npackage tools\n\nimport _ "${module}/cmd/pulumi"\n`);
  const version = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${BUILT_VERSION}`;
  console.error(`building pulumi ${BUILT_VERSION} with Go, once; this takes minutes…`);
  const { status } = spawnSync(
    "go",
    ["build", "-mod=mod", "-ldflags", `-s -w ${version}`, "-o", join(CACHE, "pulumi"), `${module}/cmd/pulumi`],
    { cwd: source, stdio: ["ignore", 2, 2], env: { ...process.env, GOFLAGS: "" } },
  );
  if (status !== 0) throw new Error("the Pulumi CLI could not be built; Go's message is above");
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
