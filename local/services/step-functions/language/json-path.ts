/**
 * JSONPath as state machines use it: members, indexes, slices, unions, wildcards, descendants and filters. Pure.
 * Functions within a path (`.length()`) are not emulated: such a path is refused.
 */
import type { Json } from "./definition.ts";
import { type Filter, holds, parseFilter } from "./json-path-filter.ts";

export type Step =
  | { kind: "members"; names: string[] }
  | { kind: "indexes"; indexes: number[] }
  | { kind: "slice"; from?: number; to?: number; by: number }
  | { kind: "all" }
  | { kind: "descendants" }
  | { kind: "filter"; filter: Filter };

export interface Path {
  steps: Step[];
  /** Names at most one value. */
  isDefinite: boolean;
}

export class PathError extends Error {}

const NAME = /[\p{L}\p{N}_$-]+/uy;
const QUOTED = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*/y;
const cache = new Map<string, Path>();

/** @param text from after its root on: `.a[0].b` @throws PathError */
export function parsePath(text: string): Path {
  const known = cache.get(text);
  if (known) return known;
  const steps: Step[] = [];
  let at = 0;
  const fail = (): never => {
    throw new PathError(`Invalid path '$${text}'`);
  };
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const dotted = () => {
    if (text[at] === "*") {
      at++;
      steps.push({ kind: "all" });
      return;
    }
    const name = take(NAME)?.[0] ?? fail();
    if (text[at] === "(") fail();
    steps.push({ kind: "members", names: [name] });
  };
  const bracketed = () => {
    at++;
    if (take(/\s*\*\s*\]/y)) steps.push({ kind: "all" });
    else if (take(/\s*\?/y)) {
      const { filter, end } = parseFilter(text, at);
      at = end;
      if (!take(/\s*\]/y)) fail();
      steps.push({ kind: "filter", filter });
    } else if (/\s*['"]/y.test(text.slice(at))) {
      const names: string[] = [];
      do {
        const match = take(QUOTED) ?? fail();
        names.push((match[1] ?? match[2]!).replace(/\\(.)/g, "$1"));
      } while (take(/,/y));
      if (!take(/\]/y)) fail();
      steps.push({ kind: "members", names });
    } else {
      const [, inner = ""] = take(/([^\]]*)\]/y) ?? fail();
      steps.push(numbered(inner.replace(/\s+/g, "")) ?? fail());
    }
  };
  while (at < text.length) {
    if (text.startsWith("..", at)) {
      at += 2;
      steps.push({ kind: "descendants" });
      if (text[at] === "[") bracketed();
      else dotted();
    } else if (text[at] === ".") {
      at++;
      dotted();
    } else if (text[at] === "[") bracketed();
    else fail();
  }
  const isDefinite = steps.every(
    (step) =>
      (step.kind === "members" && step.names.length === 1) || (step.kind === "indexes" && step.indexes.length === 1),
  );
  const path = { steps, isDefinite };
  cache.set(text, path);
  return path;
}

function numbered(inner: string): Step | undefined {
  if (/^-?\d+(,-?\d+)*$/.test(inner)) return { kind: "indexes", indexes: inner.split(",").map(Number) };
  const [, from, to, by] = /^(-?\d+)?:(-?\d+)?(?::(\d+))?$/.exec(inner) ?? [];
  if (!inner.includes(":") || (from === undefined && to === undefined && inner !== ":")) return undefined;
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  return { kind: "slice", from: number(from), to: number(to), by: Number(by ?? 1) || 1 };
}

/** Every value that the path names, in document order. */
export function valuesAt(root: Json, { steps }: Path): Json[] {
  return steps.reduce((found, step) => found.flatMap((value) => stepFrom(value, step)), [root]);
}

/** One value, or the list of them where the path may name several; undefined where a definite path leads nowhere. */
export function valueAt(root: Json, path: Path): Json | undefined {
  const values = valuesAt(root, path);
  return path.isDefinite ? values[0] : values;
}

function stepFrom(value: Json, step: Step): Json[] {
  switch (step.kind) {
    case "members":
      if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
      return step.names.flatMap((name) => (Object.hasOwn(value, name) ? [value[name]!] : []));
    case "indexes":
      if (!Array.isArray(value)) return [];
      return step.indexes.flatMap((index) => {
        const item = value.at(index);
        return item === undefined ? [] : [item];
      });
    case "slice":
      if (!Array.isArray(value)) return [];
      return value.slice(step.from ?? 0, step.to).filter((_, index) => index % step.by === 0);
    case "all":
      return childrenOf(value);
    case "descendants":
      return [value, ...childrenOf(value).flatMap((child) => stepFrom(child, step))];
    case "filter": {
      const candidates = Array.isArray(value) ? value : typeof value === "object" && value !== null ? [value] : [];
      return candidates.filter((item) => holds(step.filter, item));
    }
  }
}

function childrenOf(value: Json): Json[] {
  return typeof value === "object" && value !== null ? Object.values(value) : [];
}
