/** `npm run preview -- --stack prod --base main`: what the working tree would change. Needs no credentials. */
import { parseArgs } from "node:util";
import { needsAttention, type Preview, preview } from "./preview.ts";
import { PreviewError } from "./preview-error.ts";
import { markdown } from "./render/markdown.ts";
import { text } from "./render/text.ts";

const USAGE = `Usage: npm run preview -- --stack <name> [--base <revision>] [flags]

Evaluates two revisions of the Pulumi program and says what a deployment would change. Needs no credentials.

  --stack <name>        the stack: Pulumi.<name>.yaml (default dev)
  --base <revision>     branch, tag or commit to compare with (default main); compared is where HEAD left it
  --format <form>       text, markdown or json (default text)
  --config <k=v>        override one configuration value in both revisions; may be repeated
  --report-only         exit with 0 even where somebody should look
  --help                this text

Exit status: 0 nothing to worry about · 3 data at risk, a broken rule, or a migration that breaks the running release ·
2 the preview could not be made.
`;

const formats: Record<string, (preview: Preview) => string> = {
  text,
  markdown,
  json: (made) => `${JSON.stringify(made, null, 2)}\n`,
};

async function main(): Promise<number> {
  const { values } = parse(process.argv.slice(2));
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const render = formats[values.format];
  if (!render) throw new PreviewError(`--format is one of ${Object.keys(formats).join(", ")}, not "${values.format}"`);
  const config = Object.fromEntries((values.config ?? []).map(setting));
  const made = await preview({ directory: process.cwd(), stack: values.stack, base: values.base, config });
  process.stdout.write(render(made));
  return needsAttention(made) && !values["report-only"] ? 3 : 0;
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        stack: { type: "string", default: "dev" },
        base: { type: "string", default: "main" },
        format: { type: "string", default: "text" },
        config: { type: "string", multiple: true },
        "report-only": { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new PreviewError(
      `${(error as Error).message.split(". To specify")[0]}; \`npm run preview -- --help\` lists the flags`,
    );
  }
}

function setting(text: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals < 1) throw new PreviewError(`--config takes key=value, not "${text}"`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

// What was laid out is removed on the way out, however that comes.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof PreviewError)) throw error;
  process.stderr.write(`preview: ${error.message}\n`);
  process.exitCode = 2;
}
