/**
 * PostgreSQL's text of an array: `{"a","b \"c\"",NULL}`.
 * @param nested an array among the items is another dimension
 */
export function arrayLiteral(items: unknown[], text: (item: unknown) => string, nested: boolean): string {
  const parts = items.map((item) => {
    if (item === null || item === undefined) return "NULL";
    if (nested && Array.isArray(item)) return arrayLiteral(item, text, nested);
    return `"${text(item).replace(/["\\]/g, "\\$&")}"`;
  });
  return `{${parts.join(",")}}`;
}
