/**
 * A second opinion on `evaluate`, written from AWS's prose and nothing else: slow, and with no means in common (patterns
 * are matched by recursion, networks as digits in base two, dates by their parts).
 */
export interface NaiveStatement {
  Effect: "Allow" | "Deny";
  Action?: string[];
  NotAction?: string[];
  Resource?: string[];
  NotResource?: string[];
  Principal?: { AWS: string[] };
  NotPrincipal?: { AWS: string[] };
  Condition?: NaiveCondition;
}

/** Operator → key → values. */
export type NaiveCondition = Record<string, Record<string, string[]>>;
/** Key, in lower case → values; a key without values is not there. */
export type NaiveContext = Record<string, string[]>;

export interface NaiveQuestion {
  action: string;
  resource: string;
  context: NaiveContext;
  names: { account: string; role: string; session: string };
  identity: NaiveStatement[][];
  session?: NaiveStatement[];
  boundary?: NaiveStatement[];
  resourcePolicy?: NaiveStatement[];
}

export function naive(question: NaiveQuestion): boolean {
  const { identity, session, boundary, resourcePolicy = [], names } = question;
  const own = [...identity, session ?? [], boundary ?? []].flat();
  const all = [names.account, names.role, names.session];
  const spoken = resourcePolicy.filter(({ Principal, NotPrincipal }) =>
    NotPrincipal
      ? boundary !== undefined ||
        !(NotPrincipal.AWS.includes("*") || all.every((name) => NotPrincipal.AWS.includes(name)))
      : Principal!.AWS.some((name) => name === "*" || all.includes(name)),
  );
  if ([...own, ...spoken].some((statement) => statement.Effect === "Deny" && about(statement, question))) return false;

  const granting = (statements: NaiveStatement[]) =>
    statements.some((statement) => statement.Effect === "Allow" && about(statement, question));
  const grantedTo = (...who: string[]) =>
    granting(spoken.filter(({ Principal }) => Principal?.AWS.some((name) => who.includes(name))));

  if (grantedTo(names.session)) return true;
  const within = (boundary === undefined || granting(boundary)) && (session === undefined || granting(session));
  return within && (grantedTo("*", names.role) || identity.some(granting));
}

