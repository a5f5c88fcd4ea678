/**
 * Event patterns, as SNS subscriptions and event source mappings filter with: every field of the pattern must match, any of its values may.
 * Operators: exact, prefix, suffix, equals-ignore-case, wildcard, anything-but, numeric, exists; `$or`.
 * Not emulated: `cidr`, which is refused by name.
 */
import { AwsError } from "./service.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Pattern = { [key: string]: Json };

export function matchesPattern(pattern: Pattern, event: Json | undefined): boolean {
  for (const [key, expected] of Object.entries(pattern)) {
    if (key === "$or" && Array.isArray(expected)) {
      if (!expected.some((branch) => matchesPattern(branch as Pattern, event))) return false;
      continue;
    }
    const value = isObject(event) && Object.hasOwn(event, key) ? event[key] : undefined;
    if (Array.isArray(expected)) {
      if (!expected.some((rule) => matchesRule(rule, value))) return false;
    } else if (isObject(expected)) {
      if (!matchesPattern(expected, value)) return false;
    } else throw invalid(`"${key}" must be an object or an array`);
  }
  return true;
}

/** An array in the event matches when one of its elements does. */
function matchesRule(rule: Json, value: Json | undefined): boolean {
  if (isObject(rule) && Object.hasOwn(rule, "exists")) return (value !== undefined && !isObject(value)) === rule.exists;
  if (Array.isArray(value)) {
    const denies = isObject(rule) && Object.hasOwn(rule, "anything-but");
    return denies ? value.every((each) => matchesRule(rule, each)) : value.some((each) => matchesRule(rule, each));
  }
  if (!isObject(rule)) return value !== undefined && rule === value;
  const [entry] = Object.entries(rule);
  if (!entry) throw invalid("an empty object is no rule");
  return matchesOperator(entry[0], entry[1], value);
}

function matchesOperator(operator: string, operand: Json, value: Json | undefined): boolean {
  if (value === undefined) return false;
  const text = typeof value === "string" ? value : undefined;
  const ignoringCase = isObject(operand) ? operand["equals-ignore-case"] : undefined;
  switch (operator) {
    case "prefix":
      if (typeof ignoringCase === "string") return !!text?.toLowerCase().startsWith(ignoringCase.toLowerCase());
      return !!text?.startsWith(String(operand));
    case "suffix":
      if (typeof ignoringCase === "string") return !!text?.toLowerCase().endsWith(ignoringCase.toLowerCase());
      return !!text?.endsWith(String(operand));
    case "equals-ignore-case":
      return text?.toLowerCase() === String(operand).toLowerCase();
    case "wildcard":
      return text !== undefined && wildcard(String(operand)).test(text);
    case "numeric":
      return typeof value === "number" && Array.isArray(operand) && matchesNumeric(operand, value);
    case "anything-but":
      return !(Array.isArray(operand) ? operand : [operand]).some((each) => matchesRule(each, value));
    default:
      throw invalid(`unknown operator "${operator}"`);
  }
}

function matchesNumeric(operand: Json[], value: number): boolean {
  for (let i = 0; i + 1 < operand.length; i += 2) {
    const bound = Number(operand[i + 1]);
    const compared: Record<string, boolean> = {
      "=": value === bound,
      "<": value < bound,
      "<=": value <= bound,
      ">": value > bound,
      ">=": value >= bound,
    };
    const holds = compared[String(operand[i])];
    if (holds === undefined) throw invalid(`unknown comparison "${operand[i]}"`);
    if (!holds) return false;
  }
  return true;
}

function wildcard(pattern: string): RegExp {
  return new RegExp(
    `^${pattern
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
    "s",
  );
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function invalid(problem: string): AwsError {
  return new AwsError("InvalidParameterValueException", `Invalid filter pattern definition: ${problem}.`);
}
