/**
 * Event patterns, as SNS subscriptions and event source mappings filter with: every field of the pattern must match, any
 * of its values may. An array in the event matches where one of its elements does, objects in it included.
 * Operators: exact, prefix, suffix, equals-ignore-case, wildcard, anything-but, numeric, exists, cidr; `$or`.
 */
import { BlockList, isIP } from "node:net";
import { AwsError } from "./service.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Pattern = { [key: string]: Json };

/** The pattern must have passed `validatePattern`, or this may throw. */
export function matchesPattern(pattern: Pattern, event: Json | undefined): boolean {
  if (Array.isArray(event)) return event.some((each) => matchesPattern(pattern, each));
  for (const [key, expected] of Object.entries(pattern)) {
    if (key === "$or" && isAlternatives(expected)) {
      if (!expected.some((branch) => matchesPattern(branch, event))) return false;
      continue;
    }
    const value = isObject(event) && Object.hasOwn(event, key) ? event[key] : undefined;
    if (Array.isArray(expected)) {
      if (!expected.some((rule) => matchesRule(rule, value))) return false;
    } else if (!matchesPattern(expected as Pattern, value)) return false;
  }
  return true;
}

function matchesRule(rule: Json, value: Json | undefined): boolean {
  // Leaves exist; what has fields of its own is asked for by those.
  if (isObject(rule) && Object.hasOwn(rule, "exists")) return (value !== undefined && !isObject(value)) === rule.exists;
  if (value === undefined) return false;
  if (Array.isArray(value)) return value.some((each) => matchesRule(rule, each));
  if (!isObject(rule)) return rule === value;
  const [operator, operand] = Object.entries(rule)[0]!;
  const known = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
  if (!known) throw new AwsError("InvalidParameterValueException", `Unrecognized match type ${operator}.`);
  return known.matches(operand, value);
}

interface Operator {
  /** What is wrong with the operand, if anything. */
  problem(operand: Json): string | undefined;
  matches(operand: Json, value: Json): boolean;
}

function text(compare: (value: string, operand: string) => boolean): Operator {
  return {
    problem: (operand) => (textOf(operand) === undefined ? "takes a text" : undefined),
    matches(operand, value) {
      if (typeof value !== "string") return false;
      const expected = textOf(operand)!;
      return typeof operand === "string"
        ? compare(value, expected)
        : compare(value.toLowerCase(), expected.toLowerCase());
    },
  };
}

/** A text, or `{ "equals-ignore-case": text }`. */
function textOf(operand: Json): string | undefined {
  const inner = isObject(operand) ? operand["equals-ignore-case"] : operand;
  return typeof inner === "string" ? inner : undefined;
}

const OPERATORS: Record<string, Operator> = {
  prefix: text((value, operand) => value.startsWith(operand)),
  suffix: text((value, operand) => value.endsWith(operand)),
  "equals-ignore-case": text((value, operand) => value.toLowerCase() === operand.toLowerCase()),
  wildcard: {
    problem: (operand) =>
      typeof operand !== "string" || operand.includes("**") ? "takes a text without adjacent wildcards" : undefined,
    matches: (operand, value) => typeof value === "string" && wildcard(String(operand)).test(value),
  },
  numeric: {
    problem: numericProblem,
    matches: (operand, value) => typeof value === "number" && matchesNumeric(operand as Json[], value),
  },
  exists: {
    problem: (operand) => (typeof operand === "boolean" ? undefined : "takes true or false"),
    matches: () => false,
  },
  cidr: {
    problem: (operand) => (rangeOf(operand) ? undefined : "takes an address range such as 10.0.0.0/24"),
    matches: (operand, value) => typeof value === "string" && isInRange(operand, value),
  },
  "anything-but": {
    problem(operand) {
      if (isObject(operand)) return alternativesOf(operand).map(problemOf).find(Boolean);
      const values = Array.isArray(operand) ? operand : [operand];
      const isPlain = values.length > 0 && values.every((each) => typeof each === "string" || typeof each === "number");
      return isPlain ? undefined : "takes texts, numbers or one operator";
    },
    matches(operand, value) {
      // `{ "prefix": [a, b] }` is short for several operators.
      if (isObject(operand)) return !alternativesOf(operand).some((rule) => matchesRule(rule, value));
      return !(Array.isArray(operand) ? operand : [operand]).some((each) => matchesRule(each, value));
    },
  },
};