function about(statement: NaiveStatement, { action, resource, context }: NaiveQuestion): boolean {
  const { Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  const acts = (patterns: string[]) =>
    patterns.some((pattern) => glob(action.toLowerCase(), tokens(pattern.toLowerCase())));
  const touches = (patterns: string[]) =>
    patterns.some((pattern) => {
      const filled = fill(pattern, context);
      return filled !== undefined && glob(resource, filled);
    });
  if (Action && !acts(Action)) return false;
  if (NotAction && acts(NotAction)) return false;
  if (Resource && !touches(Resource)) return false;
  if (NotResource && touches(NotResource)) return false;
  return naiveHolds(Condition, context);
}

/** One character of a pattern, or a wildcard. */
type Token = { any: "one" | "many" } | { is: string };

const tokens = (pattern: string): Token[] =>
  [...pattern].map((is) => (is === "*" ? { any: "many" } : is === "?" ? { any: "one" } : { is }));

function glob(text: string, [first, ...rest]: Token[]): boolean {
  if (!first) return text === "";
  if ("is" in first) return text.startsWith(first.is) && glob(text.slice(1), rest);
  if (first.any === "one") return text !== "" && glob(text.slice(1), rest);
  for (let taken = 0; taken <= text.length; taken++) if (glob(text.slice(taken), rest)) return true;
  return false;
}

/** Variables are filled in as text; undefined where one has no value. */
function fill(pattern: string, context: NaiveContext): Token[] | undefined {
  const start = pattern.indexOf("${");
  if (start === -1) return tokens(pattern);
  const end = pattern.indexOf("}", start);
  const name = pattern.slice(start + 2, end);
  const rest = fill(pattern.slice(end + 1), context);
  const [key, fallback] = name.split(", ");
  const value = ["*", "?", "$"].includes(name) ? name : (context[key!.toLowerCase()]?.[0] ?? fallback?.slice(1, -1));
  if (value === undefined || rest === undefined) return undefined;
  return [...tokens(pattern.slice(0, start)), ...[...value].map((is) => ({ is })), ...rest];
}

const plain = (filled: Token[]): string =>
  filled.map((token) => ("is" in token ? token.is : token.any === "one" ? "?" : "*")).join("");

export function naiveHolds(condition: NaiveCondition, context: NaiveContext): boolean {
  for (const [operator, keys] of Object.entries(condition)) {
    for (const [key, wanted] of Object.entries(keys))
      if (!one(operator, wanted, key.toLowerCase(), context)) return false;
  }
  return true;
}

function one(operator: string, wanted: string[], key: string, context: NaiveContext): boolean {
  const values = context[key] ?? [];
  if (operator === "Null") return wanted.every((each) => (each === "true") === (values.length === 0));
  const all = operator.startsWith("ForAllValues:");
  const any = operator.startsWith("ForAnyValue:");
  const ifExists = operator.endsWith("IfExists");
  const name = operator.replace(/^For\w+:/, "").replace(/IfExists$/, "");
  const negative = name.includes("Not");
  const test = (value: string) =>
    wanted.some((pattern) => {
      const filled = fill(pattern, context);
      return filled !== undefined && compare(name.replace("Not", ""), value, filled);
    }) !== negative;
  if (values.length === 0) return all || (!any && (ifExists || negative));
  if (all) return values.every(test);
  if (any) return values.some(test);
  return negative ? values.every(test) : values.some(test);
}

function compare(operator: string, value: string, wanted: Token[]): boolean {
  const text = plain(wanted);
  switch (operator) {
    case "StringEquals":
    case "BinaryEquals":
      return value === text;
    case "StringEqualsIgnoreCase":
    case "Bool":
      return value.toUpperCase() === text.toUpperCase();
    case "StringLike":
      return glob(value, wanted);
    case "ArnEquals":
    case "ArnLike":
      return arnLike(value, wanted);
    case "IpAddress":
      return inside(value, text);
  }
  const [kind, relation] = /^(Numeric|Date)(.*)$/.exec(operator)!.slice(1);
  const read = kind === "Date" ? seconds : Number.parseFloat;
  const difference = read(value) - read(text);
  if (Number.isNaN(difference)) return false;
  switch (relation) {
    case "Equals":
      return difference === 0;
    case "LessThan":
      return difference < 0;
    case "LessThanEquals":
      return difference <= 0;
    case "GreaterThan":
      return difference > 0;
    default:
      return difference >= 0;
  }
}

/** Six fields; only the last may hold colons. */
function arnLike(value: string, wanted: Token[]): boolean {
  const fields = value.split(":");
  const parts: Token[][] = [[]];
  for (const token of wanted) {
    if ("is" in token && token.is === ":" && parts.length < 6) parts.push([]);
    else parts.at(-1)!.push(token);
  }
  const actual = [...fields.slice(0, 5), ...(fields.length > 5 ? [fields.slice(5).join(":")] : [])];
  return actual.length === parts.length && actual.every((field, index) => glob(field, parts[index]!));
}

function inside(address: string, network: string): boolean {
  const digits = (ip: string) =>
    ip.includes(":")
      ? expanded(ip)
          .map((group) => group.toString(2).padStart(16, "0"))
          .join("")
      : ip
          .split(".")
          .map((byte) => Number(byte).toString(2).padStart(8, "0"))
          .join("");
  const [base, length] = network.split("/");
  if (address.includes(":") !== base!.includes(":")) return false;
  const [a, b] = [digits(address), digits(base!)];
  const bits = length === undefined ? a.length : Number(length);
  return a.slice(0, bits) === b.slice(0, bits);
}

function expanded(ip: string): number[] {
  const [head, tail] = ip.split("::").map((part) => part.split(":").filter((group) => group !== ""));
  const groups =
    tail === undefined ? head! : [...head!, ...new Array(8 - head!.length - tail.length).fill("0"), ...tail];
  return groups.map((group) => Number.parseInt(group, 16));
}

/** Of an ISO date in UTC, or of a number of seconds. */
function seconds(text: string): number {
  if (!text.includes("-")) return Number.parseFloat(text);
  const [year, month, day, hour = 0, minute = 0, second = 0] = text.split(/\D+/).filter(Boolean).map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute, second) / 1000;
}
