/** A statement's tokens, each with where it stands: what a translation changes, and where an error is to point. */

export interface Token {
  kind: "word" | "quoted" | "string" | "number" | "symbol" | "space";
  text: string;
  at: number;
}

const KINDS: [Token["kind"], RegExp][] = [
  ["space", /(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)+/y],
  ["string", /'(?:[^']|'')*'/y],
  ["quoted", /"(?:[^"]|"")*"|`[^`]*`/y],
  ["number", /\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+/y],
  ["word", /[A-Za-z_][\w$]*/y],
  ["symbol", /->|=>|<>|!=|>=|<=|\|\||[\s\S]/y],
];

export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < sql.length; ) {
    for (const [kind, pattern] of KINDS) {
      pattern.lastIndex = at;
      const text = pattern.exec(sql)?.[0];
      if (!text) continue;
      tokens.push({ kind, text, at });
      at += text.length;
      break;
    }
  }
  return tokens;
}

/** `1:8`, as Athena says where. */
export function placeOf(sql: string, at: number): string {
  const before = sql.slice(0, at).split("\n");
  return `${before.length}:${before.at(-1)!.length + 1}`;
}
