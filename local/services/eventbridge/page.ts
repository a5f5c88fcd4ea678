/** Lists come a hundred at a time, or fewer where the caller wants so. */
const PAGE = 100;

export function page<Item>(
  all: Item[],
  token: string | undefined,
  limit = PAGE,
): { items: Item[]; NextToken?: string } {
  const from = token ? Number(Buffer.from(token, "base64").toString("utf8")) || 0 : 0;
  const items = all.slice(from, from + limit);
  const isLast = from + items.length >= all.length;
  return { items, NextToken: isLast ? undefined : Buffer.from(String(from + items.length)).toString("base64") };
}
