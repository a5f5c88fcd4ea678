/**
 * Presto's SQL as DuckDB reads it: functions under other names or with other arguments, patterns of dates, array types,
 * parameters, and the time, which is the cloud's.
 */
import { RENAMED } from "./functions.ts";
import { placeOf, type Token, tokensOf } from "./tokens.ts";

export interface Translated {
  sql: string;
  /** Where, in what was asked, something stands that stands there in the translation. */
  origin(at: number): number;
}

/** A failure of the statement itself. */
export class SqlError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** MySQL's patterns, of date_format and date_parse. */
const MYSQL: Record<string, string> = {
  "%i": "%M",
  "%s": "%S",
  "%T": "%H:%M:%S",
  "%M": "%B",
  "%W": "%A",
  "%e": "%-d",
  "%c": "%-m",
  "%h": "%I",
  "%k": "%-H",
  "%l": "%-I",
  "%r": "%I:%M:%S %p",
};

/** Joda's, of format_datetime and parse_datetime. */
const JODA: [RegExp, string][] = [
  [/^y{3,}/, "%Y"],
  [/^yy/, "%y"],
  [/^y/, "%Y"],
  [/^MMMM/, "%B"],
  [/^MMM/, "%b"],
  [/^MM/, "%m"],
  [/^M/, "%-m"],
  [/^dd/, "%d"],
  [/^d/, "%-d"],
  [/^HH/, "%H"],
  [/^H/, "%-H"],
  [/^hh/, "%I"],
  [/^h/, "%-I"],
  [/^mm?/, "%M"],
  [/^ss?/, "%S"],
  [/^SSSSSS/, "%f"],
  [/^S+/, "%g"],
  [/^EEEE/, "%A"],
  [/^E+/, "%a"],
  [/^a/, "%p"],
  [/^ZZ?/, "%z"],
  [/^z+/, "%Z"],
];

const PATTERNED: Record<string, (pattern: string) => string> = {
  date_format: mysqlPattern,
  date_parse: mysqlPattern,
  format_datetime: jodaPattern,
  parse_datetime: jodaPattern,
};

export function translate(sql: string, parameters: string[], now: number): Translated {
  const tokens = tokensOf(sql);
  const pieces: { text: string; at: number }[] = [];
  const time = new Date(now).toISOString().replace("T", " ").replace("Z", "");
  const clock: Record<string, string> = {
    current_date: `DATE '${time.slice(0, 10)}'`,
    current_timestamp: `TIMESTAMPTZ '${time}+00'`,
    localtimestamp: `TIMESTAMP '${time}'`,
  };
  let used = 0;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]!;
    const push = (text: string) => pieces.push({ text, at: token.at });
    const word = token.kind === "word" ? token.text.toLowerCase() : undefined;
    const follows = meaning(tokens, index);
    if (token.text === "?" && token.kind === "symbol") {
      const given = parameters[used++];
      if (given === undefined) {
        throw new SqlError(
          "INVALID_PARAMETER_USAGE",
          `line ${placeOf(sql, token.at)}: Incorrect number of parameters: expected ${sql.split("?").length - 1} but found ${parameters.length}`,
        );
      }
      push(parameterOf(given));
    } else if (token.kind === "quoted" && token.text.startsWith("`")) {
      push(`"${token.text.slice(1, -1)}"`);
    } else if (word === undefined) {
      push(token.text);
    } else if (word === "now" && follows?.text === "(") {
      push(clock.current_timestamp!);
      index = closing(tokens, tokens.indexOf(follows));
    } else if (clock[word] && follows?.text !== "(" && !isMember(tokens, index)) {
      push(clock[word]);
    } else if (word === "array" && follows?.text === "(") {
      const end = closing(tokens, tokens.indexOf(follows));
      const inner = tokens.slice(tokens.indexOf(follows) + 1, end).map(({ text }) => text);
      push(`${translate(inner.join(""), [], now).sql}[]`);
      index = end;
    } else if (follows?.text === "(" && !isMember(tokens, index)) {
      if (PATTERNED[word]) rewritePattern(tokens, tokens.indexOf(follows), PATTERNED[word]);
      push(RENAMED[word] ?? token.text);
    } else if (word === "varbinary") push("BLOB");
    else push(token.text);
  }
  if (used < parameters.length) {
    throw new SqlError(
      "INVALID_PARAMETER_USAGE",
      `line 1:1: Incorrect number of parameters: expected ${used} but found ${parameters.length}`,
    );
  }
  return { sql: pieces.map(({ text }) => text).join(""), origin: (at) => originOf(pieces, at) };
}

function originOf(pieces: { text: string; at: number }[], at: number): number {
  let seen = 0;
  for (const piece of pieces) {
    if (at < seen + piece.text.length) return piece.at;
    seen += piece.text.length;
  }
  return pieces.at(-1)?.at ?? 0;
}

/** The next token that is more than space. */
function meaning(tokens: Token[], index: number): Token | undefined {
  const next = tokens[index + 1];
  return next?.kind === "space" ? tokens[index + 2] : next;
}

/** `x.now` is a column. */
const isMember = (tokens: Token[], index: number) => tokens[index - 1]?.text === ".";

/** Index of the parenthesis that closes the one at `open`. */
function closing(tokens: Token[], open: number): number {
  let depth = 0;
  for (let index = open; index < tokens.length; index++) {
    if (tokens[index]!.kind !== "symbol") continue;
    if (tokens[index]!.text === "(") depth++;
    if (tokens[index]!.text === ")" && --depth === 0) return index;
  }
  return tokens.length - 1;
}

/** The last argument, where it is a literal. */
function rewritePattern(tokens: Token[], open: number, patternOf: (pattern: string) => string): void {
  let last = closing(tokens, open) - 1;
  while (tokens[last]?.kind === "space") last--;
  const token = tokens[last];
  if (token?.kind === "string") token.text = `'${patternOf(token.text.slice(1, -1))}'`;
}

function mysqlPattern(pattern: string): string {
  return pattern.replace(/%./g, (field) => MYSQL[field] ?? field);
}

function jodaPattern(pattern: string): string {
  let rest = pattern;
  let result = "";
  while (rest) {
    const literal = /^''((?:(?!'').)+)''/.exec(rest);
    const field = JODA.find(([form]) => form.test(rest));
    const taken = literal?.[0] ?? (field ? field[0].exec(rest)![0] : rest[0]!);
    result += literal ? literal[1]! : field ? field[1] : taken;
    rest = rest.slice(taken.length);
  }
  return result;
}

/** A parameter is a literal of SQL; what is none is text. */
function parameterOf(given: string): string {
  const text = given.trim();
  if (/^'(?:[^']|'')*'$/.test(text) || /^[+-]?\d+(\.\d+)?$/.test(text) || /^(true|false|null)$/i.test(text))
    return text;
  if (/^(date|timestamp)\s+'[^']*'$/i.test(text)) return text;
  return `'${text.replaceAll("'", "''")}'`;
}
