/** A home for the Pulumi CLI that nothing of it outlives: file backend, stand-in providers, and the program beside them. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type Cli, QUIET } from "./cli.ts";
import type { Faults, StandIn } from "./provider.ts";

const root = resolve(import.meta.dirname, "../../..");

/** What a program needs to run. */
const FILES = ["Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "index.ts", "package.json", "tsconfig.json"];
const FOLDERS = ["components", "functions", "migrations", "data-api", "policy"];

export interface Ran {
  status: number | null;
  stdout: string;
  /** Both streams, as a person would have read them. */
  output: string;
}

/** A resource in a stack's exported state. */
export interface StateResource {
  urn: string;
  type: string;
  custom: boolean;
  parent?: string;
  id?: string;
  // biome-ignore lint/suspicious/noExplicitAny: properties of whatever type
  inputs?: Record<string, any>;
  // biome-ignore lint/suspicious/noExplicitAny: properties of whatever type
  outputs?: Record<string, any>;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[] | null>;
  protect?: boolean;
  external?: boolean;
}

export class Workspace {
  /** The folder with Pulumi.yaml: a copy, so that a suite may change it and nobody else does. */
  readonly program: string;
  readonly cloud: string;
  readonly region = "eu-west-1";
  readonly account = "000000000000";
  readonly env: NodeJS.ProcessEnv;
  readonly #directory: string;
  readonly #pulumi: string;

  constructor(cli: Cli) {
    this.#directory = mkdtempSync(join(tmpdir(), "terrace-pulumi-"));
    const at = (name: string) => join(this.#directory, name);
    this.program = at("program");
    this.cloud = at("cloud");
    for (const folder of ["program", "cloud", "state", "bin"]) mkdirSync(at(folder));
    for (const name of [...FILES, ...FOLDERS]) cpSync(join(root, name), join(this.program, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(this.program, "node_modules"));
    const version = { aws: versionOf("aws"), awsx: versionOf("awsx") };
    for (const [name, of] of Object.entries(version)) {
      const folder = at(`home/plugins/resource-${name}-v${of}`);
      writeProgram(join(folder, `pulumi-resource-${name}`), "provider.ts", `TERRACE_STAND_IN_NAME=${name}`);
    }
    this.#pulumi = cli.built ? withHost(cli.path, at("bin")) : cli.path;
    const standIn: StandIn = {
      cloud: this.cloud,
      context: { account: this.account, region: this.region, partition: "aws", stack: "" },
      version,
    };
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.env = {
      ...env,
      ...QUIET,
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      PULUMI_HOME: at("home"),
      PULUMI_BACKEND_URL: `file://${at("state")}`,
      PULUMI_CONFIG_PASSPHRASE: "correct horse",
      TERRACE_STAND_IN: JSON.stringify(standIn),
      // Bundles are made for this machine, as engine/'s tests make them.
      TERRACE_BUNDLE_TARGET: "host",
    };
  }

  /** `pulumi <args> --non-interactive`, to its end. */
  async pulumi(...args: string[]): Promise<Ran> {
    return finished(this.start(...args));
  }

  /** The same, not waited for. */
  start(...args: string[]): ChildProcess {
    return spawn(this.#pulumi, [...args, "--non-interactive", "--color", "never"], {
      cwd: this.program,
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** What the CLI keeps of a stack, secrets in plain text. */
  async state(stack: string): Promise<StateResource[]> {
    const { status, stdout, output } = await this.pulumi("stack", "export", "--show-secrets", "--stack", stack);
    if (status !== 0) throw new Error(output);
    return JSON.parse(stdout).deployment.resources ?? [];
  }

  /** What becomes of resources that are created from now on. */
  faults(faults: Faults): void {
    rmSync(join(this.cloud, "held"), { force: true });
    writeFileSync(join(this.cloud, "faults.json"), JSON.stringify(faults));
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export function finished(child: ChildProcess): Promise<Ran> {
  let stdout = "";
  let output = "";
  child.stdout!.on("data", (chunk) => {
    stdout += chunk;
    output += chunk;
  });
  child.stderr!.on("data", (chunk) => {
    output += chunk;
  });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (status) => done({ status, stdout, output }));
  });
}

function versionOf(name: string): string {
  return JSON.parse(readFileSync(join(root, "node_modules/@pulumi", name, "package.json"), "utf8")).version;
}

/** A CLI looks for its language hosts beside itself, so one without gets a place where it has one. */
function withHost(path: string, folder: string): string {
  const cli = join(folder, "pulumi");
  try {
    linkSync(path, cli);
  } catch {
    copyFileSync(path, cli); // another file system
  }
  writeProgram(join(folder, "pulumi-language-nodejs"), "language-host.ts");
  return cli;
}

/** An executable of the name that the CLI looks for. POSIX shells only: the suite does not run on Windows. */
function writeProgram(path: string, script: string, environment = ""): void {
  mkdirSync(dirname(path), { recursive: true });
  const flags = "--experimental-strip-types --disable-warning=ExperimentalWarning";
  const run = `exec "${process.execPath}" ${flags} "${join(import.meta.dirname, script)}" "$@"`;
  writeFileSync(path, `#!/bin/sh\n${environment} ${run}\n`.replace("\n ", "\n"));
  chmodSync(path, 0o755);
}
