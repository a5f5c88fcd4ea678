/** The process that `evaluate` starts: one program, one graph. */
import { enableCompileCache, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import type { ChildAnswer, ChildRequest } from "./evaluator.ts";
import { loadLazily } from "./lazy-modules.ts";

enableCompileCache();
loadLazily();

process.once("message", async (request: ChildRequest) => {
  // A program that waits for nothing more has ended, whatever it promised: only its own work keeps this process alive.
  process.channel?.unref();
  const answer = await run(request);
  process.send!(answer, () => process.exit(0));
});

// Whoever asked is gone, killed perhaps: a program that never ends must not outlive it.
process.once("disconnect", () => process.exit(1));

async function run(request: ChildRequest): Promise<ChildAnswer> {
  process.env.PULUMI_NODEJS_PROJECT = request.project;
  if (request.stackTraces) nameResources();
  try {
    const { useLeanRuntime } = await import("./lean-runtime.ts");
    const { runSession } = await import("./session.ts");
    // The run that explains a failure keeps Pulumi's own.
    if (!request.stackTraces) useLeanRuntime();
    const { project, stack, directory, config, secretKeys, preview, account, region, endpoint } = request;
    const context = { account, region, partition: partitionOf(region), stack, endpoint };
    const graph = await runSession({ project, stack, directory, config, secretKeys, preview, context }, async () => {
      const module = await import(pathToFileURL(request.main).href);
      const { default: main, ...exports } = module;
      return typeof main === "function" ? await main() : { ...exports, ...(await main) };
    });
    return { graph };
  } catch (error) {
    const { message, stack } = error as Error;
    return { error: { message, stack } };
  }
}

function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/**
 * "Missing required property 'role'" does not say whose. In the run that explains a failure, Pulumi's generated
 * constructors say it: their check stands before `super()`, where nobody else can look.
 */
function nameResources(): void {
  const check = `throw new Error("Missing required property '`;
  const named = `throw new Error(new.target.__pulumiType + ' "' + name + '": ' + "Missing required property '`;
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!/\/@pulumi\/awsx?\//.test(url) || !loaded.source) return loaded;
      return { ...loaded, source: loaded.source.toString().replaceAll(check, named) };
    },
  });
}
