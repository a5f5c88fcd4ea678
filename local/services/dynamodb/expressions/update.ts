/** Update expressions: SET, REMOVE, ADD and DELETE, computed from the item as it was, then applied to a copy. */

import { AwsError } from "../../../service.ts";
import { type AttributeValue, type Item, setMembers, typeOf } from "../attribute-values.ts";
import { addDecimals, formatDecimal, negateDecimal, parseDecimal } from "../decimal.ts";
import { type Cursor, cursor } from "./cursor.ts";
import { conflict, overlap, type Path, read, remove, showPath, write } from "./path.ts";
import type { Placeholders } from "./placeholders.ts";

export interface Update {
  /** The item after the update; `before` stays as it is. */
  apply(before: Item): Item;
  /** Every path the expression changes. */
  paths: Path[];
}

type Clause = "SET" | "REMOVE" | "ADD" | "DELETE";
type Operand = (item: Item) => AttributeValue;

interface Action {
  clause: Clause;
  path: Path;
  /** The new value; undefined removes the attribute. */
  value(item: Item): AttributeValue | undefined;
}

const CLAUSES: readonly Clause[] = ["SET", "REMOVE", "ADD", "DELETE"];

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

export function parseUpdate(text: string, names: Placeholders): Update {
  const tokens = cursor("UpdateExpression", text, names);
  const actions: Action[] = [];
  const seen = new Set<Clause>();
  while (tokens.peek().kind !== "end") {
    const clause = CLAUSES.find((name) => tokens.take(name));
    if (clause === undefined) throw tokens.syntaxError();
    if (seen.has(clause)) throw tokens.fail(`The "${clause}" section can only be used once in an update expression;`);
    seen.add(clause);
    do actions.push(action(clause, tokens));
    while (tokens.take(","));
  }
  assertIndependent(actions, tokens);
  return { apply: (before) => apply(actions, before), paths: actions.map(({ path }) => path) };
}

function apply(actions: Action[], before: Item): Item {
  const after = structuredClone(before);
  const results = actions.map((each) => ({ ...each, result: structuredClone(each.value(before)) }));
  const lists = results.filter(({ result }) => result !== undefined);
  // Appends past a list's end land in index order, as on AWS
  for (const { path, result } of lists.sort(byLastIndex)) write(after, path, result!);
  const removed = results.filter(({ clause, result }) => result === undefined && clause !== "ADD");
  for (const { path, clause } of removed.sort((left, right) => -byLastIndex(left, right)))
    if (clause === "REMOVE" || read(after, path) !== undefined) remove(after, path);
  return after;
}

function byLastIndex(left: Action, right: Action): number {
  const [a, b] = [left.path.at(-1), right.path.at(-1)];
  return typeof a === "number" && typeof b === "number" ? a - b : 0;
}

function action(clause: Clause, tokens: Cursor): Action {
  const path = tokens.path();
  if (clause === "REMOVE") return { clause, path, value: () => undefined };
  if (clause === "SET") {
    tokens.expect("=");
    return { clause, path, value: sum(tokens) };
  }
  const { value } = tokens.value();
  const type = typeOf(value);
  const allowed = clause === "ADD" ? ["N", "SS", "NS", "BS"] : ["SS", "NS", "BS"];
  if (!allowed.includes(type))
    throw tokens.fail(
      `Incorrect operand type for operator or function; operator: ${clause}, operand type: ${typeName(type)}`,
    );
  return { clause, path, value: (item) => (clause === "ADD" ? add : subtractSet)(read(item, path), value) };
}

function sum(tokens: Cursor): Operand {
  const left = operand(tokens);
  const sign = tokens.take("+") ? 1 : tokens.take("-") ? -1 : 0;
  if (sign === 0) return left;
  const right = operand(tokens);
  return (item) => {
    const [a, b] = [left(item).N, right(item).N];
    if (a === undefined || b === undefined)
      throw invalid("An operand in the update expression has an incorrect data type");
    const second = parseDecimal(b);
    return { N: formatDecimal(addDecimals(parseDecimal(a), sign === 1 ? second : negateDecimal(second))) };
  };
}

