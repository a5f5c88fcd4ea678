/** Key condition expressions: one partition, and optionally a range of its sort keys, as bounds on sortable bytes. */

import { AwsError } from "../../../service.ts";
import { type AttributeValue, compare, sortable, typeOf } from "../attribute-values.ts";
import type { AttributeDefinitions, KeySchema } from "../table.ts";
import { type Cursor, cursor } from "./cursor.ts";
import type { Placeholders } from "./placeholders.ts";

export interface KeyRange {
  hash: Buffer;
  hashValue: AttributeValue;
  lower?: { bytes: Buffer; inclusive: boolean };
  upper?: { bytes: Buffer; inclusive: boolean };
}

interface KeyTest {
  name: string;
  operator: string;
  values: AttributeValue[];
}

const OPERATORS = ["=", "<=", ">=", "<", ">"];

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

export function parseKeyCondition(
  text: string,
  names: Placeholders,
  keys: KeySchema,
  types: AttributeDefinitions,
): KeyRange {
  const tokens = cursor("KeyConditionExpression", text, names);
  const tests = conjunction(tokens);
  tokens.end();

  const hash = tests.find(({ name }) => name === keys.hash);
  const others = tests.filter((test) => test !== hash);
  if (hash === undefined) throw invalid(`Query condition missed key schema element: ${keys.hash}`);
  if (tests.length > 2 || new Set(tests.map(({ name }) => name)).size !== tests.length)
    throw tokens.fail("KeyConditionExpressions must only contain one condition per key");
  if (hash.operator !== "=") throw invalid("Query key condition not supported");
  const range = others[0];
  if (range !== undefined && range.name !== keys.range)
    throw invalid(
      keys.range === undefined
        ? "Query key condition not supported"
        : `Query condition missed key schema element: ${keys.range}`,
    );
  for (const { name, values } of tests) for (const value of values) assertType(name, value, types);
  return { hash: sortable(hash.values[0]!), hashValue: hash.values[0]!, ...bounds(range, tokens) };
}

function conjunction(tokens: Cursor): KeyTest[] {
  const tests = term(tokens);
  while (tokens.take("AND")) tests.push(...term(tokens));
  if (tokens.at("OR") || tokens.at("NOT") || tokens.at("IN") || tokens.at("<>"))
    throw tokens.fail(`Invalid operator used in KeyConditionExpression: ${tokens.peek().text.toUpperCase()}`);
  return tests;
}

function term(tokens: Cursor): KeyTest[] {
  if (tokens.take("(")) {
    const inner = conjunction(tokens);
    tokens.expect(")");
    return inner;
  }
  const called = tokens.takeFunction();
  if (called !== undefined) {
    if (called !== "begins_with") throw tokens.fail(`Invalid operator used in KeyConditionExpression: ${called}`);
    tokens.expect("(");
    const name = keyName(tokens);
    tokens.expect(",");
    const { value } = tokens.value();
    tokens.expect(")");
    return [{ name, operator: "begins_with", values: [value] }];
  }
  const name = keyName(tokens);
  if (tokens.take("BETWEEN")) {
    const lower = tokens.value().value;
    tokens.expect("AND");
    return [{ name, operator: "BETWEEN", values: [lower, tokens.value().value] }];
  }
  if (tokens.at("<>") || tokens.at("IN"))
    throw tokens.fail(`Invalid operator used in KeyConditionExpression: ${tokens.peek().text.toUpperCase()}`);
  const operator = OPERATORS.find((symbol) => tokens.take(symbol));
  if (operator === undefined) throw tokens.syntaxError();
  return [{ name, operator, values: [tokens.value().value] }];
}

function keyName(tokens: Cursor): string {
  const path = tokens.path();
  if (path.length > 1) throw tokens.fail("KeyConditionExpressions cannot have conditions on nested attributes");
  return path[0] as string;
}

function assertType(name: string, value: AttributeValue, types: AttributeDefinitions): void {
  if (typeOf(value) !== types[name])
    throw invalid("One or more parameter values were invalid: Condition parameter type does not match schema type");
  if (value.S === "" || value.B?.length === 0)
    throw invalid(
      `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${value.S === "" ? "string" : "binary"} value. Key: ${name}`,
    );
}

function bounds(range: KeyTest | undefined, tokens: Cursor): Pick<KeyRange, "lower" | "upper"> {
  if (range === undefined) return {};
  const [first, second] = range.values;
  const bytes = sortable(first!);
  switch (range.operator) {
    case "=":
      return { lower: { bytes, inclusive: true }, upper: { bytes, inclusive: true } };
    case "<":
    case "<=":
      return { upper: { bytes, inclusive: range.operator === "<=" } };
    case ">":
    case ">=":
      return { lower: { bytes, inclusive: range.operator === ">=" } };
    case "BETWEEN":
      if (compare(first!, second!)! > 0)
        throw tokens.fail("The BETWEEN operator requires upper bound to be greater than or equal to lower bound");
      return { lower: { bytes, inclusive: true }, upper: { bytes: sortable(second!), inclusive: true } };
    default: {
      if (first!.N !== undefined)
        throw tokens.fail(
          "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        );
      const after = successor(bytes);
      return { lower: { bytes, inclusive: true }, upper: after && { bytes: after, inclusive: false } };
    }
  }
}

/** The first bytes that no longer begin with the prefix; undefined where the prefix is all 0xFF. */
function successor(prefix: Buffer): Buffer | undefined {
  const end = prefix.findLastIndex((byte) => byte !== 255);
  if (end < 0) return undefined;
  const bytes = Buffer.from(prefix.subarray(0, end + 1));
  bytes[end]! += 1;
  return bytes;
}
