/** Filters of an event source mapping. */
import type { Resource } from "../../../../engine/graph.ts";
import { matchesPattern } from "../../../event-pattern.ts";
import { AwsError } from "../../../service.ts";

/** @throws AwsError where a pattern is no JSON object */
export function filtersOf({ filterCriteria }: Resource["inputs"]): object[] {
  const criteria = filterCriteria as { filters?: { pattern?: string }[] } | undefined;
  return (criteria?.filters ?? []).map(({ pattern }) => readPattern(pattern ?? "{}"));
}

function readPattern(text: string): object {
  try {
    const pattern = JSON.parse(text);
    if (pattern !== null && typeof pattern === "object") return pattern;
  } catch {
    // Said below.
  }
  throw new AwsError("InvalidParameterValueException", `Invalid filter pattern definition: ${text} is no JSON object.`);
}

/**
 * A pattern over the payload (a queue's body, a stream's data) reads it as JSON; a payload of another kind than the pattern
 * expects matches nothing. No pattern at all takes everything.
 */
export function matchesAny(patterns: object[], payload: string, record: object, text: string): boolean {
  if (patterns.length === 0) return true;
  return patterns.some((pattern) => {
    const wanted = (pattern as Record<string, unknown>)[payload];
    const value = wanted === undefined || Array.isArray(wanted) ? text : parsed(text);
    if (value === undefined) return false;
    return matchesPattern(pattern as never, { ...record, [payload]: value } as never);
  });
}

function parsed(text: string): unknown {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" ? value : undefined;
  } catch {
    return undefined;
  }
}
