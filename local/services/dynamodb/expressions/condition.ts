/** Condition and filter expressions: a predicate over an item. */

import { type AttributeValue, compare, equal, type Item, setMembers, typeOf } from "../attribute-values.ts";
import { type Cursor, cursor } from "./cursor.ts";
import { type Path, read, showPath } from "./path.ts";
import type { Placeholders } from "./placeholders.ts";

export interface Condition {
  matches(item: Item): boolean;
  /** Top-level attributes that the expression mentions. */
  attributes: string[];
}

type Predicate = (item: Item) => boolean;

interface Operand {
  /** A path, a literal or `size(path)`. */
  read(item: Item): AttributeValue | undefined;
  path?: Path;
  literal?: AttributeValue;
  /** Equal for equal operands. */
  identity: string;
}

const COMPARATORS: Record<string, (left?: AttributeValue, right?: AttributeValue) => boolean> = {
  "=": (left, right) => left !== undefined && right !== undefined && equal(left, right),
  "<>": (left, right) => left === undefined || right === undefined || !equal(left, right),
  "<": (left, right) => (ordered(left, right) ?? 0) < 0,
  ">": (left, right) => (ordered(left, right) ?? 0) > 0,
  "<=": (left, right) => (ordered(left, right) ?? 1) <= 0,
  ">=": (left, right) => (ordered(left, right) ?? -1) >= 0,
};

const TYPE_NAMES = ["B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"];
const FUNCTIONS = ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"];

function ordered(left?: AttributeValue, right?: AttributeValue): number | undefined {
  return left === undefined || right === undefined ? undefined : compare(left, right);
}

export function parseCondition(
  kind: "ConditionExpression" | "FilterExpression",
  text: string,
  names: Placeholders,
): Condition {
  const tokens = cursor(kind, text, names);
  const parser = conditionParser(tokens);
  const matches = parser.disjunction();
  tokens.end();
  return { matches, attributes: [...parser.attributes] };
}

