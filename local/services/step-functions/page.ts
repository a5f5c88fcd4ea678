/** Lists come a hundred at a time, or fewer where the caller wants so. */
import { AwsError } from "../../service.ts";

const PAGE = 100;

/** @param limit 0 is as good as none */
export function page<Item>(all: Item[], token?: string, limit?: number): { items: Item[]; nextToken?: string } {
  const from = token ? Number(Buffer.from(token, "base64").toString()) : 0;
  if (!Number.isInteger(from) || from < 0) throw new AwsError("InvalidToken", `Invalid Token: '${token}'`);
  const size = limit || PAGE;
  const items = all.slice(from, from + size);
  const isLast = from + items.length >= all.length;
  return { items, nextToken: isLast ? undefined : Buffer.from(String(from + items.length)).toString("base64") };
}
