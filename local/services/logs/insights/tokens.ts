/** The words of an Insights query. Pure. */

export type TokenType = "word" | "field" | "text" | "regex" | "number" | "sign" | "end";

export interface Token {
  type: TokenType;
  value: string;
  /** Of a regular expression. */
  flags?: string;
  at: number;
  end: number;
}

/** What is wrong with a query, and where. */
export class MalformedQuery extends Error {
  override readonly name = "MalformedQuery";
  readonly start: number;
  readonly end: number;
  constructor(message: string, start: number, end = start + 1) {
    super(message);
    this.start = start;
    this.end = end;
  }
}

const BLANK = /(?:\s+|#[^\n]*)+/y;
const WORD = /[@A-Za-z_$][\w@$]*(?:(?:\.[\w@$]+)|(?:\[\d+\]))*/y;
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:ms|[smhdwqy]|mo)?(?![\w.])/y;
const SIGN = /=~|!=|<=|>=|<|>|=|[-+*/%^(),|[\]]/y;
const TEXT = /"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'/y;
const QUOTED = /`([^`]*)`/y;
const REGEX = /\/((?:[^/\\\n]|\\[\s\S])+)\/([a-z]*)/y;

/** Where a slash begins a regular expression, and divides nothing. */
const BEFORE_REGEX = new Set(["like", "=~", "parse", ","]);

export function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(query);
  };
  const add = (type: TokenType, value: string, length: number, flags?: string) => {
    tokens.push({ type, value, flags, at, end: at + length });
    at += length;
  };
  for (;;) {
    at += take(BLANK)?.[0].length ?? 0;
    if (at >= query.length) break;
    const before = tokens.at(-1);
    const mayBeRegex = before !== undefined && (BEFORE_REGEX.has(before.value.toLowerCase()) || isParsed(tokens));
    const regex = query[at] === "/" && mayBeRegex ? take(REGEX) : null;
    const [text, quoted, number] = [take(TEXT), take(QUOTED), take(NUMBER)];
    const word = number ? null : take(WORD);
    const sign = take(SIGN);
    if (regex) add("regex", regex[1]!, regex[0].length, regex[2]);
    else if (text) add("text", unescaped(text[1] ?? text[2]!), text[0].length);
    else if (quoted) add("field", quoted[1]!, quoted[0].length);
    else if (number) add("number", number[0], number[0].length);
    else if (word) add("word", word[0], word[0].length);
    else if (sign) add("sign", sign[0], sign[0].length);
    else throw new MalformedQuery(`unexpected symbol found ${query[at]}`, at);
  }
  tokens.push({ type: "end", value: "", at: query.length, end: query.length });
  return tokens;
}

/** `parse @message /…/` */
function isParsed(tokens: Token[]): boolean {
  return tokens.at(-2)?.value.toLowerCase() === "parse";
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(["'\\])/g, "$1");
}
