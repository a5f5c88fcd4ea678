/**
 * `:name` → `$1`, read as the Data API reads it: quotes and comments are skipped, `::` is a cast, a name may start with a
 * digit (so that `a[1:2]` asks for a parameter called 2), and dollar quotes are not known. Where that makes AWS send
 * a broken statement, this one says so.
 */

import { badRequest } from "./errors.ts";

export interface NumberedStatement {
  text: string;
  /** Parameter names in the order of their numbers; a name used twice has one number. */
  names: string[];
}

/** Strings, quoted names, comments, casts, dollar quotes (to warn of them) and, at last, what is looked for. */
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|::|\$([A-Za-z_]\w*)?\$|:(\w+)/g;

const cache = new Map<string, NumberedStatement>();
const CACHED_STATEMENTS = 500;

export function numberParameters(sql: string): NumberedStatement {
  const known = cache.get(sql);
  if (known) return known;
  const names: string[] = [];
  let dollarQuote: string | undefined;
  const text = sql.replace(TOKENS, (token, tag: string | undefined, name: string | undefined) => {
    if (token.startsWith("$")) {
      if (dollarQuote === undefined) dollarQuote = tag ?? "";
      else if (dollarQuote === (tag ?? "")) dollarQuote = undefined;
    }
    if (name === undefined) return token;
    if (dollarQuote !== undefined) {
      throw badRequest(
        `":${name}" stands inside a dollar-quoted string, where the Data API would replace it: use single quotes there.`,
      );
    }
    const index = names.indexOf(name);
    return `$${index >= 0 ? index + 1 : names.push(name)}`;
  });
  if (cache.size >= CACHED_STATEMENTS) cache.delete(cache.keys().next().value!);
  const numbered = { text, names };
  cache.set(sql, numbered);
  return numbered;
}
