/**
 * The engine's evaluation against the same program under Pulumi's default settings, and whether it stays linear: first many
 * small resources, then the platform itself with up to 300 silo cells. Every measurement is a process of its own; rounds
 * are interleaved. Then the functions' bundles.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { bundleRows } from "./bundles.ts";
import { median, type Row, row } from "./row.ts";

const RESOURCES_PER_TENANT = 16;
const ROUNDS = 3;
const FEW = 25;
const MANY = 200;
const CELLS = [1, 10, 100, 300] as const;
/** Under Pulumi's defaults 100 cells do not fit into Node's heap. */
const PEER_CELLS = 10;
const pulumi = "Pulumi's default settings";

type How = "engine" | "pulumi";

interface Measured {
  milliseconds: number;
  memoryMiB: number;
  resources?: number;
}

export async function evaluateBench(): Promise<Row[]> {
  return [...tenantRows(), ...cellRows(), ...(await bundleRows())];
}

function tenantRows(): Row[] {
  const [ours, oursFew, theirs]: [Measured[], Measured[], Measured[]] = [[], [], []];
  for (let round = 1; round <= ROUNDS; round++) {
    console.error(`bench evaluate: tenants, round ${round} of ${ROUNDS}…`);
    oursFew.push(measure("tenants", "engine", FEW));
    ours.push(measure("tenants", "engine", MANY));
    theirs.push(measure("tenants", "pulumi", MANY));
  }
  const perResource = (all: Measured[], tenants: number) => milliseconds(all) / (tenants * RESOURCES_PER_TENANT);
  const [many, few] = [perResource(ours, MANY), perResource(oursFew, FEW)];
  return [
    row(`evaluation, ${MANY} tenants`, "ms/resource", many, perResource(theirs, MANY), pulumi, { atMost: 0.35 }),
    row(`${MANY} tenants against ${FEW}`, "ms/resource", many, few, `${FEW} tenants`, { atMost: 1.1 }),
    row(`peak memory, ${MANY} tenants`, "MiB", memory(ours), memory(theirs), pulumi, { atMost: 1 }),
  ];
}

function cellRows(): Row[] {
  const ours = new Map<number, Measured[]>(CELLS.map((cells) => [cells, []]));
  const theirs: Measured[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    for (const cells of CELLS) {
      // The largest take minutes: once is enough to see a slope.
      if (cells > 10 && round > 1) continue;
      console.error(`bench evaluate: ${cells} silo cells, round ${round} of ${ROUNDS}…`);
      ours.get(cells)!.push(measure("cells", "engine", cells));
    }
    theirs.push(measure("cells", "pulumi", PEER_CELLS));
  }
  const time = (cells: number) => milliseconds(ours.get(cells)!);
  const resources = (cells: number) => ours.get(cells)![0]!.resources!;
  const slope = (from: number, to: number) => (time(to) - time(from)) / (to - from);
  const perResource = time(PEER_CELLS) / resources(PEER_CELLS);
  return [
    row(
      `evaluation, ${PEER_CELLS} silo cells`,
      "ms/resource",
      perResource,
      milliseconds(theirs) / theirs[0]!.resources!,
      pulumi,
      {
        atMost: 0.35,
      },
    ),
    row("each cell from 100 to 300", "ms", slope(100, 300), slope(10, 100), "from 10 to 100", { atMost: 1.1 }),
    ...CELLS.map((cells) =>
      row(`${cells} silo cells (${resources(cells)} resources)`, "ms", time(cells), time(1), "1 cell"),
    ),
    row(`peak memory, ${PEER_CELLS} silo cells`, "MiB", memory(ours.get(PEER_CELLS)!), memory(theirs), pulumi, {
      atMost: 1,
    }),
    ...CELLS.map((cells) =>
      row(`peak memory, ${cells} silo cells`, "MiB", memory(ours.get(cells)!), memory(ours.get(1)!), "1 cell"),
    ),
  ];
}

const milliseconds = (all: Measured[]) => median(all.map((each) => each.milliseconds));
const memory = (all: Measured[]) => median(all.map(({ memoryMiB }) => memoryMiB));

function measure(program: "tenants" | "cells", how: How, count: number): Measured {
  const flags = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];
  // As engine/evaluate.ts starts its process.
  const tuned = ["--stack-trace-limit=0", "--min-semi-space-size=192", "--max-semi-space-size=192"];
  const file = join(import.meta.dirname, "programs", program, "run.ts");
  const args = [...flags, ...(how === "engine" ? tuned : []), file, how, String(count)];
  const env = { ...process.env, TERRACE_BUNDLE_TARGET: "host" };
  const cwd = join(import.meta.dirname, "..");
  return JSON.parse(
    execFileSync(process.execPath, args, { encoding: "utf8", env, cwd, stdio: ["ignore", "pipe", "inherit"] }),
  );
}
