/** Condition blocks: every operator family, `IfExists`, set qualifiers, policy variables. */
import { BlockList, isIP } from "node:net";
import type { ConditionBlock } from "./policy.ts";

/** Lower-case condition key → its values. An absent key has no entry. */
export type Context = Record<string, string[]>;

type Test = (actual: string, wanted: string) => boolean;

/** Compares texts; the marks that `substitute` leaves are for patterns only. */
const string =
  (compare: Test): Test =>
  (actual, wanted) =>
    compare(actual, wanted.replaceAll("\u0000", ""));

const number =
  (compare: (actual: number, wanted: number) => boolean): Test =>
  (actual, wanted) => {
    const [a, b] = [Number(actual), Number(wanted)];
    return !Number.isNaN(a) && !Number.isNaN(b) && compare(a, b);
  };

const date =
  (compare: (actual: number, wanted: number) => boolean): Test =>
  (actual, wanted) => {
    const [a, b] = [instant(actual), instant(wanted)];
    return !Number.isNaN(a) && !Number.isNaN(b) && compare(a, b);
  };

const equals: Test = (a, b) => a === b;
const equalsIgnoringCase: Test = (a, b) => a.toLowerCase() === b.toLowerCase();

/** The positive operators; each `Not…` is the negation of its sibling. */
const TESTS: Record<string, Test> = {
  StringEquals: string(equals),
  StringEqualsIgnoreCase: string(equalsIgnoringCase),
  StringLike: (a, b) => matchesWildcard(a, b),
  NumericEquals: number((a, b) => a === b),
  NumericLessThan: number((a, b) => a < b),
  NumericLessThanEquals: number((a, b) => a <= b),
  NumericGreaterThan: number((a, b) => a > b),
  NumericGreaterThanEquals: number((a, b) => a >= b),
  DateEquals: date((a, b) => a === b),
  DateLessThan: date((a, b) => a < b),
  DateLessThanEquals: date((a, b) => a <= b),
  DateGreaterThan: date((a, b) => a > b),
  DateGreaterThanEquals: date((a, b) => a >= b),
  Bool: string(equalsIgnoringCase),
  BinaryEquals: string(equals),
  IpAddress: inNetwork,
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
};

const NEGATED: Record<string, string> = {
  StringNotEquals: "StringEquals",
  StringNotEqualsIgnoreCase: "StringEqualsIgnoreCase",
  StringNotLike: "StringLike",
  NumericNotEquals: "NumericEquals",
  DateNotEquals: "DateEquals",
  NotIpAddress: "IpAddress",
  ArnNotEquals: "ArnEquals",
  ArnNotLike: "ArnLike",
};

/** True when every operator of the block holds for every key. An operator that AWS does not have never holds. */
export function holds(block: ConditionBlock, context: Context): boolean {
  return Object.entries(block).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holdsFor(operator, wanted, context[key], key, context)),
  );
}

function holdsFor(
  written: string,
  wanted: string[],
  actual: string[] | undefined,
  key: string,
  context: Context,
): boolean {
  const qualifier = /^(ForAllValues|ForAnyValue):/.exec(written)?.[1];
  let operator = qualifier ? written.slice(qualifier.length + 1) : written;
  if (operator === "Null") return wanted.every((value) => (value === "true") === (context[key] === undefined));
  const ifExists = operator.endsWith("IfExists");
  if (ifExists) operator = operator.slice(0, -"IfExists".length);
  const positive = NEGATED[operator] ?? operator;
  const negated = positive !== operator;
  const test = TESTS[positive];
  if (!test) return false;

  if (actual === undefined || actual.length === 0) {
    // ForAllValues over nothing is true: the reason why it does not belong in an Allow.
    if (qualifier === "ForAllValues") return true;
    // IfExists is asked value by value: over nothing it changes nothing.
    if (qualifier === "ForAnyValue") return false;
    return ifExists || negated;
  }
  // A negated operator holds for a value that equals none of those wanted.
  const one = (value: string) => {
    const found = wanted.some((pattern) => {
      const resolved = substitute(pattern, context);
      return resolved !== undefined && test(value, resolved);
    });
    return found !== negated;
  };
  if (qualifier === "ForAnyValue") return actual.some(one);
  if (qualifier === "ForAllValues") return actual.every(one);
  return actual.length === 1 ? one(actual[0]!) : negated ? actual.every(one) : actual.some(one);
}

/** Replaces `${aws:PrincipalTag/TenantId}` and `${key, 'default'}`; undefined when a key has no value. */
export function substitute(text: string, context: Context): string | undefined {
  if (!text.includes("${")) return text;
  let missing = false;
  const result = text.replace(/\$\{([^}]+)\}/g, (_, expression: string) => {
    if (expression === "$") return "$";
    if (expression === "*" || expression === "?") return `\u0000${expression}`;
    const [key, fallback] = expression.split(/\s*,\s*/);
    const value = context[key!.toLowerCase()]?.[0] ?? fallback?.replace(/^'|'$/g, "");
    if (value === undefined) missing = true;
    // What a variable brings in is text, never a wildcard.
    return (value ?? "").replace(/[*?]/g, (character) => `\u0000${character}`);
  });
  return missing ? undefined : result;
}

const patterns = new Map<string, RegExp>();

/** `*` and `?` as IAM reads them; a character after NUL stands for itself. */
export function matchesWildcard(text: string, pattern: string, ignoreCase = false): boolean {
  if (pattern === "*") return true;
  const key = ignoreCase ? `i${pattern}` : `c${pattern}`;
  let compiled = patterns.get(key);
  if (!compiled) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL marks a literal, see substitute
    const source = pattern.replace(/\u0000(.)|[\s\S]/g, (character, literal?: string) => {
      if (literal) return escapeRegExp(literal);
      return character === "*" ? "[\\s\\S]*" : character === "?" ? "[\\s\\S]" : escapeRegExp(character);
    });
    compiled = new RegExp(`^${source}$`, ignoreCase ? "i" : "");
    if (patterns.size > 10_000) patterns.clear();
    patterns.set(key, compiled);
  }
  return compiled.test(text);
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** ARNs are compared field by field: a wildcard does not reach across a colon of the first five. */
function matchesArn(actual: string, wanted: string): boolean {
  const [a, b] = [arnFields(actual), arnFields(wanted)];
  return a.length === b.length && a.every((field, index) => matchesWildcard(field, b[index]!));
}

function arnFields(arn: string): string[] {
  const fields = arn.split(":");
  return fields.length > 6 ? [...fields.slice(0, 5), fields.slice(5).join(":")] : fields;
}

function instant(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

function inNetwork(address: string, network: string): boolean {
  const [base = "", length] = network.split("/");
  const family = isIP(base);
  if (family === 0 || isIP(address) !== family) return false;
  const most = family === 4 ? 32 : 128;
  const bits = Number(length ?? most);
  if (!(Number.isInteger(bits) && bits >= 0 && bits <= most)) return false;
  const list = new BlockList();
  list.addSubnet(base, bits, family === 4 ? "ipv4" : "ipv6");
  return list.check(address, family === 4 ? "ipv4" : "ipv6");
}
