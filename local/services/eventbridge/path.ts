/** EventBridge's own small JSON path: dots, `[0]`, `['name']` and `*`. Pure. */
import type { Json } from "../../event-pattern.ts";

const STEP = /\.([\w/-]+|\*)|\[(\d+|\*)\]|\['([^']+)'\]/y;

/** @returns undefined where it is no path */
function stepsOf(path: string): string[] | undefined {
  if (!path.startsWith("$")) return undefined;
  const steps: string[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < path.length) {
    const match = STEP.exec(path);
    if (!match) return undefined;
    steps.push((match[1] ?? match[2] ?? match[3])!);
  }
  return steps;
}

export function isPath(path: string): boolean {
  return stepsOf(path) !== undefined;
}

/** What is found there; several values with a `*`; undefined where there is nothing. */
export function valueAt(event: Json, path: string): Json | undefined {
  const steps = stepsOf(path) ?? [];
  let found: (Json | undefined)[] = [event];
  for (const step of steps) {
    found = found.flatMap((value) => (step === "*" ? membersOf(value) : [memberOf(value, step)]));
    found = found.filter((value) => value !== undefined);
  }
  return steps.includes("*") ? (found as Json[]) : found[0];
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, Json>)[name];
}

function membersOf(value: Json | undefined): Json[] {
  return typeof value === "object" && value !== null ? Object.values(value) : [];
}
