/** Expressions of mapping templates (Velocity): references, literals, comparisons and arithmetic. */
import { callOn, isHost, isSame, isTrue, propertyOf, type Scope, textOf, type Value } from "./template-values.ts";

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