function operand(tokens: Cursor): Operand {
  if (tokens.take("(")) {
    const inner = sum(tokens);
    tokens.expect(")");
    return inner;
  }
  const name = tokens.takeFunction();
  if (name !== undefined) return functionCall(name, tokens);
  if (!tokens.atPath()) {
    const { value } = tokens.value();
    return () => value;
  }
  const path = tokens.path();
  return (item) => {
    const value = read(item, path);
    if (value === undefined)
      throw invalid("The provided expression refers to an attribute that does not exist in the item");
    return value;
  };
}

function functionCall(name: string, tokens: Cursor): Operand {
  if (name !== "if_not_exists" && name !== "list_append")
    throw tokens.fail(
      ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"].includes(name)
        ? `The function is not allowed in an update expression; function: ${name}`
        : `Invalid function name; function: ${name}`,
    );
  tokens.expect("(");
  if (name === "if_not_exists") {
    if (!tokens.atPath())
      throw tokens.fail(`Operator or function requires a document path; operator or function: ${name}`);
    const path = tokens.path();
    tokens.expect(",");
    const fallback = operand(tokens);
    tokens.expect(")");
    return (item) => read(item, path) ?? fallback(item);
  }
  const first = operand(tokens);
  tokens.expect(",");
  const second = operand(tokens);
  tokens.expect(")");
  return (item) => {
    const [a, b] = [first(item).L, second(item).L];
    if (a === undefined || b === undefined)
      throw invalid("An operand in the update expression has an incorrect data type");
    return { L: [...a, ...b] };
  };
}

/** ADD: a number is added to, a set united with, what is there; nothing there counts as zero or the empty set. */
function add(current: AttributeValue | undefined, value: AttributeValue): AttributeValue {
  if (current === undefined) return value;
  if (typeOf(current) !== typeOf(value))
    throw invalid("An operand in the update expression has an incorrect data type");
  if (value.N !== undefined) return { N: formatDecimal(addDecimals(parseDecimal(current.N!), parseDecimal(value.N))) };
  const present = new Set(setMembers(current));
  return setOf(current, [...present, ...setMembers(value).filter((member) => !present.has(member))])!;
}

/** DELETE: what is left of the set; undefined once it is empty, for DynamoDB keeps no empty sets. */
function subtractSet(current: AttributeValue | undefined, value: AttributeValue): AttributeValue | undefined {
  if (current === undefined) return undefined;
  if (typeOf(current) !== typeOf(value))
    throw invalid("An operand in the update expression has an incorrect data type");
  const gone = new Set(setMembers(value));
  return setOf(
    current,
    setMembers(current).filter((member) => !gone.has(member)),
  );
}

function setOf(like: AttributeValue, members: string[]): AttributeValue | undefined {
  if (members.length === 0) return undefined;
  if (like.SS !== undefined) return { SS: members };
  if (like.NS !== undefined) return { NS: members };
  return { BS: members.map((text) => new Uint8Array(Buffer.from(text, "base64"))) };
}

function assertIndependent(actions: Action[], tokens: Cursor): void {
  for (const [index, { path: left }] of actions.entries())
    for (const { path: right } of actions.slice(index + 1)) {
      const paths = `path one: ${showPath(left)}, path two: ${showPath(right)}`;
      if (overlap(left, right))
        throw tokens.fail(
          `Two document paths overlap with each other; must remove or rewrite one of these paths; ${paths}`,
        );
      if (conflict(left, right))
        throw tokens.fail(
          `Two document paths conflict with each other; must remove or rewrite one of these paths; ${paths}`,
        );
    }
}

function typeName(type: string): string {
  const names: Record<string, string> = { S: "STRING", B: "BINARY", M: "MAP", L: "LIST", BOOL: "BOOLEAN", N: "NUMBER" };
  return names[type] ?? type;
}
