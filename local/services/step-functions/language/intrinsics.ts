/** Intrinsic functions of JSONPath states: `States.Format('{} of {}', $.a, $$.Execution.Name)`. */
import { createHash, randomUUID } from "node:crypto";
import type { Json } from "./definition.ts";
import { find, type Scope } from "./reference.ts";
import { StatesError } from "./states-error.ts";

const DEEPEST = 10;
const LONGEST_ARRAY = 1000;
const LONGEST_TEXT = 10_000;

const HASHES = ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"];

class Misuse extends Error {}

const FUNCTIONS: Record<string, (...args: Json[]) => Json> = {
  Format(template, ...values) {
    let next = 0;
    // `\{` and `\}` stand for themselves.
    const filled = text(template).replace(/\\([{}\\'])|\{\}/g, (_, escaped: string | undefined) => {
      if (escaped) return escaped;
      if (next >= values.length) throw new Misuse("there are more {} than arguments");
      const value = values[next++]!;
      return typeof value === "string" ? value : JSON.stringify(value);
    });
    if (next < values.length) throw new Misuse("there are more arguments than {}");
    return filled;
  },
  StringToJson: (value) => (text(value) === "" ? null : JSON.parse(text(value))),
  JsonToString: (value) => JSON.stringify(value),
  Array: (...values) => values,
  ArrayPartition: (array, size) => partition(list(array), whole(size)),
  ArrayContains: (array, value) => list(array).some((item) => JSON.stringify(item) === JSON.stringify(value)),
  ArrayRange: (from, to, by) => range(whole(from), whole(to), whole(by)),
  ArrayGetItem(array, index) {
    const item = list(array)[whole(index)];
    if (item === undefined) throw new Misuse("the index is outside of the array");
    return item;
  },
  ArrayLength: (array) => list(array).length,
  ArrayUnique: (array) => [...new Map(list(array).map((item) => [JSON.stringify(item), item])).values()],
  Base64Encode: (value) => Buffer.from(text(value, LONGEST_TEXT)).toString("base64"),
  Base64Decode: (value) => Buffer.from(text(value, LONGEST_TEXT), "base64").toString(),
  Hash: (value, algorithm) => hash(typeof value === "string" ? value : JSON.stringify(value), text(algorithm)),
  JsonMerge(first, second, isDeep) {
    if (isDeep !== false) throw new Misuse("deep merging is not supported: the third argument has to be false");
    return { ...record(first), ...record(second) };
  },
  MathRandom: (from, to, seed) => {
    const share = seed === undefined ? Math.random() : seeded(whole(seed));
    return Math.floor(whole(from) + share * (whole(to) - whole(from)));
  },
  MathAdd: (a, b) => whole(a) + whole(b),
  StringSplit(value, delimiters) {
    const ends = new Set(text(delimiters));
    const parts = [""];
    for (const character of text(value)) {
      if (ends.has(character)) parts.push("");
      else parts[parts.length - 1] += character;
    }
    return parts.filter((part) => part !== "");
  },
  UUID: () => randomUUID(),
};

export function partition(items: Json[], size: number): Json[] {
  if (!(size > 0)) throw new Misuse("the size has to be positive");
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

export function range(from: number, to: number, by: number): number[] {
  if (by === 0) throw new Misuse("the step may not be 0");
  const length = Math.max(0, Math.floor((to - from) / by) + 1);
  if (length > LONGEST_ARRAY) throw new Misuse(`a range has at most ${LONGEST_ARRAY} items`);
  return Array.from({ length }, (_, index) => from + index * by);
}

export function hash(value: string, algorithm: string): string {
  if (!HASHES.includes(algorithm)) throw new Misuse(`the algorithm has to be one of ${HASHES.join(", ")}`);
  if (value.length > LONGEST_TEXT) throw new Misuse(`a text has at most ${LONGEST_TEXT} characters`);
  return createHash(algorithm.toLowerCase().replace("-", "")).update(value).digest("hex");
}

/** From 0 to 1; the same seed has the same number. */
export function seeded(seed: number): number {
  return createHash("sha256").update(String(seed)).digest().readUInt32BE() / 2 ** 32;
}

function list(value: Json | undefined): Json[] {
  if (!Array.isArray(value)) throw new Misuse("an array is expected");
  return value;
}
function text(value: Json | undefined, longest = Number.POSITIVE_INFINITY): string {
  if (typeof value !== "string") throw new Misuse("a string is expected");
  if (value.length > longest) throw new Misuse(`a text has at most ${longest} characters`);
  return value;
}
function whole(value: Json | undefined): number {
  if (typeof value !== "number") throw new Misuse("a number is expected");
  return Math.round(value);
}
function record(value: Json | undefined): Record<string, Json> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Misuse("an object is expected");
  return value;
}

const NAME = /\s*States\.([A-Za-z0-9]+)\s*\(/y;
const QUOTED = /\s*'((?:[^'\\]|\\.)*)'/y;
const PLAIN = /\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?=\s*[,)])/y;
const PATH = /\s*(\$(?:\[(?:[^\]'"]|'[^']*'|"[^"]*")*\]|[^,()[\]\s])*)/y;

/** A call as it was written. A path stays one until it is called. */
type Expression =
  | { kind: "value"; value: Json }
  | { kind: "path"; path: string }
  | { kind: "call"; name: string; args: Expression[]; source: string };

/** @throws StatesError States.IntrinsicFailure */
export function parseIntrinsic(source: string): Expression {
  let at = 0;
  const fail = (): never => {
    throw new StatesError("States.IntrinsicFailure", `Invalid expression '${source}'.`, true);
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (match) at = pattern.lastIndex;
    return match?.[1];
  };
  function expression(depth: number): Expression {
    const start = at;
    const name = take(NAME);
    if (name !== undefined) {
      if (!Object.hasOwn(FUNCTIONS, name) || depth >= DEEPEST) fail();
      const args: Expression[] = [];
      if (take(/\s*(\))/y) === undefined) {
        do args.push(expression(depth + 1));
        while (take(/\s*(,)/y));
        if (!take(/\s*(\))/y)) fail();
      }
      return { kind: "call", name, args, source: source.slice(start, at).trim() };
    }
    const quoted = take(QUOTED);
    if (quoted !== undefined) return { kind: "value", value: quoted };
    const plain = take(PLAIN);
    if (plain !== undefined) return { kind: "value", value: JSON.parse(plain) };
    const path = take(PATH) ?? fail();
    return { kind: "path", path };
  }
  const parsed = expression(0);
  if (parsed.kind !== "call" || source.slice(at).trim() !== "") fail();
  return parsed;
}

export function callIntrinsic(source: string, data: Json, scope: Scope): Json {
  return evaluate(parseIntrinsic(source), data, scope);
}

function evaluate(expression: Expression, data: Json, scope: Scope): Json {
  if (expression.kind === "value") {
    // Format reads its own escapes.
    return typeof expression.value === "string" ? expression.value.replace(/\\'/g, "'") : expression.value;
  }
  if (expression.kind === "path") {
    const value = find(expression.path, data, scope);
    if (value !== undefined) return value;
    throw new StatesError(
      "States.IntrinsicFailure",
      `The JsonPath argument for the field '${expression.path}' could not be found in the input '${JSON.stringify(data)}'`,
      true,
    );
  }
  const args = expression.args.map((argument) => evaluate(argument, data, scope));
  try {
    return FUNCTIONS[expression.name]!(...args);
  } catch (error) {
    const cause = `The function '${expression.source}' had the following error: ${(error as Error).message}`;
    throw new StatesError("States.IntrinsicFailure", cause, true);
  }
}
