/** SQL text as its statements: a semicolon in a string, a quoted name, a dollar quote or a comment ends none. Pure. */

/** What is not code: strings, names, dollar quotes, comments. The last of each kind may be open. */
const OPAQUE =
  /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|\$(\w*)\$[\s\S]*?(?:\$\1\$|$)|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;

/** @returns `rest`: what comes after the last semicolon */
export function splitStatements(text: string): { statements: string[]; rest: string } {
  // Of the same length, so that places stay what they are.
  const code = text.replace(OPAQUE, (opaque) => "x".repeat(opaque.length));
  const statements: string[] = [];
  let from = 0;
  for (let at = code.indexOf(";"); at >= 0; at = code.indexOf(";", from)) {
    statements.push(text.slice(from, at).trim());
    from = at + 1;
  }
  return { statements, rest: text.slice(from) };
}
