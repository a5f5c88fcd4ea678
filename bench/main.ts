/**
 * `npm run bench -- <name> [--json]`: runs one benchmark against its peers and exits 1 where a goal is missed.
 * Progress goes to stderr, so that `--json` can be piped. `--quick` measures too little to hold anybody to: whether every row
 * comes out.
 */
import type { Row } from "./row.ts";

const benches: Record<string, () => Promise<(isQuick: boolean) => Promise<Row[]>>> = {
  "data-api": async () => (await import("./data-api.ts")).dataApiBench,
  evaluate: async () => (await import("./evaluate.ts")).evaluateBench,
  services: async () => (await import("./services.ts")).servicesBench,
  local: async () => (await import("./local.ts")).localBench,
  preview: async () => (await import("./preview.ts")).previewBench,
};

const [name, ...flags] = process.argv.slice(2);
const load = name ? benches[name] : undefined;
const known = name === "evaluate" ? ["--json", "--quick"] : ["--json"];
const unknown = flags.find((flag) => !known.includes(flag));
if (!load || unknown) {
  const problem = unknown ? `no flag "${unknown}"` : `no benchmark "${name ?? ""}"`;
  console.error(`bench: ${problem}; usage: npm run bench -- ${Object.keys(benches).join("|")} [${known.join("] [")}]`);
  process.exit(2);
}

const rows = await (await load())(flags.includes("--quick"));
if (flags.includes("--json")) console.log(JSON.stringify(rows, null, 2));
else print(rows);
process.exitCode = rows.every((row) => row.holds) ? 0 : 1;

function print(rows: Row[]): void {
  const cells = rows.map((row) => [
    row.goal === "none" ? "" : row.holds ? "ok" : "MISSED",
    row.metric,
    `${row.ours} ${row.unit}`,
    `${row.peer} ${row.unit} (${row.peerName})`,
    `${row.ratio}x`,
    row.goal === "none" ? "" : `goal ${row.goal}`,
  ]);
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]!.length))) ?? [];
  for (const line of cells) console.log(line.map((cell, column) => cell.padEnd(widths[column]!)).join("  "));
}
