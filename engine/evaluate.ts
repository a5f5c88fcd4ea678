/** Evaluates a Pulumi program in a process of its own, because the runtime's state and the program's are global. */
import { fork } from "node:child_process";
import { extname, join } from "node:path";
import { type Configuration, readConfiguration } from "./configuration.ts";
import type { Graph } from "./graph.ts";

export interface EvaluateOptions {
  /** Where Pulumi.yaml stands. */
  directory: string;
  stack: string;
  /** Overrides of single keys; keys without a namespace are the project's. */
  config?: Record<string, string>;
  /** Outputs that only a deployment knows stay unknown. @default false */
  preview?: boolean;
  /** Of the local cloud; outputs that are URLs then point to it. */
  endpoint?: string;
  /** @default "000000000000" */
  account?: string;
  /** @default config's `aws:region`, else "us-east-1" */
  region?: string;
  /** Keep stack traces: slower, for finding where a program fails. @default false */
  stackTraces?: boolean;
  env?: NodeJS.ProcessEnv;
}

/** What the child is told, and what it answers. */
export interface ChildRequest extends Configuration {
  directory: string;
  stack: string;
  preview: boolean;
  endpoint?: string;
  account: string;
  region: string;
  stackTraces: boolean;
}

export type ChildAnswer = { graph: Graph } | { error: { message: string; stack?: string } };

/** A program that could not be evaluated: its own message, and where in the program it arose. */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
}

/** @throws EvaluationError naming the resource and, where recognisable, the argument. */
export async function evaluate(options: EvaluateOptions): Promise<Graph> {
  const configuration = readConfiguration(options.directory, options.stack, options.config);
  const request: ChildRequest = {
    ...configuration,
    directory: options.directory,
    stack: options.stack,
    preview: options.preview ?? false,
    endpoint: options.endpoint,
    account: options.account ?? "000000000000",
    region: options.region ?? configuration.config["aws:region"] ?? "us-east-1",
    stackTraces: options.stackTraces ?? false,
  };
  let answer = await runChild(request, options.env);
  // Pulumi captures a stack for every promise, so traces are off; a failure is worth a second, slower run with them.
  if ("error" in answer && !request.stackTraces)
    answer = await runChild({ ...request, stackTraces: true }, options.env);
  if ("graph" in answer) return answer.graph;
  const { message, stack } = answer.error;
  throw new EvaluationError(`${message}${placeOf(stack, options.directory)}`);
}

/** Compiled as this file is: Node strips no types from packages. */
const CHILD = join(import.meta.dirname, `child${extname(import.meta.filename)}`);

function runChild(request: ChildRequest, env: NodeJS.ProcessEnv = {}): Promise<ChildAnswer> {
  const flags = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];
  const child = fork(CHILD, {
    // The process lives for a second and makes short-lived objects: room for them costs less than collecting them.
    execArgv: [
      ...flags,
      `--stack-trace-limit=${request.stackTraces ? 50 : 0}`,
      "--min-semi-space-size=192",
      "--max-semi-space-size=192",
    ],
    // As the Pulumi CLI runs it: paths in a program are relative to it.
    cwd: request.directory,
    env: { ...process.env, PULUMI_NODEJS_PROJECT: request.project, ...env },
    // What a program prints is for people; the graph comes over the channel.
    stdio: ["ignore", 2, "pipe", "ipc"],
  });
  let complaints = "";
  child.stderr!.on("data", (chunk) => {
    complaints = `${complaints}${chunk}`.slice(-8000);
    process.stderr.write(chunk);
  });
  return new Promise((resolve, reject) => {
    child.once("message", (answer) => resolve(answer as ChildAnswer));
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      reject(
        new EvaluationError(`The program ended (${signal ?? `code ${code}`}) before it was evaluated.\n${complaints}`),
      );
    });
    child.send(request);
  });
}

/** ` (at components/data/queue.ts:41)`: the innermost frame that is the program's own. */
function placeOf(stack: string | undefined, directory: string): string {
  const frame = stack
    ?.split("\n")
    .map((line) => /\(?(?:file:\/\/)?(\/[^()]+?|[A-Z]:[^()]+?):(\d+):\d+\)?$/.exec(line))
    .find(
      (match) =>
        match?.[1]?.startsWith(directory) && !match[1].includes("/node_modules/") && !match[1].includes("/engine/"),
    );
  return frame ? ` (at ${frame[1]!.slice(directory.length + 1).replace(/\?.*$/, "")}:${frame[2]})` : "";
}
