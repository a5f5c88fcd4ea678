/** A PartiQL statement's tokens. */
import { AwsError } from "../../../service.ts";

export interface Token {
  /** `name` stands in double quotes, `text` in single ones. */
  kind: "word" | "name" | "text" | "number" | "symbol" | "end";
  text: string;
}

export interface Tokens {
  peek(ahead?: number): Token;
  next(): Token;
  /** Takes the next token if it is this symbol or keyword, in any case. */
  take(text: string): boolean;
  at(text: string, ahead?: number): boolean;
  expect(text: string): void;
  unexpected(): AwsError;
}

const MAX_CHARACTERS = 8192;
/** Of parentheses, lists and maps in one another. */
const MAX_DEPTH = 64;
const OPENING = ["(", "[", "{", "<<"];
const CLOSING = [")", "]", "}", ">>"];
const TOKENS =
  /\s*(?:([A-Za-z_][\w]*)|"((?:[^"]|"")+)"|'((?:[^']|'')*)'|(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(<<|>>|<=|>=|<>|!=|[=<>()[\]{}.,:*?+-]))/y;
const KINDS = ["word", "name", "text", "number", "symbol"] as const;

/** @throws AwsError ValidationException */
export function tokensOf(statement: string): Tokens {
  const tokens = tokenize(statement);
  let position = 0;
  const peek = (ahead = 0) => tokens[Math.min(position + ahead, tokens.length - 1)]!;
  const at = (text: string, ahead = 0) => {
    const { kind, text: found } = peek(ahead);
    return (kind === "symbol" && found === text) || (kind === "word" && found.toUpperCase() === text);
  };
  const take = (text: string) => {
    if (!at(text)) return false;
    position++;
    return true;
  };
  const unexpected = () => {
    const { kind, text } = peek();
    return malformed(`Unexpected token: ${kind === "end" ? "end of statement" : text}`);
  };
  return {
    ...{ peek, at, take, unexpected },
    next() {
      const token = peek();
      position++;
      return token;
    },
    expect(text) {
      if (!take(text)) throw unexpected();
    },
  };
}

function tokenize(statement: string): Token[] {
  if (statement.length > MAX_CHARACTERS) throw malformed(`A statement has at most ${MAX_CHARACTERS} characters`);
  const tokens: Token[] = [];
  const source = statement.trimEnd().replace(/;$/, "").trimEnd();
  let depth = 0;
  TOKENS.lastIndex = 0;
  while (TOKENS.lastIndex < source.length) {
    const start = TOKENS.lastIndex;
    const match = TOKENS.exec(source);
    if (!match) throw malformed(`Unexpected character at ${source.slice(start, start + 20).trimStart()}`);
    const kind = match.slice(1).findIndex((group) => group !== undefined);
    const text = match[kind + 1]!;
    const quote = KINDS[kind] === "name" ? '"' : "'";
    const isQuoted = KINDS[kind] === "name" || KINDS[kind] === "text";
    if (KINDS[kind] === "symbol") depth += Number(OPENING.includes(text)) - Number(CLOSING.includes(text));
    if (depth > MAX_DEPTH) throw malformed(`More than ${MAX_DEPTH} levels in one another`);
    tokens.push({ kind: KINDS[kind]!, text: isQuoted ? text.replaceAll(quote + quote, quote) : text });
  }
  tokens.push({ kind: "end", text: "" });
  return tokens;
}

export function malformed(problem: string): AwsError {
  return new AwsError("ValidationException", `Statement wasn't well formed, can't be processed: ${problem}`);
}
