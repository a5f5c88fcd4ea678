/** The Pulumi program in a folder: what must be there before it is evaluated, and its evaluation for this machine. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Evaluator, startEvaluator } from "../../engine/evaluator.ts";
import type { Graph } from "../../engine/graph.ts";
import { Problem } from "./problem.ts";
import { fingerprint } from "./sources.ts";

export interface Program {
  region: string;
  /** The same as long as nothing changes that decides about the graph. */
  fingerprint(endpoint: string): string;
  /** Starts the process of the next evaluation, so that it comes up while other things are done. */
  prepare(): void;
  /** @throws when the program does: its message names the resource and the argument. */
  evaluate(endpoint: string): Promise<Graph>;
}

export interface ProgramOptions {
  directory: string;
  stack: string;
  config: Record<string, string>;
}

export const ACCOUNT = "000000000000";
const DEFAULT_REGION = "eu-west-1";

/** @throws Problem when a file is missing. */
export function openProgram({ directory, stack, config }: ProgramOptions): Program {
  if (!existsSync(join(directory, "Pulumi.yaml"))) throw new Problem(`there is no Pulumi.yaml in ${directory}`);
  const file = `Pulumi.${stack}.yaml`;
  if (!existsSync(join(directory, file))) {
    const stacks = readdirSync(directory).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);
    throw new Problem(`${file} is missing; the stacks here are: ${stacks.join(", ") || "none"}`);
  }
  const settings = readFileSync(join(directory, file), "utf8");
  const region = config["aws:region"] ?? /^\s*["']?aws:region["']?:\s*["']?([\w-]+)/m.exec(settings)?.[1];
  // Native modules come from this machine's node_modules instead of being installed for Lambda's platform.
  const env = { TERRACE_BUNDLE_TARGET: "host" };
  let prepared: Evaluator | undefined;
  return {
    region: region ?? DEFAULT_REGION,
    fingerprint: (endpoint) => fingerprint(directory, { stack, config, endpoint }),
    prepare() {
      prepared ??= startEvaluator({ directory, env });
    },
    async evaluate(endpoint) {
      const evaluator = prepared;
      prepared = undefined;
      const { evaluate } = await import("../../engine/evaluate.ts");
      return evaluate({
        directory,
        stack,
        config,
        endpoint,
        account: ACCOUNT,
        region: region ?? DEFAULT_REGION,
        env,
        evaluator,
      });
    },
  };
}
