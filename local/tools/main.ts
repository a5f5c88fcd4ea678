/** The developer's tools against a running platform: `npm run invoke`, `logs`, `queues`, `redrive`, `sql`, `iam`. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { findPlatform, type Platform, ToolError } from "./platform.ts";

export interface Tool {
  usage: string;
  options: ParseArgsOptionsConfig;
  /** What is no flag: so many at most. @default 1 */
  mostWords?: number;
  /** @returns the exit status */
  run(call: ToolCall): Promise<number>;
}

export interface ToolCall {
  platform: Platform;
  values: Record<string, string | boolean | (string | boolean)[] | undefined>;
  /** What is no flag. */
  words: string[];
  write(text: string): void;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

const TOOLS: Record<string, () => Promise<Tool>> = {
  invoke: async () => (await import("./invoke.ts")).invoke,
  logs: async () => (await import("./logs.ts")).logs,
  queues: async () => (await import("./queues.ts")).queues,
  redrive: async () => (await import("./queues.ts")).redrive,
  sql: async () => (await import("./sql.ts")).sql,
  iam: async () => (await import("./iam.ts")).iam,
};

/** @returns the exit status: 2 for what was typed wrong or does not run */
export async function runTool(
  name: string,
  args: string[],
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  try {
    const load = TOOLS[name];
    if (!load) throw new ToolError(`there is no tool "${name}"; there are ${Object.keys(TOOLS).join(", ")}`);
    const tool = await load();
    const { values, positionals } = parse(name, args, tool.options);
    if (values.help) {
      write(`${tool.usage}\n`);
      return 0;
    }
    const extra = positionals[tool.mostWords ?? 1];
    if (extra !== undefined) {
      throw new ToolError(`"${extra}" is one word too many; \`npm run ${name} -- --help\` says what it takes`);
    }
    return await tool.run({
      platform: findPlatform(values.state as string | undefined),
      values,
      words: positionals,
      write,
      signal,
    });
  } catch (error) {
    write(`${name}: ${explained(error as Error & { code?: string })}\n`);
    return 2;
  }
}

function parse(name: string, args: string[], options: ParseArgsOptionsConfig) {
  try {
    const common: ParseArgsOptionsConfig = { state: { type: "string" }, help: { type: "boolean", short: "h" } };
    return parseArgs({ args, allowPositionals: true, options: { ...common, ...options } });
  } catch (error) {
    throw new ToolError(
      `${(error as Error).message.split(". To specify")[0]}; \`npm run ${name} -- --help\` lists the flags`,
    );
  }
}

function explained(error: Error & { code?: string }): string {
  if (error.code === "ECONNREFUSED") return "the platform does not run any more: `npm start`";
  return error.message;
}

if (import.meta.main) {
  const [name = "", ...args] = process.argv.slice(2);
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  process.exitCode = await runTool(name, args, (text) => void process.stdout.write(text), interrupted.signal);
}
