/** Filters of JSONPath: `?(@.price < 10 && @.kind == 'book')`. Pure. */
import type { Json } from "./definition.ts";
import { type Path, PathError, parsePath, valuesAt } from "./json-path.ts";

type Operand = { path: Path } | { literal: Json };

export type Filter =
  | { kind: "and" | "or"; left: Filter; right: Filter }
  | { kind: "not"; inner: Filter }
  | { kind: "exists"; path: Path }
  | { kind: "compare"; operator: string; left: Operand; right: Operand };

/** @param start where the text after `?` begins */
export function parseFilter(text: string, start: number): { filter: Filter; end: number } {
  let at = start;
  const fail = (): never => {
    throw new PathError(`Invalid filter in path '$${text}'`);
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) return undefined;
    at = pattern.lastIndex;
    return match[1] ?? match[0];
  };

  function either(): Filter {
    let left = both();
    while (take(/\s*\|\|/y)) left = { kind: "or", left, right: both() };
    return left;
  }
  function both(): Filter {
    let left = single();
    while (take(/\s*&&/y)) left = { kind: "and", left, right: single() };
    return left;
  }
  function single(): Filter {
    if (take(/\s*!(?!=)/y)) return { kind: "not", inner: single() };
    if (take(/\s*\(/y)) {
      const inner = either();
      if (!take(/\s*\)/y)) fail();
      return inner;
    }
    const left = operand();
    const operator = take(/\s*(==|!=|<=|>=|<|>)/y);
    if (operator) return { kind: "compare", operator, left, right: operand() };
    return "path" in left ? { kind: "exists", path: left.path } : fail();
  }
  function operand(): Operand {
    const path = take(/\s*@((?:\.[\p{L}\p{N}_-]+|\[(?:\d+|'[^']*'|"[^"]*")\])*)/uy);
    if (path !== undefined) return { path: parsePath(path === "@" ? "" : path) };
    const quoted = take(/\s*'((?:[^'\\]|\\.)*)'/y) ?? take(/\s*"((?:[^"\\]|\\.)*)"/y);
    if (quoted !== undefined) return { literal: quoted.replace(/\\(.)/g, "$1") };
    const plain = take(/\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y) ?? fail();
    return { literal: JSON.parse(plain) };
  }

  const filter = either();
  return { filter, end: at };
}

export function holds(filter: Filter, item: Json): boolean {
  switch (filter.kind) {
    case "and":
      return holds(filter.left, item) && holds(filter.right, item);
    case "or":
      return holds(filter.left, item) || holds(filter.right, item);
    case "not":
      return !holds(filter.inner, item);
    case "exists":
      return valuesAt(item, filter.path).length > 0;
    case "compare":
      return compare(filter.operator, resolve(filter.left, item), resolve(filter.right, item));
  }
}

const resolve = (operand: Operand, item: Json): Json | undefined =>
  "path" in operand ? valuesAt(item, operand.path)[0] : operand.literal;

function compare(operator: string, left: Json | undefined, right: Json | undefined): boolean {
  if (operator === "==") return JSON.stringify(left) === JSON.stringify(right);
  if (operator === "!=") return JSON.stringify(left) !== JSON.stringify(right);
  const isOrdered = typeof left === typeof right && (typeof left === "number" || typeof left === "string");
  if (!isOrdered) return false;
  const [a, b] = [left as number, right as number];
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}
