/** The command line of `npm start`. */
import { parseArgs } from "node:util";
import { Problem } from "./problem.ts";

export interface Flags {
  /** The API gateway's port; the AWS API has the next one. @default 4510 */
  port: number;
  /** @default "dev" */
  stack: string;
  /** Drops this stack's state before it starts. */
  fresh: boolean;
  /** Where state lives. @default ".terrace" */
  state: string;
  /** Overrides of the stack's configuration. */
  config: Record<string, string>;
  help: boolean;
}

export const USAGE = `Usage: npm start -- [flags]

Evaluates the Pulumi program in this folder and serves it on this machine.

  --port <port>       API at http://<tenant>.localhost:<port>, the AWS API at the next port (default 4510)
  --stack <name>      the stack to run: Pulumi.<name>.yaml (default dev)
  --fresh             forget all state of this stack first: databases, objects, users
  --config <k=v>      override one configuration value; may be repeated
  --state <folder>    where state is kept (default .terrace)
  --help              this text
`;

const LAST_PORT = 65_534;

/** @throws Problem naming the flag. */
export function parseFlags(args: string[]): Flags {
  const { values } = parse(args);
  const port = Number(values.port ?? 4510);
  if (!Number.isInteger(port) || port < 1 || port > LAST_PORT) {
    throw new Problem(`--port must be a number from 1 to ${LAST_PORT}, not "${values.port}"`);
  }
  const stack = values.stack ?? "dev";
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(stack)) throw new Problem(`--stack "${stack}" is not a stack's name`);
  return {
    port,
    stack,
    fresh: values.fresh === true,
    state: values.state ?? ".terrace",
    config: Object.fromEntries((values.config ?? []).map(parseSetting)),
    help: values.help === true,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: "string" },
        stack: { type: "string" },
        fresh: { type: "boolean" },
        state: { type: "string" },
        config: { type: "string", multiple: true },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    const message = (error as Error).message.split(". To specify")[0]!.replace(/^Unknown option/, "unknown flag");
    throw new Problem(`${message}; \`npm start -- --help\` lists the flags`);
  }
}

function parseSetting(text: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals < 1) throw new Problem(`--config takes key=value, not "${text}"`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}
