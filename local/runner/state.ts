/** The state folder: `.terrace/<stack>` for what services keep, `.terrace/outputs.json` for people and tools. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Graph } from "../../engine/graph.ts";
import { discard } from "../discard.ts";

export interface Served {
  graph: Graph;
  /** Of the program that gave this graph (see sources.ts). */
  fingerprint: string;
}

export interface State {
  /** What services keep. */
  directory: string;
  outputsFile: string;
  /** What was last served. */
  last(): Served | undefined;
  save(served: Served): void;
  writeOutputs(outputs: object): void;
}

export function openState(root: string, stack: string): State {
  const directory = resolve(root, stack);
  const graphFile = join(directory, "served.json");
  const outputsFile = resolve(root, "outputs.json");
  return {
    directory,
    outputsFile,
    last() {
      try {
        return JSON.parse(readFileSync(graphFile, "utf8")) as Served;
      } catch {
        return undefined; // none yet, or half of one: it only saves time
      }
    },
    save: (served) => writeWhole(graphFile, JSON.stringify(served)),
    writeOutputs: (outputs) => writeWhole(outputsFile, `${JSON.stringify(outputs, null, 2)}\n`),
  };
}

/** Others see the old file or the new one, never a part; both hold credentials, so only this user may read them. */
function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
}

/** What the lock stands on while the rest goes. */
const KEPT = new Set(["lock.sqlite", "lock.sqlite-journal", "lock.pid"]);

/** Forgets a stack's state. */
export function dropState(directory: string): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) if (!KEPT.has(name)) discard(join(directory, name), directory);
}

export function removeOutputs({ outputsFile }: State): void {
  rmSync(outputsFile, { force: true });
}
