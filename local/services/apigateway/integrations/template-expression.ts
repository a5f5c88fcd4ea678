/** Expressions of mapping templates (Velocity): references, literals, comparisons and arithmetic. */

export type Value = unknown;

/** Names that a template's own `#set` may change, and those that API Gateway gives. */
export type Scope = Map<string, Value>;

/** What is looked up by its own rules: `$context`, `$input`. */
export interface Host {
  get(name: string): Value;
  set?(name: string, value: Value): void;
  call?(name: string, args: Value[]): Value;
}

export const isHost = (value: Value): value is Host & { isHost: true } =>
  typeof value === "object" && value !== null && (value as { isHost?: unknown }).isHost === true;

export class Reader {
  readonly text: string;
  at = 0;
  constructor(text: string) {
    this.text = text;
  }
  takes(pattern: RegExp): string | undefined {
    const sticky = new RegExp(pattern.source, "y");
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.text);
    if (!found) return undefined;
    this.at = sticky.lastIndex;
    return found[0];
  }
  space(): void {
    this.takes(/\s*/);
  }
  /** @throws where something else stands there */
  expects(text: string): void {
    this.space();
    if (!this.text.startsWith(text, this.at))
      throw new SyntaxError(`"${text}" is missing at ${this.at} of the template`);
    this.at += text.length;
  }
}

export type Expression = (scope: Scope) => Value;

export interface Reference {
  source: string;
  get: Expression;
  set(scope: Scope, value: Value): void;
}

