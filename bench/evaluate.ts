/**
 * The engine's evaluation against the same program under Pulumi's default settings, and whether it stays linear. Every
 * measurement is a process of its own; rounds are interleaved.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { median, type Row, row } from "./row.ts";

const program = join(import.meta.dirname, "programs/tenants/run.ts");
const RESOURCES_PER_TENANT = 16;
const ROUNDS = 3;
const FEW = 25;
const MANY = 200;

interface Measured {
  milliseconds: number;
  memoryMiB: number;
}

export async function evaluateBench(): Promise<Row[]> {
  const ours: Measured[] = [];
  const oursFew: Measured[] = [];
  const theirs: Measured[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    console.error(`bench evaluate: round ${round} of ${ROUNDS}…`);
    oursFew.push(measure("engine", FEW));
    ours.push(measure("engine", MANY));
    theirs.push(measure("pulumi", MANY));
  }
  const perResource = (all: Measured[], tenants: number) =>
    median(all.map(({ milliseconds }) => milliseconds)) / (tenants * RESOURCES_PER_TENANT);
  const memory = (all: Measured[]) => median(all.map(({ memoryMiB }) => memoryMiB));
  const pulumi = "Pulumi's default settings";
  return [
    row(`evaluation, ${MANY} tenants`, "ms/resource", perResource(ours, MANY), perResource(theirs, MANY), pulumi, {
      atMost: 0.35,
    }),
    row(
      `${MANY} tenants against ${FEW}`,
      "ms/resource",
      perResource(ours, MANY),
      perResource(oursFew, FEW),
      `${FEW} tenants`,
      { atMost: 1.1 },
    ),
    row(`peak memory, ${MANY} tenants`, "MiB", memory(ours), memory(theirs), pulumi, { atMost: 1 }),
  ];
}

function measure(how: "engine" | "pulumi", tenants: number): Measured {
  const flags = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];
  // As engine/evaluate.ts starts its process.
  const tuned = ["--stack-trace-limit=0", "--min-semi-space-size=64", "--max-semi-space-size=64"];
  const args = [...flags, ...(how === "engine" ? tuned : []), program, how, String(tenants)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }));
}
