/**
 * A pull request's preview of the prod stack without a CLI against `pulumi preview` of the same program, deployed before with
 * stand-in providers (AWS's own are slower to start and ask AWS); and how long the program's modules take to load, as Node
 * runs them and as Pulumi's default compiles them. Every measurement is a process of its own; rounds are interleaved.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findCli, NO_CLI } from "../tests/engine/pulumi/cli.ts";
import { Workspace } from "../tests/engine/pulumi/workspace.ts";
import { median, type Row, row } from "./row.ts";

const root = resolve(import.meta.dirname, "..");
const ROUNDS = 5;
const FLAGS = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];

export async function previewBench(): Promise<Row[]> {
  return [...(await previews()), ...loads()];
}

async function previews(): Promise<Row[]> {
  const cli = findCli();
  if (!cli) {
    console.error(`bench preview: offline preview is not measured, ${NO_CLI}`);
    return [];
  }
  const workspace = new Workspace(cli);
  const run = async (...args: string[]) => {
    const { status, output } = await workspace.pulumi(...args, "--stack", "prod");
    if (status !== 0) throw new Error(output);
  };
  const [ours, theirs]: [number[], number[]] = [[], []];
  try {
    console.error("bench preview: deploying prod with stand-in providers (not measured)…");
    await run("stack", "init");
    await run("up", "--yes", "--skip-preview");
    offline();
    for (let round = 1; round <= ROUNDS; round++) {
      console.error(`bench preview: round ${round} of ${ROUNDS}…`);
      ours.push(await timed(offline));
      theirs.push(await timed(() => run("preview")));
    }
  } finally {
    workspace.remove();
  }
  const peer = `pulumi preview ${cli.version}`;
  return [row("preview of prod, both revisions", "ms", median(ours), median(theirs), peer, { atMost: 0.5 })];
}

/** The working tree against its last commit. */
function offline(): void {
  const args = ["--stack", "prod", "--base", "HEAD", "--format", "markdown", "--report-only"];
  const options = { cwd: root, stdio: ["ignore", "ignore", "inherit"] as ["ignore", "ignore", "inherit"] };
  execFileSync(process.execPath, [...FLAGS, join(root, "reports/preview/main.ts"), ...args], options);
}

async function timed(task: () => unknown): Promise<number> {
  const started = performance.now();
  await task();
  return performance.now() - started;
}

function loads(): Row[] {
  const project = mkdtempSync(join(tmpdir(), "terrace-load-"));
  const [ours, cold, warm]: [number[], number[], number[]] = [[], [], []];
  try {
    asDefaultProject(project);
    // ts-node keeps what it compiled under the temporary folder: a new one is a machine that has not seen the program.
    const cache = (round: number) => {
      const folder = join(project, `cache-${round}`);
      mkdirSync(folder, { recursive: true });
      return { TMPDIR: folder, TEMP: folder };
    };
    load("strip", root, {});
    for (let round = 1; round <= ROUNDS; round++) {
      console.error(`bench preview: loading, round ${round} of ${ROUNDS}…`);
      ours.push(load("strip", root, {}));
      cold.push(load("ts-node", project, cache(round)));
      warm.push(load("ts-node", project, cache(round)));
    }
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
  return [
    row("program load", "ms", median(ours), median(cold), "Pulumi's default (ts-node)", { atMost: 0.5 }),
    row("program load", "ms", median(ours), median(warm), "ts-node, nothing changed since it compiled"),
  ];
}

function load(how: string, project: string, env: NodeJS.ProcessEnv): number {
  // The compile cache of Node is for neither: the CLI does not set one.
  const { NODE_COMPILE_CACHE: _, ...own } = process.env;
  const args = [...FLAGS, "--stack-trace-limit=0", join(import.meta.dirname, "programs/load/run.ts")];
  const options = { encoding: "utf8" as const, env: { ...own, ...env } };
  return Number(execFileSync(process.execPath, [...args, how, project, "components/index.ts"], options));
}

/**
 * The components as a project of Pulumi's defaults has them, because the compiler that Pulumi brings reads no ES modules:
 * CommonJS, imports without `.ts`. Nothing else differs.
 */
function asDefaultProject(project: string): void {
  cpSync(join(root, "components"), join(project, "components"), { recursive: true });
  for (const file of readdirSync(join(project, "components"), { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue;
    const path = join(project, "components", file);
    const source = readFileSync(path, "utf8").replace(/(from\s+"\.[^"]*)\.ts"/g, '$1"');
    writeFileSync(path, source.replaceAll("import.meta.dirname", "__dirname"));
  }
  const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
  for (const option of [
    "allowImportingTsExtensions",
    "rewriteRelativeImportExtensions",
    "noEmit",
    "verbatimModuleSyntax",
  ])
    delete compilerOptions[option];
  const settings = { compilerOptions: { ...compilerOptions, rootDir: ".", types: ["node"] } };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(settings));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "program" }));
  symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
}
