/** `npm start`: the platform on one machine. */
import { parseFlags, USAGE } from "./runner/flags.ts";
import { Problem } from "./runner/problem.ts";
import { progress } from "./runner/progress.ts";

/** A second signal does not wait for what hangs. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const shown = progress();
const stops: (() => unknown)[] = [];
let stopping: Promise<void> | undefined;

function stop(): Promise<void> {
  stopping ??= (async () => {
    for (let next = stops.pop(); next; next = stops.pop()) {
      try {
        await next();
      } catch (error) {
        shown.problem(`while stopping: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  })();
  return stopping;
}

async function main(): Promise<void> {
  const flags = parseFlags(process.argv.slice(2));
  if (flags.help) {
    process.stdout.write(USAGE);
    return;
  }
  for (const signal of SIGNALS) {
    process.on(signal, async () => {
      if (stopping) process.exit(130);
      shown.line("stopping…");
      await stop();
      process.exit(0);
    });
  }
  process.on("uncaughtException", (error) => void end(error));
  process.on("unhandledRejection", (error) => void end(error));
  const { start } = await import("./runner/start.ts");
  await start({ ...flags, directory: process.cwd(), progress: shown, stops });
}

async function end(error: unknown): Promise<void> {
  if (stopping) return;
  const text = error instanceof Problem ? error.message : error instanceof Error ? describe(error) : String(error);
  process.stderr.write(`terrace: ${text}\n`);
  await stop();
  process.exit(1);
}

/** The program's own errors carry a message for people; a defect of ours needs its stack. */
function describe(error: Error): string {
  const isOurs = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return isOurs ? (error.stack ?? error.message) : error.message;
}

main().catch(end);
