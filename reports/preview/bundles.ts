/** The functions' code: what a cold start loads. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Resource, Value } from "../../engine/graph.ts";

/** A function's code, by its content. */
export interface Bundle {
  id: string;
  /** Of code alone: source maps are not loaded, native modules are the same for all. */
  kiB: number;
}

/** By the function's logical name. */
export type Bundles = Record<string, Bundle>;

export interface BundleChange {
  name: string;
  /** Absent for a function that is new. */
  beforeKiB?: number;
  /** Absent for a function that is gone. */
  afterKiB?: number;
}

const FUNCTION = "aws:lambda/function:Function";
const CODE = /\.(mjs|cjs|js|json)$/;

/** @param directory what relative paths in the graph are relative to */
export function bundlesOf(resources: readonly Resource[], directory: string): Bundles {
  const functions = resources.filter(({ type }) => type === FUNCTION);
  return Object.fromEntries(functions.map(({ name, inputs }) => [name, bundleOf(inputs.code ?? null, directory)]));
}

export function compareBundles(before: Bundles, after: Bundles): BundleChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const [from, to] = [before[name], after[name]];
    if (from?.id === to?.id) return [];
    return [{ name, ...(from ? { beforeKiB: from.kiB } : {}), ...(to ? { afterKiB: to.kiB } : {}) }];
  });
}

/** Bundles lie in folders that are named by their content, so equal paths are equal code. */
function bundleOf(code: Value, directory: string): Bundle {
  const bytes = filesOf(code)
    .filter((path) => CODE.test(path))
    .reduce((sum, path) => sum + (statSync(join(directory, path), { throwIfNoEntry: false })?.size ?? 0), 0);
  const id = createHash("sha256").update(JSON.stringify(code)).digest("hex").slice(0, 16);
  return { id, kiB: Math.round((bytes / 1024) * 10) / 10 };
}

function filesOf(code: Value): string[] {
  if (typeof code !== "object" || code === null || Array.isArray(code)) return [];
  if (code.$asset === "file" && typeof code.path === "string") return [code.path];
  return Object.values((code.assets ?? {}) as Record<string, Value>).flatMap(filesOf);
}
