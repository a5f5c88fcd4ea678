/** Metric math as a tree: `IF(errors > 0, errors / FILL(requests, 1) * 100, 0)`. Pure. */
export type Expression =
  | { type: "number"; value: number }
  | { type: "text"; value: string }
  | { type: "name"; name: string }
  | { type: "list"; items: Expression[] }
  | { type: "call"; name: string; args: Expression[] }
  | { type: "negative"; of: Expression }
  | { type: "operation"; operator: string; left: Expression; right: Expression };

const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z]\w*)|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(&&|\|\||[<>=!]=|[-+*/^<>()[\],]))/y;

/** The weakest first. */
const LEVELS = [["OR", "||"], ["AND", "&&"], ["==", "!=", "<", ">", "<=", ">="], ["+", "-"], ["*", "/"], ["^"]];

interface Token {
  type: "number" | "name" | "text" | "sign";
  value: string;
}

/** @throws Error that says what is wrong with it */
export function parseMath(text: string): Expression {
  const tokens = tokensOf(text);
  let at = 0;

  function isNext(...signs: string[]): boolean {
    const token = tokens[at];
    if (!token || token.type === "number" || token.type === "text") return false;
    return signs.includes(token.value);
  }

  function expect(sign: string): void {
    if (!isNext(sign))
      throw new Error(`"${sign}" is missing ${tokens[at] ? `before "${tokens[at]!.value}"` : "at the end"}`);
    at++;
  }

  function level(index: number): Expression {
    if (index === LEVELS.length) return unary();
    let left = level(index + 1);
    while (isNext(...LEVELS[index]!)) {
      const operator = tokens[at++]!.value;
      left = { type: "operation", operator, left, right: level(index + 1) };
    }
    return left;
  }

  function unary(): Expression {
    if (isNext("-")) {
      at++;
      return { type: "negative", of: unary() };
    }
    return primary();
  }

  function items(end: string): Expression[] {
    const found: Expression[] = [];
    while (!isNext(end)) {
      if (found.length > 0) expect(",");
      found.push(level(0));
    }
    at++;
    return found;
  }

  function primary(): Expression {
    const token = tokens[at++];
    if (!token) throw new Error("it ends too early");
    if (token.type === "number") return { type: "number", value: Number(token.value) };
    if (token.type === "text") return { type: "text", value: token.value };
    if (token.type === "name") {
      if (!isNext("(")) return { type: "name", name: token.value };
      at++;
      return { type: "call", name: token.value.toUpperCase(), args: items(")") };
    }
    if (token.value === "[") return { type: "list", items: items("]") };
    if (token.value !== "(") throw new Error(`"${token.value}" has no place there`);
    const inner = level(0);
    expect(")");
    return inner;
  }

  const tree = level(0);
  if (at < tokens.length) throw new Error(`"${tokens[at]!.value}" has no place there`);
  return tree;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const parts = TOKEN.exec(text);
    if (!parts) throw new Error(`"${text.slice(from, from + 10)}" is not understood`);
    const [, number, name, single, double, sign] = parts;
    const quoted = single ?? double;
    if (number !== undefined) tokens.push({ type: "number", value: number });
    else if (name !== undefined) tokens.push({ type: "name", value: name });
    else if (quoted !== undefined) tokens.push({ type: "text", value: quoted.replaceAll(/\\(.)/g, "$1") });
    else tokens.push({ type: "sign", value: sign! });
  }
  return tokens;
}

/** Ids of other queries that an expression speaks of. */
export function namesIn(tree: Expression): string[] {
  switch (tree.type) {
    case "name":
      return [tree.name];
    case "list":
      return tree.items.flatMap(namesIn);
    case "call":
      return tree.args.flatMap(namesIn);
    case "negative":
      return namesIn(tree.of);
    case "operation":
      return [...namesIn(tree.left), ...namesIn(tree.right)];
    default:
      return [];
  }
}
