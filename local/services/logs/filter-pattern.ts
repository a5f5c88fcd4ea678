/** The forms of filter pattern that people type: a JSON property, or words that must, may or must not be there. */

export function filterPattern(pattern: string): (message: string) => boolean {
  const trimmed = pattern.trim();
  if (trimmed === "") return () => true;
  return trimmed.startsWith("{") ? property(trimmed) : words(trimmed);
}

/** `{ $.level = "ERROR" }`, `{ $.latency > 100 }` */
function property(pattern: string): (message: string) => boolean {
  const parts = /^\{\s*\$\.([\w.]+)\s*(=|!=|>=|<=|>|<)\s*(?:"([^"]*)"|([^\s}]+))\s*\}$/.exec(pattern);
  if (!parts) return () => false;
  const [, path, operator, quoted, bare] = parts;
  const wanted = quoted ?? bare!;
  return (message) => {
    const value = valueAt(message, path!.split("."));
    if (value === undefined) return false;
    if (operator === "=") return String(value) === wanted;
    if (operator === "!=") return String(value) !== wanted;
    const [a, b] = [Number(value), Number(wanted)];
    return operator === ">" ? a > b : operator === "<" ? a < b : operator === ">=" ? a >= b : a <= b;
  };
}

export function valueAt(message: string, path: string[]): unknown {
  try {
    return path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], JSON.parse(message));
  } catch {
    return undefined; // not JSON, or without the property
  }
}

/** `ERROR "two words" -healthy ?either ?or` */
function words(pattern: string): (message: string) => boolean {
  const terms = [...pattern.matchAll(/([?-]?)(?:"([^"]*)"|(\S+))/g)].map(([, sign, quoted, word]) => ({
    sign,
    text: quoted ?? word!,
  }));
  const [any, all, none] = ["?", "", "-"].map((sign) => terms.filter((term) => term.sign === sign));
  return (message) =>
    (any!.length === 0 || any!.some(({ text }) => message.includes(text))) &&
    all!.every(({ text }) => message.includes(text)) &&
    none!.every(({ text }) => !message.includes(text));
}
