/** The process that evaluates one program. Started ahead, it is up by the time it is asked. */
import { fork } from "node:child_process";
import { extname, join } from "node:path";
import type { Configuration } from "./configuration.ts";
import type { Graph } from "./graph.ts";
import { nodeFlags } from "./node-flags.ts";

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

export interface Evaluator {
  /** Once only. @throws EvaluationError when the program ends its process. */
  ask(request: ChildRequest): Promise<ChildAnswer>;
}

export interface EvaluatorOptions {
  /** As the Pulumi CLI runs a program: its paths are relative to its folder. */
  directory: string;
  env?: NodeJS.ProcessEnv;
  /** Keep stack traces. @default false */
  stackTraces?: boolean;
}

/** A program that could not be evaluated: its own message, and where in the program it arose. */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
}

/** Compiled as this file is: Node strips no types from packages. */
const CHILD = join(import.meta.dirname, `child${extname(import.meta.filename)}`);

/** Does not keep this process alive until it is asked, and ends with it. */
export function startEvaluator({ directory, env, stackTraces = false }: EvaluatorOptions): Evaluator {
  const child = fork(CHILD, {
    execArgv: nodeFlags({ stackTraces }),
    cwd: directory,
    env: { ...process.env, ...env },
    // What a program prints is for people; the graph comes over the channel.
    stdio: ["ignore", 2, "pipe", "ipc"],
  });
  let complaints = "";
  child.stderr!.on("data", (chunk) => {
    complaints = `${complaints}${chunk}`.slice(-8000);
    process.stderr.write(chunk);
  });
  const answered = new Promise<ChildAnswer>((resolve, reject) => {
    child.once("message", (answer) => resolve(answer as ChildAnswer));
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      const how = `The program ended (${signal ?? `code ${code}`}) before it was evaluated.`;
      const end = () => reject(new EvaluationError(`${how}\n${complaints}`));
      // The end of a long answer may still be on its way.
      if (child.connected) child.once("disconnect", end);
      else end();
    });
  });
  answered.catch(() => {}); // whoever asks is told
  child.unref();
  child.channel?.unref();
  return {
    ask(request) {
      child.ref();
      child.channel?.ref();
      // One that has ended already says so through `answered`.
      child.send(request, () => {});
      return answered;
    },
  };
}
