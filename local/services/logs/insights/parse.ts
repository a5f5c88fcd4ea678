/**
 * Insights' query language as a list of commands: fields, display, filter, stats, sort, limit, parse, dedup, and the SOURCE of
 * dashboards. Not understood, and refused by name: pattern, diff, anomaly, unnest, unmask, lookup, filterIndex, subqueries. Pure.
 */
import { AGGREGATES, FUNCTIONS } from "./functions.ts";
import type { Aggregate, Column, Command, Expression } from "./syntax.ts";
import { MalformedQuery, type Token, tokensOf } from "./tokens.ts";

const COMPARISONS = ["=", "!=", "<", "<=", ">", ">="];

/** @throws MalformedQuery that says what and where */
export function parseQuery(query: string): Command[] {
  const tokens = tokensOf(query);
  let at = 0;
  const next = (): Token => tokens[at]!;
  const is = (...values: string[]) =>
    (next().type === "sign" || next().type === "word") && values.includes(next().value.toLowerCase());

  function fail(token: Token = next(), expected?: string): never {
    const what = token.type === "end" ? "unexpected end of the query" : `unexpected symbol found ${token.value}`;
    throw new MalformedQuery(expected ? `${what}: ${expected} is expected` : what, token.at, token.end);
  }

  function take(...values: string[]): boolean {
    if (!is(...values)) return false;
    at++;
    return true;
  }

  function expect(value: string): void {
    if (!take(value)) fail(next(), value);
  }

  function list<T>(item: () => T): T[] {
    const items = [item()];
    while (take(",")) items.push(item());
    return items;
  }

  /** A part of the query as it was written: what a column without a name is called. */
  function named(read: () => Expression): Column {
    const start = next().at;
    const expression = read();
    const text = query.slice(start, tokens[at - 1]!.end);
    if (take("as")) return { expression, name: nameToken() };
    return { expression, name: expression.type === "field" ? expression.name : text };
  }

  function nameToken(): string {
    const token = next();
    if (token.type !== "word" && token.type !== "field") fail(token, "a name");
    at++;
    return token.value;
  }

  const expression = (): Expression => binary(0);

  const LEVELS: [operators: string[], word: boolean][] = [
    [["or"], true],
    [["and"], true],
  ];

  function binary(level: number): Expression {
    if (level === LEVELS.length) return negation();
    let left = binary(level + 1);
    while (is(...LEVELS[level]![0])) {
      const operator = tokens[at++]!.value.toLowerCase();
      left = { type: "operation", operator, left, right: binary(level + 1) };
    }
    return left;
  }

  function negation(): Expression {
    if (take("not")) return { type: "not", of: negation() };
    return comparison();
  }

  function comparison(): Expression {
    const left = sum();
    const isNot = is("not") && ["like", "in"].includes(tokens[at + 1]!.value.toLowerCase()) && take("not");
    const wrap = (found: Expression): Expression => (isNot ? { type: "not", of: found } : found);
    if (take("like", "=~")) return wrap({ type: "like", of: left, pattern: likePattern() });
    if (take("in")) {
      expect("[");
      const values = list(sum);
      expect("]");
      return wrap({ type: "in", of: left, values });
    }
    if (!is(...COMPARISONS)) return left;
    const operator = tokens[at++]!.value;
    return { type: "operation", operator, left, right: sum() };
  }

  /** A text is looked for as it is, in this case; `%` stands for anything. */
  function likePattern(): RegExp {
    const token = next();
    at++;
    if (token.type === "regex") return regexOf(token);
    if (token.type !== "text") fail(token, "a text or a regular expression");
    const parts = token.value.split("%").map(escaped);
    return new RegExp(parts.length === 1 ? parts[0]! : parts.join("[\\s\\S]*"));
  }

  function sum(): Expression {
    return chain(product, "+", "-");
  }

  function product(): Expression {
    return chain(unary, "*", "/", "%", "^");
  }

  function chain(operand: () => Expression, ...operators: string[]): Expression {
    let left = operand();
    while (is(...operators)) {
      const operator = tokens[at++]!.value;
      left = { type: "operation", operator, left, right: operand() };
    }
    return left;
  }

  function unary(): Expression {
    if (!take("-")) return primary();
    const of = unary();
    if (of.type === "value" && typeof of.value === "number") return { type: "value", value: -of.value };
    return { type: "operation", operator: "-", left: { type: "value", value: 0 }, right: of };
  }

  function primary(): Expression {
    const token = next();
    at++;
    switch (token.type) {
      case "text":
        return { type: "value", value: token.value };
      case "number":
        return { type: "value", value: /[a-z]$/.test(token.value) ? token.value : Number(token.value) };
      case "field":
        return { type: "field", name: token.value };
      case "word":
        if (is("(")) return call(token);
        if (/^(true|false)$/i.test(token.value)) return { type: "value", value: token.value.toLowerCase() === "true" };
        return { type: "field", name: token.value };
      default: {
        if (token.value !== "(") fail(token);
        const inner = expression();
        expect(")");
        return inner;
      }
    }
  }

  function call(token: Token): Expression {
    const name = token.value.toLowerCase();
    if (!Object.hasOwn(FUNCTIONS, name) && !Object.hasOwn(AGGREGATES, name)) {
      throw new MalformedQuery(`Invalid function name ${token.value}`, token.at, token.end);
    }
    expect("(");
    if (take(")")) return { type: "call", name, args: [] };
    if (name === "count" && take("*")) {
      expect(")");
      return { type: "call", name, args: [] };
    }
    const args = list(expression);
    expect(")");
    return { type: "call", name, args };
  }

  function aggregate(): Aggregate {
    const token = next();
    const column = named(expression);
    if (column.expression.type !== "call" || !Object.hasOwn(AGGREGATES, column.expression.name)) {
      throw new MalformedQuery(`stats takes functions such as count(*), avg and max`, token.at, token.end);
    }
    return column as Aggregate;
  }

  function parsePattern(): Pick<Extract<Command, { type: "parse" }>, "pattern" | "names"> {
    const token = next();
    at++;
    if (token.type === "regex") {
      const pattern = regexOf(token);
      return { pattern, names: [...token.value.matchAll(/\(\?<(\w+)>/g)].map((parts) => parts[1]!) };
    }
    if (token.type !== "text") fail(token, "a pattern");
    const parts = token.value.split("*").map(escaped);
    // The last one goes on to the end, all others to what follows them.
    const pattern = parts.map((part, index) =>
      index === 0 ? part : `${index === parts.length - 1 && part === "" ? "([\\s\\S]*)" : "([\\s\\S]*?)"}${part}`,
    );
    if (!take("as")) fail(next(), "as");
    const names = list(nameToken);
    if (names.length !== parts.length - 1) {
      throw new MalformedQuery(`the pattern has ${parts.length - 1} *, and ${names.length} names`, token.at, token.end);
    }
    return { pattern: new RegExp(pattern.join("")), names };
  }

  function regexOf({ value, flags, at: start, end }: Token): RegExp {
    // Java's form of flags.
    const inline = /^\(\?([ims]+)\)/.exec(value);
    const given = new Set([...(flags ?? ""), ...(inline?.[1] ?? "")].filter((flag) => "ims".includes(flag)));
    try {
      return new RegExp(inline ? value.slice(inline[0].length) : value, [...given].join(""));
    } catch (error) {
      throw new MalformedQuery((error as Error).message, start, end);
    }
  }

  function command(): Command {
    const token = next();
    if (token.type !== "word") fail(token, "a command");
    at++;
    switch (token.value.toLowerCase()) {
      case "fields":
      case "display":
        return { type: token.value.toLowerCase() as "fields", columns: list(() => named(expression)) };
      case "filter":
        return { type: "filter", condition: expression() };
      case "stats": {
        const aggregates = list(aggregate);
        return { type: "stats", aggregates, by: take("by") ? list(() => named(expression)) : [] };
      }
      case "sort": {
        const keys = list(() => {
          const key = expression();
          const descending = take("desc");
          if (!descending) take("asc");
          return { expression: key, descending };
        });
        return { type: "sort", keys };
      }
      case "limit":
      case "head": {
        const count = next();
        at++;
        if (count.type !== "number" || !/^\d+$/.test(count.value)) fail(count, "a number");
        return { type: "limit", count: Number(count.value) };
      }
      case "parse": {
        const of = primary();
        return { type: "parse", of, ...parsePattern() };
      }
      case "dedup":
        return { type: "dedup", by: list(primary) };
      case "source": {
        const group = next();
        at++;
        if (group.type !== "text") fail(group, "a log group's name in quotation marks");
        return { type: "source", group: group.value };
      }
      default:
        throw new MalformedQuery(
          `unexpected symbol found ${token.value}: it is no command of this machine`,
          token.at,
          token.end,
        );
    }
  }

  const commands = [command()];
  while (take("|")) commands.push(command());
  if (next().type !== "end") fail();
  return commands;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
