/** `npm run cost -- --stack prod`: what the stack costs, from its graph and a dated price table. */
import { parseArgs } from "node:util";
import { evaluate } from "../../engine/evaluate.ts";
import { type Estimate, estimate } from "./estimate.ts";
import { AS_OF, REGION } from "./prices.ts";
import { ASSUMED } from "./traffic.ts";

const USAGE = `Usage: npm run cost -- [--stack <name>] [--json]

Says what the stack costs a month when nobody uses it, per cell and per tenant, and what a million requests cost.

  --stack <name>   Pulumi.<name>.yaml (default dev)
  --json           as data
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      stack: { type: "string", default: "dev" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return void process.stdout.write(USAGE);
  const graph = await evaluate({
    directory: process.cwd(),
    stack: values.stack,
    env: { TERRACE_BUNDLE_TARGET: "host" },
  });
  const made = estimate(graph);
  process.stdout.write(values.json ? `${JSON.stringify(made, null, 2)}\n` : text(made));
}

function text({ stack, cells, tenants, shared, unknown, peers }: Estimate): string {
  const lines = [
    `${stack}: US dollars a month, at the list prices of ${REGION} as of ${AS_OF} (reports/cost/prices.ts names their pages)`,
  ];
  for (const cell of cells) {
    lines.push("", `${cell.name} (${cell.kind}), idle`.padEnd(56) + usd(cell.idleUsd));
    for (const { what, count, usdPerMonth } of cell.idle)
      lines.push(`  ${count > 1 ? `${count} × ` : ""}${what}`.padEnd(56) + usd(usdPerMonth));
    lines.push(`${cell.name}, a million requests`.padEnd(56) + usd(cell.perMillionUsd));
    for (const { what, usdPerMonth } of cell.perMillionRequests) lines.push(`  ${what}`.padEnd(56) + usd(usdPerMonth));
  }
  if (tenants.length > 0) lines.push("", "Tenants, idle");
  for (const { id, placement, items, idleUsd } of tenants) {
    lines.push(`  ${id} (${placement}): ${items.map(({ what }) => what).join(" and ")}`.padEnd(56) + usd(idleUsd));
  }
  for (const { what, count, usdPerMonth } of shared)
    lines.push(`  ${count} × ${what}, of no cell`.padEnd(56) + usd(usdPerMonth));
  lines.push("", "The same, idle, by others' defaults");
  for (const { name, usdPerMonth, why } of peers) lines.push(`  ${name}`.padEnd(56) + usd(usdPerMonth), `    ${why}`);
  const missing = Object.entries(unknown);
  if (missing.length > 0) lines.push("", "Not in the price table, and so not in the sums");
  for (const [type, count] of missing) lines.push(`  ${count} × ${type}`);
  lines.push(
    "",
    `A request is taken to run for ${ASSUMED.durationMs} ms and to make ${ASSUMED.statements} statement; the database's capacity under load is not in it.`,
  );
  return `${lines.join("\n")}\n`;
}

function usd(amount: number): string {
  return amount.toFixed(2).padStart(9);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`cost: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