function conditionParser(tokens: Cursor) {
  const attributes = new Set<string>();
  const parenthesised = new WeakSet<Predicate>();

  function disjunction(): Predicate {
    const terms = [conjunction()];
    while (tokens.take("OR")) terms.push(conjunction());
    return terms.length === 1 ? terms[0]! : (item) => terms.some((term) => term(item));
  }

  function conjunction(): Predicate {
    const factors = [negation()];
    while (tokens.take("AND")) factors.push(negation());
    return factors.length === 1 ? factors[0]! : (item) => factors.every((factor) => factor(item));
  }

  function negation(): Predicate {
    if (!tokens.take("NOT")) return primary();
    const inner = negation();
    return (item) => !inner(item);
  }

  function primary(): Predicate {
    if (tokens.take("(")) {
      const inner = disjunction();
      tokens.expect(")");
      if (parenthesised.has(inner)) throw tokens.fail("The expression has redundant parentheses;");
      parenthesised.add(inner);
      return inner;
    }
    const name = tokens.takeFunction();
    if (name === undefined) return comparison(operand());
    if (name === "size") return comparison(sizeOperand());
    return functionCall(name);
  }

  function path(): Path {
    const found = tokens.path();
    attributes.add(found[0] as string);
    return found;
  }

  function operand(): Operand {
    if (tokens.takeFunction() === "size") return sizeOperand();
    if (tokens.atPath()) {
      const found = path();
      return { read: (item) => read(item, found), path: found, identity: showPath(found) };
    }
    const { value, reference } = tokens.value();
    return { read: () => value, literal: value, identity: reference };
  }

  function sizeOperand(): Operand {
    tokens.expect("(");
    const inner = operand();
    tokens.expect(")");
    if (inner.literal !== undefined) assertSizable(tokens, inner.literal);
    return {
      identity: `size(${inner.identity})`,
      read(item) {
        const value = inner.read(item);
        const size = value && (value.S ?? value.B ?? value.L ?? value.SS ?? value.NS ?? value.BS)?.length;
        if (size !== undefined) return { N: String(size) };
        return value?.M === undefined ? undefined : { N: String(Object.keys(value.M).length) };
      },
    };
  }

  function comparison(left: Operand): Predicate {
    if (tokens.take("BETWEEN")) return between(left);
    if (tokens.take("IN")) return membership(left);
    const operator = tokens.peek().text;
    const test = COMPARATORS[operator];
    if (test === undefined || tokens.peek().kind !== "symbol") throw tokens.syntaxError();
    tokens.expect(operator);
    const right = operand();
    assertDistinct(operator, left, [right]);
    if (operator !== "=" && operator !== "<>") for (const side of [left, right]) assertOrdered(operator, side);
    return (item) => test(left.read(item), right.read(item));
  }

  function between(subject: Operand): Predicate {
    const lower = operand();
    tokens.expect("AND");
    const upper = operand();
    for (const side of [subject, lower, upper]) assertOrdered("BETWEEN", side);
    if (lower.literal && upper.literal && (compare(lower.literal, upper.literal) ?? 0) > 0)
      throw tokens.fail(
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; " +
          `lower bound operand: AttributeValue: ${show(lower.literal)}, upper bound operand: AttributeValue: ${show(upper.literal)}`,
      );
    return (item) =>
      COMPARATORS[">="]!(subject.read(item), lower.read(item)) &&
      COMPARATORS["<="]!(subject.read(item), upper.read(item));
  }

  function membership(subject: Operand): Predicate {
    const candidates: Operand[] = [];
    tokens.expect("(");
    do candidates.push(operand());
    while (tokens.take(","));
    tokens.expect(")");
    assertDistinct("IN", subject, candidates);
    return (item) => candidates.some((candidate) => COMPARATORS["="]!(subject.read(item), candidate.read(item)));
  }

  function functionCall(name: string): Predicate {
    if (!FUNCTIONS.includes(name))
      throw tokens.fail(
        name === "if_not_exists" || name === "list_append"
          ? `The function is not allowed in a condition expression; function: ${name}`
          : `Invalid function name; function: ${name}`,
      );
    tokens.expect("(");
    const first = operand();
    const second = tokens.take(",") ? operand() : undefined;
    tokens.expect(")");
    const wanted = name === "attribute_exists" || name === "attribute_not_exists" ? 1 : 2;
    const given = second === undefined ? 1 : 2;
    if (given !== wanted)
      throw tokens.fail(
        `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${given}`,
      );
    if (wanted === 1 || name === "attribute_type") assertPath(name, first);
    if (wanted === 1) return (item) => (first.read(item) !== undefined) === (name === "attribute_exists");
    assertDistinct(name, first, [second!]);
    if (name === "attribute_type") return attributeType(first, second!);
    if (name === "begins_with") return beginsWith(first, second!);
    return (item) => contains(first.read(item), second!.read(item));
  }

  function attributeType(subject: Operand, wanted: Operand): Predicate {
    const type = wanted.literal?.S;
    if (type === undefined) throw incorrectType("attribute_type", wanted.literal);
    if (!TYPE_NAMES.includes(type))
      throw tokens.fail(`Invalid attribute type name found; type: ${type}, valid types: {${TYPE_NAMES.join(",")}}`);
    return (item) => {
      const value = subject.read(item);
      return value !== undefined && typeOf(value) === type;
    };
  }

  function beginsWith(subject: Operand, prefix: Operand): Predicate {
    for (const { literal } of [subject, prefix])
      if (literal && literal.S === undefined && literal.B === undefined) throw incorrectType("begins_with", literal);
    return (item) => {
      const value = subject.read(item);
      const start = prefix.read(item);
      if (value?.S !== undefined && start?.S !== undefined) return value.S.startsWith(start.S);
      if (value?.B === undefined || start?.B === undefined) return false;
      return Buffer.from(value.B.subarray(0, start.B.length)).equals(start.B);
    };
  }

  function assertDistinct(operator: string, first: Operand, others: Operand[]): void {
    if (first.path === undefined || others.every((other) => other.identity !== first.identity)) return;
    throw tokens.fail(
      "The first operand must be distinct from the remaining operands for this operator or function; " +
        `operator: ${operator}, first operand: ${first.identity}`,
    );
  }

  function assertPath(name: string, { path: found }: Operand): void {
    if (found === undefined)
      throw tokens.fail(`Operator or function requires a document path; operator or function: ${name}`);
  }

  function assertOrdered(operator: string, { literal }: Operand): void {
    if (literal && !["S", "N", "B"].includes(typeOf(literal))) throw incorrectType(operator, literal);
  }

  function incorrectType(operator: string, literal?: AttributeValue) {
    return tokens.fail(
      `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${literal ? typeOf(literal) : "M"}`,
    );
  }

  return { disjunction, attributes };
}

function assertSizable(tokens: Cursor, literal: AttributeValue): void {
  if (["N", "BOOL", "NULL"].includes(typeOf(literal)))
    throw tokens.fail(
      `Incorrect operand type for operator or function; operator or function: size, operand type: ${typeOf(literal)}`,
    );
}

function contains(container?: AttributeValue, member?: AttributeValue): boolean {
  if (container === undefined || member === undefined) return false;
  if (container.S !== undefined) return member.S !== undefined && container.S.includes(member.S);
  if (container.B !== undefined)
    return member.B !== undefined && Buffer.from(container.B).includes(Buffer.from(member.B));
  if (container.L !== undefined) return container.L.some((candidate) => equal(candidate, member));
  if (container.SS !== undefined) return member.S !== undefined && container.SS.includes(member.S);
  if (container.NS !== undefined) return member.N !== undefined && setMembers(container).includes(member.N);
  if (container.BS !== undefined)
    return member.B !== undefined && setMembers(container).includes(Buffer.from(member.B).toString("base64"));
  return false;
}

function show(value: AttributeValue): string {
  const type = typeOf(value);
  return `{${type}:${value.S ?? value.N ?? Buffer.from(value.B ?? []).toString("base64")}}`;
}
