/** What a path of a definition points at: the state's data (`$`), the context object (`$$`) or a variable (`$name`). Pure. */
import type { Json, JsonObject } from "./definition.ts";
import { PathError, parsePath, valueAt } from "./json-path.ts";
import { runtimeError, StatesError } from "./states-error.ts";

/** What expressions of a state see. */
export interface Scope {
  /** As it came to the state. */
  input: Json;
  variables: JsonObject;
  context: JsonObject;
  /** ms since the epoch */
  now: number;
}

const ROOTED = /^\$(\$|[\p{L}_][\p{L}\p{N}_]*)?(?=$|[.[])/u;

/** @returns undefined where it leads nowhere @throws StatesError where it is no path */
export function find(path: string, data: Json, scope: Scope): Json | undefined {
  const match = ROOTED.exec(path);
  if (!match) throw runtimeError(`Invalid path '${path}'`);
  const [all, root] = match;
  let base: Json | undefined = data;
  if (root === "$") base = scope.context;
  else if (root !== undefined) base = Object.hasOwn(scope.variables, root) ? scope.variables[root] : undefined;
  if (base === undefined) {
    throw new StatesError("States.QueryEvaluationError", `Invalid path '${path}' : Variable not found.`, true);
  }
  try {
    return valueAt(base, parsePath(path.slice(all.length)));
  } catch (error) {
    if (error instanceof PathError) throw runtimeError(`Invalid path '${path}'`);
    throw error;
  }
}

/** @param field as the definition names it: `InputPath`, `id.$` */
export function select(path: string, data: Json, scope: Scope, field: string): Json {
  const value = find(path, data, scope);
  if (value !== undefined) return value;
  const root = path.startsWith("$$") ? scope.context : data;
  throw runtimeError(
    `The JSONPath '${path}' specified for the field '${field}' could not be found in the input '${JSON.stringify(root)}'`,
  );
}

/** Puts a result into the input where ResultPath says. */
export function place(input: Json, path: string | null | undefined, result: Json): Json {
  if (path === null) return input;
  if (path === undefined || path === "$") return result;
  const { steps, isDefinite } = parsePath(path.slice(1));
  const cannot = () =>
    new StatesError(
      "States.ResultPathMatchFailure",
      `Unable to apply Path transformation to null or empty input. ResultPath '${path}' does not fit the input.`,
      true,
    );
  if (!isDefinite) throw cannot();
  const root: { it: Json } = { it: structuredClone(input) };
  let holder: Record<string, Json> | Json[] = root as Record<string, Json>;
  let key: string | number = "it";
  for (const step of steps) {
    const current: Json | undefined = (holder as Record<string, Json>)[key];
    if (step.kind === "indexes") {
      if (!Array.isArray(current) || step.indexes[0]! >= current.length) throw cannot();
      holder = current;
      key = step.indexes[0]!;
    } else if (step.kind === "members") {
      if (Array.isArray(current)) throw cannot();
      const isObject = typeof current === "object" && current !== null;
      if (!isObject && holder === (root as unknown)) throw cannot();
      const next: Record<string, Json> = isObject ? (current as Record<string, Json>) : {};
      Object.defineProperty(holder, key, { value: next, writable: true, enumerable: true, configurable: true });
      holder = next;
      key = step.names[0]!;
    }
  }
  // A member may be called __proto__.
  Object.defineProperty(holder, key, { value: result, writable: true, enumerable: true, configurable: true });
  return root.it;
}
