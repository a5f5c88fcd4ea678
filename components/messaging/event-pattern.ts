/** The pattern language that EventBridge rules, event source mappings and SNS filter policies share, typed and checked. */
import { InvalidArgumentError } from "../invalid-argument.ts";

type Text = string | { "equals-ignore-case": string };

/** What a field may be: a value itself, or one condition. */
export type Matcher =
  | string
  | number
  | boolean
  | null
  | { prefix: Text }
  | { suffix: Text }
  | { "equals-ignore-case": string }
  | { wildcard: string }
  | { exists: boolean }
  | { cidr: string }
  | { numeric: (string | number)[] }
  | {
      "anything-but":
        | string
        | number
        | (string | number)[]
        | { prefix: string | string[] }
        | { suffix: string | string[] }
        | { wildcard: string | string[] }
        | { "equals-ignore-case": string | string[] };
    };

/** Every field has to match; any of its matchers may. `$or` holds alternatives. */
export interface Pattern {
  [field: string]: Matcher[] | Pattern | Pattern[];
}

/** A pattern over EventBridge's envelope. */
export interface EventPattern {
  source?: Matcher[];
  "detail-type"?: Matcher[];
  account?: Matcher[];
  region?: Matcher[];
  resources?: Matcher[];
  detail?: Pattern;
  $or?: Pattern[];
}

const OPERATORS: Record<string, (operand: unknown) => boolean> = {
  prefix: isText,
  suffix: isText,
  "equals-ignore-case": isString,
  wildcard: (operand) => isString(operand) && !operand.includes("**"),
  exists: (operand) => typeof operand === "boolean",
  cidr: (operand) => isString(operand) && /^[\da-f.:]+\/\d{1,3}$/i.test(operand),
  numeric: isNumericRange,
  "anything-but": (operand) => isExcluded(operand),
};

const ENVELOPE = ["version", "id", "source", "detail-type", "account", "time", "region", "resources", "detail", "$or"];

/** Refuses what EventBridge would refuse, or would never match. */
export function checkEventPattern(component: string, argument: string, pattern: EventPattern): void {
  const stranger = Object.keys(pattern).find((field) => !ENVELOPE.includes(field));
  if (stranger) {
    throw new InvalidArgumentError(
      component,
      `${argument}.${stranger}`,
      (pattern as Pattern)[stranger],
      `an event has no such field; what you sent is below "detail", beside it are ${ENVELOPE.slice(1, -2).join(", ")}`,
    );
  }
  checkPattern(component, argument, pattern as Pattern);
}

/**
 * Refuses an empty pattern, a field that is not a list, an unknown condition.
 *
 * @param longest characters of JSON that the service takes
 */
export function checkPattern(component: string, argument: string, pattern: Pattern, longest = 4096): void {
  checkFields(component, argument, pattern);
  const { length } = JSON.stringify(pattern);
  if (length > longest) {
    throw new InvalidArgumentError(component, argument, `${length} characters`, `AWS takes at most ${longest}`);
  }
}

/** The filters of an event source mapping: Lambda takes up to ten. */
export function checkFilters(component: string, filters: Pattern[] | undefined): void {
  if (!filters) return;
  if (filters.length === 0 || filters.length > 10) {
    throw new InvalidArgumentError(component, "filters", filters, "give 1 to 10 patterns, or leave it out");
  }
  filters.forEach((pattern, index) => {
    checkPattern(component, `filters[${index}]`, pattern);
  });
}

function checkFields(component: string, path: string, pattern: unknown): void {
  if (!isObject(pattern) || Object.keys(pattern).length === 0) {
    throw new InvalidArgumentError(component, path, pattern, "name at least one field; AWS refuses an empty pattern");
  }
  for (const [field, expected] of Object.entries(pattern)) {
    const at = `${path}.${field}`;
    if (field === "$or") checkAlternatives(component, at, expected);
    else if (Array.isArray(expected)) checkMatchers(component, at, expected);
    else if (isObject(expected)) checkFields(component, at, expected);
    else
      throw new InvalidArgumentError(
        component,
        at,
        expected,
        `a field is matched by a list: [${JSON.stringify(expected)}]`,
      );
  }
}

function checkAlternatives(component: string, path: string, alternatives: unknown): void {
  if (!Array.isArray(alternatives) || alternatives.length < 2) {
    throw new InvalidArgumentError(component, path, alternatives, "list at least two patterns");
  }
  alternatives.forEach((alternative, index) => {
    checkFields(component, `${path}[${index}]`, alternative);
  });
}

function checkMatchers(component: string, path: string, matchers: unknown[]): void {
  if (matchers.length === 0) {
    throw new InvalidArgumentError(component, path, matchers, "an empty list matches nothing; name a value");
  }
  for (const matcher of matchers) {
    if (!isObject(matcher)) {
      if (matcher === null || ["string", "number", "boolean"].includes(typeof matcher)) continue;
      throw new InvalidArgumentError(
        component,
        path,
        matcher,
        "it has to be a text, a number, a boolean, null or a condition",
      );
    }
    const [operator, ...more] = Object.keys(matcher);
    const accepts =
      operator === undefined || more.length > 0 || !Object.hasOwn(OPERATORS, operator)
        ? undefined
        : OPERATORS[operator];
    if (!accepts) {
      const known = Object.keys(OPERATORS).join(", ");
      throw new InvalidArgumentError(component, path, matcher, `a condition is one of ${known}`);
    }
    if (!accepts(matcher[operator!])) {
      throw new InvalidArgumentError(component, path, matcher, `"${operator}" does not take that operand`);
    }
  }
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isText(value: unknown): boolean {
  return isString(value) || (isObject(value) && isString(value["equals-ignore-case"]));
}

/** `[">=", 0, "<", 10]`: one comparison or two. */
function isNumericRange(value: unknown): boolean {
  if (!Array.isArray(value) || (value.length !== 2 && value.length !== 4)) return false;
  return value.every((part, index) =>
    index % 2 === 0 ? ["=", "<", "<=", ">", ">="].includes(part) : typeof part === "number",
  );
}

function isExcluded(value: unknown): boolean {
  const isPlain = (each: unknown) => isString(each) || typeof each === "number";
  if (Array.isArray(value)) return value.length > 0 && value.every(isPlain);
  if (!isObject(value)) return isPlain(value);
  const [operator, ...more] = Object.keys(value);
  if (more.length > 0 || !["prefix", "suffix", "wildcard", "equals-ignore-case"].includes(operator!)) return false;
  return [value[operator!]].flat().every(isString);
}
