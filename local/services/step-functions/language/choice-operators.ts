/** The comparisons of JSONPath choice rules. Values of another type than the operator's are never equal. Pure. */
import type { ChoiceRule, Json } from "./definition.ts";
import { find, type Scope } from "./reference.ts";
import { runtimeError } from "./states-error.ts";

type Test = (value: Json, operand: Json) => boolean;

const ORDERS: Record<string, (a: number | string, b: number | string) => boolean> = {
  Equals: (a, b) => a === b,
  LessThan: (a, b) => a < b,
  LessThanEquals: (a, b) => a <= b,
  GreaterThan: (a, b) => a > b,
  GreaterThanEquals: (a, b) => a >= b,
};

/** Both as what the type compares by, or undefined where a value is of another type. */
const COMPARABLE: Record<string, (value: Json) => number | string | undefined> = {
  String: (value) => (typeof value === "string" ? value : undefined),
  Numeric: (value) => (typeof value === "number" ? value : undefined),
  Timestamp: (value) => timestampOf(value),
};

const KINDS: Record<string, (value: Json) => boolean> = {
  IsNull: (value) => value === null,
  IsString: (value) => typeof value === "string",
  IsNumeric: (value) => typeof value === "number",
  IsBoolean: (value) => typeof value === "boolean",
  IsTimestamp: (value) => timestampOf(value) !== undefined,
};

const TESTS: Record<string, Test> = {
  BooleanEquals: (value, operand) => typeof value === "boolean" && value === operand,
  StringMatches: (value, operand) =>
    typeof value === "string" && typeof operand === "string" && patternOf(operand).test(value),
  ...Object.fromEntries(Object.entries(KINDS).map(([name, is]) => [name, (value, wanted) => is(value) === wanted])),
};
for (const [type, comparable] of Object.entries(COMPARABLE)) {
  for (const [order, holds] of Object.entries(ORDERS)) {
    TESTS[`${type}${order}`] = (value, operand) => {
      const [a, b] = [comparable(value), comparable(operand)];
      return a !== undefined && b !== undefined && holds(a, b);
    };
  }
}

export const OPERATORS = [
  ...Object.keys(TESTS),
  "IsPresent",
  ...Object.keys(TESTS).flatMap((name) => (/^Is|Matches$/.test(name) ? [] : [`${name}Path`])),
];

export function ruleHolds(rule: ChoiceRule, data: Json, scope: Scope): boolean {
  if (rule.And) return rule.And.every((inner) => ruleHolds(inner, data, scope));
  if (rule.Or) return rule.Or.some((inner) => ruleHolds(inner, data, scope));
  if (rule.Not) return !ruleHolds(rule.Not, data, scope);
  const operator = OPERATORS.find((name) => Object.hasOwn(rule, name))!;
  const value = find(rule.Variable!, data, scope);
  if (operator === "IsPresent") return (value !== undefined) === rule.IsPresent;
  if (value === undefined) throw invalid(rule.Variable!);
  if (!operator.endsWith("Path")) return TESTS[operator]!(value, rule[operator] as Json);
  const operand = find(rule[operator] as string, data, scope);
  if (operand === undefined) throw invalid(rule[operator] as string);
  return TESTS[operator.slice(0, -"Path".length)]!(value, operand);
}

const invalid = (path: string) =>
  runtimeError(`Invalid path '${path}': The choice state's condition path references an invalid value.`);

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** ms since the epoch, of a text as RFC 3339 has it. */
export function timestampOf(value: Json): number | undefined {
  if (typeof value !== "string" || !RFC3339.test(value)) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

/** `*` stands for anything, `\*` for itself. */
function patternOf(text: string): RegExp {
  const source = text.replace(/\\(.)|\*|[^*\\]+/gs, (part, escaped: string | undefined) => {
    if (part === "*") return ".*";
    return (escaped ?? part).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${source}$`, "s");
}