/** `$x`, `$!{x.y}`, `$input.params().header.get("a")`; undefined where a dollar stands for itself. */
export function reference(reader: Reader): Reference | undefined {
  const start = reader.at;
  const opening = reader.takes(/\$!?\{?(?=[A-Za-z_])/);
  if (opening === undefined) return undefined;
  const isBraced = opening.endsWith("{");
  const name = reader.takes(/[A-Za-z_][\w-]*/)!;
  const { steps, names } = stepsOf(reader);
  if (isBraced) reader.expects("}");
  const source = reader.text.slice(start, reader.at);
  return {
    source,
    get: (scope) => steps.reduce<Value>((holder, step) => step(holder, scope), scope.get(name)),
    set(scope, value) {
      if (steps.length === 0) return void scope.set(name, value);
      const last = names.at(-1);
      const holder = steps.slice(0, -1).reduce<Value>((at, step) => step(at, scope), scope.get(name));
      if (last === undefined) return;
      if (isHost(holder)) holder.set?.(last, value);
      else if (holder instanceof Map) holder.set(last, value);
    },
  };
}

/** What follows a value: properties, calls and indices, each with the name that `#set` could change. */
function stepsOf(reader: Reader) {
  const steps: ((holder: Value, scope: Scope) => Value)[] = [];
  const names: (string | undefined)[] = [];
  for (;;) {
    const property = reader.takes(/\.(?=[A-Za-z_])[\w-]+/)?.slice(1);
    if (property !== undefined && reader.takes(/\(/) !== undefined) {
      const args = listOf(reader, ")");
      names.push(undefined);
      steps.push((holder, scope) =>
        callOn(
          holder,
          property,
          args.map((each) => each(scope)),
        ),
      );
    } else if (property !== undefined) {
      names.push(property);
      steps.push((holder) => propertyOf(holder, property));
    } else if (reader.takes(/\[/) !== undefined) {
      const [key] = listOf(reader, "]");
      names.push(undefined);
      steps.push((holder, scope) => propertyOf(holder, String(key?.(scope))));
    } else return { steps, names };
  }
}

/** Objects of a body are maps here: a name that every object has is no value of theirs. */
function propertyOf(holder: Value, name: string): Value {
  if (isHost(holder)) return holder.get(name);
  if (holder instanceof Map) return holder.get(name);
  if (Array.isArray(holder)) return /^-?\d+$/.test(name) ? holder.at(Number(name)) : undefined;
  return undefined;
}

function callOn(holder: Value, name: string, args: Value[]): Value {
  if (isHost(holder)) return holder.call?.(name, args);
  const [first, second] = args;
  if (holder instanceof Map) {
    if (name === "get") return holder.get(String(first));
    if (name === "put") return void holder.set(String(first), second);
    if (name === "containsKey") return holder.has(String(first));
    if (name === "keySet") return [...holder.keys()];
    if (name === "values") return [...holder.values()];
    if (name === "entrySet")
      return [...holder].map(
        ([key, value]) =>
          new Map([
            ["key", key],
            ["value", value],
          ]),
      );
    if (name === "size") return holder.size;
    if (name === "isEmpty") return holder.size === 0;
    if (name === "remove") return holder.delete(String(first));
  }
  if (Array.isArray(holder)) {
    if (name === "get") return holder[Number(first)];
    if (name === "size") return holder.length;
    if (name === "isEmpty") return holder.length === 0;
    if (name === "contains") return holder.includes(first);
    if (name === "add") return holder.push(first) > 0;
  }
  if (typeof holder === "string") return callOnText(holder, name, args.map(String));
  if (name === "toString") return textOf(holder);
  return undefined;
}

type TextMethod = (text: string, ...args: (string | undefined)[]) => Value;

const TEXT_METHODS: Record<string, TextMethod> = {
  contains: (text, part = "") => text.includes(part),
  startsWith: (text, part = "") => text.startsWith(part),
  endsWith: (text, part = "") => text.endsWith(part),
  equals: (text, other) => text === other,
  equalsIgnoreCase: (text, other = "") => text.toLowerCase() === other.toLowerCase(),
  indexOf: (text, part = "") => text.indexOf(part),
  length: (text) => text.length,
  isEmpty: (text) => text === "",
  concat: (text, other = "") => text + other,
  trim: (text) => text.trim(),
  toLowerCase: (text) => text.toLowerCase(),
  toUpperCase: (text) => text.toUpperCase(),
  toString: (text: string) => text,
  substring: (text, start, end) => text.substring(Number(start), end === undefined ? undefined : Number(end)),
  replace: (text, part = "", by = "") => text.replaceAll(part, by),
  replaceAll: (text, pattern = "", by = "") => text.replace(new RegExp(pattern, "g"), by),
  split: (text, pattern = "") => text.split(new RegExp(pattern)),
  matches: (text, pattern = "") => new RegExp(`^(?:${pattern})$`).test(text),
};

function callOnText(text: string, name: string, args: string[]): Value {
  return Object.hasOwn(TEXT_METHODS, name) ? TEXT_METHODS[name]!(text, ...args) : undefined;
}

function listOf(reader: Reader, end: string): Expression[] {
  const items: Expression[] = [];
  reader.space();
  while (!reader.text.startsWith(end, reader.at)) {
    items.push(expression(reader));
    reader.space();
    if (!reader.text.startsWith(",", reader.at)) break;
    reader.at++;
    reader.space();
  }
  reader.expects(end);
  return items;
}

const LEVELS = [/\|\||or\b/, /&&|and\b/, /==|!=|eq\b|ne\b/, /<=|>=|<|>/, /[+-]/, /[*/%]/];

export function expression(reader: Reader, level = 0): Expression {
  if (level === LEVELS.length) return unary(reader);
  let left = expression(reader, level + 1);
  for (;;) {
    reader.space();
    const operator = reader.takes(LEVELS[level]!);
    if (operator === undefined) return left;
    const [before, right] = [left, expression(reader, level + 1)];
    left = (scope) => operate(operator, before(scope), () => right(scope));
  }
}

function operate(operator: string, left: Value, right: () => Value): Value {
  switch (operator) {
    case "||":
    case "or":
      return isTrue(left) || isTrue(right());
    case "&&":
    case "and":
      return isTrue(left) && isTrue(right());
    case "==":
    case "eq":
      return isSame(left, right());
    case "!=":
    case "ne":
      return !isSame(left, right());
    case "+": {
      const other = right();
      return typeof left === "number" && typeof other === "number" ? left + other : textOf(left) + textOf(other);
    }
  }
  const [one, other] = [Number(left), Number(right())];
  if (operator === "<") return one < other;
  if (operator === "<=") return one <= other;
  if (operator === ">") return one > other;
  if (operator === ">=") return one >= other;
  if (operator === "-") return one - other;
  if (operator === "*") return one * other;
  return operator === "/" ? Math.trunc(one / other) : one % other;
}

function unary(reader: Reader): Expression {
  reader.space();
  if (reader.takes(/!(?!=)|not\b/) !== undefined) {
    const negated = unary(reader);
    return (scope) => !isTrue(negated(scope));
  }
  if (reader.takes(/\(/) !== undefined) {
    const inner = expression(reader);
    reader.expects(")");
    return inner;
  }
  const number = reader.takes(/-?\d+(?:\.\d+)?/);
  if (number !== undefined) return () => Number(number);
  const literal = reader.takes(/(?:true|false|null)\b/);
  if (literal !== undefined) return () => (literal === "null" ? undefined : literal === "true");
  const single = reader.takes(/'[^']*'/);
  if (single !== undefined) return () => single.slice(1, -1);
  const double = reader.takes(/"(?:[^"\\]|\\.)*"/);
  if (double !== undefined) return interpolated(double.slice(1, -1).replace(/\\"/g, '"'));
  if (reader.takes(/\[/) !== undefined) {
    const items = listOf(reader, "]");
    const { steps } = stepsOf(reader);
    const list: Expression = (scope) => items.map((each) => each(scope));
    return (scope) => steps.reduce<Value>((holder, step) => step(holder, scope), list(scope));
  }
  if (reader.takes(/\{/) !== undefined) return mapOf(reader);
  const found = reference(reader);
  if (!found) throw new SyntaxError(`an expression is missing at ${reader.at} of the template`);
  return found.get;
}

function mapOf(reader: Reader): Expression {
  const entries: [Expression, Expression][] = [];
  reader.space();
  while (!reader.text.startsWith("}", reader.at)) {
    const key = expression(reader);
    reader.expects(":");
    entries.push([key, expression(reader)]);
    reader.space();
    if (reader.takes(/,/) === undefined) break;
    reader.space();
  }
  reader.expects("}");
  return (scope) => new Map(entries.map(([key, value]) => [textOf(key(scope)), value(scope)]));
}

function interpolated(text: string): Expression {
  const reader = new Reader(text);
  const parts: (string | Reference)[] = [];
  while (reader.at < text.length) {
    const plain = reader.takes(/[^$]+/) ?? "";
    const found = reference(reader);
    parts.push(plain, found ?? reader.takes(/\$/) ?? "");
  }
  return (scope) =>
    parts.map((part) => (typeof part === "string" ? part : textOf(part.get(scope) ?? part.source))).join("");
}

export function isTrue(value: Value): boolean {
  return value !== undefined && value !== null && value !== false;
}

const isSame = (one: Value, other: Value): boolean =>
  one === other || (one ?? null) === (other ?? null) || textOf(one) === textOf(other);

/** Values in a text; what a body holds is its JSON. */
export function textOf(value: Value): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "object") return String(value);
  return isHost(value) ? "" : JSON.stringify(plain(value));
}

export function plain(value: Value): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

/** JSON as templates see it: objects are maps. */
export function asValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map(asValue);
  if (value === null || typeof value !== "object") return value ?? undefined;
  return new Map(Object.entries(value).map(([key, item]) => [key, asValue(item)]));
}
