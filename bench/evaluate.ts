/**
 * The engine's evaluation against the same program under Pulumi's default settings, and whether it stays linear: first many
 * small resources, then the platform itself with up to 300 silo cells. Every measurement is a process of its own; rounds
 * are interleaved. Then the functions' bundles.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { nodeFlags } from "../engine/node-flags.ts";
import { bundleRows } from "./bundles.ts";
import { median, type Row, row } from "./row.ts";

const RESOURCES_PER_TENANT = 16;

interface Extent {
  rounds: number;
  /** Rising. The last is what the peer evaluates too. */
  tenants: readonly [number, number, number];
  /** Rising. The second is what the peer evaluates too: 100 cells take it 40 s. */
  cells: readonly [number, number, number, number];
}
const WHOLE: Extent = { rounds: 5, tenants: [25, 100, 200], cells: [1, 10, 100, 300] };
/** Whether every row comes out; no figures to hold anybody to. */
const QUICK: Extent = { rounds: 1, tenants: [1, 2, 4], cells: [1, 2, 4, 6] };
const pulumi = "Pulumi's default settings";
/** Node's own way to run TypeScript, and nothing else. */
const PLAIN = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];

type How = "engine" | "pulumi";

interface Measured {
  milliseconds: number;
  memoryMiB: number;
  resources?: number;
  bundles?: number;
}

export async function evaluateBench(isQuick: boolean): Promise<Row[]> {
  const extent = isQuick ? QUICK : WHOLE;
  return [...tenantRows(extent, false), ...tenantRows(extent, true), ...cellRows(extent), ...(await bundleRows())];
}

/** @param givesWay a turn of the event loop after each tenant, as index.ts gives; without, all are there before the first is registered */
function tenantRows({ rounds, tenants: sizes }: Extent, givesWay: boolean): Row[] {
  const many = sizes[2];
  const name = givesWay ? `${many} tenants, a turn after each` : `${many} tenants`;
  const flags = givesWay ? ["turns"] : [];
  const ours = new Map<number, Measured[]>(sizes.map((tenants) => [tenants, []]));
  const theirs: Measured[] = [];
  for (let round = 1; round <= rounds; round++) {
    console.error(`bench evaluate: ${name}, round ${round} of ${rounds}…`);
    for (const tenants of sizes) ours.get(tenants)!.push(measure("tenants", "engine", tenants, flags));
    theirs.push(measure("tenants", "pulumi", many, flags));
  }
  const time = (tenants: number) => milliseconds(ours.get(tenants)!);
  const resources = many * RESOURCES_PER_TENANT;
  return [
    row(`evaluation, ${name}`, "ms/resource", time(many) / resources, milliseconds(theirs) / resources, pulumi, {
      atMost: 0.35,
    }),
    slopeRow(givesWay ? "tenant with a turn" : "tenant", sizes, time),
    row(`peak memory, ${name}`, "MiB", memory(ours.get(many)!), memory(theirs), pulumi, { atMost: 1 }),
  ];
}

/** Linear is what grows by the same for each one more, however many there are already. */
function slopeRow(what: string, sizes: readonly [number, number, number], time: (size: number) => number): Row {
  const [few, some, many] = sizes;
  const slope = (from: number, to: number) => (time(to) - time(from)) / (to - from);
  const name = `each ${what} from ${some} to ${many}`;
  return row(name, "ms", slope(some, many), slope(few, some), `from ${few} to ${some}`, { atMost: 1.1 });
}

function cellRows({ rounds, cells: sizes }: Extent): Row[] {
  const [one, some, hundred, most] = sizes;
  const ours = new Map<number, Measured[]>(sizes.map((cells) => [cells, []]));
  const theirs: Measured[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const cells of sizes) {
      console.error(`bench evaluate: ${cells} silo cells, round ${round} of ${rounds}…`);
      ours.get(cells)!.push(measure("cells", "engine", cells));
    }
    theirs.push(measure("cells", "pulumi", some));
  }
  const time = (cells: number) => milliseconds(ours.get(cells)!);
  const resources = (cells: number) => ours.get(cells)![0]!.resources!;
  const bundles = (cells: number) => ours.get(cells)![0]!.bundles!;
  const perResource = time(some) / resources(some);
  return [
    row(
      `evaluation, ${some} silo cells`,
      "ms/resource",
      perResource,
      milliseconds(theirs) / theirs[0]!.resources!,
      pulumi,
      {
        atMost: 0.35,
      },
    ),
    slopeRow("cell", [some, hundred, most], time),
    row(`bundles made for ${most} cells`, "bundles", bundles(most), bundles(one), "1 cell", { atMost: 1 }),
    ...sizes.map((cells) =>
      row(`${cells} silo cells (${resources(cells)} resources)`, "ms", time(cells), time(one), "1 cell"),
    ),
    row(`peak memory, ${some} silo cells`, "MiB", memory(ours.get(some)!), memory(theirs), pulumi, {
      atMost: 1,
    }),
    ...sizes.map((cells) =>
      row(`peak memory, ${cells} silo cells`, "MiB", memory(ours.get(cells)!), memory(ours.get(one)!), "1 cell"),
    ),
  ];
}

const milliseconds = (all: Measured[]) => median(all.map((each) => each.milliseconds));
const memory = (all: Measured[]) => median(all.map(({ memoryMiB }) => memoryMiB));

function measure(program: "tenants" | "cells", how: How, count: number, more: string[] = []): Measured {
  const file = join(import.meta.dirname, "programs", program, "run.ts");
  const flags = how === "engine" ? nodeFlags() : PLAIN;
  const args = [...flags, file, how, String(count), ...more];
  const env = { ...process.env, TERRACE_BUNDLE_TARGET: "host" };
  const cwd = join(import.meta.dirname, "..");
  return JSON.parse(
    execFileSync(process.execPath, args, { encoding: "utf8", env, cwd, stdio: ["ignore", "pipe", "inherit"] }),
  );
}
