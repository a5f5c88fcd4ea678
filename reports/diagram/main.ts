/** `npm run diagram -- --stack dev --cell acme`: a cell, drawn from what the program asks for. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { evaluate } from "../../engine/evaluate.ts";
import { modelOf } from "./model.ts";
import { svg } from "./svg.ts";

const USAGE = `Usage: npm run diagram -- [--stack <name>] [--cell <name>] [--out <file.svg>]

  --stack <name>   Pulumi.<name>.yaml (default dev)
  --cell <name>    default: the stack's first
  --out <file>     where to write it (default: standard output)
`;

try {
  const { values } = parseArgs({
    options: {
      stack: { type: "string", default: "dev" },
      cell: { type: "string" },
      out: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) process.stdout.write(USAGE);
  else {
    const graph = await evaluate({
      directory: process.cwd(),
      stack: values.stack,
      env: { TERRACE_BUNDLE_TARGET: "host" },
    });
    const cell = values.cell ?? Object.keys(graph.outputs.cells ?? {})[0] ?? "";
    const picture = svg(modelOf(graph, cell));
    if (values.out === undefined) process.stdout.write(picture);
    else writeFileSync(values.out, picture);
  }
} catch (error) {
  process.stderr.write(`diagram: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
