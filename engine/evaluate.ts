/** Evaluates a Pulumi program in a process of its own, because the runtime's state and the program's are global. */
import { readConfiguration } from "./configuration.ts";
import { type ChildRequest, EvaluationError, type Evaluator, startEvaluator } from "./evaluator.ts";
import type { Graph } from "./graph.ts";

export { EvaluationError };

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
  /** Started ahead, with this directory and env. @default one that is started now */
  evaluator?: Evaluator;
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
  const { directory, env } = options;
  const evaluator = options.evaluator ?? startEvaluator({ directory, env, stackTraces: request.stackTraces });
  let answer = await evaluator.ask(request);
  // Pulumi captures a stack for every promise, so traces are off; a failure is worth a second, slower run with them.
  if ("error" in answer && !request.stackTraces)
    answer = await startEvaluator({ directory, env, stackTraces: true }).ask({ ...request, stackTraces: true });
  if ("graph" in answer) return answer.graph;
  const { message, stack } = answer.error;
  throw new EvaluationError(`${message}${placeOf(stack, options.directory)}`);
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
