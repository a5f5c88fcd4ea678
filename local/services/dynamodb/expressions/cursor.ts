/** Reads an expression token by token: what all five kinds of expression share (names, values, document paths). */

import { AwsError } from "../../../service.ts";
import type { AttributeValue } from "../attribute-values.ts";
import type { Path } from "./path.ts";
import type { Placeholders } from "./placeholders.ts";
import { reservedWords } from "./reserved-words.ts";

export type ExpressionKind =
  | "ConditionExpression"
  | "FilterExpression"
  | "KeyConditionExpression"
  | "ProjectionExpression"
  | "UpdateExpression";

interface Token {
  kind: "word" | "alias" | "value" | "index" | "symbol" | "end";
  text: string;
}

const TOKENS = /\s*(?:([A-Za-z][A-Za-z0-9_]*)|(#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|(\d+)|(<>|<=|>=|[=<>()[\].,+-]))/y;
const KINDS = ["word", "alias", "value", "index", "symbol"] as const;
const MAX_BYTES = 4096;

export interface Cursor {
  fail(message: string): AwsError;
  syntaxError(): AwsError;
  peek(): Token;
  /** Is the next token this symbol, or this keyword in any case? */
  at(text: string): boolean;
  /** Takes the next token if it is this one. */
  take(text: string): boolean;
  expect(text: string): void;
  /** Takes `name` where it is followed by `(`. */
  takeFunction(): string | undefined;
  path(): Path;
  atPath(): boolean;
  value(): { reference: string; value: AttributeValue };
  end(): void;
}

export function cursor(kind: ExpressionKind, text: string, names: Placeholders): Cursor {
  const fail = (message: string) => new AwsError("ValidationException", `Invalid ${kind}: ${message}`);
  if (text === "") throw fail("The expression can not be empty;");
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw fail(`Expression size has exceeded the maximum allowed size; expression size: ${Buffer.byteLength(text)}`);

  const tokens = tokenize(text, fail);
  let position = 0;
  const peek = () => tokens[position]!;
  const advance = () => tokens[position++]!;
  const at = (wanted: string) => {
    const token = peek();
    return (
      (token.kind === "symbol" && token.text === wanted) ||
      (token.kind === "word" && token.text.toUpperCase() === wanted)
    );
  };
  const syntaxError = () => {
    const near = tokens.slice(Math.max(0, position - 1), position + 2).filter((token) => token.kind !== "end");
    const shown = peek().kind === "end" ? "<EOF>" : peek().text;
    return fail(`Syntax error; token: "${shown}", near: "${near.map((token) => token.text).join(" ")}"`);
  };
  const take = (wanted: string) => at(wanted) && advance() !== undefined;
  const expect = (wanted: string) => {
    if (!take(wanted)) throw syntaxError();
  };

  function attributeName(): string {
    const token = peek();
    if (token.kind === "word") {
      if (reservedWords.has(token.text.toUpperCase()))
        throw fail(`Attribute name is a reserved keyword; reserved keyword: ${token.text}`);
      return advance().text;
    }
    if (token.kind !== "alias") throw syntaxError();
    const name = names.name(token.text);
    if (name === undefined)
      throw fail(
        `An expression attribute name used in the document path is not defined; attribute name: ${token.text}`,
      );
    advance();
    return name;
  }

  return {
    fail,
    syntaxError,
    peek,
    at,
    take,
    expect,
    takeFunction() {
      const next = tokens[position + 1];
      if (peek().kind !== "word" || next?.text !== "(" || next.kind !== "symbol") return undefined;
      return advance().text;
    },
    atPath: () => peek().kind === "word" || peek().kind === "alias",
    path() {
      const path: Path = [attributeName()];
      for (;;) {
        if (take(".")) path.push(attributeName());
        else if (take("[")) {
          if (peek().kind !== "index") throw syntaxError();
          path.push(Number(advance().text));
          expect("]");
        } else return path;
      }
    },
    value() {
      if (peek().kind !== "value") throw syntaxError();
      const reference = advance().text;
      const value = names.value(reference);
      if (value === undefined)
        throw fail(`An expression attribute value used in expression is not defined; attribute value: ${reference}`);
      return { reference, value };
    },
    end() {
      if (peek().kind !== "end") throw syntaxError();
    },
  };
}

function tokenize(text: string, fail: (message: string) => AwsError): Token[] {
  const tokens: Token[] = [];
  const source = text.trimEnd();
  TOKENS.lastIndex = 0;
  while (TOKENS.lastIndex < source.length) {
    const start = TOKENS.lastIndex;
    const match = TOKENS.exec(source);
    if (match === null) {
      const rest = source.slice(start).trimStart();
      throw fail(`Syntax error; token: "${rest[0]}", near: "${rest.slice(0, 20)}"`);
    }
    const at = match.slice(1).findIndex((group) => group !== undefined);
    tokens.push({ kind: KINDS[at]!, text: match[at + 1]! });
  }
  tokens.push({ kind: "end", text: "" });
  return tokens;
}
