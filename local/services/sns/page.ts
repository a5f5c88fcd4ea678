/** Lists of SNS come a hundred at a time. */
const PAGE = 100;

export function page<Item>(all: Item[], token: string | undefined): { items: Item[]; NextToken?: string } {
  const from = token ? Number(Buffer.from(token, "base64").toString("utf8")) || 0 : 0;
  const items = all.slice(from, from + PAGE);
  const isLast = from + items.length >= all.length;
  return { items, NextToken: isLast ? undefined : Buffer.from(String(from + PAGE)).toString("base64") };
}