function alternativesOf(rule: { [key: string]: Json }): { [key: string]: Json }[] {
  const [operator, operand] = Object.entries(rule)[0] ?? [""];
  if (operator === "numeric" || !Array.isArray(operand) || operand.length === 0) return [rule];
  return operand.map((each) => ({ [operator]: each }));
}

function problemOf(rule: { [key: string]: Json }): string | undefined {
  const entries = Object.entries(rule);
  const [operator, operand] = entries[0] ?? ["", null];
  const known = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
  if (entries.length !== 1 || !known) return `unrecognized match type ${entries.map(([name]) => name).join(", ")}`;
  const problem = known.problem(operand);
  return problem && `${operator} ${problem}`;
}

/** @throws AwsError what AWS says of a pattern that could match nothing or means nothing */
export function validatePattern(pattern: unknown, code = "InvalidParameterValueException"): asserts pattern is Pattern {
  if (!isObject(pattern as Json)) throw invalid("it must be an object");
  for (const [key, expected] of Object.entries(pattern as Pattern)) {
    if (key === "$or" && isAlternatives(expected)) {
      for (const branch of expected) validatePattern(branch, code);
    } else if (Array.isArray(expected)) {
      if (expected.length === 0) throw invalid(`"${key}" has no values`);
      for (const rule of expected) {
        if (Array.isArray(rule)) throw invalid(`"${key}" has an array within its array`);
        const problem = isObject(rule) ? problemOf(rule) : undefined;
        if (problem) throw invalid(`"${key}": ${problem}`);
      }
    } else if (isObject(expected)) validatePattern(expected, code);
    else throw invalid(`"${key}" must be an object or an array`);
  }

  function invalid(problem: string): AwsError {
    return new AwsError(code, `Invalid filter pattern definition: ${problem}.`);
  }
}

/** `$or` is an operator where it lists at least two patterns; else it is a field of that name. */
function isAlternatives(expected: Json | undefined): expected is Pattern[] {
  return Array.isArray(expected) && expected.length >= 2 && expected.every((each) => isObject(each));
}

const COMPARISONS: Record<string, (value: number, bound: number) => boolean> = {
  "=": (value, bound) => value === bound,
  "<": (value, bound) => value < bound,
  "<=": (value, bound) => value <= bound,
  ">": (value, bound) => value > bound,
  ">=": (value, bound) => value >= bound,
};

function numericProblem(operand: Json): string | undefined {
  const wellFormed =
    Array.isArray(operand) &&
    (operand.length === 2 || operand.length === 4) &&
    operand.every((each, index) =>
      index % 2 === 0 ? typeof each === "string" && Object.hasOwn(COMPARISONS, each) : typeof each === "number",
    );
  return wellFormed ? undefined : 'takes one or two comparisons such as [">", 0, "<=", 5]';
}

function matchesNumeric(operand: Json[], value: number): boolean {
  for (let i = 0; i < operand.length; i += 2) {
    if (!COMPARISONS[String(operand[i])]!(value, Number(operand[i + 1]))) return false;
  }
  return true;
}

function rangeOf(operand: Json): { network: string; bits: number; family: "ipv4" | "ipv6" } | undefined {
  const [, network = "", digits = ""] = /^([\da-fA-F.:]+)\/(\d{1,3})$/.exec(String(operand)) ?? [];
  const family = isIP(network) === 4 ? "ipv4" : "ipv6";
  const bits = Number(digits);
  return isIP(network) && bits <= (family === "ipv4" ? 32 : 128) ? { network, bits, family } : undefined;
}

function isInRange(operand: Json, value: string): boolean {
  const { network, bits, family } = rangeOf(operand)!;
  if (isIP(value) !== (family === "ipv4" ? 4 : 6)) return false;
  const range = new BlockList();
  range.addSubnet(network, bits, family);
  return range.check(value, family);
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s");
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
